import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { AbiCoder, keccak256, toBeHex } from "ethers";
import { network } from "hardhat";
import { check, type Rpc } from "../../src/checker/checker.ts";
import { parameterIndex } from "../../src/engine/math/bounds.ts";
import { depositAction, SETTLEMENT_TOKEN, tradeAction, transferAction, withdrawAction } from "../../src/sdk/actions.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { type Deployment, deployVault } from "../helpers/deploy.ts";

const WAD = 10n ** 18n;
const coder = AbiCoder.defaultAbiCoder();
const FILLS = "tuple(uint256 maker, uint24 instrument, int256 lots, uint256 price, int256 takerFee, int256 makerFee, uint256 order)[]";

/** Slot of a word in a mapping of `VaultState`, which starts at slot 0 of the vault. */
const slotOf = (key: bigint, slot: bigint): string => keccak256(coder.encode(["uint256", "uint256"], [key, slot]));

describe("checker", () => {
  let deployment: Deployment;
  let rpc: Rpc;
  let address: string;
  let [long, short, keeper] = [0n, 0n, 0n];

  const judge = (through: Rpc = rpc, fromBlock = 0) => check(through, address, interfaceOf("IMarginVault"), fromBlock, 7);

  /** A long near its limit in both kinds of collateral, a rich short, funding that runs, and the fund's stake. */
  async function trade(): Promise<void> {
    const { vault, settlement, collaterals, signers, fundSigner, rateSource, post } = deployment;
    const [, , longSigner, shortSigner, keeperSigner] = signers;
    if (!longSigner || !shortSigner || !keeperSigner) throw new Error("signers");
    [long, short, keeper] = [longSigner, shortSigner, keeperSigner].map((each) => BigInt(each.address) << 96n) as [bigint, bigint, bigint];
    const fund = BigInt(fundSigner.address) << 96n;
    const weth = collaterals[0];
    if (!weth) throw new Error("collateral");
    for (const [signer, id, amount] of [
      [longSigner, long, 2_000n * 10n ** 6n],
      [shortSigner, short, 100_000n * 10n ** 6n],
      [fundSigner, fund, 50_000n * 10n ** 6n],
    ] as const) {
      await settlement.mint(signer, amount);
      await settlement.connect(signer).approve(vault, amount);
      await vault.connect(signer).execute([depositAction(id, SETTLEMENT_TOKEN, amount)]);
    }
    await weth.mint(longSigner, WAD / 2n);
    await weth.connect(longSigner).approve(vault, WAD / 2n);
    await vault.connect(longSigner).execute([depositAction(long, 0, WAD / 2n)]);
    await post(0, 2_000n * WAD);
    const fills = [{ maker: short, instrument: 0, lots: 500_000n, price: 2n * 10n ** 16n, takerFee: WAD, makerFee: -WAD / 2n, order: 0n }];
    await vault.connect(longSigner).execute([tradeAction(long, 0, coder.encode([FILLS], [fills]), 500_000n)]);
    await rateSource.set(5_000_000n, false);
    await vault.updateFundingRate(0);
    await deployment.connection.networkHelpers.time.increase(300);
    await vault
      .connect(shortSigner)
      .execute([
        withdrawAction(short, SETTLEMENT_TOKEN, 10n ** 6n, shortSigner.address),
        transferAction(short, SETTLEMENT_TOKEN, 3n * WAD, short + 1n),
      ]);
  }

  beforeEach(async () => {
    deployment = await deployVault(await network.create());
    const { provider } = deployment.connection;
    rpc = (method, params) => provider.request({ method, params: [...params] });
    address = await deployment.vault.getAddress();
    await trade();
  });

  /** A fall that takes the long below maintenance, which the guard has to hear twice. */
  async function fall(): Promise<void> {
    const { post } = deployment;
    const { time } = deployment.connection.networkHelpers;
    for (const price of [1_850n, 1_700n, 1_530n]) {
      await time.increase(120);
      await post(0, price * WAD);
      await time.increase(61);
      await post(0, price * WAD);
    }
  }

  async function crash(): Promise<void> {
    const { vault, signers } = deployment;
    await fall();
    await vault.connect(signers[5]).liquidate(long, keeper);
  }

  it("default: finds nothing wrong after trades, funding, transfers and a liquidation", async () => {
    await crash();
    const verdict = await judge();
    expect(verdict).to.include({ vaultMinusClaims: "0", replayDifferences: 0, wronglyLiquidated: 0, deficit: "0", seed: 7 });
    expect(verdict).to.include({ liquidations: 1, sales: 1, maxLiquidationsInABar: 1 });
    expect(Number(verdict.keeperIncome)).to.be.greaterThan(0);
    expect(Number(verdict.fundAfter)).to.be.greaterThan(Number(verdict.fundBefore));
  });

  it("behavior: what a taker took, and not the fund, is told as its own", async () => {
    await fall();
    const { vault, signers } = deployment;
    await vault.connect(signers[3]).liquidateTo(long, short, WAD, 0n);
    expect(await judge()).to.include({
      vaultMinusClaims: "0",
      replayDifferences: 0,
      wronglyLiquidated: 0,
      liquidations: 1,
      keeperIncome: "0",
    });
  });

  it("behavior: one unit added to the cash of an account is reported", async () => {
    const { networkHelpers } = deployment.connection;
    const slot = slotOf(short, 0n);
    const header = BigInt(await networkHelpers.getStorageAt(address, slot));
    await networkHelpers.setStorageAt(address, slot, toBeHex(header + 1n, 32));
    expect(await judge()).to.include({ vaultMinusClaims: "-0.000000000000000001", replayDifferences: 1 });
  });

  it("behavior: one unit added to the collateral of an account is reported", async () => {
    const { networkHelpers } = deployment.connection;
    const slot = keccak256(coder.encode(["uint256", "bytes32"], [0, slotOf(long, 2n)]));
    const held = BigInt(await networkHelpers.getStorageAt(address, slot));
    expect(held).to.equal(WAD / 2n);
    await networkHelpers.setStorageAt(address, slot, toBeHex(held + 1n, 32));
    expect(await judge()).to.include({ vaultMinusClaims: "-0.000000000000000001", replayDifferences: 1 });
  });

  it("behavior: a lot that appears on one side only is reported at the price of a lot", async () => {
    const { networkHelpers } = deployment.connection;
    const slot = keccak256(coder.encode(["uint256", "bytes32"], [0, slotOf(long, 1n)]));
    const word = BigInt(await networkHelpers.getStorageAt(address, slot));
    await networkHelpers.setStorageAt(address, slot, toBeHex(word + 1n, 32));
    const verdict = await judge();
    // less the funding that it would owe
    expect(verdict.vaultMinusClaims).to.match(/^-0\.01999/);
    expect(verdict.replayDifferences).to.equal(1);
  });

  it("behavior: tokens that went missing are reported", async () => {
    const { settlement, signers } = deployment;
    await rpc("hardhat_impersonateAccount", [address]);
    await rpc("hardhat_setBalance", [address, "0xde0b6b3a7640000"]);
    const data = settlement.interface.encodeFunctionData("transfer", [signers[9]?.address ?? "", 1n]);
    await rpc("eth_sendTransaction", [{ from: address, to: await settlement.getAddress(), data }]);
    expect((await judge()).vaultMinusClaims).to.equal("-0.000001");
  });

  it("behavior: an account that the keeper left below maintenance is counted", async () => {
    await fall();
    expect(await judge()).to.include({ belowMaintenance: 1, liquidations: 0 });
  });

  it("behavior: the liquidation of a healthy account is counted", async () => {
    await crash();
    const abi = interfaceOf("IMarginVault");
    const topic = abi.getEvent("PricePosted")?.topicHash;
    // as if the price had not fallen
    const lying: Rpc = async (method, params) => {
      const answer = await rpc(method, params);
      if (method !== "eth_getLogs") return answer;
      return (answer as { topics: string[]; data: string }[]).map((log) => {
        if (log.topics[0] !== topic || BigInt(log.topics[1] ?? 0) !== 0n) return log;
        return { ...log, data: `0x${toBeHex(2n * 10n ** 16n, 32).slice(2)}${log.data.slice(66)}` };
      });
    };
    expect((await judge(lying)).wronglyLiquidated).to.equal(1);
  });

  it("behavior: an event that is lost is a difference", async () => {
    await crash();
    const topic = interfaceOf("IMarginVault").getEvent("Liquidated")?.topicHash;
    const forgetful: Rpc = async (method, params) => {
      const answer = await rpc(method, params);
      return method === "eth_getLogs" ? (answer as { topics: string[] }[]).filter((log) => log.topics[0] !== topic) : answer;
    };
    expect((await judge(forgetful)).replayDifferences).to.be.greaterThan(0);
  });

  it("behavior: a parameter that changed during the run is said, since accounts are judged by those of its end", async () => {
    await crash();
    expect(await judge()).to.include({ wronglyLiquidated: 0, parameterChanges: 0 });
    const { vault, connection } = deployment;
    const before = Number(await rpc("eth_blockNumber", []));
    // the second change takes from the word what held before the first
    await vault.setParameter(parameterIndex("Haircut"), 0, 10_000n);
    await connection.networkHelpers.time.increase(4 * 86_400);
    await vault.setParameter(parameterIndex("Haircut"), 0, 10_001n);
    expect(await judge()).to.include({ parameterChanges: 2, vaultMinusClaims: "0", replayDifferences: 0 });
    expect(await judge(rpc, before + 2)).to.include({ parameterChanges: 1 });
    expect(await judge(rpc, before + 4)).to.include({ parameterChanges: 0 });
    // a depth that falls moves with later posts: it counts whenever it was lowered
    await vault.setParameter(parameterIndex("Depth"), 0, 1_000_000n);
    expect(await judge(rpc, before + 9)).to.include({ parameterChanges: 1 });
  });

  it("behavior: is at most 200 lines beside its pricing, and imports neither the engine nor a view that values", () => {
    const folder = join(import.meta.dirname, "..", "..", "src", "checker");
    const sourceOf = (file: string): string => readFileSync(join(folder, file), "utf8");
    const following = ["checker.ts", "replay.ts"];
    expect(readdirSync(folder).sort()).to.deep.equal(["checker.ts", "pricing.ts", "replay.ts"]);
    expect(following.map(sourceOf).join("").split("\n").length - 1).to.be.at.most(200);
    const sources = [...following, "pricing.ts"].map(sourceOf).join("");
    expect(sources).to.not.match(/\.\.\/|portfolioOf|assess|previewLiquidation|MarginLens|simulate|mayBeLiquidated|seriesState|riskWords/);
  });
});
