import { expect } from "chai";
import { Interface, Wallet } from "ethers";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { abs, WAD } from "../../src/engine/types/fixedPoint.ts";
import { INVALID, type State } from "../../src/engine/types/types.ts";
import { decodeCombos } from "../../src/sdk/combos.ts";
import type { DeploymentRecord } from "../../src/sdk/deploymentRecord.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { decodeTrade } from "../../src/sdk/orders.ts";
import { planHedges } from "../../src/simulator/hedging.ts";
import { deltaOf, markOf } from "../../src/simulator/marks.ts";
import { drawOptionTraders, type SizedOptionTrader } from "../../src/simulator/optionTraders.ts";
import { hedgeCalls, openingCalls } from "../../src/simulator/optionTrades.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { call, funded, future, openState, put, traded } from "../helpers/engineSeries.ts";
import { BOB, bob } from "../helpers/state.ts";

const [TRADE, VAULT, ORDERS] = [7n, `0x${"aa".repeat(20)}`, `0x${"bb".repeat(20)}`];
const record = {
  underlyings: [{ symbol: "ETH", lotExponent: 4 }],
  chainId: 31_337,
  contracts: { vault: VAULT, orders: ORDERS },
  modules: { orders: 0 },
} as unknown as DeploymentRecord;
const maker = new Wallet(`0x${"5a".repeat(32)}`);

/** A trader who sold `lots` of a call, hedged with `hedge`; it holds `hedged` lots of that. */
function book(lots: bigint, hedge: bigint, hedged: bigint): { readonly state: State; readonly trader: SizedOptionTrader } {
  const [drawn] = drawOptionTraders(seededRandom(1), 1, 1, false);
  if (drawn === undefined) throw new RangeError("nobody is drawn");
  const owner = drawn.wallet.address.toLowerCase();
  const opened = funded(openState(), [
    [owner, drawn.account, 1_000_000n * WAD],
    [BOB, bob, 1_000_000n * WAD],
  ]);
  const fills = [
    { maker: bob, instrument: call(3n), lots: -lots, price: markOf(opened, call(3n)) },
    ...(hedged === 0n ? [] : [{ maker: bob, instrument: hedge, lots: hedged, price: markOf(opened, hedge) }]),
  ];
  const { state, skipped } = traded(opened, drawn.account, fills, owner);
  expect(skipped).to.deep.equal([]);
  return { state, trader: { ...drawn, hedge, hedgedWith: "perpetual", positions: [] } };
}

const LOTS = 10_000n;

describe("delta-hedged books", () => {
  it("default: a book that was sold buys its delta, of the perpetual and of the future", () => {
    for (const instrument of [0n, future()]) {
      const { state, trader } = book(LOTS, instrument, 0n);
      const delta = deltaOf(state, call(3n));
      expect(delta > WAD / 2n && delta < (6n * WAD) / 10n, String(delta)).to.equal(true);
      const [hedge, ...rest] = planHedges(state, [trader]);
      expect(rest).to.deep.equal([]);
      expect(hedge?.instrument).to.equal(instrument);
      expect(hedge?.lots).to.equal((LOTS * delta) / WAD);
    }
  });

  it("behavior: delta is the slope of the mark: of call and put of a strike one apart, of the perpetual one", () => {
    const state = openState();
    expect(deltaOf(state, 0n)).to.equal(WAD);
    expect(abs(deltaOf(state, call(2n)) - deltaOf(state, put(2n)) - WAD) < 10n ** 6n).to.equal(true);
  });

  it("behavior: what is hedged waits until it is off by a twenty-fifth of the options, and follows the price", () => {
    const hedged = (LOTS * deltaOf(openState(), call(3n))) / WAD;
    const { state, trader } = book(LOTS, 0n, hedged);
    expect(planHedges(state, [trader])).to.deep.equal([]);
    const at = (price: bigint): State => ({ ...state, underlyings: state.underlyings.map((each) => ({ ...each, price })) });
    const { price = 0n } = state.underlyings[0] ?? {};
    expect(planHedges(at((price * 1_005n) / 1_000n), [trader])).to.deep.equal([]);
    expect((planHedges(at((price * 110n) / 100n), [trader])[0]?.lots ?? 0n) > 1_000n).to.equal(true);
    expect((planHedges(at((price * 90n) / 100n), [trader])[0]?.lots ?? 0n) < -1_000n).to.equal(true);
  });

  it("behavior: a hedge without options is closed, and nobody trades on an invalid price", () => {
    const { state, trader } = book(LOTS, 0n, 5_000n);
    const gone = state.accounts.get(trader.account);
    if (gone === undefined) throw new RangeError("no account");
    const alone = { ...state, accounts: new Map(state.accounts).set(trader.account, { ...gone, series: new Map() }) };
    expect(planHedges(alone, [trader]).map(({ lots }) => lots)).to.deep.equal([-5_000n]);
    const stopped = { ...alone, underlyings: alone.underlyings.map((each) => ({ ...each, priceState: INVALID })) };
    expect(planHedges(stopped, [trader])).to.deep.equal([]);
  });

  it("default: several options are one combo whose legs add up to the positions, the perpetual an order beside it", async () => {
    const { state, trader } = book(LOTS, 0n, 0n);
    const positions = [
      { instrument: 0n, lots: 300n },
      { instrument: call(2n), lots: 600n },
      { instrument: call(4n), lots: -400n },
    ];
    const [opening] = await openingCalls(record, state, [{ ...trader, positions }], [maker]);
    const trades = tradesIn(opening?.data ?? "0x");
    expect(trades.map(({ least }) => least)).to.deep.equal([300n, 1_000n]);
    const alone = decodeTrade(VAULT, trades[0]?.data ?? "0x");
    expect(alone.kind === "fill" && alone.makers.map(({ order, lots }) => [order.instrument, order.long, lots])).to.deep.equal([
      [0n, false, 300n],
    ]);
    const { limit, makers } = decodeCombos(VAULT, trades[1]?.data ?? "0x");
    expect(limit.units).to.equal(200n);
    expect(makers.map(({ order, units }) => [order.account, units, order.legs])).to.deep.equal([
      [
        accountIdOf(maker.address),
        200n,
        [
          { instrument: call(2n), lots: -3n, price: markOf(state, call(2n)) },
          { instrument: call(4n), lots: 2n, price: markOf(state, call(4n)) },
        ],
      ],
    ]);
  });

  it("default: hedges are orders at the mark, each with a nonce of its own", async () => {
    const { state, trader } = book(LOTS, future(), 0n);
    const hedges = [
      { trader, instrument: future(), lots: 70n },
      { trader, instrument: 0n, lots: -50n },
    ];
    const calls = await hedgeCalls(record, state, hedges, [maker], 9n);
    const orders = calls.flatMap(({ data }) => tradesIn(data)).map(({ data }) => decodeTrade(VAULT, data));
    expect(
      orders.map((each) => each.kind === "fill" && each.makers.map(({ order, lots }) => [order.nonce, order.long, order.limit, lots])),
    ).to.deep.equal([[[9n, false, markOf(state, future()), 70n]], [[10n, true, markOf(state, 0n), 50n]]]);
  });
});

/** The trades within a call of `execute`. */
function tradesIn(data: string): { readonly data: string; readonly least: bigint }[] {
  const [actions] = interfaceOf("IMarginVault").decodeFunctionData("execute", data) as unknown as [{ kind: bigint; data: string }[]];
  const inner = new Interface(["function trade(uint8 module, bytes data, uint256 least)"]);
  return [...actions].map((action) => {
    expect(action.kind).to.equal(TRADE);
    const [, found, least] = inner.getAbiCoder().decode(["uint8", "bytes", "uint256"], action.data) as unknown as [bigint, string, bigint];
    return { data: found, least };
  });
}
