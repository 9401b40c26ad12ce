import type { AccountId } from "../engine/types.ts";
import { type Call, liquidateBatchCall } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import type { Books, VaultEvent } from "./books.ts";
import { ACCOUNTS_IN_A_BATCH, inBatches, planLiquidations, type Standing, standings } from "./plan.ts";

/** A slice that was sold, or a whole account. */
export type Sale = { readonly keeper: AccountId; readonly account: AccountId; readonly fraction: bigint; readonly reward: bigint };

/** A batch that was not carried out, and why. */
export type FailedBatch = { readonly accounts: readonly AccountId[]; readonly error: unknown };

export type TurnReport = {
  /** Accounts known, but for the fund's. */
  readonly accounts: number;
  /** Of them below their line. */
  readonly below: number;
  /** Of those the ones that prices allow to liquidate. */
  readonly planned: readonly Standing[];
  /** Sales since the batches were sent, whoever made them. */
  readonly sales: readonly Sale[];
  readonly failures: readonly FailedBatch[];
  /** Everything that happened since the last turn and in this one. */
  readonly events: readonly VaultEvent[];
};

/** Sends calls and says for each why it failed, undefined where it did not. */
export type SendAll = (calls: readonly Call[]) => Promise<readonly unknown[]>;

export type TurnOptions = {
  readonly books: Books;
  readonly record: DeploymentRecord;
  /** Who sends. */
  readonly from: string;
  /** Who is credited with the rewards. */
  readonly keeper: AccountId;
  /** Left out in a dry run: nothing is sent. */
  readonly send?: SendAll;
  readonly batchSize?: number;
};

/** One turn of a keeper: reads what changed and sells the slices of everybody below the line. A batch that fails is reported, and the rest goes on. */
export async function keepersTurn({
  books,
  record,
  from,
  keeper,
  send,
  batchSize = ACCOUNTS_IN_A_BATCH,
}: TurnOptions): Promise<TurnReport> {
  const events = await books.sync();
  const state = books.state(books.head().time + 1);
  const all = standings(state);
  const below = all.filter(({ figures, maintenance }) => figures.equity < maintenance).length;
  const planned = planLiquidations(state, all);
  const failures: FailedBatch[] = [];
  if (send !== undefined && planned.length > 0) {
    const batches = inBatches(
      planned.map(({ account }) => account),
      batchSize,
    );
    const outcomes = await send(batches.map((accounts) => liquidateBatchCall(record, from, accounts, keeper)));
    for (const [i, accounts] of batches.entries()) {
      if (outcomes[i] !== undefined) failures.push({ accounts, error: outcomes[i] });
    }
    const after = await books.sync();
    return { accounts: all.length, below, planned, sales: salesOf(after), failures, events: [...events, ...after] };
  }
  return { accounts: all.length, below, planned, sales: [], failures, events };
}

/** Sends one call after the other, whatever became of those before. */
export function oneByOne(send: (call: Call) => Promise<unknown>): SendAll {
  return async (calls) => {
    const outcomes: unknown[] = [];
    for (const call of calls) {
      outcomes.push(
        await send(call).then(
          () => undefined,
          (error: unknown) => error ?? new Error("failed without a reason"),
        ),
      );
    }
    return outcomes;
  };
}

function salesOf(events: readonly VaultEvent[]): Sale[] {
  return events.flatMap(({ name, args }) =>
    name === "Liquidated"
      ? [
          {
            keeper: args.keeper as AccountId,
            account: args.account as AccountId,
            fraction: args.fraction as bigint,
            reward: args.reward as bigint,
          },
        ]
      : [],
  );
}
