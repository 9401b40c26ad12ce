import { z } from "zod";
import { BadInput } from "../sdk/failure.ts";

/** Reads options through a schema; every mistake at once, in one line each. */
export function readArguments<Schema extends z.ZodType>(schema: Schema, values: unknown): z.infer<Schema> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  throw new BadInput(result.error.issues.map((issue) => `--${kebab(issue.path.join("."))}: ${issue.message}`).join("; "));
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A whole number between two bounds, from the command line. @param unit what it is a number of */
export function whole(least: number, most: number, unit = "") {
  const range = `from ${least} to ${most} ${unit}`.trimEnd();
  return z
    .string()
    .regex(/^\d+$/, { error: (issue) => `"${String(issue.input)}" is not a whole number` })
    .transform(Number)
    .refine((value) => value >= least && value <= most, { error: `must be ${range}` })
    .meta({ least, most, unit, places: 0 });
}

/** A number between two bounds, with what it is a number of: for figures, not for money. */
export function quantity(least: number, most: number, unit: string) {
  return z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, { error: (issue) => `"${String(issue.input)}" is not a number; ${unit}, from ${least} to ${most}` })
    .transform(Number)
    .refine((value) => value >= least && value <= most, { error: `must be from ${least} to ${most} ${unit}` })
    .meta({ least, most, unit, places: 6 });
}

/** A decimal above zero, kept as text so that no digit is lost. */
export const positiveDecimal = z
  .string()
  .regex(/^\d+(\.\d+)?$/, { error: (issue) => `"${String(issue.input)}" is not a positive decimal` })
  .refine((text) => /[1-9]/.test(text), { error: "must be above zero" });

/**
 * A decimal between two bounds, to 18 decimals: what has more is rounded, halves up.
 * @param from how the lower bound is told, if otherwise than by its digits
 */
export function decimalWithin(least: string, most: string, from = least) {
  const [low, high] = [toWad(least), toWad(most)];
  return z
    .string({ error: "is missing" })
    .regex(/^-?\d+(\.\d+)?$/, { error: (issue) => `"${String(issue.input)}" is not a decimal number` })
    .transform(toWad)
    .refine((value) => value >= low && value <= high, { error: `must be from ${from} to ${most}` });
}

/** 18 decimals of a decimal number, rounded, halves up. */
function toWad(text: string): bigint {
  const [whole = "", part = ""] = text.replace("-", "").split(".");
  const size = (BigInt((whole + part).padEnd(whole.length + 19, "0").slice(0, whole.length + 19)) + 5n) / 10n;
  return text.startsWith("-") ? -size : size;
}

const DAY = 86_400;

/** A date (UTC) or a time, as unix seconds. @param endOfDay a bare date means the end of that day */
export function moment(endOfDay: boolean) {
  return z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?$/, {
      error: (issue) => `"${String(issue.input)}" is not a date like 2020-03-12 or a time like 2020-03-12T10:00`,
    })
    .transform((text, context) => {
      const bare = text.length === 10;
      const seconds = Date.parse(`${bare ? `${text}T00:00` : text}:00Z`) / 1000;
      if (Number.isNaN(seconds) || new Date(seconds * 1000).toISOString().slice(0, 10) !== text.slice(0, 10)) {
        context.addIssue(`"${text}" is not a date of the calendar`);
        return z.NEVER;
      }
      return bare && endOfDay ? seconds + DAY : seconds;
    });
}
