import { expect } from "chai";
import { AbiCoder } from "ethers";
import { network } from "hardhat";
import { deployVault } from "./deploy.ts";

describe("deployVault", () => {
  it("gives a vault on which two accounts can trade", async () => {
    const connection = await network.create();
    const { vault, settlement, signers, post } = await deployVault(connection);
    const [, , long, short] = signers;
    if (long === undefined || short === undefined) throw new Error("signers");
    const coder = AbiCoder.defaultAbiCoder();
    const idOf = (address: string): bigint => BigInt(address) << 96n;
    for (const trader of [long, short]) {
      await settlement.mint(trader, 10n ** 12n);
      await settlement.connect(trader).approve(vault, 10n ** 12n);
      const data = coder.encode(["uint8", "uint256"], [255, 10n ** 12n]);
      await vault.connect(trader).execute([{ kind: 0, account: idOf(trader.address), data }]);
    }
    const lotPrice = 2n * 10n ** 16n;
    const fills = [
      {
        maker: idOf(short.address),
        instrument: 0,
        lots: 100_000n,
        price: lotPrice,
        takerFee: 10n ** 15n,
        makerFee: 0n,
        order: 0n,
      },
    ];
    const tuple = "tuple(uint256 maker, uint24 instrument, int256 lots, uint256 price, int256 takerFee, int256 makerFee, uint256 order)[]";
    const data = coder.encode(["uint8", "bytes", "uint256"], [0, coder.encode([tuple], [fills]), 100_000n]);
    await post(0, 2_000n * 10n ** 18n);
    await vault.connect(long).execute([{ kind: 7, account: idOf(long.address), data }]);
    expect((await vault.positionOf(idOf(long.address), 0)).lots).to.equal(100_000n);
    expect((await vault.positionOf(idOf(short.address), 0)).lots).to.equal(-100_000n);
    expect((await vault.assess(idOf(short.address), false)).notional).to.equal(100_000n * lotPrice);
  });
});
