/** A decimal number as a person writes it, in units of 10^-places. Throws a RangeError when it is none or finer than that. */
export function scaled(decimal: string | number, places: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(decimal));
  if (match === null) throw new RangeError(`${decimal} is not a decimal number`);
  const [, sign, whole = "0", fraction = ""] = match;
  const significant = fraction.replace(/0+$/, "");
  if (significant.length > places) throw new RangeError(`${decimal} is finer than ${places} decimals`);
  const units = BigInt(whole + significant.padEnd(places, "0"));
  return sign === "-" ? -units : units;
}

const SECONDS: Readonly<Record<string, bigint>> = { s: 1n, second: 1n, minute: 60n, hour: 3_600n, day: 86_400n };

/** Seconds of `"14 days"`, `"4 hours"`, `"90 s"` or a plain number of seconds. Throws a RangeError when it is none of them. */
export function seconds(duration: string | number): bigint {
  const match = /^(\d+) ?(s|seconds?|minutes?|hours?|days?)?$/.exec(String(duration));
  const unit = SECONDS[(match?.[2] ?? "s").replace(/(?<=.)s$/, "")];
  if (match === null || unit === undefined) throw new RangeError(`${duration} is not a duration such as "4 hours" or "14 days"`);
  return BigInt(match[1] ?? 0) * unit;
}
