import { divUp, max, min, PPM } from "../../types/fixedPoint.ts";
import type { TokenRate } from "../../types/rate.ts";

/** Seconds between the two readings of which a move is made, at least and at most. */
export const RATE_CONFIRMATION = 60n;
export const READING_LIFE = 7_200n;

/** How far a single reading lowers a rate, ppm, once in the time of a confirmation. */
export const FALL_AT_ONCE = 5_000n;

/** Seconds for which a rate may come back to what it was. */
export const PEAK_LIFE = 604_800n;

/** Seconds after which a rate that nobody has read counts for nothing where risk rises or value leaves. */
export const RATE_AGE = 86_400n;

const DAY = 86_400n;

/** The most that a rate can be, WAD: what the word holds. */
export const MOST_RATE = 2n ** 80n - 1n;

/** A rate as it is listed. */
export function firstRate(rate: bigint, bound: bigint, now: bigint): TokenRate {
  return { rate, read: now, fallen: 0n, risen: now, reading: 0n, readingTime: 0n, peak: 0n, peakTime: 0n, bound };
}

/**
 * What a reading of its source makes of a rate. Two readings, a minute to two hours apart, move it: up to the lower of them, by what is allowed in the time since
 * the last rise or back to where it was in the last seven days; down to the higher. One alone lowers it by half a percent at most.
 * @param said WAD
 */
export function rateAfter(before: TokenRate, said: bigint, now: bigint): TokenRate {
  const reading = min(said, MOST_RATE);
  const falls = reading < before.rate;
  const age = now - before.readingTime;
  const lives = before.readingTime !== 0n && age <= READING_LIFE;
  const confirmed = lives && age >= RATE_CONFIRMATION;
  // the one of all readings since the first that is nearest to the stored rate
  const agreed = !lives ? reading : falls ? max(before.reading, reading) : min(before.reading, reading);
  const rate = falls ? fallen(before, reading, confirmed ? agreed : undefined, now) : confirmed ? risen(before, agreed, now) : before.rate;

  // one on the other side of the rate begins anew: it moves nothing, whatever it confirms
  const keeps = lives && !confirmed && (falls ? agreed < rate : agreed > rate);
  const next = keeps ? { reading: agreed, readingTime: before.readingTime } : { reading, readingTime: now };
  return {
    ...before,
    ...peakAfter(before, rate, now),
    ...(reading === rate ? { reading: 0n, readingTime: 0n } : next),
    rate,
    read: now,
    fallen: rate < before.rate ? now : before.fallen,
    risen: rate > before.rate ? now : before.risen,
  };
}

function fallen({ rate, fallen: last }: TokenRate, reading: bigint, confirmed: bigint | undefined, now: bigint): bigint {
  const once = now - last < RATE_CONFIRMATION ? rate : max(reading, divUp(rate * (PPM - FALL_AT_ONCE), PPM));
  return confirmed === undefined ? once : min(confirmed, once);
}

function risen(before: TokenRate, confirmed: bigint, now: bigint): bigint {
  const { rate, bound, risen: last } = before;
  const allowed = rate + (rate * bound * min(now - last, DAY)) / (PPM * DAY);
  return max(rate, min(confirmed, max(allowed, peakOf(before, now))));
}

/** The highest rate of the last seven days from which it fell, 0 where it did not. */
function peakOf({ peak, peakTime }: TokenRate, now: bigint): bigint {
  return now - peakTime <= PEAK_LIFE ? peak : 0n;
}

function peakAfter(before: TokenRate, rate: bigint, now: bigint): Pick<TokenRate, "peak" | "peakTime"> {
  const peak = peakOf(before, now);
  if (rate < before.rate && peak < before.rate) return { peak: before.rate, peakTime: now };
  if (peak <= rate) return { peak: 0n, peakTime: 0n };
  return { peak, peakTime: before.peakTime };
}

/** By how much a reading that waits is lower, ppm of the rate, rounded up. */
export function fallUp({ rate, reading, readingTime }: TokenRate): bigint {
  return readingTime === 0n || reading >= rate ? 0n : divUp((rate - reading) * PPM, rate);
}

/** The rate where risk rises or value leaves, WAD, rounded down: lower while a fall waits, and nothing where nobody has read it for a day. */
export function openingRateDown(rate: TokenRate, now: bigint): bigint {
  return now - rate.read > RATE_AGE ? 0n : (rate.rate * (PPM - fallUp(rate))) / PPM;
}

/** Whether a token may be sold at its rate to whoever asks: read within a day, and no move waits that is larger than what one reading does. */
export function isGoodRate(rate: TokenRate, now: bigint): boolean {
  if (now - rate.read > RATE_AGE) return false;
  if (rate.readingTime === 0n) return true;
  const waits = rate.reading > rate.rate ? rate.reading - rate.rate : rate.rate - rate.reading;
  return waits * PPM <= rate.rate * FALL_AT_ONCE;
}
