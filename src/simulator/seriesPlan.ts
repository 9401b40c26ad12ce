import { type Bar, DAY, HOUR } from "../data/bar.ts";
import type { SeriesListing } from "../engine/actions/series.ts";
import { openingOf, WINDOW } from "../engine/ledger/options/expiry.ts";
import { BadInput } from "../sdk/failure.ts";
import { type SeriesTerms, seriesListing } from "../sdk/series.ts";
import type { Smile } from "../sdk/smile.ts";
import type { Post } from "./bars.ts";

/** The series of a run: one that expires while it is played, and one a fortnight later. Times are unix seconds. */
export type SeriesPlan = { readonly near: number; readonly far: number };

export const [NEAR, FAR] = [1, 2];

/** Options expire at this hour of the day, UTC, where the path is long enough. */
const EXPIRY_HOUR = 8;
const LEAST_LIFE = 6 * HOUR;
const LEAST_AFTER = 3 * HOUR;
const BETWEEN_SERIES = 14 * DAY;
const LEAST_WINDOW = 4 * HOUR;

/**
 * When the series of a run expire: the near one at the last 8:00 UTC three hours before the end, at the hour nearest the middle of a short path. In a hole nothing
 * settles: the next best hour is taken whose bar before it and bar after it are there.
 * @throws BadInput when the path is too short for an expiry within it, or full of holes
 */
export function planSeries(played: readonly Bar[]): SeriesPlan {
  const [start, end] = [played[0]?.time ?? 0, (played.at(-1)?.time ?? 0) + HOUR];
  if (end - start < LEAST_WINDOW) {
    throw new BadInput(
      `a path of ${(end - start) / HOUR} hours is too short for an expiry: play at least ${LEAST_WINDOW / HOUR}, or give --option-traders 0`,
    );
  }
  const latest = end - LEAST_AFTER;
  const daily = latest - ((((latest - EXPIRY_HOUR * HOUR) % DAY) + DAY) % DAY);
  const middle = start + Math.round((end - start) / 2 / HOUR) * HOUR;
  const wanted = daily >= start + LEAST_LIFE ? daily : middle;
  const hours = new Set(played.map(({ time }) => time));
  // the bar that ends at an expiry averages its price; one that comes after it posts what settles it
  const possible = [...hours].filter((hour) => hours.has(hour - HOUR) && hour > start + HOUR && hour < end);
  const [near] = possible.sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted) || a - b);
  if (near === undefined) throw new BadInput("no two hours that follow each other are there for an expiry: give --option-traders 0");
  return { near, far: near + BETWEEN_SERIES };
}

const LOWEST_STRIKE = 0.7;
const HIGHEST_STRIKE = 1.35;
const STRIKE_STEP = 0.055;
const VOLATILITY_CAP = 300;

/** A series with strikes from 70 % to 135 % of a price, about a twentieth of it apart in round numbers. @param price of a unit, WAD */
export function listingOf(lotExponent: number, series: number, expiry: number, price: bigint, depth: bigint): SeriesListing {
  const step = roundDown(price, STRIKE_STEP);
  const [lowest, highest] = [LOWEST_STRIKE, HIGHEST_STRIKE].map((part) => (price * BigInt(part * 1000)) / 1000n / step) as [bigint, bigint];
  const terms: SeriesTerms = {
    series,
    expiry: BigInt(expiry),
    lowest: lowest * step,
    step,
    count: Number(highest - lowest) + 1,
    depth,
    volatilityCap: VOLATILITY_CAP,
  };
  return seriesListing(lotExponent, terms);
}

/** 1, 2 or 5 times a power of ten: the largest that is at most a part of a price. */
function roundDown(price: bigint, part: number): bigint {
  const most = (price * BigInt(part * 1000)) / 1000n;
  const power = 10n ** BigInt(most.toString().length - 1);
  return [5n, 2n, 1n].map((digit) => digit * power).find((step) => step <= most) ?? power;
}

/** Puts are dearer than calls, and both ends than the middle: one smile for all expiries, so that total variance grows with each. */
export function smileOf(volatility: number): Smile {
  return { volatility, skew: -0.1 * volatility, curvature: 0.25 * volatility };
}

/** The longest between two posts in a window, seconds: a price counts for at most three minutes, and its confirmation may take one. */
const WINDOW_STEP = 120;

/** The posts with more of them while a series settles, in straight lines, so that its window ends at the expiry. */
export function withWindow(posts: readonly Post[], expiry: number): Post[] {
  const [opening, end] = [Number(openingOf(BigInt(expiry))), expiry + Number(WINDOW) / 6];
  return posts.flatMap((post, i): Post[] => {
    const last = posts[i - 1];
    if (last === undefined || post.time < opening || last.time > end) return [post];
    const parts = Math.ceil((post.time - last.time) / WINDOW_STEP);
    const added = Array.from({ length: parts - 1 }, (_, part): Post => {
      const share = BigInt(part + 1);
      return {
        time: last.time + Math.round(((post.time - last.time) * (part + 1)) / parts),
        price: last.price + ((post.price - last.price) * share) / BigInt(parts),
        close: false,
      };
    });
    return [...added, post];
  });
}
