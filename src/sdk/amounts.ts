import { BadInput } from "./failure.ts";

const WAD_DIGITS = 18;

/**
 * A fixed-point amount as a decimal without trailing zeros.
 * @example
 * formatDecimal(-1_500_000_000_000_000_000n) // "-1.5"
 * formatDecimal(2_500_000n, 6) // "2.5"
 */
export function formatDecimal(amount: bigint, digits = WAD_DIGITS): string {
  const text = (amount < 0n ? -amount : amount).toString().padStart(digits + 1, "0");
  const part = text.slice(text.length - digits).replace(/0+$/, "");
  return `${amount < 0n ? "-" : ""}${text.slice(0, text.length - digits)}${part === "" ? "" : `.${part}`}`;
}

/**
 * An amount for people: grouped, with at most `places` decimals, rounded toward zero.
 * @example
 * showDecimal(1_234_567_891_000_000_000_000_000n) // "1,234,567.89"
 */
export function showDecimal(amount: bigint, places = 2, digits = WAD_DIGITS): string {
  const [whole = "0", part = ""] = formatDecimal(amount, digits).split(".");
  const shown = part.slice(0, places).replace(/0+$/, "");
  const sign = /^-0$/.test(whole) && shown === "" ? whole.slice(1) : whole;
  return `${sign.replace(/\B(?=(\d{3})+$)/g, ",")}${shown === "" ? "" : `.${shown}`}`;
}

/**
 * A fixed-point amount from a decimal, exactly.
 * @throws BadInput when it is no decimal or has more than `digits` decimals
 * @example
 * parseDecimal("1.5") // 1_500_000_000_000_000_000n
 * parseDecimal("2.5", 6) // 2_500_000n
 */
export function parseDecimal(text: string, digits = WAD_DIGITS): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.trim());
  if (!match) throw new BadInput(`"${text}" is not a decimal number`);
  const [, sign, whole = "0", part = ""] = match;
  if (part.length > digits) throw new BadInput(`"${text}" has more than ${digits} decimals`);
  const value = BigInt(whole + part.padEnd(digits, "0"));
  return sign === "-" ? -value : value;
}

/**
 * A fixed-point amount as a plain number: for plots and messages, not for money.
 * @example
 * toNumber(1_500_000_000_000_000_000n) // 1.5
 */
export function toNumber(amount: bigint, digits = WAD_DIGITS): number {
  return Number(amount) / 10 ** digits;
}
