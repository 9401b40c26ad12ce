/** What was traded in a stretch of time. Prices are settlement tokens for one unit of the underlying, WAD; of volatilities, percent a year, WAD. */
export type Bar = {
  /** Unix second at which the bar starts. */
  readonly time: number;
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
};

export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 24 * HOUR;

/** The length of a bar in words: 15-minute, hourly, 4-hour, daily. @param step seconds */
export function barName(step: number): string {
  if (step === DAY) return "daily";
  if (step === HOUR) return "hourly";
  return step < HOUR ? `${step / MINUTE}-minute` : `${step / HOUR}-hour`;
}

/** A stretch of time in words: 45 minutes, 17 hours, 3 days. @param seconds of it */
export function span(seconds: number): string {
  const [size, unit] =
    seconds >= 3 * DAY && seconds % DAY === 0 ? [DAY, "day"] : seconds % HOUR === 0 ? [HOUR, "hour"] : [MINUTE, "minute"];
  const count = Math.round((seconds / size) * 100) / 100;
  return `${count.toLocaleString("en-US")} ${unit}${count === 1 ? "" : "s"}`;
}

/** A moment in words, UTC: 2020-03-12 10:00, or the day alone at midnight. @param seconds unix time */
export function moment(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T00:00", "").replace("T", " ");
}
