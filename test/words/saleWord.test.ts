import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { booksIn, figuresIn, figuresWord, movedBytes, type SoldBook, saleTermsIn, saleWord } from "../../src/engine/words/saleWord.ts";
import { signed, unsigned } from "../helpers/arbitraries.ts";

const position = fc.record({ instrument: fc.bigInt(256n, 65_535n), lots: signed(45) });
const book: fc.Arbitrary<SoldBook> = fc.record({
  underlying: fc.bigInt(0n, 31n),
  lots: signed(48),
  cash: signed(184),
  series: fc.array(position, { maxLength: 9, size: "max" }),
});

describe("words of a sale", function () {
  this.timeout(120_000);

  it("default: what is packed is unpacked, whatever moved", () => {
    fc.assert(
      fc.property(fc.array(book, { maxLength: 6 }), (books) => {
        expect(booksIn(movedBytes(books))).to.deep.equal(books);
      }),
    );
    fc.assert(
      fc.property(
        fc.bigInt(0n, 10n ** 18n),
        unsigned(127),
        fc.boolean(),
        signed(128),
        unsigned(128),
        (fraction, reward, taken, equity, margin) => {
          expect(saleTermsIn(saleWord({ fraction, reward, taken }))).to.deep.equal({ fraction, reward, taken });
          expect(figuresIn(figuresWord(equity, margin))).to.deep.equal({ equity, margin });
        },
      ),
    );
    expect(booksIn("0x")).to.deep.equal([]);
  });

  it("default: the contract packs as the engine does, and what no field holds is the most it holds", async () => {
    const { ethers } = await network.create();
    const harness = await ethers.deployContract("SaleHarness");
    const one = fc.tuple(fc.bigInt(0n, 10n ** 18n), unsigned(127), fc.boolean(), signed(140), unsigned(140), book);
    for (const [fraction, reward, taken, equity, margin, moved] of fc.sample(one, { numRuns: 40, seed: 7 })) {
      expect(await harness.sale(fraction, reward, taken)).to.equal(saleWord({ fraction, reward, taken }));
      expect(await harness.figures(equity, margin)).to.equal(figuresWord(equity, margin));
      const count = BigInt(Math.ceil(moved.series.length / 4));
      const word = await harness.book(moved.underlying, moved.lots, moved.cash, count);
      expect(movedBytes([moved]).slice(2, 66)).to.equal(word.toString(16).padStart(64, "0"));
    }
    const most = { equity: 2n ** 127n - 1n, margin: 2n ** 128n - 1n };
    expect(figuresIn(await harness.figures(2n ** 127n, 2n ** 128n))).to.deep.equal(most);
    expect(figuresIn(await harness.figures(-(2n ** 127n) - 1n, 0n))).to.deep.equal({ equity: -(2n ** 127n), margin: 0n });
  });
});
