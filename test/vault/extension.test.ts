import { expect } from "chai";
import type { BaseContract } from "ethers";
import { network } from "hardhat";
import { deployContract, deployVault } from "../helpers/deploy.ts";

describe("what the vault hands on to its extension", () => {
  it("default: reads and writes the vault's own storage", async () => {
    const { vault, settlement, fund } = await deployVault(await network.create());
    const { settlementToken, fund: owner, extension } = await vault.constants();
    expect([settlementToken, owner]).to.deep.equal([await settlement.getAddress(), fund]);
    expect(extension).not.to.equal(await vault.getAddress());
    expect((await vault.parameterWords()).listed & 0xffn).to.be.greaterThan(0n);
  });

  it("behavior: at its own address it finds an empty vault", async () => {
    const { vault, connection } = await deployVault(await network.create());
    const { extension } = await vault.constants();
    const alone = await connection.ethers.getContractAt("IMarginVault", extension);
    expect((await alone.parameterWords()).listed).to.equal(0n);
    expect(await alone.totals()).to.deep.equal([0n, 0n]);
  });

  it("behavior: an extension built from other values is refused", async () => {
    const connection = await network.create();
    const { ethers } = connection;
    const { vault, authority, settlement, fund } = await deployVault(connection);
    const words = await vault.parameterWords();
    const values = {
      authority,
      settlementToken: settlement,
      fund,
      defaultModules: 1n,
      uptimeFeed: ethers.ZeroAddress,
      uptimeGrace: 0n,
      marginParameters: words.margin,
      liquidationParameters: words.liquidation,
      // above them the vault keeps what the weights of its underlyings add up to
      fundParameters: words.fund & ((1n << 216n) - 1n),
    };
    const extension = await deployContract<BaseContract>(connection, "VaultExtension", values);
    await deployContract(connection, "MarginVault", values, extension);
    for (const other of [{ fund: ethers.ZeroAddress }, { defaultModules: 3n }, { uptimeGrace: 1n }, { fundParameters: 0n }]) {
      let refusal: unknown = "none";
      try {
        await deployContract(connection, "MarginVault", { ...values, ...other }, extension);
      } catch (error) {
        refusal = (error as { data?: unknown }).data;
      }
      const expected = vault.interface.encodeErrorResult("ExtensionDiffers", [await extension.getAddress()]);
      expect(refusal, Object.keys(other)[0]).to.equal(expected);
    }
  });

  it("behavior: no entry of the vault hides one of the extension", async () => {
    const { ethers } = await network.create();
    const selectorsOf = async (name: string): Promise<string[]> => {
      const selectors: string[] = [];
      (await ethers.getContractAt(name, ethers.ZeroAddress)).interface.forEachFunction(({ selector }) => void selectors.push(selector));
      return selectors;
    };
    const core = new Set(await selectorsOf("MarginVault"));
    const extension = await selectorsOf("VaultExtension");
    expect(extension.filter((selector) => core.has(selector))).to.deep.equal([]);
    // together they answer all of the interface
    const whole = await selectorsOf("IMarginVault");
    expect(whole.filter((selector) => !core.has(selector) && !extension.includes(selector))).to.deep.equal([]);
  });

  it("behavior: what neither knows, and plain ether, is refused", async () => {
    const { vault, connection, deployer } = await deployVault(await network.create());
    const to = await vault.getAddress();
    await expect(deployer.sendTransaction({ to, data: "0x12345678" })).to.be.revert(connection.ethers);
    await expect(deployer.sendTransaction({ to, value: 1n })).to.be.revert(connection.ethers);
    await expect(deployer.sendTransaction({ to, value: 1n, data: vault.interface.encodeFunctionData("totals") })).to.be.revert(
      connection.ethers,
    );
    expect(await connection.ethers.provider.getBalance(to)).to.equal(0n);
  });
});
