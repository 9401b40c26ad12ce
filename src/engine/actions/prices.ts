import type { Draft, EngineEvent } from "../ledger/draft.ts";
import { accrued, bounded } from "../math/funding.ts";
import { ACCEPTED, type Judgement, judge, QUORUM, type Quote, REFUTED, SILENT, SKEW, UNPROVED, VALID } from "../math/priceGuard.ts";
import { heldRange, targetRange, varianceFloor } from "../math/scanRange.ts";
import { largest, reading, updated } from "../math/variance.ts";
import { revert } from "../types/errors.ts";
import { fromPpb, min } from "../types/fixedPoint.ts";
import { rampAt } from "../types/ramp.ts";
import { GRACE, INVALID, NORMAL, type Underlying } from "../types/types.ts";
import { observedBySeries } from "./series.ts";

/** Seconds of the grid of samples, and how long after a point of it a price is still the one of that point. */
export const SAMPLE_PERIOD = 3_600n;
export const ON_TIME = 120n;

/** Seconds over which it matters little which minute of the last hour a return ends at. */
export const LATE_PERIOD = 21_600n;

/** What a source answers: the struct `Report` of IPriceSource. */
export interface PriceReport {
  readonly price: bigint; // of one unit of the underlying, WAD
  readonly publishTime: bigint; // unix seconds, 0: silent
  readonly valid: boolean;
}

/** The answer of a source that had nothing to say, or reverted. */
export const NO_REPORT: PriceReport = { price: 0n, publishTime: 0n, valid: false };

/** When and under what a price is posted. */
export interface PostContext {
  readonly now: bigint; // unix seconds, the time of the block
  readonly tradingAge: bigint; // seconds
  readonly inGrace: boolean; // the sequencer is down or came up less than the grace period ago
}

/** What a post leaves: the underlying as stored, and the events in order. */
export interface Posted {
  readonly underlying: Underlying;
  readonly events: readonly EngineEvent[];
}

/**
 * A post of the price of `underlying`. The twin of `PriceLogic.post`.
 * @param reports one for each configured source, dropped ones too (theirs are not looked at)
 * What is not newer than the last price changes nothing.
 * @throws Reverted UnknownUnderlying, QuorumMissing
 */
export function posted(underlying: Underlying, index: number, reports: readonly PriceReport[], context: PostContext): Posted {
  const { now, tradingAge, inGrace } = context;
  const { guard } = underlying;
  const id = BigInt(index);
  if (guard.sources === 0n) revert("UnknownUnderlying", id);

  const quotes = countingQuotes(underlying, reports, now);
  const judgement = judge(guard, underlying, underlying.pending, quotes, now);
  if (judgement.verdict === UNPROVED) {
    revert("QuorumMissing", id, judgement.valid, min(BigInt(quotes.length), QUORUM));
  }
  const isAccepted = judgement.verdict === ACCEPTED;
  const state = inGrace ? GRACE : isAccepted ? NORMAL : INVALID;
  if (judgement.time !== 0n) {
    const last = underlying.priceTime;
    const mends = isAccepted && state !== underlying.priceState;
    if (judgement.time < last || (judgement.time === last && !mends)) return { underlying, events: [] };
  }

  const events: EngineEvent[] = [];
  const before: Underlying = {
    ...underlying,
    funding: accrued(underlying, tradingAge, now),
    pending: judgement.pending,
    depth: underlying.guard.depthRamp.end === 0n ? underlying.depth : rampAt(underlying.guard.depthRamp, now),
  };
  const priced = isAccepted ? accepted(before, id, judgement, now, events) : before;
  const after = { ...priced, priceState: state };
  events.push({
    name: "PricePosted",
    values: {
      underlying: id,
      price: after.price,
      publishTime: after.priceTime,
      targetRange: fromPpb(after.targetRange),
      heldRange: fromPpb(after.heldRange),
      state,
      fundingIndex: after.funding.index,
    },
  });
  return { underlying: after, events };
}

/** Posts a price within a draft; see `posted`. */
export function postPrice(draft: Draft, index: number, reports: readonly PriceReport[], inGrace = false): void {
  const underlying = draft.findUnderlying(index) ?? revert("UnknownUnderlying", BigInt(index));
  const context = { now: draft.now, tradingAge: draft.base.margin.tradingAge, inGrace };
  const result = posted(underlying, index, reports, context);
  draft.setUnderlying(index, result.underlying);
  for (const event of result.events) draft.emit(event.name, event.values);
}

/**
 * `underlying` with a funding rate taken over. The twin of `PriceLogic.updateFundingRate`.
 * @param proposed what the rate source says, ppb over eight hours; 0 when there is none or it reverts
 * @throws Reverted UnknownUnderlying
 */
export function rated(underlying: Underlying, index: number, proposed: bigint, context: Omit<PostContext, "inGrace">): Posted {
  const { now, tradingAge } = context;
  const id = BigInt(index);
  if (underlying.guard.sources === 0n) revert("UnknownUnderlying", id);
  const isStopped = now < underlying.trading.stoppedUntil;
  const rate = isStopped ? 0n : bounded(proposed, underlying.funding.rate, now - underlying.sample.rateTime);
  const funding = { ...accrued(underlying, tradingAge, now), rate };
  return {
    underlying: { ...underlying, funding, sample: { ...underlying.sample, rateTime: now } },
    events: [{ name: "FundingRateSet", values: { underlying: id, ratePpb: rate, fundingIndex: funding.index } }],
  };
}

/** Takes a funding rate over within a draft; see `rated`. */
export function updateFundingRate(draft: Draft, index: number, proposed: bigint): void {
  const underlying = draft.findUnderlying(index) ?? revert("UnknownUnderlying", BigInt(index));
  const result = rated(underlying, index, proposed, { now: draft.now, tradingAge: draft.base.margin.tradingAge });
  draft.setUnderlying(index, result.underlying);
  for (const event of result.events) draft.emit(event.name, event.values);
}

/** One quote for each source that the guardian has not dropped. */
export function countingQuotes(underlying: Underlying, reports: readonly PriceReport[], now: bigint): Quote[] {
  const { guard, lotExponent } = underlying;
  const dropped = now < guard.droppedUntil ? guard.dropped : 0n;
  const quotes: Quote[] = [];
  for (let source = 0n; source < guard.sources; source++) {
    if (((dropped >> source) & 1n) !== 0n) continue;
    quotes.push(quoteOf(source, reports[Number(source)] ?? NO_REPORT, lotExponent, now));
  }
  return quotes;
}

function quoteOf(source: bigint, report: PriceReport, lotExponent: bigint, now: bigint): Quote {
  if (report.publishTime === 0n || report.publishTime > now + SKEW) return { source, answer: SILENT, price: 0n, time: 0n };
  const time = min(report.publishTime, now);
  const price = report.price / 10n ** lotExponent;
  const isValid = report.valid && price !== 0n && price < 2n ** 96n;
  return isValid ? { source, answer: VALID, price, time } : { source, answer: REFUTED, price: 0n, time };
}

/** The underlying with an accepted price, which its series observe too. */
function accepted(underlying: Underlying, id: bigint, { price, time }: Judgement, now: bigint, events: EngineEvent[]): Underlying {
  const priced = forecast(underlying, id, price, time, events);
  return observedBySeries(priced, id, price, time, now, events);
}

/**
 * Whether a price published at `time` is the first since the sample of `sampled` that is one: of a point of the grid, and where that is missed, not before six
 * hours. The twin of `PriceLogic._isSample`.
 */
export function isSample(sampled: bigint, time: bigint): boolean {
  if (time < (sampled / SAMPLE_PERIOD + 1n) * SAMPLE_PERIOD) return false;
  return time % SAMPLE_PERIOD <= ON_TIME || time - sampled >= LATE_PERIOD;
}

/** What the forecast of an underlying is made of. */
export type Forecast = Pick<Underlying, "sample" | "volatility" | "targetRange" | "heldRange" | "priceTime">;

/**
 * Ranges and, where the price is one, the sample after an accepted price. The held range moves at the first price of each hour of the grid, whenever that comes.
 * @param price of a lot, WAD, published at `time`, unix seconds
 */
export function forecastAt(before: Forecast, price: bigint, time: bigint): { readonly after: Forecast; readonly sampled: boolean } {
  const { sample, volatility, heldRange: held, priceTime } = before;
  const floor = varianceFloor(volatility);
  const passed = (time / SAMPLE_PERIOD - priceTime / SAMPLE_PERIOD) * SAMPLE_PERIOD;
  const ranged = (target: bigint): Forecast => ({
    sample,
    volatility,
    priceTime: time,
    targetRange: target,
    heldRange: held === 0n ? target : heldRange(held, target, passed),
  });
  if (sample.time !== 0n && !isSample(sample.time, time)) {
    return { after: ranged(targetRange(volatility, reading(sample, price, time, floor, held))), sampled: false };
  }
  const { fast, slow } = updated(sample, price, time, floor, held);
  const target = targetRange(volatility, largest(fast, slow, floor));
  return { after: { ...ranged(target), sample: { price, time, fast, slow, rateTime: sample.rateTime } }, sampled: true };
}

/** The underlying with an accepted price, its ranges and its sample. */
function forecast(underlying: Underlying, id: bigint, price: bigint, time: bigint, events: EngineEvent[]): Underlying {
  const { after, sampled } = forecastAt(underlying, price, time);
  const { fast, slow } = after.sample;
  if (sampled) events.push({ name: "Sampled", values: { underlying: id, price, time, fastVariance: fast, slowVariance: slow } });
  return { ...underlying, ...after, price };
}
