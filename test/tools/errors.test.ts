import { expect } from "chai";
import { AbiCoder, id } from "ethers";
import { network } from "hardhat";
import { SETTLEMENT_TOKEN, withdrawAction } from "../../src/sdk/actions.ts";
import { decodeRevert, errorNameOf, explainError, withoutSecrets } from "../../src/sdk/errors.ts";
import { BadInput, Failure } from "../../src/sdk/failure.ts";
import { allErrors, interfaceOf } from "../../src/sdk/interfaces.ts";
import { deployVault } from "../helpers/deploy.ts";

const caught = async (attempt: Promise<unknown>): Promise<unknown> => {
  try {
    await attempt;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

describe("explainError", () => {
  it("default: the same line for a call, an estimate, a sent transaction and a raw request", async () => {
    const { vault, signers, connection } = await deployVault(await network.create());
    const outsider = signers[3];
    const owner = signers[2];
    if (!outsider || !owner) throw new Error("signers");
    const account = BigInt(owner.address) << 96n;
    const actions = [withdrawAction(account, SETTLEMENT_TOKEN, 1n, owner.address)];
    const asOutsider = vault.connect(outsider);
    const transaction = {
      from: outsider.address,
      to: await vault.getAddress(),
      data: vault.interface.encodeFunctionData("execute", [actions]),
    };
    const lines = [
      await caught(asOutsider.execute.staticCall(actions)),
      await caught(asOutsider.execute.estimateGas(actions)),
      await caught(asOutsider.execute(actions)),
      await caught(asOutsider.execute(actions, { gasLimit: 1_000_000 })),
      await caught(connection.provider.request({ method: "eth_call", params: [transaction, "latest"] })),
      await caught(connection.provider.request({ method: "eth_sendTransaction", params: [transaction] })),
    ].map(explainError);
    const expected = `NotAuthorised: account ${owner.address.toLowerCase()}/0, caller ${outsider.address}, scope 4`;
    expect(lines).to.deep.equal(lines.map(() => expected));
  });

  it("behavior: stale words are said with their cause by name and what mends them", () => {
    const data = interfaceOf("IMarginVault").encodeErrorResult("WordsStale", [0, 2, 3]);
    expect(explainError({ data })).to.equal("WordsStale: underlying 0, series 2, cause price (plimsoll series refresh)");
  });

  it("behavior: amounts, prices and accounts are shown as what they are", () => {
    const data = interfaceOf("IMarginVault").encodeErrorResult("AccountHealthy", [(0xabn << 96n) | 3n, 15n * 10n ** 17n, -(10n ** 18n)]);
    expect(explainError({ data })).to.equal(
      "AccountHealthy: account 0x00000000000000000000000000000000000000ab/3, equity 1.5, maintenance -1",
    );
  });

  it("behavior: every custom error of every contract decodes with its arguments", () => {
    let errors = 0;
    for (const entry of allErrors()) {
      if (entry.inputs?.some(({ type }) => type.startsWith("tuple"))) continue;
      const types = (entry.inputs ?? []).map(({ type }) => type);
      const zero = (type: string): unknown =>
        type.endsWith("]")
          ? []
          : type.startsWith("bytes")
            ? type === "bytes"
              ? "0x"
              : `0x${"00".repeat(Number(type.slice(5)))}`
            : type === "address"
              ? `0x${"00".repeat(20)}`
              : type === "bool"
                ? false
                : type === "string"
                  ? ""
                  : 0n;
      const data =
        id(`${entry.name}(${types.join(",")})`).slice(0, 10) + AbiCoder.defaultAbiCoder().encode(types, types.map(zero)).slice(2);
      const decoded = decodeRevert(data);
      expect(decoded?.name).to.equal(entry.name);
      expect(decoded?.args.length).to.equal(types.length);
      errors++;
    }
    expect(errors).to.be.greaterThan(80);
  });

  it("behavior: selectors in events have names; unknown ones stay", () => {
    expect(errorNameOf(id("ZeroLots()").slice(0, 10))).to.equal("ZeroLots");
    expect(errorNameOf("0x12345678")).to.equal("0x12345678");
  });

  it("behavior: reasons, panics and unknown data are told apart", () => {
    const reason = `0x08c379a0${AbiCoder.defaultAbiCoder().encode(["string"], ["too late"]).slice(2)}`;
    expect(explainError({ info: { error: { data: reason } } })).to.equal("too late");
    const panic = `0x4e487b71${AbiCoder.defaultAbiCoder().encode(["uint256"], [17]).slice(2)}`;
    expect(explainError({ data: panic })).to.equal("a number overflowed in the contract");
    expect(explainError({ data: "0x01020304" })).to.match(/no known error/);
  });

  it("behavior: failures say how to mend them; nothing shows a key", () => {
    expect(explainError(new Failure("no node answers", "start one"))).to.equal("no node answers (start one)");
    expect(explainError(new BadInput("--steps: must be from 1 to 60"))).to.equal("--steps: must be from 1 to 60");
    const key = `0x${"ab".repeat(32)}`;
    expect(explainError(new Error(`cannot reach https://user:secret@rpc.example.org/v2/${key}?token=secret now`))).to.equal(
      "cannot reach https://rpc.example.org/… now",
    );
    expect(withoutSecrets(`key ${key}`)).to.equal("key 0x…");
  });
});
