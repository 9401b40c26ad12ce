import { expect } from "chai";
import { exchangePriceUp } from "../../src/engine/actions/exchange.ts";
import { shedDiscountDown } from "../../src/engine/actions/fund.ts";
import { newRiskCharge } from "../../src/engine/actions/trading.ts";
import { payout } from "../../src/engine/ledger/deficit.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { collateralValueDown, entryCostAfterDown } from "../../src/engine/ledger/ledger.ts";
import { assess, bookMargin } from "../../src/engine/margin/margin.ts";
import { shareUp } from "../../src/engine/margin/marginRule.ts";
import { indexNow } from "../../src/engine/math/funding.ts";
import { discountRatioUp, fractionUp, healthDown, sliceTerms } from "../../src/engine/math/slice.ts";
import { lossOfLineUp, worstOfLineUp, worstScenario } from "../../src/engine/math/stress.ts";
import { abs, max, min, partDown, partUp, WAD } from "../../src/engine/types/fixedPoint.ts";
import type { Assessment, Book, MarginTerms } from "../../src/engine/types/types.ts";
import { Fraction, largest, of, smallest } from "../helpers/fraction.ts";
import { Random } from "../helpers/random.ts";
import { emptyState, underlyingAt } from "../helpers/state.ts";

// H-16, I-7: every rounded result is on the protocol's side of the exact rational, and less than the stated number of units away.

const ROUNDS = 400;
const random = new Random(16);
const state = emptyState();
const unit = (value: bigint): Fraction => new Fraction(value, WAD);

const terms: MarginTerms = { maintenance: 8n * 10n ** 17n, provision: 5n * 10n ** 15n, interMonth: 175n * 10n ** 14n };
const PROVISION_OF_FUNDING = new Fraction(75n, 10_000n);

/** `value` is at or above `exact`, less than `bound` above it. */
function expectUp(value: bigint, exact: Fraction, what: string, bound = 1n): void {
  const above = of(value).minus(exact);
  expect(above.isAtLeast(0n) && of(bound).isAbove(above), `${what}: ${value} against ${exact}`).to.equal(true);
}

function expectDown(value: bigint, exact: Fraction, what: string, bound = 1n): void {
  expectUp(-value, exact.times(-1n), what, bound);
}

function anyBook(): Book {
  const price = random.bigBelow(2n ** BigInt(1 + random.below(70))) + 1n;
  const collateral = random.chance(0.4) ? 0n : random.bigBelow(2n ** BigInt(1 + random.below(90)));
  return {
    underlying: 0n,
    lots: random.chance(0.1) ? 0n : random.ofAnySize(40),
    entryCost: random.ofAnySize(90),
    collateral,
    haircut: partUp(collateral, random.bigBelow(WAD)),
    price,
    heldRange: BigInt(random.below(500_000_000)) * 10n ** 9n,
    targetRange: BigInt(random.below(500_000_000)) * 10n ** 9n,
    depth: random.bigBelow(2n ** 40n) + 1n,
    age: 0n,
    state: 0n,
    doubt: 0n,
  };
}

function anyFigures(): Assessment {
  const margin = random.bigBelow(2n ** BigInt(1 + random.below(90))) + 1n;
  const equity = random.part(margin, -0.5, 0.85);
  return { margin, equity, value: equity + random.part(margin, 0, 2), notional: random.part(margin, 1, 30) };
}

function rounds(what: string, check: () => void): void {
  it(`H-16 ${what}`, () => {
    for (let i = 0; i < ROUNDS; i++) check();
  });
}

/** The initial margin of a book without any rounding. */
function exactMargin(book: Book, opening: boolean): Fraction {
  const range = unit(opening ? max(book.targetRange, book.heldRange) : book.heldRange);
  const line = of(book.lots * book.price);
  const stressed = line.plus(book.collateral);
  const moves = [0n, 10n, -10n, 20n, -20n, 30n, -30n, 21n, -21n].map((thirtieths) => new Fraction(thirtieths, 30n));
  const scan = largest(...(moves.map((move) => stressed.times(-1n).times(range).times(move)) as [Fraction]));
  const hedged = of(0n).isAbove(line) ? smallest(line.abs(), of(book.collateral)) : of(0n);
  return scan
    .plus(hedged.times(unit(terms.interMonth)))
    .plus(line.abs().times(PROVISION_OF_FUNDING))
    .plus(line.abs().plus(book.collateral).times(unit(terms.provision)))
    .plus(line.abs().times(abs(book.lots)).over(book.depth));
}

describe("rounding against exact rationals", () => {
  rounds("initial margin of a book is up, less than 5 units for its 5 terms", () => {
    const book = anyBook();
    const opening = random.chance(0.5);
    expectUp(bookMargin(book, terms, opening).total, exactMargin(book, opening), "margin", 5n);
  });

  rounds("assess: value exact, equity exact, margin up by less than 5 units a book", () => {
    const books = Array.from({ length: 1 + random.below(4) }, (_, i) => ({ ...anyBook(), underlying: BigInt(i) }));
    const cash = random.ofAnySize(90);
    const figures = assess({ cash, books }, terms, true);
    let value = of(cash);
    let haircuts = of(0n);
    let margin = of(0n);
    for (const book of books) {
      value = value.plus(book.lots * book.price).plus(book.collateral);
      haircuts = haircuts.plus(book.haircut);
      margin = margin.plus(exactMargin(book, true));
    }
    expect(of(figures.value).minus(value).numerator).to.equal(0n);
    expect(of(figures.equity).minus(value.minus(haircuts)).numerator).to.equal(0n);
    expectUp(figures.margin, margin, "margin", 5n * BigInt(books.length));
  });

  rounds("collateral is valued down and its haircut leaves equity down, less than 2 units a token", () => {
    const amount = random.bigBelow(2n ** 100n);
    const price = random.bigBelow(2n ** 80n);
    const exponent = BigInt(random.below(19));
    const haircut = random.bigBelow(9n * 10n ** 17n);
    const exact = new Fraction(amount * price * 10n ** exponent, WAD);
    const value = collateralValueDown(amount, price, exponent);
    expectDown(value, exact, "collateral");
    expectDown(value - partUp(value, haircut), exact.times(of(1n).minus(unit(haircut))), "equity", 2n);
  });

  rounds("a scenario's loss is up, and the closed form is the worst of all sixteen", () => {
    const line = random.ofAnySize(140);
    const range = BigInt(random.below(500_000_000)) * 10n ** 9n;
    const scenario = BigInt(random.below(17));
    const thirtieths = [0n, 0n, 0n, 10n, 10n, -10n, -10n, 20n, 20n, -20n, -20n, 30n, 30n, -30n, -30n, 21n, -21n];
    const move = new Fraction(thirtieths[Number(scenario)] ?? 0n, 30n);
    expectUp(lossOfLineUp(line, range, scenario), of(-line).times(unit(range)).times(move), "loss");
    expect(worstOfLineUp(line, range)).to.equal(worstScenario(line, range).loss);
  });

  rounds("partUp and partDown are less than a unit away", () => {
    const amount = random.bigBelow(2n ** 140n);
    const ratio = random.bigBelow(2n ** 62n);
    expectUp(partUp(amount, ratio), of(amount).times(unit(ratio)), "up");
    expectDown(partDown(amount, ratio), of(amount).times(unit(ratio)), "down");
  });

  rounds("the share that the second form of the margin rule asks for is up", () => {
    const whole = random.bigBelow(2n ** 100n) + 1n;
    const part = random.bigBelow(whole + 1n);
    const amount = random.ofAnySize(100);
    expectUp(shareUp(amount, part, whole), new Fraction(amount * part, whole), "share");
  });

  rounds("health is down, the discount ratio up, the fraction of a slice up", () => {
    const figures = anyFigures();
    const maintenance = partUp(figures.margin, terms.maintenance);
    const health = healthDown(figures, maintenance);
    const exactHealth = smallest(of(WAD), largest(of(0n), new Fraction(figures.equity * WAD, maintenance)));
    expectDown(health, exactHealth, "health");
    const { discountMin, discountMax, recovery } = state.liquidation;
    const slope = new Fraction(discountMax - discountMin, 1_000_000n);
    const ratio = new Fraction(discountMin, 1_000_000n).plus(slope.times(unit(WAD - health)));
    expectUp(discountRatioUp(health, state.liquidation), ratio.times(WAD), "discount ratio");

    const kappa = recovery * 10n ** 12n;
    const sale = sliceTerms(figures, maintenance, state.liquidation, 2n);
    const missing = of(partUp(figures.margin, kappa)).minus(figures.equity);
    const proceeds = of(sale.worth - sale.discount);
    const exact = of(sale.bounty).isAtLeast(proceeds)
      ? of(WAD)
      : smallest(of(WAD), missing.plus(sale.bounty).over(missing.plus(proceeds)).times(WAD));
    expectUp(fractionUp(figures, sale, kappa), exact, "fraction");
  });

  rounds("W is down and D up, each less than a unit on its inputs", () => {
    const figures = anyFigures();
    const maintenance = partUp(figures.margin, terms.maintenance);
    const sale = sliceTerms(figures, maintenance, state.liquidation, 2n);
    const haircuts = of(figures.value - figures.equity);
    expectUp(sale.haircutShare, of(WAD).minus(new Fraction(sale.health, 2n)), "λ");
    expectDown(sale.worth, of(figures.value).minus(haircuts.times(unit(sale.haircutShare))), "W");
    const byMargin = of(figures.margin).times(unit(discountRatioUp(sale.health, state.liquidation)));
    const byGross = of(figures.notional).times(new Fraction(state.liquidation.grossDiscount, 1_000_000n));
    expectUp(sale.discount, largest(byMargin, byGross), "D");
  });

  rounds("φ pays down, less than the smallest unit of the token, and the dust is the fund's", () => {
    const scale = 10n ** BigInt(random.below(13));
    const settlement = random.bigBelow(2n ** 100n) + 1n;
    const deficit = random.chance(0.2) ? 0n : random.bigBelow(2n ** 90n);
    const debited = min(random.bigBelow(settlement), settlement) - (random.bigBelow(settlement) % scale);
    if (debited <= 0n) return;
    const { paid, lowered, dust } = payout(debited, deficit === 0n ? 1n : scale, settlement, deficit);
    const exact = new Fraction(debited * settlement, settlement + deficit);
    expectDown(paid, exact, "paid", deficit === 0n ? 1n : scale + 1n);
    expect(paid + lowered + dust).to.equal(debited);
    expect(dust >= 0n && lowered <= deficit).to.equal(true);
  });

  rounds("entry cost is down, what makes an unrealised gain no smaller", () => {
    const lots = random.ofAnySize(40) || 1n;
    const change = -random.part(lots, 0, 1) || -lots;
    const before = { lots, fundingIndex: 0n, entryCost: random.ofAnySize(90) };
    const exact = new Fraction(before.entryCost * abs(lots + change), abs(lots));
    expectDown(entryCostAfterDown(before, change, 7n), exact, "entry cost");
  });

  rounds("the open-interest charge is up", () => {
    const draft = new Draft({ ...state, margin: { ...state.margin, openInterestCharge: 50_000n } });
    const underlying = underlyingAt(random.bigBelow(2n ** 70n) + 1n, state.now);
    const before = random.bigBelow(2n ** 30n);
    const after = before + random.bigBelow(2n ** 30n);
    const openInterest = random.bigBelow(2n ** 40n);
    const exact = new Fraction((after - before) * underlying.price * openInterest * 50_000n, 2n ** 43n * 1_000_000n);
    expectUp(newRiskCharge(draft, underlying, underlying.price, before, after, openInterest), exact, "charge");
  });

  rounds("the price of an exchange is up, at most 2 units for the value rounded up and the discount", () => {
    const draft = new Draft(state);
    const amount = random.bigBelow(2n ** 90n) + 1n;
    const elapsed = BigInt(random.below(60_000));
    const { price, lotExponent } = draft.underlying(0);
    const perHour = smallest(new Fraction(elapsed, 3_600_000n), new Fraction(1n, 100n));
    const exact = new Fraction(amount * price * 10n ** lotExponent, WAD).times(of(1n).minus(perHour));
    // the discount is rounded down to 18 decimals, so the bound grows with the value by a part in 10^18
    const slack = collateralValueDown(amount, price, lotExponent) / WAD + 3n;
    expectUp(exchangePriceUp(draft, 0, amount, elapsed), exact, "exchange price", slack);
  });

  rounds("the shedding discount is down", () => {
    const since = state.now - BigInt(random.below(1_000));
    const [first] = state.underlyings;
    if (first === undefined) throw new Error("underlying");
    const draft = new Draft({ ...state, underlyings: [{ ...first, fund: { ...first.fund, inventorySince: since } }] });
    const margin = random.bigBelow(2n ** 90n);
    const elapsed = smallest(new Fraction(state.now - since, 600n), of(1n));
    const grown = state.now - since >= 600n ? of(1n) : new Fraction(1n, 4n).plus(elapsed.times(new Fraction(3n, 4n)));
    const exact = of(margin).times(new Fraction(5n, 100n)).times(new Fraction(7n, 10n)).times(grown);
    // the ratio is rounded down to 18 decimals first, twice
    expectDown(shedDiscountDown(draft, 0, margin), exact, "discount", margin / (WAD / 2n) + 2n);
  });

  rounds("the funding index is rounded toward zero", () => {
    const rate = BigInt(random.below(15_000_001) - 7_500_000);
    const elapsed = BigInt(random.below(600));
    const price = random.bigBelow(2n ** 80n) + 1n;
    const underlying = underlyingAt(price, state.now);
    const funded = { ...underlying, funding: { ...underlying.funding, rate } };
    const exact = new Fraction(rate * price * elapsed, 28_800n * 10n ** 9n);
    const index = indexNow(funded, 600n, state.now + elapsed);
    if (rate >= 0n) expectDown(index, exact, "index");
    else expectUp(index, exact, "index");
  });
});
