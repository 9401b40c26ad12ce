import { expect } from "chai";
import { network } from "hardhat";
import { describe, it } from "mocha";
import { deployPlimsoll } from "../../src/deployment/deployPlimsoll.ts";
import { localParameters } from "../../src/deployment/localParameters.ts";

describe("deployPlimsoll", () => {
  it("default: everything is there and the deployer holds no role", async () => {
    const connection = await network.create();
    const record = await deployPlimsoll({ connection, parameters: localParameters() });
    const { ethers } = connection;
    for (const address of Object.values(record.contracts)) expect(await ethers.provider.getCode(address)).not.to.equal("0x");
    const authority = await ethers.getContractAt("AccessManager", record.contracts.authority);
    expect((await authority.hasRole(0n, record.deployer))[0]).to.equal(false);
    const vault = await ethers.getContractAt("IMarginVault", record.contracts.vault);
    expect((await vault.parameterWords()).listed).to.equal(5n | (3n << 8n));
    expect(record.underlyings.map(({ symbol }) => symbol)).to.deep.equal(["ETH", "BTC", "SOL", "LINK", "DAI"]);
    expect(record.collaterals.map(({ symbol, decimals }) => `${symbol} ${decimals}`)).to.deep.equal(["WETH 18", "WBTC 8", "DAI 18"]);
  });
});
