import { expect } from "chai";
import { shedFund } from "../../../src/engine/actions/fund.ts";
import { liquidate, plan } from "../../../src/engine/actions/liquidate.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { haircutHolds, inconsistency, PARAMETERS } from "../../../src/engine/math/bounds.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import { steady } from "../../../src/engine/types/ramp.ts";
import type { Account, AccountId, Assessment, Position, State } from "../../../src/engine/types/types.ts";
import { Random } from "../../helpers/random.ts";
import { collateralOf, emptyState, FUND, underlyingAt } from "../../helpers/state.ts";

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

/** Parameters that governance may set together, often at an end of their bounds. */
function parameters(random: Random): Drawn {
  for (;;) {
    const drawn = Object.fromEntries(
      PARAMETERS_DRAWN.map((name) => {
        const { least, most, initial } = PARAMETERS.find((row) => row.name === name)!;
        if (random.chance(0.2)) return [name, random.pick([least, most])];
        return [name, random.chance(0.5) ? initial : least + random.bigBelow(most - least + 1n)];
      }),
    ) as Drawn;
    const input = {
      provision: drawn.Provision,
      interMonth: drawn.InterMonth,
      rangeFloor: drawn.RangeFloor,
      hasSeries: false,
      maintenance: drawn.Maintenance,
      discountMin: drawn.DiscountMin,
      grossDiscount: drawn.GrossDiscount,
      keeperShare: drawn.KeeperShare,
      fundShare: drawn.FundShare,
      bounty: drawn.Bounty,
      smallestNotional: drawn.SmallestNotional,
      feeCap: drawn.FeeCap,
    };
    if (drawn.DiscountMin > drawn.DiscountMax || inconsistency(input) !== undefined) continue;
    if (!haircutHolds({ ...input, haircut: drawn.Haircut, rangeCap: 500_000_000n })) continue;
    return drawn;
  }
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
  const { margin, liquidation } = emptyState();
  const state = emptyState(
    {
      underlyings: markets.map((market, i) => {
        const lots = positions.get(i)?.lots ?? 0n;
        return { ...market, funding: { ...market.funding, openInterest: lots < 0n ? -lots : lots } };
      }),
      collaterals: markets.map((_, i) => ({ ...collateralOf(BigInt(i), drawn.Haircut), supply: collateral.get(i) ?? 0n })),
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
});
