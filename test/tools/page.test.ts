import { expect } from "chai";
import { csvOf } from "../../app/src/events.ts";
import { fixed, parseAmount, plain, span } from "../../app/src/format.ts";
import { emptyAccount } from "../../src/engine/ledger/draft.ts";
import { openBookStore } from "../../src/keeper/bookStore.ts";
import { type KnownBooks, memoryBooks } from "../../src/keeper/memoryBooks.ts";

describe("the page's own arithmetic", () => {
  it("default: an amount is one number however it is typed", () => {
    for (const text of ["1234.5", "1,234.5", "1.234,5", "1 234,5", "1'234.50", "1234,5"])
      expect(parseAmount(text, 6, ".")).to.equal(1_234_500_000n);
    expect(parseAmount("1,234,567", 0, ".")).to.equal(1_234_567n);
    expect(parseAmount("1.234.567,8", 1, ".")).to.equal(12_345_678n);
    expect(parseAmount(".5", 2, ".")).to.equal(50n);
    expect(parseAmount("0,001", 6, ".")).to.equal(1_000n);
  });

  it("behavior: a single mark before three digits is what the locale says", () => {
    expect([parseAmount("1,234", 6, "."), parseAmount("1,234", 6, ",")]).to.deep.equal([1_234_000_000n, 1_234_000n]);
    expect([parseAmount("1.234", 6, "."), parseAmount("1.234", 6, ",")]).to.deep.equal([1_234_000n, 1_234_000_000n]);
    expect(parseAmount("1234,567", 6, ".")).to.equal(1_234_567_000n);
  });

  it("args: what is no number is refused", () => {
    for (const text of ["", "1e3", "1.2.3,4,5", "abc", "--1", "1,2.3,4"]) expect(() => parseAmount(text, 6, "."), text).to.throw();
    expect(() => parseAmount("1.2345678", 6, ".")).to.throw("at most 6 decimals");
  });

  it("default: amounts are rounded to the nearest, and never written as −0", () => {
    expect([fixed(1_234_567_895n, 2, 6), fixed(-4n, 2, 6), fixed(-5_000n, 2, 6)]).to.deep.equal(["1,234.57", "0.00", "−0.01"]);
    expect([plain(1_500_000n, 6), plain(1_000_000n, 6, 2), span(90_061)]).to.deep.equal(["1.5", "1.00", "1 d 1 h"]);
  });

  it("behavior: a cell that a spreadsheet would carry out is text", () => {
    expect(csvOf(["a"], [["=1+1"], ["-5"], ['x, "y"']])).to.equal('a\r\n"\'=1+1"\r\n-5\r\n"x, ""y"""');
  });
});

describe("books in memory", () => {
  it("default: they answer as those of the database do, also after going back", () => {
    const told = (books: KnownBooks): unknown => {
      const said: unknown[] = [books.claim("a"), books.claim("a")];
      const note = (): void =>
        void said.push([books.cursor()?.block, books.unread().sort(), books.accounts().map(({ id }) => id), books.series()]);
      books.advance({ block: 1, hash: "0x1" }, [1n, 2n], [{ underlying: 0, series: 1 }]);
      note();
      books.save([emptyAccount(1n), emptyAccount(2n)]);
      books.advance({ block: 2, hash: "0x2" }, [2n, 3n], [{ underlying: 1, series: 1 }]);
      note();
      books.save([emptyAccount(3n)]);
      books.goBack(1);
      note();
      said.push(
        books.recent().map(({ block, hash }) => [block, hash]),
        books.claim("b"),
      );
      note();
      return said;
    };
    const store = openBookStore();
    expect(told(memoryBooks())).to.deep.equal(told(store));
    store.close();
  });
});
