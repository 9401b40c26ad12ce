import { useCallback, useRef, useState } from "react";
import {
  type AccountId,
  approvalCalls,
  type Call,
  depositAction,
  type EncodedAction,
  errorInWords,
  hasPermit,
  isRejection,
  permitDepositAction,
  receiptOf,
  rpcSigner,
  sendCall,
  signPermit,
  type TokenRecord,
} from "../../src/package/browser.ts";
import { live, nextBlock, node, refresh } from "./live.ts";
import { type Session, session } from "./wallet.ts";

/** Something that takes signatures and transactions, from the first click to its end. */
export type Flow = { readonly phase: "idle" | "working" | "done" | "failed"; readonly text: string };

export type Say = (text: string) => void;

const IDLE: Flow = { phase: "idle", text: "" };

export function useFlow(): {
  readonly flow: Flow;
  readonly busy: boolean;
  /** @param work says what it waits for, and returns what was done */
  readonly run: (work: (who: Session, say: Say) => Promise<string>) => Promise<boolean>;
  readonly reset: () => void;
} {
  const [flow, set] = useState<Flow>(IDLE);
  const running = useRef(false);
  const run = useCallback(async (work: (who: Session, say: Say) => Promise<string>): Promise<boolean> => {
    if (running.current) return false;
    running.current = true;
    try {
      set({ phase: "working", text: "Starting" });
      const text = await work(session(), (said) => set({ phase: "working", text: said }));
      set({ phase: "done", text });
      return true;
    } catch (error) {
      const text = isRejection(error) ? "You said no in your wallet. Nothing was sent." : sentence(errorInWords(error, node.record));
      set({ phase: "failed", text });
      return false;
    } finally {
      running.current = false;
    }
  }, []);
  return { flow, busy: flow.phase === "working", run, reset: useCallback(() => set(IDLE), []) };
}

export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** Sends calls one after the other, each once the one before is mined. */
export async function carryOut(who: Session, calls: readonly Call[], say: Say): Promise<void> {
  for (const [i, call] of calls.entries()) {
    const which = calls.length === 1 ? "" : ` (${i + 1} of ${calls.length})`;
    who.check();
    say(`Confirm in your wallet${which}`);
    const hash = await sendCall(node.rpc, who.rpc, call);
    say(`Waiting for the block${which}`);
    await receiptOf(node.rpc, hash, call, nextBlock);
  }
  await refresh();
}

const PERMIT_TIME = 1_200n;

/** A deposit as an action: by a signed permit where the token takes one, otherwise after an approval that is sent first. */
export async function depositing(
  who: Session,
  account: AccountId,
  token: TokenRecord & { readonly index: number },
  units: bigint,
  say: Say,
): Promise<EncodedAction> {
  const { vault } = node.record.contracts;
  if (!(await hasPermit(node.rpc, token, who.address))) {
    await carryOut(who, await approvalCalls(node.rpc, token, who.address, vault, units), say);
    return depositAction(account, token.index, units);
  }
  say(`Sign the permit for ${token.symbol} in your wallet`);
  const deadline = BigInt(live.get().head?.time ?? 0) + PERMIT_TIME;
  const permit = await signPermit(node.rpc, rpcSigner(who.rpc, who.address), token, vault, units, deadline);
  who.check();
  return permitDepositAction(account, token.index, units, permit);
}
