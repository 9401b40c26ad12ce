import { max, min } from "../../types/fixedPoint.ts";
import type { Redeemable } from "../../types/rate.ts";
import { RATE_CONFIRMATION, READING_LIFE } from "./rate.ts";

/** Hours that count. */
export const SAMPLES = 24n;

/** A sample is a whole number of so many parts of the cap. */
export const SAMPLE_PARTS = 250n;

const HOUR = 3_600n;

export const NEVER_SAMPLED: Redeemable = { samples: Array<bigint>(24).fill(0n), hour: 0n, reading: 0n, readingTime: 0n };

/**
 * After somebody has asked the strategy. What is more than the hour before counts at once, and lifts no sample of the same hour; what is less counts when it is
 * read again, a minute to two hours later, at the higher of the two.
 * @param shares of those that the vault holds, redeemable now, WAD
 * @param cap of governance on the shares that the vault may hold, WAD, positive
 */
export function sampled(before: Redeemable, shares: bigint, cap: bigint, now: bigint): Redeemable {
  const hour = now / HOUR;
  const read = min((shares * SAMPLE_PARTS) / cap, SAMPLE_PARTS);
  const missed = hour - before.hour;
  const last = missed <= 1n ? before.samples[Number(before.hour % SAMPLES)]! : 0n;
  const samples = before.samples.map((sample, slot) => {
    // hours since the sample of this place would have been taken
    const back = (hour - BigInt(slot)) % SAMPLES;
    return back < missed ? 0n : sample;
  });
  const lives = before.readingTime !== 0n && now - before.readingTime <= READING_LIFE;
  const agreed = lives ? max(before.reading, read) : read;
  let sample = last;
  let waits = { reading: 0n, readingTime: 0n };
  if (read >= last) {
    if (missed !== 0n) sample = read;
  } else if (lives && now - before.readingTime >= RATE_CONFIRMATION) {
    sample = min(agreed, last);
    if (read < sample) waits = { reading: read, readingTime: now };
  } else {
    waits = { reading: agreed, readingTime: lives ? before.readingTime : now };
  }
  samples[Number(hour % SAMPLES)] = sample;
  return { samples, hour, ...waits };
}

/**
 * The least of the last 24 hourly samples, in shares, WAD, rounded down: of the 24 hours before this one, and of this one once it has its own. An hour without
 * one counts nothing.
 */
export function leastSampledDown({ samples, hour }: Redeemable, cap: bigint, now: bigint): bigint {
  if (now / HOUR > hour + 1n) return 0n;
  return (samples.reduce((least, sample) => min(least, sample)) * cap) / SAMPLE_PARTS;
}
