import { Temporal } from "temporal-polyfill";
import { plainNumber } from "./decimal.ts";

/** How the stamps of a file are written. Numbers are unix times, whose unit is told by their size, each for itself: files change it on the way. */
export type StampFormat = { readonly name: string; readonly pattern?: RegExp };

const DATES: readonly (readonly [name: string, pattern: string])[] = [
  ["year-month-day", String.raw`(?<year>\d{4})([-./])(?<month>\d\d?)\2(?<day>\d\d?)`],
  ["yearmonthday", String.raw`(?<year>(?:19|20)\d\d)(?<month>\d\d)(?<day>\d\d)`],
  ["month/day/year", String.raw`(?<month>\d\d?)/(?<day>\d\d?)/(?<year>\d{4})`],
  ["day/month/year", String.raw`(?<day>\d\d?)/(?<month>\d\d?)/(?<year>\d{4})`],
  ["day.month.year", String.raw`(?<day>\d\d?)\.(?<month>\d\d?)\.(?<year>\d{4})`],
  ["month day, year", String.raw`(?<name>[A-Za-z]{3})[a-z]*\.? (?<day>\d\d?),? (?<year>\d{4})`],
  ["day month year", String.raw`(?<day>\d\d?)[- ](?<name>[A-Za-z]{3})[a-z]*[- ](?<year>\d{4})`],
];
const TIME = String.raw`(?:(?:T|,? )(?<hour>\d\d?)(?::?(?<minute>\d\d)(?::?(?<second>\d\d)(?:[.,](?<fraction>\d{1,9}))?)?)?(?:[- ]?(?<half>[AP]M))?)?`;
const ZONE = String.raw`(?: ?(?<zone>Z|(?:UTC|GMT)?[+-]\d\d(?::?\d\d)?|UTC|GMT))?`;

export const NUMBERS: StampFormat = { name: "unix time" };

/** What stamps may look like, in the order in which they are tried. */
export const STAMP_FORMATS: readonly StampFormat[] = [
  NUMBERS,
  ...DATES.map(([name, date]) => ({ name, pattern: new RegExp(`^${date}${TIME}${ZONE}$`, "i") })),
];

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** A moment, or why a text is none. `zoned` is whether the text itself says its zone. Milliseconds of unix time, with a fraction where a stamp has one. */
export type Stamp = { readonly time: number; readonly zoned: boolean } | { readonly wrong: string };

/** Where local times of a zone are looked up; `before` is the moment of the row before, which tells the two passes of a repeated hour apart. */
export type LocalTimes = { readonly zone: string; readonly before?: number | undefined; readonly newestFirst?: boolean };

/** Reads a stamp. */
export function readStamp(text: string, format: StampFormat, local: LocalTimes): Stamp {
  if (format.pattern === undefined) return unixTime(text);
  const parts = format.pattern.exec(text)?.groups;
  if (parts === undefined) return { wrong: `is not a time written ${format.name}` };
  const time = civilTime(parts);
  if (time === undefined) return { wrong: "is not a time of the calendar" };
  const zone = parts.zone?.toUpperCase();
  if (zone !== undefined) return { time: time - offsetOf(zone), zoned: true };
  if (local.zone === "UTC") return { time, zoned: false };
  const moments = momentsOf(time, local.zone);
  const [first = 0, second = first] = moments;
  if (moments.length === 0) return { wrong: `does not exist in ${local.zone}: clocks were put forward` };
  const { before, newestFirst } = local;
  if (newestFirst) return { time: before === undefined || second < before ? second : first, zoned: false };
  return { time: before === undefined || first > before ? first : second, zoned: false };
}

/** Units of unix time by the number of digits before the point: from 1973 to far beyond today each has its own. */
const UNITS: readonly { readonly name: string; readonly digits: number; readonly inMillisecond: number }[] = [
  { name: "seconds", digits: 10, inMillisecond: 0.001 },
  { name: "milliseconds", digits: 13, inMillisecond: 1 },
  { name: "microseconds", digits: 16, inMillisecond: 1_000 },
  { name: "nanoseconds", digits: 19, inMillisecond: 1_000_000 },
];

function unixParts(
  text: string,
): { readonly whole: string; readonly rest: string; readonly unit: (typeof UNITS)[number] | undefined } | undefined {
  const [, integer = "", fraction = "", exponent = "0"] =
    /^(\d+)(?:[.](\d*))?(?:e\+?(\d+))?$/i.exec(plainNumber(text, "point") ?? "") ?? [];
  const shift = Number(exponent);
  if (integer === "" || shift > 20) return undefined;
  const whole = `${integer}${fraction.padEnd(shift, "0").slice(0, shift)}`;
  return {
    whole,
    rest: fraction.slice(shift) || "0",
    unit: UNITS.find(({ digits }) => whole.length === digits || whole.length === digits - 1),
  };
}

/** The name of the unit of a unix time; undefined where a text is none. */
export function unixUnit(text: string): string | undefined {
  return unixParts(text)?.unit?.name;
}

function unixTime(text: string): Stamp {
  const { whole, rest, unit } = unixParts(text) ?? {};
  if (unit === undefined) return { wrong: "is not a unix time in seconds, milliseconds, microseconds or nanoseconds" };
  return { time: Number(`${whole}.${rest}`) / unit.inMillisecond, zoned: true };
}

function civilTime(parts: Record<string, string | undefined>): number | undefined {
  const number = (name: string): number => Number(parts[name] ?? 0);
  const half = parts.half?.toUpperCase();
  let hour = number("hour");
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (half === "PM" ? 12 : 0);
  }
  const month = parts.name === undefined ? number("month") : MONTHS.indexOf(parts.name.toLowerCase()) + 1;
  if (month < 1 || month > 12 || hour > 23 || number("minute") > 59 || number("second") > 59) return undefined;
  const day = Date.UTC(number("year"), month - 1, number("day"));
  if (new Date(day).getUTCDate() !== number("day")) return undefined;
  const fraction = parts.fraction === undefined ? 0 : Number(`0.${parts.fraction}`);
  return day + ((hour * 60 + number("minute")) * 60 + number("second") + fraction) * 1000;
}

function offsetOf(zone: string): number {
  const [, sign, hours = "0", minutes = "0"] = /([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

const QUARTER = 900_000;
let known: { readonly key: string; readonly offsets: readonly number[] } | undefined;

/** The moments at which clocks of a zone show a time: one, two where they are put back, none where they are put forward. Oldest first. */
function momentsOf(civil: number, zone: string): number[] {
  // no zone changes its clocks within a quarter of an hour
  const quarter = Math.floor(civil / QUARTER) * QUARTER;
  const key = `${zone} ${quarter}`;
  if (known?.key !== key) {
    const shown = Temporal.Instant.fromEpochMilliseconds(quarter).toZonedDateTimeISO("UTC").toPlainDateTime();
    const moments = (["earlier", "later"] as const)
      .map((disambiguation) => shown.toZonedDateTime(zone, { disambiguation }))
      .filter((each) => each.toPlainDateTime().equals(shown))
      .map((each) => each.epochMilliseconds);
    known = { key, offsets: [...new Set(moments)].map((each) => each - quarter) };
  }
  return known.offsets.map((offset) => civil + offset);
}

/** A time zone as it is known to the calendar, from a name or an offset such as +03:00, +3 or UTC+3; undefined where there is none. */
export function timeZone(text: string): string | undefined {
  const [, sign, hours = "", minutes = "00"] = /^(?:UTC|GMT)?([+-])(\d\d?)(?::?(\d\d))?$/i.exec(text) ?? [];
  const name = sign === undefined ? text : `${sign}${hours.padStart(2, "0")}:${minutes}`;
  try {
    const zone = Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
    return /^(UTC|GMT|Z|[+-]00:00|Etc\/UTC)$/i.test(zone) ? "UTC" : zone;
  } catch {
    return undefined;
  }
}
