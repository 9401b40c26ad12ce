import { WAD } from "../engine/fixedPoint.ts";
import { liquidate } from "../engine/liquidate.ts";
import type { AccountId, State } from "../engine/types.ts";
import type { FailedBatch, Sale, TurnReport } from "../keeper/turn.ts";
import { formatDecimal, showDecimal } from "../sdk/amounts.ts";
import { explainError } from "../sdk/errors.ts";
import { showAccount } from "../simulator/devnet.ts";

/** A turn of a keeper for people, a line each. */
export function turnLines({ sales, failures }: Pick<TurnReport, "sales" | "failures">): string[] {
  return [...sales.map(saleLine), ...failures.map(failureLine)];
}

function saleLine({ account, fraction, reward }: Sale): string {
  return `liquidated ${showAccount(account)}: sold ${partOf(fraction)}, the keeper earned ${showDecimal(reward)}`;
}

function partOf(fraction: bigint): string {
  return fraction === WAD ? "all" : `${showDecimal(fraction * 100n)} %`;
}

function failureLine({ accounts, error }: FailedBatch): string {
  return `not liquidated: ${accounts.map(showAccount).join(", ")}: ${explainError(error)}`;
}

/** What a turn would do, a line an account, as the engine says it from the same books. */
export function dryLines({ planned }: Pick<TurnReport, "planned">, state: State, keeper: AccountId, symbol: string): string[] {
  return planned.map(({ account, health }) => {
    const name = `${showAccount(account)}${health === undefined ? "" : ` (health ${showDecimal(health, 3)})`}`;
    try {
      const { fraction, events } = liquidate(state, account, keeper);
      const reward = events.find((event) => event.name === "Liquidated")?.values.reward ?? 0n;
      return `would sell ${partOf(fraction)} of ${name} and earn ${showDecimal(BigInt(reward))} ${symbol}`;
    } catch (error) {
      return `would try ${name}, which fails: ${explainError(error)}`;
    }
  });
}

/** A turn as JSON prints it; amounts as decimals. */
export function turnFigures({ accounts, below, planned, sales, failures }: TurnReport): object {
  return {
    accounts,
    below,
    planned: planned.map(({ account, health }) => ({
      account: showAccount(account),
      health: health === undefined ? null : formatDecimal(health),
    })),
    sales: sales.map(({ account, fraction, reward }) => ({
      account: showAccount(account),
      fraction: formatDecimal(fraction),
      reward: formatDecimal(reward),
    })),
    failures: failures.map(({ accounts: left, error }) => ({ accounts: left.map(showAccount), reason: explainError(error) })),
  };
}
