import type { AccountId, State } from "../engine/types/types.ts";
import { type Call, liquidateBatchCall } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import type { Books, VaultEvent } from "./books.ts";
import { ACCOUNTS_IN_A_BATCH, batchesByGas, planLiquidations, type Standing, standings } from "./plan.ts";
import { planSlices, planUpkeep, type Refresh, type SliceSource, type Task, taskCall, type UpkeepPlan } from "./upkeep.ts";

/** A slice that was sold, or a whole account. */
export type Sale = { readonly keeper: AccountId; readonly account: AccountId; readonly fraction: bigint; readonly reward: bigint };

/** A batch that was not carried out, and why. */
export type FailedBatch = { readonly accounts: readonly AccountId[]; readonly error: unknown };

/** A task of a turn. In a dry run nothing is done; what is not done and has no error would be. */
export type TaskOutcome = { readonly task: Task; readonly done: boolean; readonly error?: unknown };

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
  /** Why no slices could be had, where a source was asked in vain. */
  readonly sliceError?: unknown;
  /** Slices posted, words refreshed, series settled and accounts paid, in order, with what failed. */
  readonly upkeep: readonly TaskOutcome[];
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
  /** Where slices come from; without it none are posted. */
  readonly slices?: SliceSource;
  /** Whose stale words are refreshed; by default those of series that somebody holds. */
  readonly refresh?: Refresh;
};

/**
 * One turn of a keeper: reads what changed, posts slices, sells the slices of everybody below the line, and does what series need. What fails is
 * reported, and the rest goes on.
 */
export async function keepersTurn({
  books,
  record,
  from,
  keeper,
  send,
  batchSize = ACCOUNTS_IN_A_BATCH,
  slices,
  refresh = "held",
}: TurnOptions): Promise<TurnReport> {
  const events = [...(await books.sync())];
  const upkeep: TaskOutcome[] = [];
  const read = (): State => books.state(books.head().time + 1);
  /** Does what was planned; the state afterwards, in a dry run as the plan has it. */
  const carryOut = async ({ tasks, refused, state: planned }: UpkeepPlan): Promise<State> => {
    upkeep.push(...refused.map((each) => ({ ...each, done: false })));
    if (tasks.length === 0 || send === undefined) {
      upkeep.push(...tasks.map((task) => ({ task, done: false })));
      return planned;
    }
    const outcomes = await send(tasks.map((task) => taskCall(record, from, task)));
    upkeep.push(
      ...tasks.map((task, i) => ({ task, done: outcomes[i] === undefined, ...(outcomes[i] === undefined ? {} : { error: outcomes[i] }) })),
    );
    events.push(...(await books.sync()));
    return read();
  };

  let state = read();
  let sliceError: unknown;
  if (slices !== undefined) {
    // without slices there is still everything else
    const offers = await slices(state).catch((error: unknown) => {
      sliceError = error ?? new Error("failed without a reason");
      return [];
    });
    state = await carryOut(planSlices(state, offers));
  }
  const all = standings(state);
  const below = all.filter(({ figures, maintenance }) => figures.equity < maintenance).length;
  const planned = planLiquidations(state, all);
  const failures: FailedBatch[] = [];
  const sales: Sale[] = [];
  if (send !== undefined && planned.length > 0) {
    const batches = batchesByGas(
      state,
      planned.map(({ account }) => account),
      batchSize,
    );
    const calls = batches.map((accounts) => liquidateBatchCall(record, from, accounts, keeper));
    const outcomes = await send(calls);
    for (const [i, accounts] of batches.entries()) {
      if (outcomes[i] !== undefined) failures.push({ accounts, error: outcomes[i] });
    }
    const after = await books.sync();
    sales.push(...salesOf(after));
    events.push(...after);
    state = read();
  }
  await carryOut(planUpkeep(state, refresh));
  const report = { accounts: all.length, below, planned, sales, failures, upkeep, events };
  return sliceError === undefined ? report : { ...report, sliceError };
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
