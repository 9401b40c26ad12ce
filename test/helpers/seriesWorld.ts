import { AbiCoder, type ContractTransactionResponse } from "ethers";
import { network } from "hardhat";
import { openingOf, WINDOW } from "../../src/engine/ledger/options/expiry.ts";
import { logMoneynessOf, rootOf, totalVolatilityOf, undiscounted } from "../../src/engine/math/options/black76.ts";
import { dampedDown, forwardAt, rowOf } from "../../src/engine/math/options/optionStress.ts";
import type { SviSlice } from "../../src/engine/math/options/svi.ts";
import { impliedDown } from "../../src/engine/math/options/svi.ts";
import { volatilityRows } from "../../src/engine/math/options/volatilityShock.ts";
import { abs, divUp, max, WAD } from "../../src/engine/types/fixedPoint.ts";
import { squareRootDown } from "../../src/engine/types/squareRoot.ts";
import { LANES, packDown, storesCall, unitUp } from "../../src/engine/words/riskWord.ts";
import { forwardDown, strikeCountOf, strikeOf } from "../../src/engine/words/seriesWord.ts";
import type { MockVolatilitySource } from "../../typechain-types/index.ts";
import { fixTime } from "./clock.ts";
import { type Deployment, deployVault, type UnderlyingOptions } from "./deploy.ts";
import { sliceOf } from "./options/series.ts";

export const DAY = 86_400n;
export const YEAR = 31_536_000n;

/** A lot of the first underlying is 1e-5 of a unit, and quanta of 1e13 are dollars a unit. */
export const LOTS_IN_UNIT = 100_000n;
export const PRICE = 2_000n * WAD;
export const LOT = PRICE / LOTS_IN_UNIT;

export interface Listing {
  readonly series: number;
  readonly expiry: bigint;
  readonly base: bigint;
  readonly step: bigint;
  readonly decimals: number;
  readonly count: number;
  readonly depth: bigint;
  readonly volatilityCap: bigint; // percent
}

export interface Report {
  readonly sliceWord: bigint;
  readonly basis: bigint;
  readonly publishTime: bigint;
}

/** A vault with an underlying at 2,000 and a volatility source that says what it is told. */
export class SeriesWorld {
  readonly deployment: Deployment;
  readonly source: MockVolatilitySource;

  private constructor(deployment: Deployment, source: MockVolatilitySource) {
    this.deployment = deployment;
    this.source = source;
  }

  static async create(underlyings: Partial<UnderlyingOptions>[] = [{}]): Promise<SeriesWorld> {
    const connection = await network.create();
    await fixTime(connection);
    const deployment = await deployVault(connection, { underlyings, collaterals: [] });
    const source = await connection.ethers.deployContract("MockVolatilitySource");
    await deployment.vault.setVolatilitySource(0, source);
    return new SeriesWorld(deployment, source);
  }

  get vault() {
    return this.deployment.vault;
  }

  async now(): Promise<bigint> {
    return BigInt(await this.deployment.connection.networkHelpers.time.latest());
  }

  /** The next transaction is at `time`. */
  async at(time: bigint): Promise<void> {
    await this.deployment.connection.networkHelpers.time.setNextBlockTimestamp(time);
  }

  async post(price = PRICE, time?: bigint): Promise<void> {
    if (time !== undefined) await this.at(time);
    await this.deployment.post(0, price, time);
  }

  /** Ten strikes from 1,500 to 2,400, thirty days. */
  async listing(changes: Partial<Listing> = {}): Promise<Listing> {
    return {
      series: 1,
      expiry: (await this.now()) + 30n * DAY,
      base: 1_500n,
      step: 100n,
      decimals: 13,
      count: 10,
      depth: 1_000_000n,
      volatilityCap: 200n,
      ...changes,
    };
  }

  async list(changes: Partial<Listing> = {}): Promise<Listing> {
    const listing = await this.listing(changes);
    await this.vault.listSeries(0, listing);
    return listing;
  }

  /** A slice of about `volatility`, published as the next block is made. */
  async report(expiry: bigint, volatility = 0.6, changes: Partial<Report> = {}): Promise<Report> {
    const publishTime = changes.publishTime ?? (await this.now()) + 1n;
    return { sliceWord: sliceOf(volatility, Number(spanAt(expiry, publishTime))), basis: 0n, ...changes, publishTime };
  }

  async postSlice(series: number, report: Report): Promise<ContractTransactionResponse> {
    return this.postSlices([[series, report]]);
  }

  async postSlices(posts: readonly (readonly [series: number, report: Report])[]): Promise<ContractTransactionResponse> {
    return this.vault.postSlices(
      0,
      posts.map(([series, report]) => ({ series, data: encoded(report) })),
    );
  }

  /** Calls of the vault in one transaction. */
  async together(calls: readonly string[]): Promise<ContractTransactionResponse> {
    const caller = await this.deployment.connection.ethers.deployContract("Attacker");
    return caller.run(calls.map((data) => ({ target: this.vault, data })));
  }

  /** A series with a slice, refreshed. */
  async ready(changes: Partial<Listing> = {}, report: Partial<Report> = {}): Promise<{ listing: Listing; report: Report }> {
    const listing = await this.list(changes);
    const said = await this.report(listing.expiry, 0.6, report);
    await this.postSlice(listing.series, said);
    await this.post();
    await this.vault.refreshSeries(0, listing.series);
    return { listing, report: said };
  }

  /** Target and held range, 18 decimals. */
  async ranges(): Promise<{ target: bigint; held: bigint }> {
    const word = (await this.vault.underlyingWords(0))[0] ?? 0n;
    return { target: BigInt.asUintN(32, word >> 136n) * 10n ** 9n, held: BigInt.asUintN(32, word >> 168n) * 10n ** 9n };
  }
}

export function encoded({ sliceWord, basis, publishTime }: Report): string {
  return AbiCoder.defaultAbiCoder().encode(["uint256", "int256", "uint256"], [sliceWord, basis, publishTime]);
}

/** Seconds of variance time before the window opens. */
export function spanAt(expiry: bigint, time: bigint): bigint {
  return openingOf(expiry) - time + WINDOW / 3n;
}

/** The forward of a lot at 2,000 a unit, as an anchor holds it, with the basis (1e-9) faded by steps of 96. */
export function forwardOf(price: bigint, basis: bigint, steps = 0n): bigint {
  const whole = 96n * 10n ** 9n;
  return forwardDown((price * (whole + basis * (96n - steps))) / whole);
}

/** The range that a refresh covers before the window. */
export function coveredUp({ target, held }: { target: bigint; held: bigint }): bigint {
  const range = max(target, held);
  return range + divUp(range, 200n);
}

/** What a surface holds, by the bits that SurfaceWord documents. */
export function surfaceOf(word: bigint) {
  const field = (offset: bigint, width: number): bigint => BigInt.asUintN(width, word >> offset);
  return {
    basis: BigInt.asIntN(32, word),
    published: field(32n, 40),
    span: field(72n, 32),
    epoch: field(104n, 24),
    highest: field(128n, 16) * 10n ** 15n,
    slide: field(144n, 16) * SLIDE_UNIT,
    depth: field(160n, 40),
    openInterest: field(200n, 44),
    cap: (word >> 244n) * 10n ** 16n,
  };
}

/** Log-moneyness of all strikes at a forward. */
export function moneynessOf(seriesWord: bigint, forward: bigint): bigint[] {
  return strikesOf(seriesWord).map((strike) => -logMoneynessOf(forward, strike));
}

export function strikesOf(seriesWord: bigint): bigint[] {
  return Array.from({ length: Number(strikeCountOf(seriesWord)) }, (_, index) => strikeOf(seriesWord, BigInt(index)));
}

/** WAD in 65,535 parts, rounded up. */
const SLIDE_UNIT = 15_259_021_896_697n;

const MOST_MOVE = 5_012_542_000_000_000n;

/** Highest volatility and slide as a surface keeps them, rounded up to its units. */
export function shapeOf(slice: SviSlice, span: bigint, ks: readonly bigint[]): { highest: bigint; slide: bigint } {
  const volatilities = ks.map((k) => impliedDown(slice, k, span));
  const slides = ks.map((k, i) => {
    const here = volatilities[i] ?? 0n;
    return divUp(
      max(...([k - MOST_MOVE, k + MOST_MOVE].map((to) => abs(impliedDown(slice, to, span) - here)) as [bigint, bigint])) * WAD,
      here,
    );
  });
  const up = (value: bigint, unit: bigint): bigint => divUp(value, unit) * unit;
  // what rises by so much on one side may fall by as much variance on the other, and turn
  const least = 2n * WAD * WAD - (WAD + slides.reduce(max)) ** 2n;
  return { highest: up(volatilities.reduce(max), 10n ** 15n), slide: up(WAD - squareRootDown(least), SLIDE_UNIT) };
}

/** The risk words of a series by a slice whose parameters are not those of a word: what `refreshSeries` of the engine does for one that are. */
export function wordsOf(seriesWord: bigint, forward: bigint, range: bigint, slice: SviSlice, span: bigint, varianceTime: bigint): bigint[] {
  const root = rootOf(varianceTime);
  return strikesOf(seriesWord).map((strike) => {
    const rows = volatilityRows(impliedDown(slice, -logMoneynessOf(forward, strike), span), varianceTime / WAD);
    const call = storesCall(forward, strike);
    const values = Array.from({ length: LANES }, (_, scenario) => {
      const moved = forwardAt(forward, range, BigInt(scenario));
      const x = logMoneynessOf(forward, strike) + (moved === forward ? 0n : logMoneynessOf(moved, forward));
      const prices = undiscounted(moved, strike, x, totalVolatilityOf(rows[rowOf(BigInt(scenario))], root));
      return call ? prices.call : prices.put;
    });
    return packDown(
      values.map((value, scenario) => (scenario < 15 ? value : dampedDown(values[0] ?? 0n, value))),
      unitUp(forward),
      call,
    );
  });
}
