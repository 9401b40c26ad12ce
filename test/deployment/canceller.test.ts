import { expect } from "chai";
import { network } from "hardhat";
import { describe, it } from "mocha";
import { MANAGER_ENTRIES, ROLES } from "../../src/deployment/roles.ts";
import { deployedLocally } from "./setup.ts";

describe("the canceller of a deployment", () => {
  it("H-96 cancels all that the admin can schedule in the manager, and what parameters schedules in the vault; others cannot, and it can nothing else", async function () {
    this.timeout(120_000);
    const connection = await network.create();
    const { ethers, networkHelpers } = connection;
    const { signers, parameters, record, authority } = await deployedLocally(connection);
    const vault = await ethers.getContractAt("IMarginVault", record.contracts.vault);
    const holder = (role: keyof typeof ROLES) => ethers.getSigner(parameters.roles[role].holders[0] ?? "");
    const [admin, governor, canceller, guardian] = await Promise.all(
      (["admin", "parameters", "canceller", "guardian"] as const).map((role) => holder(role)),
    );
    if (admin === undefined || governor === undefined || canceller === undefined || guardian === undefined) throw new Error("no holders");
    const outsider = signers[15]!;
    const manager = await authority.getAddress();
    const setParameter = vault.interface.getFunction("setParameter").selector;
    const args: Record<string, readonly unknown[]> = {
      labelRole: [ROLES.guardian, "anything"],
      setRoleAdmin: [ROLES.guardian, ROLES.guardian],
      setRoleGuardian: [ROLES.parameters, ROLES.guardian],
      setGrantDelay: [ROLES.parameters, 60],
      setTargetAdminDelay: [record.contracts.vault, 60],
      updateAuthority: [record.contracts.vault, record.contracts.vault],
      setTargetClosed: [record.contracts.vault, true],
      setTargetFunctionRole: [record.contracts.vault, [setParameter], ROLES.guardian],
      grantRole: [ROLES.guardian, outsider.address, 0],
      revokeRole: [ROLES.canceller, canceller.address],
    };
    const restricted = authority.interface.fragments
      .filter((each) => each.type === "function" && (each as unknown as { stateMutability: string }).stateMutability === "nonpayable")
      .map((each) => (each as unknown as { name: string }).name);
    // what is left of the manager's entries is for everybody, or for the contracts that it manages
    const open = ["cancel", "consumeScheduledOp", "multicall", "renounceRole", "schedule"];
    expect(restricted.filter((name) => !open.includes(name)).sort()).to.deep.equal(MANAGER_ENTRIES.map(({ name }) => name).sort());
    for (const { name: entry } of MANAGER_ENTRIES) {
      const data = authority.interface.encodeFunctionData(entry as "grantRole", args[entry] as never);
      await authority.connect(admin).schedule(manager, data, 0);
      for (const other of [outsider, governor, guardian]) {
        await expect(authority.connect(other).cancel(admin.address, manager, data)).to.be.revertedWithCustomError(
          authority,
          "AccessManagerUnauthorizedCancel",
        );
      }
      await authority.connect(canceller).cancel(admin.address, manager, data);
      await networkHelpers.time.increase(1_209_601);
      await expect(admin.sendTransaction({ to: manager, data }), entry).to.be.revertedWithCustomError(
        authority,
        "AccessManagerNotScheduled",
      );
      // the role that the entries have for this lets nobody call them
      for (const other of [governor, canceller, guardian, outsider]) {
        await expect(other.sendTransaction({ to: manager, data }), entry).to.be.revertedWithCustomError(
          authority,
          "AccessManagerUnauthorizedAccount",
        );
      }
    }
    const target = record.contracts.vault;
    const data = vault.interface.encodeFunctionData("liftMeasure", [0, 0]);
    await authority.connect(governor).schedule(target, data, 0);
    await authority.connect(canceller).cancel(governor.address, target, data);
  });
});
