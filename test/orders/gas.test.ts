import { expect } from "chai";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { encodeFills, type OrderFill } from "../../src/sdk/orders.ts";
import { deploy, keyOf, limit, networkHelpers } from "./fixture.ts";

/** The most that `trade` of the module may cost beyond the vault, all its slots cold and in use before. */
const MOST_PER_MAKER = 19_500n;

describe("gas of an order trade", () => {
  it("ten makers: the module alone", async () => {
    const { vault, taker, takerAccount, fill, trade } = await networkHelpers.loadFixture(deploy);
    const makers = Array.from({ length: 10 }, (_, i) => keyOf(`maker ${i}`));
    const book = (nonce: bigint): Promise<OrderFill[]> => Promise.all(makers.map((maker) => fill(maker, 5n, { nonce })));
    for (const maker of makers) await vault.setPosition(accountIdOf(maker.address), 0n, -7n);
    // a first fill writes every nonce word
    await trade(await book(1n));

    const gasOf = async (fills: readonly OrderFill[]): Promise<bigint> => {
      const receipt = await (await vault.connect(taker).measure(takerAccount, encodeFills([limit()], fills))).wait();
      const event = receipt?.logs.map((log) => vault.interface.parseLog(log)).find((log) => log?.name === "TradeGas");
      return event?.args.gas;
    };
    const second = await book(2n);
    const one = await gasOf(second.slice(0, 1));
    const ten = await gasOf(await book(3n));
    const perMaker = (ten - one) / 9n;
    if (process.env.SHOW_GAS !== undefined) {
      const data = Buffer.from(encodeFills([limit()], second).slice(2), "hex");
      const calldata = data.reduce((gas, byte) => gas + (byte === 0 ? 4 : 16), 0);
      console.log(
        `trade of one maker ${one}, of ten ${ten}, each further ${perMaker}; calldata of ten ${data.length} bytes, ${calldata} gas`,
      );
    }
    expect(perMaker).to.be.lessThan(MOST_PER_MAKER);
  });
});
