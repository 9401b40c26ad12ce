import { expect } from "chai";
import { shedFund } from "../../../src/engine/actions/fund.ts";
import { liquidate, plan } from "../../../src/engine/actions/liquidate.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { haircutHolds, inconsistency, PARAMETERS } from "../../../src/engine/math/bounds.ts";
import { discountUp } from "../../../src/engine/math/slice.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { max, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { steady } from "../../../src/engine/types/ramp.ts";
import type { Account, AccountId, Assessment, Position, SeriesPosition, State, Underlying } from "../../../src/engine/types/types.ts";
import { call, openState, put } from "../../helpers/engineSeries.ts";
import { Random } from "../../helpers/random.ts";
import { alice, collateralOf, emptyState, FUND, underlyingAt } from "../../helpers/state.ts";

const [KEEPER, TAKER, FAILING, OTHER] = ["33", "44", "55", "66"].map((byte) => accountIdOf(`0x${byte.repeat(20)}`)) as [
  AccountId,
  AccountId,
  AccountId,
  AccountId,
];
const ROUNDS = Number(process.env.PLIMSOLL_ROUNDS ?? 1_500);

const PARAMETERS_DRAWN = [
  "Maintenance",
  "Provision",
  "InterMonth",
  "Recovery",
  "DiscountMin",
  "DiscountMax",
  "GrossDiscount",
  "KeeperShare",
  "FundShare",
  "Bounty",
  "SmallestNotional",
  "FeeCap",
  "RangeFloor",
  "Haircut",
] as const;

type Drawn = Record<(typeof PARAMETERS_DRAWN)[number], bigint>;

/** Values within their bounds, often at an end of them. */
function draw(random: Random): Drawn {
  return Object.fromEntries(
    PARAMETERS_DRAWN.map((name) => {
      const { least, most, initial } = PARAMETERS.find((row) => row.name === name)!;
      if (random.chance(0.2)) return [name, random.pick([least, most])];
      return [name, random.chance(0.5) ? initial : least + random.bigBelow(most - least + 1n)];
    }),
  ) as Drawn;
}

/** What governance refuses them for. */
function refusal(drawn: Drawn, hasSeries: boolean): string | undefined {
  if (drawn.DiscountMin > drawn.DiscountMax) return "DiscountMin";
  const input = {
    provision: drawn.Provision,
    interMonth: drawn.InterMonth,
    rangeFloor: drawn.RangeFloor,
    hasSeries,
    maintenance: drawn.Maintenance,
    discountMin: drawn.DiscountMin,
    grossDiscount: drawn.GrossDiscount,
    keeperShare: drawn.KeeperShare,
    fundShare: drawn.FundShare,
    bounty: drawn.Bounty,
    smallestNotional: drawn.SmallestNotional,
    feeCap: drawn.FeeCap,
  };
  const refused = inconsistency(input);
  if (refused !== undefined) return refused;
  return haircutHolds({ ...input, haircut: drawn.Haircut, rangeCap: 500_000_000n }) ? undefined : "Haircut";
}

/** Parameters that governance may set together. */
function parameters(random: Random): Drawn {
  for (;;) {
    const drawn = draw(random);
    if (refusal(drawn, false) === undefined) return drawn;
  }
}

/** Margin and liquidation parameters of a state with these. */
function withParameters({ margin, liquidation }: State, drawn: Drawn): Pick<State, "margin" | "liquidation"> {
  return {
    margin: {
      ...margin,
      maintenance: steady(drawn.Maintenance),
      provision: steady(drawn.Provision),
      interMonth: steady(drawn.InterMonth),
      openInterestCharge: 0n,
    },
    liquidation: {
      ...liquidation,
      recovery: drawn.Recovery,
      discountMin: drawn.DiscountMin,
      discountMax: drawn.DiscountMax,
      grossDiscount: drawn.GrossDiscount,
      keeperShare: drawn.KeeperShare,
      fundShare: drawn.FundShare,
      bounty: drawn.Bounty,
      smallestNotional: drawn.SmallestNotional,
    },
  };
}

/** An account somewhere below its line, in up to three markets, with positions and collaterals of any size, dust too. */
function failing(random: Random, drawn: Drawn): State | undefined {
  const now = 1_700_000_000n;
  const markets = Array.from({ length: 1 + random.below(3) }, () => {
    const most = (drawn.SmallestNotional * WAD) / 1_000n;
    const price = random.chance(0.5) ? most : most / BigInt(1 + random.below(1_000)) + 1n;
    const range = drawn.RangeFloor + random.bigBelow(500_000_000n - drawn.RangeFloor + 1n);
    const depth = 10n ** 5n + random.bigBelow(2n ** 40n - 10n ** 5n);
    return underlyingAt(price, now, { heldRange: range, targetRange: range, depth });
  });
  const positions = new Map<number, Position>();
  const collateral = new Map<number, bigint>();
  markets.forEach(({ price, lotExponent }, i) => {
    const smallest = (drawn.SmallestNotional * WAD) / price;
    const size = random.chance(0.15)
      ? BigInt(1 + random.below(5))
      : (smallest * BigInt(1 + random.below(50))) / BigInt(1 + random.below(20)) + 1n;
    const lots = random.chance(0.5) ? size : -size;
    if (random.chance(0.8)) positions.set(i, { lots, fundingIndex: 0n, entryCost: lots * price });
    const held = (smallest * BigInt(random.below(61))) / BigInt(1 + random.below(30)) + 1n;
    if (random.chance(0.5)) collateral.set(i, (held * WAD) / 10n ** lotExponent + 1n);
  });
  if (positions.size + collateral.size === 0) return undefined;
  const blank = { moduleDifference: 0n, epoch: 0n, series: new Map(), operators: new Map(), exchangeSince: 0n };
  const opposite = new Map([...positions].map(([i, { lots, entryCost }]) => [i, { lots: -lots, fundingIndex: 0n, entryCost: -entryCost }]));
  const state = emptyState(
    {
      underlyings: markets.map((market, i) => {
        const lots = positions.get(i)?.lots ?? 0n;
        return { ...market, funding: { ...market.funding, openInterest: lots < 0n ? -lots : lots } };
      }),
      collaterals: markets.map((_, i) => ({ ...collateralOf(BigInt(i), drawn.Haircut), supply: collateral.get(i) ?? 0n })),
      ...withParameters(emptyState(), drawn),
    },
    10n ** 9n * WAD,
  );
  const own: Account = { id: FAILING, cash: 0n, positions, collateral, ...blank };
  const others: readonly Account[] = [
    { id: OTHER, cash: 10n ** 30n, positions: opposite, collateral: new Map(), ...blank },
    { id: TAKER, cash: 10n ** 29n, positions: new Map(), collateral: new Map(), ...blank },
  ];
  const withOwn = (account: Account): State => {
    const accounts = new Map([...state.accounts.values(), account, ...others].map((each) => [each.id, each]));
    return { ...state, accounts, settlement: [...accounts.values()].reduce((sum, { cash }) => sum + cash, 0n) };
  };
  const { equity, margin: needed } = figuresOf(withOwn(own), FAILING);
  const line = lineOf(needed, drawn);
  const wanted = random.chance(0.1)
    ? (-needed * BigInt(random.below(300))) / 100n
    : random.chance(0.3)
      ? line - 1n
      : (line * BigInt(random.below(1_000))) / 1_000n;
  const placed = withOwn({ ...own, cash: wanted - equity });
  return wanted < line ? placed : undefined;
}

const figuresOf = (state: State, account: AccountId): Assessment =>
  assess(portfolioOf(new Draft(state), account), termsAt(state.margin, state.now), false);
const lineOf = (margin: bigint, { Maintenance }: Drawn): bigint => (margin * Maintenance + 999_999n) / 1_000_000n;
const fundValue = (state: State): bigint =>
  [...state.accounts.keys()].filter((id) => ownerOf(id) === FUND).reduce((sum, id) => sum + figuresOf(state, id).value, 0n);

/** Takes all that the fund holds, when the discount is largest. */
function shedAll(state: State): State {
  const later = state.now + 7_201n;
  const underlyings = state.underlyings.map((each) => ({ ...each, priceTime: later }));
  return [...underlyings.keys()].reduce(
    (before: State, index) => {
      const fund = before.accounts.get((BigInt(FUND) << 96n) + BigInt(index + 1));
      if (fund === undefined || (fund.positions.size === 0 && fund.collateral.size === 0)) return before;
      return shedFund(before, ownerOf(TAKER), index, TAKER, WAD, 0n).state;
    },
    { ...state, now: later, underlyings },
  );
}

/** Alice with positions of the first series alone. */
function holding(state: State, series: readonly SeriesPosition[]): State {
  const draft = new Draft(state);
  draft.setAccount({ ...draft.account(alice), series: new Map([[0, series]]) });
  return draft.finish();
}

describe("sales at random", function () {
  this.timeout(300_000);

  it("H-81 H-83 H-84 whatever governance has set, a slice worsens nobody, and nothing of it comes back through the fund", () => {
    const random = new Random(2_026);
    const met = { slices: 0, whole: 0, fullPositions: 0, dearer: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const drawn = parameters(random);
      const state = failing(random, drawn);
      if (state === undefined) continue;
      const before = figuresOf(state, FAILING);
      const { terms, discount, parts, liens } = plan(new Draft(state), FAILING);
      const sold = liquidate(state, FAILING, KEEPER);
      const after = figuresOf(sold.state, FAILING);
      const what = `round ${round}`;
      if (sold.fraction === WAD) {
        met.whole++;
        expect(after.margin === 0n && after.equity >= 0n, what).to.equal(true);
        continue;
      }
      met.slices++;
      expect(after.equity * before.margin >= before.equity * after.margin, `${what}: E / IM`).to.equal(true);
      // what is left is nothing, or at least the least size
      const smallest = drawn.SmallestNotional * WAD;
      for (const { left } of parts) {
        const value = left.lots * left.price;
        expect(value === 0n || (value < 0n ? -value : value) >= smallest, `${what}: a small position`).to.equal(true);
      }
      if (parts.some(({ left, lots }) => lots !== 0n && left.lots === 0n)) met.fullPositions++;
      for (const { held, moved } of liens) expect(moved <= held).to.equal(true);
      const byFraction = (terms.discount * sold.fraction + WAD - 1n) / WAD;
      expect(discount >= byFraction).to.equal(true);
      if (discount > byFraction) met.dearer++;
      // the owner who is the keeper, and takes all from the fund again, has not gained
      const keeper = figuresOf(sold.state, KEEPER).value;
      expect(after.value + keeper <= before.value, `${what}: as its own keeper`).to.equal(true);
      expect(fundValue(sold.state) >= fundValue(state), `${what}: the fund`).to.equal(true);
      const taken = shedAll(sold.state);
      const gain = figuresOf(taken, TAKER).value - figuresOf(state, TAKER).value + after.value + keeper - before.value;
      expect(gain <= BigInt(8 * state.underlyings.length), `${what}: a round trip gains ${gain}`).to.equal(true);
    }
    expect(met.slices > ROUNDS / 5 && met.whole > ROUNDS / 10 && met.fullPositions > 20 && met.dearer > 20, JSON.stringify(met)).to.equal(
      true,
    );
  });

  it("H-83 O-16 whatever governance has set, after a whole sale with little left a round trip through the fund gains (1 − keeper's share)·d_min·IM at most", () => {
    const random = new Random(2_028);
    const met = { whole: 0, gains: 0, half: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const drawn = parameters(random);
      const state = failing(random, drawn);
      if (state === undefined) continue;
      const before = figuresOf(state, FAILING);
      const sold = liquidate(state, FAILING, KEEPER);
      if (sold.fraction !== WAD) continue;
      met.whole++;
      const taken = shedAll(sold.state);
      const kept = [FAILING, KEEPER].reduce((sum, id) => sum + figuresOf(sold.state, id).value, 0n);
      const gain = figuresOf(taken, TAKER).value - figuresOf(state, TAKER).value + kept - max(before.value, 0n);
      // what the account lacked of its bounty comes on top, out of the cap of bounties
      const funded = sold.events.find(({ name }) => name === "BountyFunded")?.values.amount ?? 0n;
      const most = (before.margin * drawn.DiscountMin * (1_000_000n - drawn.KeeperShare)) / 10n ** 12n;
      const through = gain - BigInt(funded as bigint);
      expect(through <= most + BigInt(8 * state.underlyings.length), `round ${round}: gains ${through} of ${most}`).to.equal(true);
      if (through > 0n) met.gains++;
      if (2n * through > most) met.half++;
    }
    expect(met.whole > ROUNDS / 10 && met.gains > 100 && met.half > 100, JSON.stringify(met)).to.equal(true);
  });

  it("H-84 O-12 whatever governance has set, D at the line is at most half of the maintenance margin, and pays for leaving, of boxes and options far out too", () => {
    const random = new Random(2_027);
    // strikes of 2.4, 3.6, … 13.2 at a price of 3: the last is ten standard deviations away
    const listed = openState(WAD / 2n, { base: 24n, step: 12n, count: 10n, depth: 10n ** 12n });
    const option = (named: bigint, lots: bigint): SeriesPosition => ({ instrument: named >> 8n, lots, halvings: 0n });
    const met = { accepted: 0, refused: 0, beyond: 0 };
    for (let round = 0; round < 4 * ROUNDS; round++) {
      const drawn = draw(random);
      const refused = refusal(drawn, true);
      if (refused !== undefined && refused !== "GrossDiscount") continue;
      const [underlying] = listed.underlyings as [Underlying];
      const ranges = { heldRange: drawn.RangeFloor, targetRange: drawn.RangeFloor };
      const state = { ...listed, ...withParameters(listed, drawn), underlyings: [{ ...underlying, ...ranges }] };
      const lots = ((drawn.SmallestNotional * WAD) / underlying.price + 1n) * BigInt(1 + random.below(20));
      const [low, high] = random.chance(0.5) ? [0n, 1n] : [1n, 0n];
      const shapes = {
        box: [option(call(low), lots), option(put(low), -lots), option(call(high), -lots), option(put(high), lots)],
        far: [option(call(9n), lots)],
      };
      for (const [shape, series] of Object.entries(shapes)) {
        const { margin, notional } = figuresOf(holding(state, series), alice);
        const discount = discountUp({ margin, notional }, WAD, state.liquidation);
        const what = `round ${round}, ${shape}: D ${discount} of IM ${margin} and G ${notional}`;
        expect(margin * 1_000_000n >= notional * drawn.Provision, `${what}: the provision is the least margin`).to.equal(true);
        // D is rounded up
        const half = 2n * (discount - 1n) * 1_000_000n <= margin * drawn.Maintenance;
        if (refused !== undefined) {
          met.refused++;
          if (!half) met.beyond++;
          continue;
        }
        met.accepted++;
        expect(half, what).to.equal(true);
        expect(discount * drawn.FundShare >= notional * drawn.FeeCap, `${what}: the fund's share pays the fee`).to.equal(true);
        const bounties = BigInt(series.length) * drawn.Bounty * 10n ** 14n;
        const kept = discount * (1_000_000n - drawn.KeeperShare) - bounties * 1_000_000n;
        expect(kept >= notional * (drawn.FeeCap + 200n), `${what}: the rest pays fee and half spread`).to.equal(true);
      }
    }
    // and no less may be asked: what is refused would have been more than half
    expect(met.accepted > 400 && met.beyond > 400 && met.beyond * 10 > met.refused * 9, JSON.stringify(met)).to.equal(true);
  });
});
