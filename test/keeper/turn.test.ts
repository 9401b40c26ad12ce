import { expect } from "chai";
import { check } from "../../src/checker/checker.ts";
import { interfaceOf } from "../../src/sdk/artifacts.ts";
import { startDevnet } from "../../src/simulator/devnet.ts";

describe("a keeper's turn", function () {
  this.timeout(120_000);

  it("behavior: a send that fails ends the turn with its reason, and the next turn does what was left", async () => {
    const devnet = await startDevnet();
    try {
      const { rpc, record } = devnet;
      const batch = record.contracts.liquidationBatch;
      const judge = () => check(rpc, record.contracts.vault, interfaceOf("IMarginVault"));
      await devnet.refreshPrices();
      const code = await rpc("eth_getCode", [batch, "latest"]);
      // INVALID: whatever is sent there fails
      await rpc("hardhat_setCode", [batch, "0xfe"]);
      for (let turn = 0; turn < 2; turn++) {
        const failure: unknown = await devnet.keep().then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(failure, `turn ${turn}`).to.be.instanceOf(Error);
      }
      expect(await judge()).to.include({ belowMaintenance: 1, liquidations: 0, vaultMinusClaims: "0" });
      await rpc("hardhat_setCode", [batch, code]);
      await devnet.refreshPrices();
      const [line] = await devnet.keep();
      expect(line).to.match(/^account 11: sold/);
      expect(await judge()).to.include({ liquidations: 1, wronglyLiquidated: 0, vaultMinusClaims: "0" });
      expect(await devnet.keep()).to.deep.equal([]);
    } finally {
      await devnet.close();
    }
  });
});
