import { BadInput, orderVenue, readOrder, type Signed, signedIn, type VaultView, writeOrder } from "../../src/package/browser.ts";
import { node } from "./live.ts";
import { store, useStore } from "./store.ts";

// Signed orders: those that this browser signed, and how one goes into a link.

const KEPT = "plimsoll orders";

/** Texts of orders by the deployment that they are for: those of another are kept, and not shown. */
type Kept = { readonly vault: string; readonly text: string };

const read = (): Kept[] => {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "[]") as Kept[];
  } catch {
    return [];
  }
};

const kept = store<{ all: readonly Kept[] }>({ all: read() });

export function useOrders(): readonly string[] {
  const { all } = useStore(kept);
  const vault = node.record.contracts.vault;
  return all.filter((each) => each.vault === vault).map(({ text }) => text);
}

function keep(all: readonly Kept[]): void {
  kept.set({ all });
  try {
    localStorage.setItem(KEPT, JSON.stringify(all));
  } catch {
    // they last as long as the page
  }
}

export function keepOrder(view: VaultView, signed: Signed): string {
  const text = JSON.stringify(JSON.parse(writeOrder(orderVenue(node.record, view.listed), signed)));
  keep([{ vault: node.record.contracts.vault, text }, ...kept.get().all]);
  return text;
}

export function forgetOrder(text: string): void {
  keep(kept.get().all.filter((each) => each.text !== text));
}

export function linkOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const code = btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
  return `${location.href.split("#")[0]}#/trade?order=${code}`;
}

/** The text of an order within a link, or as it was pasted: a link, or the order itself. @throws BadInput */
export function orderText(pasted: string): string {
  const code = /[?&]order=([\w-]+)/.exec(pasted)?.[1] ?? (/^[\w-]{40,}$/.test(pasted.trim()) ? pasted.trim() : undefined);
  if (code === undefined) return pasted;
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(code.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0)));
  } catch {
    throw new BadInput("the link is cut short");
  }
}

/** A signed order of this deployment. @throws BadInput with what is wrong */
export function orderIn(view: VaultView, text: string): Signed {
  const file = readOrder(orderText(text), "what was pasted");
  if (BigInt(file.order.vault) !== BigInt(node.record.contracts.vault)) throw new BadInput("the order is for another deployment");
  const signed = signedIn(view.listed, file);
  if (Array.isArray(signed)) throw new BadInput(`the order is for ${signed.join(" and ")}, which has settled`);
  return signed as Signed;
}
