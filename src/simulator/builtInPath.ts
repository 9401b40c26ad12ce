import { type Bar, DAY, HOUR } from "../data/bar.ts";
import { WARM_UP_DAYS } from "./bars.ts";
import { type Random, seededRandom } from "./random.ts";

/** Unix second at which the played part of the built-in path starts. */
export const BUILT_IN_START = Date.UTC(2020, 2, 11) / 1000;
const CALM_DAYS = WARM_UP_DAYS + 5;

/** The crash: hour since its first day, price as a fraction of where that day opened. Between the corners the path is drawn. */
const CORNERS: readonly (readonly [hour: number, level: number])[] = [
  [0, 1],
  [6, 0.965],
  [9, 0.905],
  [10, 0.905 * 0.74], // the worst hour
  [11, 0.7],
  [14, 0.715],
  [18, 0.66],
  [22, 0.6],
  [24, 0.545],
  [26, 0.47],
  [27, 0.56],
  [31, 0.635],
  [36, 0.6],
  [41, 0.7],
  [48, 0.66],
];
const WORST_HOUR = 9;
const LOW_HOUR = 26;
const LOW = 0.44;

/**
 * Hourly bars drawn from a seed in the shape of ETH around 12–13 March 2020: five weeks of calm and a quiet day, then −56 % from the open of
 * the first day to the low of the second with a worst hour of −26 %, a rebound, and a day of aftershocks.
 */
export function builtInPath(seed: number): Bar[] {
  const random = seededRandom(seed);
  const bars: Bar[] = [];
  let price = 195;
  const start = BUILT_IN_START - CALM_DAYS * DAY;
  const calm = (CALM_DAYS + 1) * 24;
  for (let i = 0; i < calm; i++) {
    const close = price * Math.exp(0.0058 * random.normal());
    bars.push(drawBar(random, start + i * HOUR, price, close, 0.0025));
    price = close;
  }
  const open = price;
  for (let hour = 0; hour < 48; hour++) {
    const close = open * levelAt(hour + 1) * Math.exp(isCorner(hour + 1) ? 0 : 0.008 * random.normal());
    const bar = drawBar(random, start + (calm + hour) * HOUR, price, close, hour === WORST_HOUR ? 0.004 : 0.007);
    const floor = toWad(open * LOW);
    bars.push(hour === LOW_HOUR ? { ...bar, low: floor } : { ...bar, low: bar.low < floor ? floor : bar.low });
    price = close;
  }
  for (let i = 0; i < 24; i++) {
    const close = price * Math.exp(0.012 * random.normal());
    bars.push(drawBar(random, start + (calm + 48 + i) * HOUR, price, close, 0.005));
    price = close;
  }
  return bars;
}

/** Hours of the played day in which the price has jumped, and by which part. */
const JUMPS: ReadonlyMap<number, number> = new Map([
  [3, 0.78],
  [6, 0.72],
  [10, 0.7],
]);

/** The calm of `builtInPath`, and then a day on which the price jumps down three times between two posts: margin cannot be sold in time. */
export function stressPath(seed: number): Bar[] {
  const bars = builtInPath(seed).filter(({ time }) => time < BUILT_IN_START);
  const random = seededRandom(seed + 1);
  let price = Number(bars.at(-1)?.close ?? 0n) / 1e18;
  for (let hour = 0; hour < 24; hour++) {
    price *= JUMPS.get(hour) ?? 1;
    const close = price * Math.exp(0.004 * random.normal());
    bars.push(drawBar(random, BUILT_IN_START + hour * HOUR, price, close, 0.002));
    price = close;
  }
  return bars;
}

/** A bar from open to close whose extremes reach beyond both by half a normal draw of the size `wick`. */
function drawBar(random: Random, time: number, open: number, close: number, wick: number): Bar {
  const high = Math.max(open, close) * (1 + wick * Math.abs(random.normal()));
  const low = Math.min(open, close) / (1 + wick * Math.abs(random.normal()));
  return { time, open: toWad(open), high: toWad(high), low: toWad(low), close: toWad(close) };
}

function isCorner(hour: number): boolean {
  return CORNERS.some(([corner]) => corner === hour);
}

function levelAt(hour: number): number {
  let [from, level] = [0, 1];
  for (const [corner, target] of CORNERS) {
    if (hour <= corner) return corner === from ? target : level * (target / level) ** ((hour - from) / (corner - from));
    [from, level] = [corner, target];
  }
  return level;
}

/** Prices are posted with eight decimals, as feeds do. */
function toWad(price: number): bigint {
  return BigInt(Math.round(price * 1e8)) * 10n ** 10n;
}
