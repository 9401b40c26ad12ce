import { WAD } from "../engine/fixedPoint.ts";
import type { FailedBatch, Sale, TurnReport } from "../keeper/turn.ts";
import { formatDecimal, showDecimal } from "../sdk/amounts.ts";
import { explainError } from "../sdk/errors.ts";
import { showAccount } from "../simulator/devnet.ts";

/** A turn of a keeper for people, a line each. */
export function turnLines({ sales, failures }: Pick<TurnReport, "sales" | "failures">): string[] {
  return [...sales.map(saleLine), ...failures.map(failureLine)];
}

function saleLine({ account, fraction, reward }: Sale): string {
  const part = fraction === WAD ? "all" : `${showDecimal(fraction * 100n)} %`;
  return `liquidated ${showAccount(account)}: sold ${part}, the keeper earned ${showDecimal(reward)}`;
}

function failureLine({ accounts, error }: FailedBatch): string {
  return `not liquidated: ${accounts.map(showAccount).join(", ")}: ${explainError(error)}`;
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
