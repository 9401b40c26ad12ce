import { expect } from "chai";
import { describe, it } from "mocha";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { excused, hiddenBy } from "../../src/engine/margin/doubt.ts";
import { assess } from "../../src/engine/margin/margin.ts";
import { max, min, partUp } from "../../src/engine/types/fixedPoint.ts";
import type { Book, MarginTerms, Portfolio } from "../../src/engine/types/types.ts";
import { Random } from "../helpers/random.ts";
import { alice, emptyState } from "../helpers/state.ts";

const WAD = 10n ** 18n;
const PPM = 1_000_000n;
const terms: MarginTerms = { maintenance: (8n * WAD) / 10n, provision: WAD / 200n, interMonth: (175n * WAD) / 10_000n };

/** A book whose price and amounts are exact at both edges. */
function anyBook(random: Random, underlying: bigint): Book {
  const unit = PPM * 10n ** 6n;
  const price = (random.bigBelow(10n ** 9n) + 1n) * unit;
  const collateral = random.chance(0.5) ? 0n : random.bigBelow(10n ** 15n) * unit;
  return {
    underlying,
    lots: random.chance(0.2) ? 0n : random.ofAnySize(20),
    entryCost: 0n,
    collateral,
    haircut: (collateral / PPM / 100n) * BigInt(random.below(50)) * PPM,
    price,
    heldRange: WAD / 10n,
    targetRange: WAD / 10n,
    depth: 10n ** 8n,
    age: 100n,
    state: 0n,
    doubt: random.chance(0.3) ? 0n : BigInt(random.below(500_000) + 1) * 10n ** 12n,
  };
}

/** The book with its price moved by its doubt, up or down. */
function atEdge(book: Book, up: boolean): Book {
  const ppm = book.doubt / 10n ** 12n;
  const moved = (amount: bigint): bigint => (amount / PPM) * (up ? PPM + ppm : PPM - ppm);
  return { ...book, price: moved(book.price), collateral: moved(book.collateral), haircut: moved(book.haircut) };
}

const surplus = (portfolio: Portfolio, factor: bigint): bigint => {
  const { equity, margin } = assess(portfolio, terms, false);
  return equity - partUp(margin, factor);
};

describe("doubt", () => {
  it("H-74 what a market excuses is what repricing it at both edges finds, at most its own maintenance margin", () => {
    const random = new Random(74);
    let [capped, met] = [0, 0];
    for (let i = 0; i < 5_000; i++) {
      const book = anyBook(random, 0n);
      const one = (each: Book): Portfolio => ({ cash: 0n, books: [each] });
      const last = surplus(one(book), terms.maintenance);
      const best = max(surplus(one(atEdge(book, true)), terms.maintenance), surplus(one(atEdge(book, false)), terms.maintenance));
      const own = partUp(assess(one(book), terms, false).margin, terms.maintenance);
      const expected = book.doubt === 0n ? 0n : min(max(best - last, 0n), own);
      const found = excused(one(book), terms);
      // each of the terms of the margin rounds up on its own
      expect(found - expected <= 8n && expected - found <= 8n, `${found} for ${expected}`).to.equal(true);
      if (found === own && own !== 0n) capped++;
      else if (found !== 0n) met++;
    }
    expect(Math.min(capped, met)).to.be.greaterThan(500);
  });

  it("H-73 what old prices may hide of E − IM is what the worst combination of their edges finds", () => {
    const random = new Random(73);
    const draft = new Draft(emptyState());
    let refused = 0;
    for (let i = 0; i < 500; i++) {
      const books = [0n, 1n].map((underlying) => anyBook(random, underlying));
      const cash = random.ofAnySize(80);
      const portfolio = { cash, books };
      const { surplus: hidden, lines } = hiddenBy(draft, portfolio, terms, alice);
      let [worst, lowest] = [surplus(portfolio, WAD), 0n];
      for (const ups of [0, 1, 2, 3]) {
        const moved = books.map((book, u) => (book.doubt === 0n ? book : atEdge(book, ((ups >> u) & 1) === 1)));
        worst = min(worst, surplus({ cash, books: moved }, WAD));
        const worth = (list: readonly Book[]): bigint => list.reduce((sum, { lots, price }) => sum + lots * price, 0n);
        lowest = min(lowest, worth(moved) - worth(books));
      }
      const expected = surplus(portfolio, WAD) - worst;
      expect(hidden - expected <= 20n && expected - hidden <= 20n, `${hidden} for ${expected}`).to.equal(true);
      expect(lines + lowest <= 4n && lines + lowest >= -4n).to.equal(true);
      if (hidden > 0n) refused++;
    }
    expect(refused).to.be.greaterThan(200);
  });

  it("H-73 while nothing newer can be had, an hour hides what an hour moves, not the band", () => {
    const state = emptyState();
    const random = new Random(72);
    for (const seconds of [61n, 600n, 3_600n]) {
      const book = { ...anyBook(random, 0n), lots: 1_000n, collateral: 0n, haircut: 0n, age: seconds, doubt: WAD / 5n };
      const portfolio = { cash: 0n, books: [book] };
      const banded = hiddenBy(new Draft(state), portfolio, terms, alice).lines;
      const standing = hiddenBy(new Draft({ ...state, standing: new Map([[0, 5_000n]]) }), portfolio, terms, alice).lines;
      expect(banded).to.equal(book.lots * (book.price / 5n));
      expect(standing < banded / 2n && standing >= book.lots * (book.price / 200n)).to.equal(true);
    }
  });
});
