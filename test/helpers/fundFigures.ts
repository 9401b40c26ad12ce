import { expect } from "chai";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { abs, max, WAD } from "../../src/engine/types/fixedPoint.ts";
import type { IMarginVault } from "../../typechain-types/index.ts";

/** Of the margin, which the fund asks by. */
const PART = WAD / 4n;
/** How far a price in doubt may have moved options. */
const UNKNOWN = 1n << 200n;
const partUp = (amount: bigint, part: bigint): bigint => (amount * part + WAD - 1n) / WAD;

/** The plain twin of `fundFigures`: what the fund's accounts say one by one. */
export async function expectFundFigures(vault: IMarginVault, fund: string, context = ""): Promise<void> {
  const [said, words, [settlement, deficit], shortfall] = await Promise.all([
    vault.fundFigures(PART),
    vault.parameterWords(),
    vault.totals(),
    vault.shortfall(),
  ]);
  let [upper, lower, doubt, doubtful] = [0n, 0n, 0n, 0n];
  const cash: bigint[] = [];
  for (let place = 0n; place <= (words.listed & 0xffn); place++) {
    const account = accountIdOf(fund, place);
    const header = await vault.headerOf(account);
    const idle = header.underlyings === 0n && header.collaterals === 0n;
    cash.push(idle ? max(header.cash, 0n) : 0n);
    if (idle) {
      upper += max(header.cash, 0n);
      lower += header.cash;
      continue;
    }
    const [figures, portfolio] = await Promise.all([vault.assess(account, false), vault.portfolioOf(account)]);
    const [book] = portfolio.books;
    if (book === undefined) throw new Error("an account that holds something has a book");
    const part = partUp(figures.margin, PART);
    // of a price that is good it is zero; of options no edge is priced
    const isUnknown = book.doubt !== 0n && book.series !== "0x";
    const moved = isUnknown ? UNKNOWN : partUp(abs(book.lots * book.price) + book.collateral + part, book.doubt);
    if (moved !== 0n && doubt < UNKNOWN) doubtful = place - 1n;
    doubt += moved;
    upper += max(figures.value + moved, 0n);
    lower += figures.equity - part - moved;
  }
  expect([...said.cash], context).to.deep.equal(cash);
  expect([said.upper, said.lower, said.doubt, said.doubtful, said.settlement, said.owed], context).to.deep.equal([
    upper,
    lower,
    doubt,
    doubtful,
    settlement,
    deficit + shortfall,
  ]);
}
