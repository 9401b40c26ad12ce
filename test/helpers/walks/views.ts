import { expect } from "chai";
import { Interface, type JsonFragment } from "ethers";
import { artifacts } from "hardhat";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { hiddenBy } from "../../../src/engine/margin/doubt.ts";
import { assess, lineOf, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { shortfallOf } from "../../../src/engine/margin/shortfall.ts";
import { ownerOf } from "../../../src/engine/types/accountId.ts";
import { max, min, partUp, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId, Assessment, Book, Portfolio, State } from "../../../src/engine/types/types.ts";
import type { MarginLens, VaultViews } from "../../../typechain-types/index.ts";
import { deployContract } from "../deploy.ts";
import type { Chain } from "./chain.ts";

const NO_PRICE = 2n ** 96n - 1n;
const NO_MARGIN = 2n ** 256n - 1n;
const PPM = 1_000_000n;
const WORD = 64;
const FIGURES = 9;

// one call asks about so many accounts: the lens looks for a price in some two hundred steps an account, and code compiled in haste costs more
const ACCOUNTS_AT_ONCE = 4;

function* inParts(accounts: readonly AccountId[]): Generator<readonly AccountId[]> {
  for (let i = 0; i < accounts.length; i += ACCOUNTS_AT_ONCE) yield accounts.slice(i, i + ACCOUNTS_AT_ONCE);
}

/** The circumstances in which figures were compared; the test asks for enough of each. */
export const CIRCUMSTANCES = [
  "several positions",
  "several tokens on one underlying",
  "collateral on an underlying without a position",
  "position and collateral on one underlying",
  "short against collateral",
  "target range wider",
  "held range wider",
  "funding due",
  "ramp under way",
  "price doubtful",
  "price at its round",
  "price stale",
  "price invalid",
  "price in grace",
  "negative value",
  "below the line",
  "liquidation price below",
  "liquidation price above",
  "no liquidation price",
] as const;

export type Circumstance = (typeof CIRCUMSTANCES)[number];

type PortfolioAnswer = Awaited<ReturnType<VaultViews["portfolios"]>>[number];
type Seen = Awaited<ReturnType<VaultViews["seen"]>>;

/** Compares what the views of vault and lens say with the engine's plain sums. */
export class Views {
  readonly met = new Map<Circumstance, number>(CIRCUMSTANCES.map((each) => [each, 0]));
  private readonly chain: Chain;
  private readonly face: Interface;
  private readonly address: string;
  private readonly lens: string;

  private constructor(chain: Chain, face: Interface, address: string, lens: string) {
    this.chain = chain;
    this.face = face;
    this.address = address;
    this.lens = lens;
  }

  static async create(chain: Chain): Promise<Views> {
    const { ethers } = chain.deployment.connection;
    const views = await ethers.deployContract("VaultViews");
    const lens = await deployContract<MarginLens>(chain.deployment.connection, "MarginLens", chain.vaultAddress);
    const { abi } = await artifacts.readArtifact("VaultViews");
    return new Views(chain, new Interface(abi as JsonFragment[]), await views.getAddress(), await lens.getAddress());
  }

  private async call(name: "figures" | "portfolios" | "seen", args: readonly unknown[]): Promise<string> {
    const data = this.face.encodeFunctionData(name, args);
    return String(await this.chain.request("eth_call", [{ to: this.address, data, gas: "0xff0000" }, "latest"]));
  }

  private async ask(name: "portfolios" | "seen", args: readonly unknown[]): Promise<unknown[]> {
    return this.face.decodeFunctionResult(name, await this.call(name, args)) as unknown as unknown[];
  }

  /** The vault's one-pass figures at both ranges are the plain sums over the engine's portfolio, to the unit. */
  async compareFigures(state: State, accounts: readonly AccountId[], context: string): Promise<void> {
    for (const part of inParts(accounts)) await this.comparePartOfFigures(state, part, context);
  }

  private async comparePartOfFigures(state: State, accounts: readonly AccountId[], context: string): Promise<void> {
    const answer = await this.call("figures", [this.chain.vaultAddress, accounts]);
    // offset and length of the list come before its words
    const words = (answer.slice(2 + 2 * WORD).match(/.{64}/g) ?? []).map((word) => BigInt.asIntN(256, BigInt(`0x${word}`)));
    const terms = termsAt(state.margin, state.now);
    for (const [i, id] of accounts.entries()) {
      const own = portfolioOf(new Draft(state), id);
      const live = assess(own, terms, false);
      const opening = assess(own, terms, true);
      const isBelow = live.equity < partUp(live.margin, terms.maintenance);
      const isForSale = isBelow || ownerOf(id) === state.fund;
      const expected = [live, opening].flatMap(({ value, equity, margin, notional }) => [value, equity, margin, notional]);
      expected.push(isForSale ? 1n : 0n);
      const found = words.slice(i * FIGURES, (i + 1) * FIGURES);
      if (String(found) !== String(expected)) {
        throw new Error(`${context}: figures of ${id}, live, opening, for sale: vault ${found}, engine ${expected}`);
      }
      this.note(state, id, own, live, isBelow);
    }
  }

  /** Every field of the portfolios that the vault shows is the engine's. */
  async comparePortfolios(state: State, accounts: readonly AccountId[], context: string): Promise<void> {
    for (const part of inParts(accounts)) await this.comparePartOfPortfolios(state, part, context);
  }

  private async comparePartOfPortfolios(state: State, accounts: readonly AccountId[], context: string): Promise<void> {
    const [list] = (await this.ask("portfolios", [this.chain.vaultAddress, accounts])) as [PortfolioAnswer[]];
    for (const [i, id] of accounts.entries()) {
      const answer = list[i];
      if (answer === undefined) throw new Error(`${context}: no answer for ${id}`);
      expect(portfolioFrom(answer), `${context}: portfolio of ${id}`).to.deep.equal(portfolioOf(new Draft(state), id));
    }
  }

  /** The lens: summaries, who is below the line, and the prices of one underlying at which each gets there. */
  async compareLens(state: State, accounts: readonly AccountId[], underlying: number, context: string): Promise<void> {
    for (const part of inParts(accounts)) await this.comparePartOfLens(state, part, underlying, context);
  }

  private async comparePartOfLens(state: State, accounts: readonly AccountId[], underlying: number, context: string): Promise<void> {
    const [page, below, prices] = (await this.ask("seen", [this.lens, accounts, underlying])) as unknown as Seen;
    const terms = termsAt(state.margin, state.now);
    const expectedBelow: AccountId[] = [];
    for (const [i, id] of accounts.entries()) {
      const what = `${context}: lens on ${id}`;
      const own = portfolioOf(new Draft(state), id);
      const live = assess(own, terms, false);
      const opening = assess(own, terms, true);
      const maintenance = partUp(live.margin, terms.maintenance);
      const surplus = live.equity - maintenance;
      if (surplus < 0n) expectedBelow.push(id);
      const settledCash = own.books.reduce((sum, book) => sum + lineOf(book), own.cash);
      const gain = max(
        own.books.reduce((sum, book) => sum + lineOf(book) - book.entryCost, 0n),
        0n,
      );
      const isPriced = own.books.every((book) => book.state === 0n && book.age <= state.margin.tradingAge);
      const isGood = isPriced && (own.books.length === 0 || state.outage === undefined);
      // what the vault takes for the edges of doubtful prices, or more: the lens asks no source for its round
      const { surplus: hidden, lines } = hiddenBy(new Draft({ ...state, standing: new Map() }), own, terms, id);
      const locked = partUp(max(gain - lines, 0n), (state.margin.gainLock * WAD) / PPM);
      const free = min(
        min(live.equity - opening.margin - hidden, settledCash - lines - locked),
        state.settlement + state.deficit + shortfallOf(new Draft(state)),
      );
      const health = maintenance === 0n ? (live.equity < 0n ? 0n : NO_MARGIN) : live.equity > 0n ? (live.equity * WAD) / maintenance : 0n;
      expect([...(page[i] ?? [])], what).to.deep.equal([
        id,
        live.value,
        live.equity,
        live.margin,
        opening.margin,
        maintenance,
        live.notional,
        settledCash,
        isGood ? max(free, 0n) : 0n,
        health,
      ]);
      const found = prices[i];
      if (found === undefined) throw new Error(`${what}: no prices`);
      this.checkPrices(state, id, underlying, surplus, found.low, found.high, `${what}, underlying ${underlying}`);
    }
    expect([...below], `${context}: below the line`).to.deep.equal(expectedBelow);
  }

  /** Above the line at the prices found and below it one unit beyond, but for the rounding of collateral that the lens does not see. */
  private checkPrices(state: State, id: AccountId, index: number, surplus: bigint, low: bigint, high: bigint, what: string): void {
    const mark = state.underlyings[index]?.price ?? 0n;
    if (surplus < 0n) {
      expect([low, high], what).to.deep.equal([mark, mark]);
      return;
    }
    expect(low <= mark && mark <= high, `${what}: ${low} ≤ ${mark} ≤ ${high}`).to.equal(true);
    const tokens = BigInt(state.collaterals.length);
    const at = (price: bigint): { surplus: bigint; error: bigint } => {
      const underlyings = state.underlyings.map((each, i) => (i === index ? { ...each, price } : each));
      const own = portfolioOf(new Draft({ ...state, underlyings }), id);
      // funding due is a fact of the past: it does not follow the price
      const moved = { ...own, cash: portfolioOf(new Draft(state), id).cash };
      const terms = termsAt(state.margin, state.now);
      const { equity, margin } = assess(moved, terms, false);
      return { surplus: equity - partUp(margin, terms.maintenance), error: mark === 0n ? 0n : 2n * tokens * (price / mark + 2n) };
    };
    const healthy = (price: bigint): void => {
      const there = at(price);
      expect(there.surplus >= -there.error, `${what}: above the line at ${price}, ${there.surplus}`).to.equal(true);
    };
    const failing = (price: bigint): void => {
      const there = at(price);
      expect(there.surplus < there.error, `${what}: below the line at ${price}, ${there.surplus}`).to.equal(true);
    };
    healthy(max(low, 1n));
    if (low > 0n) failing(low - 1n);
    if (mark === 0n) return;
    healthy(high === NO_PRICE ? mark * 16n : high);
    if (high !== NO_PRICE) failing(high + 1n);
    this.count("liquidation price below", low > 0n);
    this.count("liquidation price above", high !== NO_PRICE);
    this.count("no liquidation price", low === 0n && high === NO_PRICE && portfolioOf(new Draft(state), id).books.length > 0);
  }

  private count(what: Circumstance, isMet: boolean): void {
    if (isMet) this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  private note(state: State, id: AccountId, own: Portfolio, live: Assessment, isBelow: boolean): void {
    const account = state.accounts.get(id);
    if (account === undefined) return;
    const { books } = own;
    const tokens = [...account.collateral.keys()].map((token) => Number(state.collaterals[token]?.underlying ?? 0n));
    const ramps = [state.margin.maintenance, state.margin.provision, state.margin.interMonth];
    for (const token of account.collateral.keys()) {
      const haircut = state.collaterals[token]?.haircut;
      if (haircut !== undefined) ramps.push(haircut);
    }
    this.count("several positions", account.positions.size > 1);
    this.count("several tokens on one underlying", new Set(tokens).size < tokens.length);
    this.count(
      "collateral on an underlying without a position",
      tokens.some((underlying) => !account.positions.has(underlying)),
    );
    this.count(
      "position and collateral on one underlying",
      tokens.some((underlying) => account.positions.has(underlying)),
    );
    this.count(
      "short against collateral",
      books.some((book) => book.lots < 0n && book.collateral > 0n),
    );
    this.count(
      "target range wider",
      books.some((book) => book.targetRange > book.heldRange),
    );
    this.count(
      "held range wider",
      books.some((book) => book.targetRange < book.heldRange),
    );
    this.count("funding due", own.cash !== account.cash);
    this.count("ramp under way", books.length > 0 && ramps.some((ramp) => state.now < ramp.end && ramp.from !== ramp.to));
    this.count(
      "price doubtful",
      books.some((book) => book.doubt !== 0n),
    );
    this.count(
      "price at its round",
      books.some((book) => book.doubt !== 0n && state.standing?.has(Number(book.underlying))),
    );
    this.count(
      "price stale",
      books.some((book) => book.age > state.margin.tradingAge),
    );
    this.count(
      "price invalid",
      books.some((book) => book.state === 1n),
    );
    this.count(
      "price in grace",
      books.some((book) => book.state === 2n),
    );
    this.count("negative value", live.value < 0n);
    this.count("below the line", isBelow);
  }
}

function portfolioFrom({ cash, books }: PortfolioAnswer): Portfolio {
  return { cash, books: books.map(bookFrom) };
}

function bookFrom(book: Book): Book {
  const { underlying, lots, entryCost, collateral, haircut, price, heldRange, targetRange, depth, age, state, doubt } = book;
  return { underlying, lots, entryCost, collateral, haircut, price, heldRange, targetRange, depth, age, state, doubt };
}
