import { BadInput, parseDecimal } from "../../src/package/browser.ts";

const WAD_DIGITS = 18;

/** An amount with exactly `places` decimals, grouped, rounded to the nearest: for eyes. What is exact goes beside it, in a `data` element. */
export function fixed(amount: bigint, places = 2, digits = WAD_DIGITS): string {
  const scale = 10n ** BigInt(Math.max(digits - places, 0));
  const size = amount < 0n ? -amount : amount;
  const rounded = digits < places ? size * 10n ** BigInt(places - digits) : (size + scale / 2n) / scale;
  const text = rounded.toString().padStart(places + 1, "0");
  const whole = text.slice(0, text.length - places).replace(/\B(?=(\d{3})+$)/g, ",");
  const sign = amount < 0n && rounded !== 0n ? "−" : "";
  return places === 0 ? `${sign}${whole}` : `${sign}${whole}.${text.slice(-places)}`;
}

/** With a plus where it is above zero. */
export function signed(amount: bigint, places = 2): string {
  return amount > 0n ? `+${fixed(amount, places)}` : fixed(amount, places);
}

/** A size or price without trailing zeros, at least `least` decimals. */
export function plain(amount: bigint, digits = WAD_DIGITS, least = 0, most = 8): string {
  const [whole = "", part = ""] = fixed(amount, most, digits).split(".");
  const kept = part.replace(/0+$/, "").padEnd(least, "0");
  return kept === "" ? whole : `${whole}.${kept}`;
}

/** A price of a unit, with as many decimals as its size asks for. */
export function price(amount: bigint): string {
  const size = amount < 0n ? -amount : amount;
  const unit = 10n ** 18n;
  return fixed(amount, size >= 10_000n * unit ? 1 : size >= unit || size === 0n ? 2 : 4);
}

export function percent(part: number, places = 1): string {
  return Number.isFinite(part) ? `${part.toFixed(places).replace("-", "−")} %` : "–";
}

export function short(address: string): string {
  return `${address.slice(0, 6)}…${address.slice(-4)}`;
}

/** A span of time in its two largest parts. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3_600)} h`;
}

export function moment(seconds: number | bigint): string {
  return new Date(Number(seconds) * 1_000).toISOString().slice(0, 16).replace("T", " ");
}

const decimalOfLocale = (): string =>
  new Intl.NumberFormat(typeof navigator === "undefined" ? "en" : navigator.language)
    .formatToParts(1.5)
    .find(({ type }) => type === "decimal")?.value ?? ".";

/**
 * An amount as people type it: 1234.5, 1,234.5, 1.234,5, 1 234,5 and 1'234.5 are one number. Where a single mark before three digits could be either, it is what
 * the locale writes before decimals; the field says how it was read.
 * @throws BadInput with what is wrong
 */
export function parseAmount(text: string, digits = WAD_DIGITS, decimal = decimalOfLocale()): bigint {
  const bare = text
    .trim()
    .replace(/[\s'’_]/g, "")
    .replace(/^−/, "-");
  if (!/^-?[\d.,]+$/.test(bare) || !/\d/.test(bare)) throw new BadInput("that is not a number");
  const marks = [...bare.matchAll(/[.,]/g)].map(([mark]) => mark);
  const kinds = new Set(marks);
  const last = marks.at(-1);
  let point: string | undefined;
  if (kinds.size === 2) point = last;
  else if (marks.length === 1) {
    const behind = bare.length - bare.lastIndexOf(last as string) - 1;
    const before = bare.replace("-", "").indexOf(last as string);
    const grouping = behind === 3 && before > 0 && before <= 3 && !/^-?0/.test(bare);
    point = grouping && last !== decimal ? undefined : last;
  }
  if (point !== undefined && bare.split(point).length > 2) throw new BadInput("that is not a number");
  const whole = bare.replace(point === "," ? /\./g : point === "." ? /,/g : /[.,]/g, "");
  const plainText = whole
    .replace(",", ".")
    .replace(/\.$/, "")
    .replace(/^(-?)\./, "$10.");
  const part = plainText.split(".")[1] ?? "";
  if (part.length > digits) throw new BadInput(digits === 0 ? "whole numbers only" : `at most ${digits} decimals`);
  return parseDecimal(plainText, digits);
}
