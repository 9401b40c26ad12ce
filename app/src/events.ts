import {
  type AccountId,
  instrumentName,
  type ListedUnderlying,
  ownerOf,
  saleOf,
  showAccountId,
  subAccountOf,
  type VaultEvent,
} from "../../src/package/browser.ts";
import { fixed, moment, plain, price, short } from "./format.ts";
import { node } from "./live.ts";

/** The token of an event: 255 is the settlement token. */
export function symbolOf(token: number): string {
  return token === 255 ? node.record.settlementToken.symbol : (node.record.collaterals[token]?.symbol ?? `token ${token}`);
}

export function nameOf(listed: readonly ListedUnderlying[], instrument: bigint): string {
  try {
    return instrumentName(listed, instrument);
  } catch {
    return `${node.record.underlyings[Number(instrument & 0xffn)]?.symbol ?? "?"} (settled)`;
  }
}

export function shortAccount(account: AccountId): string {
  const sub = subAccountOf(account);
  return sub === 0n ? short(ownerOf(account)) : `${short(ownerOf(account))}/${sub}`;
}

export const SCOPES = [
  [1, "trade"],
  [2, "deposit"],
  [4, "withdraw"],
  [8, "transfer"],
  [16, "cancel orders"],
] as const;

export function scopesIn(mask: number): string {
  const all = SCOPES.filter(([bit]) => (mask & bit) !== 0).map(([, name]) => name);
  return all.length === 0 ? "nothing" : all.join(", ");
}

/** What happened to an account, as a sentence: what it was, and what about it. */
export function eventText(
  event: VaultEvent,
  account: AccountId,
  listed: readonly ListedUnderlying[],
): { readonly what: string; readonly detail: string } {
  const { settlementToken, underlyings } = node.record;
  const money = settlementToken.symbol;
  switch (event.name) {
    case "Deposited":
      return { what: "Deposit", detail: `${plain(event.args.amount, 18, 2)} ${symbolOf(Number(event.args.token))}` };
    case "Withdrawn":
      return {
        what: "Withdrawal",
        detail: `${plain(event.args.paid, 18, 2)} ${symbolOf(Number(event.args.token))} to ${short(event.args.to)}`,
      };
    case "Transferred": {
      const out = event.args.from === account;
      const other = shortAccount(out ? event.args.to : event.args.from);
      return {
        what: "Transfer",
        detail: `${plain(event.args.amount, 18, 2)} ${symbolOf(Number(event.args.token))} ${out ? "to" : "from"} ${other}`,
      };
    }
    case "Filled": {
      const isTaker = event.args.taker === account;
      const lots = isTaker ? event.args.lots : -event.args.lots;
      const exponent = underlyings[Number(event.args.instrument & 0xffn)]?.lotExponent ?? 0;
      const fee = isTaker ? event.args.takerFee : event.args.makerFee;
      const size = plain(lots < 0n ? -lots : lots, exponent);
      const each = price(event.args.price * 10n ** BigInt(exponent));
      return {
        what: lots < 0n ? "Sold" : "Bought",
        detail: `${size} ${nameOf(listed, event.args.instrument)} at ${each}, fee ${fixed(fee)} ${money}`,
      };
    }
    case "FillSkipped":
      return { what: "Fill passed over", detail: nameOf(listed, event.args.instrument) };
    case "Liquidated": {
      const sale = saleOf(event);
      if (sale === undefined) return { what: "Liquidation", detail: "" };
      return {
        what: sale.account === account ? "Liquidated" : "Liquidated another",
        detail: `${fixed(sale.fraction * 100n, 1)} % of ${shortAccount(sale.account)} sold, reward ${fixed(sale.reward)} ${money}`,
      };
    }
    case "OperatorSet":
      return {
        what: event.args.scope === 0n ? "Operator revoked" : "Operator",
        detail:
          event.args.scope === 0n
            ? short(event.args.operator)
            : `${short(event.args.operator)} may ${scopesIn(Number(event.args.scope))} until ${moment(event.args.expiry)}`,
      };
    case "OrdersCancelled":
      return { what: "Orders voided", detail: "all signed until then" };
    case "SeriesPaid":
      return {
        what: "Expiry",
        detail: `${fixed(event.args.amount)} ${money} for ${underlyings[Number(event.args.underlying)]?.symbol ?? ""}`,
      };
    case "ShortfallCovered":
      return { what: "Shortfall covered", detail: `${fixed(event.args.amount)} ${money} by the fund` };
    case "BountyFunded":
      return { what: "Bounty", detail: `${fixed(event.args.amount)} ${money} by the fund` };
    case "ExchangeDeclared":
      return { what: "Collateral exchange", detail: event.args.short ? "declared" : "ended" };
    case "CollateralExchanged":
      return {
        what: "Collateral exchanged",
        detail: `${plain(event.args.amount, 18, 2)} ${symbolOf(Number(event.args.token))} for ${fixed(event.args.cash)} ${money}`,
      };
    case "CollateralSold":
      return { what: "Collateral sold", detail: `${plain(event.args.amount, 18, 2)} ${symbolOf(Number(event.args.token))}` };
    default:
      return { what: event.name.replace(/([a-z])([A-Z])/g, "$1 $2"), detail: "" };
  }
}

/** Comma-separated values as spreadsheets read them. */
export function csvOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  // a formula in a cell would be carried out
  const cell = (text: string): string =>
    /^[=+\-@\t\r]/.test(text) && !/^-?\d/.test(text)
      ? `"'${text.replaceAll('"', '""')}"`
      : /[",\n]/.test(text)
        ? `"${text.replaceAll('"', '""')}"`
        : text;
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
}

export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}

export { showAccountId };
