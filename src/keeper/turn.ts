import { LiquidationScan } from "../engine/scan/liquidationScan.ts";
import type { AccountId, State } from "../engine/types/types.ts";
import { type Call, liquidateBatchCall } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { errorNameOf } from "../sdk/errors.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { saleOf } from "../sdk/saleLog.ts";
import type { Outcome, ReceiptLog, Sent } from "../sdk/sender.ts";
import { type Standing, standings } from "../sdk/standing.ts";
import type { Books, VaultEvent } from "./books.ts";
import type { CapWatch } from "./caps.ts";
import { type CostSource, gasOfBatch, type Unprofitable, weigh } from "./economy.ts";
import { planFund } from "./fundUpkeep.ts";
import { ACCOUNTS_IN_A_BATCH, batchesByGas, planLiquidations } from "./plan.ts";
import { type PriceSource, worthPosting } from "./priceFeed.ts";
import { planSlices, planUpkeep, type Refresh, type SliceSource, type Task, taskCall, type UpkeepPlan } from "./upkeep.ts";

/** A slice that was sold, or a whole account. */
export type Sale = { readonly keeper: AccountId; readonly account: AccountId; readonly fraction: bigint; readonly reward: bigint };

/** An account that was sent for and not sold by what was sent: another sold it, or nobody did. */
export type Missed = {
  readonly account: AccountId;
  readonly hash: string;
  /** The keeper who was credited with a sale of it since. */
  readonly by?: AccountId;
  /** Why the vault refused. */
  readonly reason?: string;
};

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
  /** Of those the ones whose sale would not earn its gas and the floor: they were not sent for. */
  readonly unprofitable: readonly Unprofitable[];
  /** Sales made by what was sent, as its own receipts say. */
  readonly sales: readonly Sale[];
  readonly missed: readonly Missed[];
  readonly failures: readonly FailedBatch[];
  /** Why no slices could be had, where a source was asked in vain. */
  readonly sliceError?: unknown;
  /** The same of prices. */
  readonly priceError?: unknown;
  /** Prices and slices posted, caps set, words refreshed, series settled and accounts paid, in order, with what failed. */
  readonly upkeep: readonly TaskOutcome[];
  /** Everything that happened since the last turn and in this one. */
  readonly events: readonly VaultEvent[];
};

export type SendAll = (calls: readonly Call[]) => Promise<readonly Outcome[]>;

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
  /** Where prices come from that are to be posted; without it none are. */
  readonly prices?: PriceSource;
  /** Whose cap of the open interest is set anew; by default nobody's. */
  readonly caps?: CapWatch;
  /** Where slices come from; without it none are posted. */
  readonly slices?: SliceSource;
  /** Whose stale words are refreshed; by default those of series that somebody holds. */
  readonly refresh?: Refresh;
  /** What sales are weighed against; without it every account below its line is sent for. */
  readonly costs?: CostSource;
  /** Whether the fund's accounts are topped up, what they hold beyond their margin is closed, and clocks of exchanges started and stopped. */
  readonly tendsFund?: boolean;
  /** What it knows of the accounts from earlier turns; by default nothing, and it is built anew. */
  readonly scan?: LiquidationScan;
};

/**
 * One turn of a keeper: reads what changed, posts prices and slices, sells the slices of everybody below the line, and does what series need. What fails is
 * reported, and the rest goes on.
 * @example
 * // without `send` nothing is sent: what is planned is what would be
 * const books = followBooks(rpc, record.contracts.vault, record.block);
 * const keeper = accountIdOf(wallet.address);
 * const { sales } = await keepersTurn({ books, record, from: wallet.address, keeper });
 * sales // []
 */
export async function keepersTurn({
  books,
  record,
  from,
  keeper,
  send,
  batchSize = ACCOUNTS_IN_A_BATCH,
  prices,
  caps,
  slices,
  refresh = "held",
  costs,
  tendsFund = false,
  scan = new LiquidationScan(),
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
      ...tasks.map((task, i): TaskOutcome => {
        const outcome = outcomes[i];
        return outcome !== undefined && "sent" in outcome ? { task, done: true } : { task, done: false, error: outcome?.error };
      }),
    );
    events.push(...(await books.sync()));
    return read();
  };

  let state = read();
  let [priceError, sliceError]: [unknown, unknown] = [undefined, undefined];
  if (prices !== undefined) {
    const offers = await prices().catch((error: unknown) => {
      priceError = error ?? new Error("failed without a reason");
      return [];
    });
    const tasks = worthPosting(state, offers).map(({ underlying, updates, fee }): Task => ({ kind: "price", underlying, updates, fee }));
    state = await carryOut({ tasks, refused: [], state });
  }
  if (slices !== undefined) {
    // without slices there is still everything else
    const offers = await slices(state).catch((error: unknown) => {
      sliceError = error ?? new Error("failed without a reason");
      return [];
    });
    state = await carryOut(planSlices(state, offers));
  }
  scan.sync(state);
  const suspects = standings(state, scan.judgeMoved(state).candidates);
  const below = suspects.filter(({ figures, maintenance }) => figures.equity < maintenance).length;
  const planned = planLiquidations(state, suspects);
  const failures: FailedBatch[] = [];
  const sales: Sale[] = [];
  const missed: Missed[] = [];
  const cost = planned.length === 0 ? undefined : await costs?.(state);
  const unprofitable: Unprofitable[] = [];
  const batches = batchesByGas(
    state,
    planned.map(({ account }) => account),
    batchSize,
  ).flatMap((accounts) => {
    if (cost === undefined) return [accounts];
    const weighed = weigh(state, accounts, keeper, cost);
    unprofitable.push(...weighed.unprofitable);
    return weighed.worth.length === 0 ? [] : [weighed.worth];
  });
  if (send !== undefined && batches.length > 0) {
    const insolvent = new Set(planned.filter(({ figures }) => figures.equity < 0n).map(({ account }) => account));
    const calls = batches.map((accounts) => {
      return { ...liquidateBatchCall(record, from, accounts, keeper), expectedGas: Number(gasOfBatch(state, accounts, insolvent)) };
    });
    const outcomes = await send(calls);
    const own = outcomes.flatMap((outcome) => ("sent" in outcome ? eventsOf(record, outcome.sent.logs) : []));
    sales.push(...salesOf(own));
    const after = await books.sync();
    const sold = salesOf([...own, ...after]);
    for (const [i, accounts] of batches.entries()) {
      const outcome = outcomes[i];
      if (outcome === undefined || "error" in outcome) {
        failures.push({ accounts, error: outcome?.error });
        continue;
      }
      for (const account of accounts.filter((id) => !sales.some((sale) => sale.account === id))) {
        const by = sold.find((sale) => sale.account === account)?.keeper;
        const reason = refusalOf(own, account);
        missed.push({ account, hash: outcome.sent.hash, ...(by !== undefined ? { by } : reason === undefined ? {} : { reason }) });
      }
    }
    events.push(...after);
    state = read();
  }
  state = await carryOut(planUpkeep(state, refresh));
  if (tendsFund) state = await carryOut(planFund(state, from));
  if (caps !== undefined)
    await carryOut({ tasks: caps(state).map((underlying): Task => ({ kind: "cap", underlying })), refused: [], state });
  const report = { accounts: scan.table.size, below, planned, unprofitable, sales, missed, failures, upkeep, events };
  return {
    ...report,
    ...(sliceError === undefined ? {} : { sliceError }),
    ...(priceError === undefined ? {} : { priceError }),
  };
}

/** Sends one call after the other, whatever became of those before. */
export function oneByOne(send: (call: Call) => Promise<Pick<Sent, "hash" | "logs">>): SendAll {
  return async (calls) => {
    const outcomes: Outcome[] = [];
    for (const call of calls) {
      outcomes.push(
        await send(call).then(
          (sent) => ({ sent }),
          (error: unknown) => ({ error: error ?? new Error("failed without a reason") }),
        ),
      );
    }
    return outcomes;
  };
}

type Said = Pick<VaultEvent, "name" | "args">;

/** What the vault and the batch contract said in a receipt. */
export function eventsOf({ contracts }: DeploymentRecord, logs: readonly ReceiptLog[]): Said[] {
  const places = [
    [contracts.vault, "IMarginVault"],
    [contracts.liquidationBatch, "LiquidationBatch"],
  ] as const;
  return logs.flatMap((log) =>
    places.flatMap(([address, abi]) => {
      if (log.address.toLowerCase() !== address.toLowerCase()) return [];
      const parsed = interfaceOf(abi).parseLog({ ...log, topics: [...log.topics] });
      return parsed === null ? [] : [{ name: parsed.name, args: parsed.args.toObject() }];
    }),
  );
}

/** Why a batch could not sell an account, where it says so. */
export function refusalOf(events: readonly Said[], account: AccountId): string | undefined {
  const refused = events.find(({ name, args }) => name === "LiquidationFailed" && args.account === account);
  return refused === undefined ? undefined : errorNameOf(String(refused.args.reason));
}

export function salesOf(events: readonly Said[]): Sale[] {
  return events.flatMap((event) => saleOf(event) ?? []);
}
