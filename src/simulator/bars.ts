import { type Bar, DAY, HOUR, moment, span } from "../data/bar.ts";
import { BadInput } from "../sdk/failure.ts";

/** A price to be posted at a time. */
export type Post = {
  readonly time: number;
  readonly price: bigint;
  /** The last post of its bar: what the hourly variance sees. */
  readonly close: boolean;
};

/** Days of hourly closes that the forecast sees before the first bar that is played. */
export const WARM_UP_DAYS = 30;
/** The part of the warm-up that has to be there, even where holes are allowed: a forecast from a few stray bars is none. */
const LEAST_WARM_UP = 0.9;

export type Window = {
  /** Hourly bars before the window, at least `WARM_UP_DAYS` days of them. */
  readonly warmUp: readonly Bar[];
  readonly played: readonly Bar[];
};

/**
 * The bars from `from` up to, not including, `to` (unix seconds), and the warm-up before them.
 * @throws BadInput when the bars do not reach far enough to either side, or most of the warm-up or all of the window is missing
 */
export function selectWindow(bars: readonly Bar[], from: number, to: number): Window {
  const played = bars.filter((bar) => bar.time >= from && bar.time < to);
  const first = bars[0];
  const last = bars.at(-1);
  if (first === undefined || last === undefined || played.length === 0) {
    const held = first && last ? `the prices run from ${moment(first.time)} to ${moment(last.time + HOUR)}` : "there are no prices";
    throw new BadInput(`no bar between ${moment(from)} and ${moment(to)}: ${held}`);
  }
  const begin = from - WARM_UP_DAYS * DAY;
  if (first.time > begin) {
    throw new BadInput(
      `the forecast is warmed on ${WARM_UP_DAYS} days before --from (${moment(begin)}), but the prices begin on ${moment(first.time)}`,
    );
  }
  if (last.time + HOUR < to) throw new BadInput(`the prices end at ${moment(last.time + HOUR)}, before --to (${moment(to)})`);
  const warmUp = bars.filter((bar) => bar.time >= begin && bar.time < from);
  if (warmUp.length * HOUR < LEAST_WARM_UP * WARM_UP_DAYS * DAY) {
    const missing = WARM_UP_DAYS * DAY - warmUp.length * HOUR;
    throw new BadInput(`${span(missing)} are missing of the ${WARM_UP_DAYS} days before --from that warm the forecast: a tenth may be`);
  }
  return { warmUp, played };
}

/**
 * The prices to post while the bars are walked: open-high-low-close when a bar falls, open-low-high-close when it rises, in straight lines,
 * `steps` posts an hour. A bar's open is posted by itself only where no earlier bar ends.
 */
export function walkBars(bars: readonly Bar[], steps: number): Post[] {
  const posts: Post[] = [];
  let end: number | undefined;
  for (const bar of bars) {
    if (bar.time !== end) posts.push({ time: bar.time, price: bar.open, close: false });
    posts.push(...walkBar(bar, steps));
    end = bar.time + HOUR;
  }
  return posts;
}

/** The posts of one bar after its open. With one or two steps the farther extreme is met first, then the close. */
function walkBar(bar: Bar, steps: number): Post[] {
  const falls = bar.close < bar.open;
  const [first, second] = falls ? [bar.high, bar.low] : [bar.low, bar.high];
  const corners: [step: number, price: bigint][] =
    steps >= 3
      ? [
          [Math.round(steps / 3), first],
          [Math.round((2 * steps) / 3), second],
          [steps, bar.close],
        ]
      : steps === 2
        ? [
            [1, falls ? bar.low : bar.high],
            [2, bar.close],
          ]
        : [[1, bar.close]];
  const posts: Post[] = [];
  let [step, price] = [0, bar.open];
  for (const [corner, target] of corners) {
    for (let i = step + 1; i <= corner; i++) {
      const at = price + ((target - price) * BigInt(i - step)) / BigInt(corner - step);
      posts.push({ time: bar.time + Math.round((i * HOUR) / steps), price: at, close: i === steps });
    }
    [step, price] = [corner, target];
  }
  return posts;
}

/** The deepest fall of the bars: from the first open to the lowest low, and the worst hour from open to close. */
export function deepestFall(bars: readonly Bar[]): { readonly toLow: number; readonly worstHour: number } {
  const open = Number(bars[0]?.open ?? 1n);
  let [low, worst] = [Number.POSITIVE_INFINITY, 0];
  for (const bar of bars) {
    low = Math.min(low, Number(bar.low));
    worst = Math.min(worst, Number(bar.close) / Number(bar.open) - 1);
  }
  return { toLow: low / open - 1, worstHour: worst };
}
