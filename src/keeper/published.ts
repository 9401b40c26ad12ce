import { readFile } from "node:fs/promises";
import { z } from "zod";
import { PassingFailure } from "../sdk/failure.ts";
import { hostOf } from "../sdk/rpc.ts";

// What signers publish for keepers: JSON in a file, or at an HTTP address.

/** Hexadecimal, of a length where one is given. */
export const bytesText = (length?: number) =>
  z
    .string()
    .regex(
      length === undefined ? /^0x([0-9a-fA-F]{2})+$/ : new RegExp(`^0x[0-9a-fA-F]{${2 * length}}$`),
      "is not hexadecimal of the right length",
    );

/** A whole number, as a number or as text. */
export const integer = z.union([z.int(), z.string().regex(/^-?\d+$/, "is not a whole number")]).transform(BigInt);

const PATIENCE = 10_000;

/**
 * Reads what is published at a place.
 * @param what it is called where it is malformed
 * @throws PassingFailure when there is nothing to read or it is malformed: the next time it may be there
 */
export async function readPublished<Schema extends z.ZodType>(place: string, schema: Schema, what: string): Promise<z.infer<Schema>> {
  let value: unknown;
  const text = await textAt(place, what);
  try {
    value = JSON.parse(text);
  } catch {
    throw new PassingFailure(`what ${shownPlace(place)} holds is not JSON`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new PassingFailure(`${shownPlace(place)} holds no ${what}: ${issue?.path.join(".")} ${issue?.message}`);
}

async function textAt(place: string, what: string): Promise<string> {
  let status = "";
  try {
    if (!/^https?:\/\//.test(place)) return await readFile(place, "utf8");
    const answer = await fetch(place, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok) return await answer.text();
    status = `: it answers ${answer.status}`;
  } catch {}
  throw new PassingFailure(`no ${what} can be read from ${shownPlace(place)}${status}`);
}

/** An address by its host only: the rest may hold a key. */
export function shownPlace(place: string): string {
  return /^https?:\/\//.test(place) ? hostOf(place) : place;
}
