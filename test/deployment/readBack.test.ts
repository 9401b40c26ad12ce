import { expect } from "chai";
import { type Interface, toBeHex } from "ethers";
import { artifacts, network } from "hardhat";
import { describe, it } from "mocha";
import { actualLeaves, codeLeaves } from "../../src/deployment/actual.ts";
import { expectedLeaves } from "../../src/deployment/expected.ts";
import type { PlimsollParameters } from "../../src/deployment/parameters.ts";
import { compareLeaves, readBack } from "../../src/deployment/readBack.ts";
import { resolveAccounts } from "../../src/deployment/resolveAccounts.ts";
import { ROLES, selectorOf } from "../../src/deployment/roles.ts";
import { vaultSlot } from "../../src/deployment/vaultSlots.ts";
import { deployedLocally } from "./setup.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;
const { signers, parameters, record, authority } = await deployedLocally(connection);
const outsider = signers[15]?.address ?? "";

/** Copies of `value`, each with one leaf changed, and the path of the leaf. Leaves that only steer (`production`, kinds of sources) are left. */
function* mutants(value: unknown, path = ""): Generator<readonly [path: string, mutant: unknown]> {
  if (typeof value === "bigint") yield [path, value + 1n];
  else if (typeof value === "number") yield [path, value + 1];
  else if (typeof value === "string") {
    if (/kind$/.test(path)) return;
    yield [path, /^0x[0-9a-fA-F]{40}$/.test(value) ? outsider : `${value}'`];
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const [at, mutant] of mutants(item, `${path}.${index}`)) yield [at, value.with(index, mutant)];
    }
    if (value.length > 1) yield [`${path} shorter`, value.slice(0, -1)];
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      for (const [at, mutant] of mutants(item, `${path}.${key}`)) yield [at, { ...value, [key]: mutant }];
    }
  }
}

/** Runs `work` while the chain stands still: what is asked of it twice is answered once. */
async function standingStill(work: () => Promise<void>): Promise<void> {
  const { provider } = connection;
  const { request } = provider;
  const known = new Map<string, Promise<unknown>>();
  provider.request = ((asked) => {
    const key = JSON.stringify(asked);
    const answer = known.get(key) ?? request.call(provider, asked);
    known.set(key, answer);
    return answer;
  }) as typeof request;
  try {
    await work();
  } finally {
    provider.request = request;
  }
}

const resolved = (file: PlimsollParameters): PlimsollParameters =>
  resolveAccounts(
    file,
    signers.map(({ address }) => address),
  );

const differing = async (file: PlimsollParameters): Promise<string[]> =>
  (await readBack(connection, file, record)).differences.map(({ name }) => name);

describe("readBack", () => {
  it("default: a deployment is as its file says, and says that single keys hold its roles", async () => {
    const { compared, differences, remarks } = await readBack(connection, parameters, record);
    expect(differences).to.deep.equal([]);
    expect(compared).to.be.greaterThan(200);
    expect(remarks).to.deep.equal(
      (["admin", "parameters", "canceller", "guardian"] as const).map(
        (role) => `role ${role}: ${parameters.roles[role].holders[0]} is not a multisig`,
      ),
    );
  });

  it("behavior: each single leaf of the file that is changed is found", async function () {
    this.timeout(300_000);
    await standingStill(async () => {
      let planted = 0;
      // the file says how tokens were given, and no mutant says it in another way: what the chain has is read once
      const actual = await actualLeaves(connection, resolved(parameters), record);
      for (const [path, mutant] of mutants(parameters)) {
        planted += 1;
        const { differences } = compareLeaves(expectedLeaves(resolved(mutant as PlimsollParameters), record), actual);
        expect(differences, path).not.to.deep.equal([]);
      }
      expect(planted).to.be.greaterThan(150);
      // both values are told by the extension, and fixed in its code and in the vault's
      expect(await differing({ ...parameters, uptime: { feed: outsider, grace: 3_600n } })).to.have.length(6);
    });
  });

  it("behavior: each single field that is changed in the vault's storage is found", async function () {
    this.timeout(120_000);
    const fields: [string, bigint[], bigint[]][] = [
      ["marginParameters", [], [24n, 72n, 120n, 184n, 200n, 208n, 232n]],
      ["liquidationParameters", [], [0n, 24n, 48n, 72n, 96n, 120n, 144n, 192n]],
      ["fundParameters", [], [0n, 32n, 64n, 96n, 120n, 144n, 192n]],
      ["fundAccounts", [1n], [208n]],
      ["listed", [], [0n, 8n]],
      ["modules", [0n], [0n, 191n, 200n, 201n, 229n]],
      ["modules", [1n], [0n]],
      ["prices", [1n], [200n, 240n]],
      ["tradings", [1n], [0n, 24n, 72n, 147n, 156n, 211n]],
      ["volatilities", [1n], [0n, 32n, 64n, 96n, 128n]],
      ["guards", [1n], [56n, 80n, 104n]],
      ["sources", [1n, 0n], [0n]],
      ["rateSources", [1n], [0n]],
      ["volatilitySources", [1n], [0n]],
      ["volatilitySources", [2n], [0n]],
      ["collaterals", [1n], [168n, 200n]],
      ["supplies", [1n], [128n]],
    ];
    for (const [field, keys, offsets] of fields) {
      const slot = vaultSlot(field, ...keys);
      const stored = BigInt(await ethers.provider.getStorage(record.contracts.vault, slot));
      for (const offset of offsets) {
        await networkHelpers.setStorageAt(record.contracts.vault, slot, toBeHex(stored ^ (1n << offset), 32));
        expect(await differing(parameters), `${field} ${keys} bit ${offset}`).not.to.deep.equal([]);
      }
      await networkHelpers.setStorageAt(record.contracts.vault, slot, toBeHex(stored, 32));
    }
    expect(await differing(parameters)).to.deep.equal([]);
  });

  it("behavior: each single change that the admin carries out is found", async function () {
    this.timeout(120_000);
    const { vault } = record.contracts;
    const vaultInterface: Interface = (await ethers.getContractAt("IMarginVault", vault)).interface;
    const holder = parameters.roles.guardian.holders[0] ?? "";
    const calls: [string, string][] = (
      [
        ["grantRole", [ROLES.guardian, outsider, 0]],
        ["grantRole", [ROLES.admin, outsider, 1_209_600]],
        ["grantRole", [7n, outsider, 0]],
        ["grantRole", [ROLES.guardian, holder, 60]],
        ["revokeRole", [ROLES.guardian, holder]],
        ["setRoleAdmin", [ROLES.guardian, ROLES.guardian]],
        ["setRoleGuardian", [ROLES.parameters, ROLES.guardian]],
        ["setGrantDelay", [ROLES.parameters, 60]],
        ["setTargetAdminDelay", [vault, 60]],
        ["setTargetClosed", [vault, true]],
        ["setTargetFunctionRole", [vault, [selectorOf(vaultInterface, "setParameter")], ROLES.guardian]],
        ["setTargetFunctionRole", [vault, [selectorOf(vaultInterface, "execute")], ROLES.guardian]],
        ["setTargetFunctionRole", [outsider, ["0x12345678"], ROLES.guardian]],
      ] as [string, unknown[]][]
    ).map(([entry, args]) => [entry, authority.interface.encodeFunctionData(entry as "grantRole", args as never)]);
    const admin = await ethers.getSigner(parameters.roles.admin.holders[0] ?? "");
    for (const [entry, data] of calls) {
      const snapshot = await networkHelpers.takeSnapshot();
      await authority.connect(admin).schedule(authority, data, 0);
      await networkHelpers.time.increase(1_209_601);
      await admin.sendTransaction({ to: authority, data });
      expect(await differing(parameters), entry).to.have.length(1);
      await snapshot.restore();
    }
    expect(await differing(parameters)).to.deep.equal([]);
  });

  it("behavior: other code, and another authority of a source, are found", async () => {
    for (const [name, address] of Object.entries(record.contracts)) {
      const code = await ethers.provider.getCode(address);
      await networkHelpers.setCode(address, `${code.slice(0, -2)}${code.endsWith("00") ? "01" : "00"}`);
      expect(await differing(parameters), name).to.deep.equal([`code of ${name}`]);
      await networkHelpers.setCode(address, code);
    }
    const source = record.contracts.signedSource ?? "";
    const stored = await ethers.provider.getStorage(source, 0);
    await networkHelpers.setStorageAt(source, 0, toBeHex(BigInt(stored) ^ 1n, 32));
    expect(await differing(parameters)).to.deep.equal(["signedSource: authority"]);
    await networkHelpers.setStorageAt(source, 0, stored);
  });

  it("behavior: what was fixed or linked into the code of vault and extension, and is another, is found at every single place", async function () {
    this.timeout(120_000);
    const other = outsider.slice(2).toLowerCase();
    const expected = await codeLeaves(connection, record);
    let isFirst = true;
    for (const [name, artifactName] of [
      ["vault", "MarginVault"],
      ["vaultExtension", "VaultExtension"],
    ] as const) {
      const artifact = await artifacts.readArtifact(artifactName);
      const address = record.contracts[name];
      const code = await ethers.provider.getCode(address);
      const [built, own] = [[...Object.entries(artifact.immutableReferences ?? {})], Object.values(artifact.deployedLinkReferences)];
      for (const [what, places] of [...built, ...own.flatMap((file) => Object.entries(file))]) {
        for (const { start, length } of places) {
          const [from, end] = [2 + 2 * start, 2 + 2 * (start + length)];
          const present = code.slice(from, end);
          // BUILT_FROM, a hash, is looked at by the constructor of the vault alone
          if (length === 32 && !present.startsWith("0".repeat(24))) continue;
          await networkHelpers.setCode(address, code.slice(0, from) + other.padStart(2 * length, "0") + code.slice(end));
          const { differences } = compareLeaves(expected, await codeLeaves(connection, record));
          expect(differences, `${name} ${what} at ${start}`).not.to.deep.equal([]);
          // an extension or a token without code makes a getter throw: found as well
          if (isFirst) expect(await differing(parameters).catch(() => ["it throws"])).not.to.deep.equal([]);
          isFirst = false;
        }
      }
      await networkHelpers.setCode(address, code);
    }
  });

  it("behavior: an extension that passes itself off as the recorded one is found", async () => {
    const { vault, vaultExtension } = record.contracts;
    const [code, mimic] = [await ethers.provider.getCode(vault), await ethers.provider.getCode(vaultExtension)];
    const word = (address: string): string => address.slice(2).toLowerCase().padStart(64, "0");
    await networkHelpers.setCode(outsider, `${mimic}00`);
    await networkHelpers.setCode(vault, code.replace(word(vaultExtension), word(outsider)));
    expect(await differing(parameters)).to.deep.equal(["fixed in vault: extension"]);
    await networkHelpers.setCode(vault, code);
    await networkHelpers.setCode(outsider, "0x");
  });

  it("behavior: a multisig behind the delays draws no remark, one key of many does", async () => {
    const multisig = async (threshold: number): Promise<string> => (await ethers.deployContract("Multisig", [threshold])).getAddress();
    const held = async (threshold: number): Promise<PlimsollParameters> => {
      const address = await multisig(threshold);
      const { admin, parameters: setting, canceller, guardian } = parameters.roles;
      const by = <Role extends object>(role: Role) => ({ ...role, holders: [address] });
      return { ...parameters, roles: { admin: by(admin), parameters: by(setting), canceller: by(canceller), guardian: by(guardian) } };
    };
    expect((await readBack(connection, await held(2), record)).remarks).to.deep.equal([]);
    expect((await readBack(connection, await held(1), record)).remarks).to.have.length(4);
  });
});
