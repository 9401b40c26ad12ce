/** Which character a file writes before the fraction of a number; the other one may group thousands. */
export type NumberStyle = "point" | "comma";

/** A decimal as 18-decimal fixed point; `rounded` is whether it had more decimals and was rounded, halves up. */
export type Wad = { readonly value: bigint; readonly rounded: boolean };

const DECIMALS = 18;
const MOST_DIGITS = 15;
const PLAIN = /^(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/;
const GROUPED: Record<NumberStyle, RegExp> = { point: /^\d{1,3}(,\d{3})+(\.\d*)?$/, comma: /^\d{1,3}(\.\d{3})+(,\d*)?$/ };
const UNGROUPED: Record<NumberStyle, RegExp> = { point: /^\d*(\.\d*)?([eE][+-]?\d+)?$/, comma: /^\d*(,\d*)?([eE][+-]?\d+)?$/ };

/** Whether a text is a number in a style. */
export function isStyle(text: string, style: NumberStyle): boolean {
  return UNGROUPED[style].test(text) || GROUPED[style].test(text);
}

/** The text of a number without groups of thousands and with a point; undefined where it is none in this style. */
export function plainNumber(text: string, style: NumberStyle): string | undefined {
  const grouped = GROUPED[style].test(text) ? text.replaceAll(style === "point" ? "," : ".", "") : text;
  if (style === "point") return grouped;
  return UNGROUPED.comma.test(grouped) ? grouped.replace(",", ".") : undefined;
}

/**
 * A decimal without a sign, such as 188.77, 1,188.6 or 5.3e-4, exactly; what has more than 18 decimals is rounded, halves up.
 * @returns undefined where the text is no such number, "large" where it has more than 15 digits before the point
 */
export function parseWad(text: string, style: NumberStyle): Wad | "large" | undefined {
  const [, whole = "", part = "", exponent = "0"] = PLAIN.exec(plainNumber(text, style) ?? "") ?? [];
  if (whole === "") return undefined;
  // shifted to the right place: all digits, and how many of them are before the point
  const point = whole.length + Number(exponent);
  const digits = point < 0 ? whole.padStart(whole.length - point, "0") + part : whole + part;
  const before = Math.max(point, 0);
  const [integer, fraction] = [digits.slice(0, before).padEnd(before, "0"), digits.slice(before)];
  if (integer.replace(/^0+/, "").length > MOST_DIGITS) return "large";
  const kept = BigInt(integer + fraction.slice(0, DECIMALS).padEnd(DECIMALS, "0"));
  const left = fraction.slice(DECIMALS);
  return { value: left >= "5" ? kept + 1n : kept, rounded: /[1-9]/.test(left) };
}
