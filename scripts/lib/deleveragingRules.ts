import { keepsHealth, lotsOfPart, partDownTo } from "../../src/engine/math/pool/closing.ts";
import { highest, STEP, waterLineAt } from "../../src/engine/math/pool/waterLine.ts";
import { abs, divUp, min, partUp, sum } from "../../src/engine/types/fixedPoint.ts";
import type { WaterLine } from "../../src/engine/types/types.ts";
import type { Position, StudyAccount } from "./deleveragingAccounts.ts";

/** Lots that have to be closed at a price, and what lies opposite to them. */
export interface Shortage {
  readonly underlying: string;
  readonly lots: bigint; // signed, of who falls short
  readonly mark: bigint; // of a lot, WAD
  readonly price: bigint; // of a lot, at which they are closed, WAD
}

/** What an account gave up, WAD of notional and of profit. */
export interface Closed {
  readonly account: string;
  readonly lots: bigint;
}

export interface Closing {
  readonly closed: readonly Closed[];
  readonly seconds: number; // how long the rule takes
}

/** How a venue chooses whom it closes; accounts that fall short are not among those it is given. */
export type Rule = (shortage: Shortage, opposite: readonly Opposite[]) => Closing;

/** An account with the position that lies opposite. */
export interface Opposite {
  readonly account: StudyAccount;
  readonly position: Position;
  readonly notional: bigint; // gross, of the whole account, WAD
  readonly scan: bigint; // of the whole account, WAD
  readonly range: bigint; // of this underlying, 18 decimals
}

/** Profit by leverage, as venues rank: mark/entry of a long, entry/mark of a short, times gross notional over equity. */
function score({ account, position, notional }: Opposite, mark: bigint): number {
  const ratio = position.lots > 0n ? Number(mark) / Number(position.entry) : Number(position.entry) / Number(mark);
  const leverage = account.equity <= 0n ? Number.POSITIVE_INFINITY : Number(notional) / Number(account.equity);
  return ratio * leverage;
}

function queue(shortage: Shortage, opposite: readonly Opposite[], whole: boolean): Closing {
  const closed: Closed[] = [];
  let left = abs(shortage.lots);
  for (const { account, position } of [...opposite].sort((a, b) => score(b, shortage.mark) - score(a, shortage.mark))) {
    if (left <= 0n) break;
    const lots = whole ? abs(position.lots) : min(abs(position.lots), left);
    closed.push({ account: account.name, lots });
    left -= lots;
  }
  return { closed, seconds: 0 };
}

function proRata({ lots }: Shortage, opposite: readonly Opposite[]): Closing {
  const all = sum(opposite.map(({ position }) => abs(position.lots)));
  const short = min(abs(lots), all);
  const closed = opposite.map(({ account, position }) => ({
    account: account.name,
    lots: all === 0n ? 0n : divUp(abs(position.lots) * short, all),
  }));
  return { closed, seconds: 0 };
}

function waterLine(maintenance: bigint, shortage: Shortage, opposite: readonly Opposite[]): Closing {
  const { mark, price } = shortage;
  const given = new Map<string, bigint>();
  let left = min(abs(shortage.lots), sum(opposite.map(({ position }) => abs(position.lots))));
  let line: WaterLine = { level: highest(maintenance), time: 0n };
  while (left > 0n && line.level > 1_000_000n) {
    for (const { account, position, scan, range } of opposite) {
      if (left <= 0n) break;
      const before = given.get(account.name) ?? 0n;
      const held = abs(position.lots) - before;
      if (held === 0n) continue;
      const conceded = abs(mark - price);
      // what it would concede is more than the margin that it frees
      if (!keepsHealth(account.equity, abs(position.lots) * conceded, scan, scan - partUp(abs(position.lots) * mark, range))) continue;
      const winner = {
        equity: account.equity - before * conceded,
        scan: scan - partUp(before * mark, range),
        matched: partUp(held * mark, range),
        conceded: held * conceded,
      };
      const lots = lotsOfPart(held, partDownTo(winner, line.level), left);
      if (lots === 0n) continue;
      given.set(account.name, before + lots);
      left -= lots;
    }
    if (left > 0n) line = waterLineAt(line, line.time + STEP);
  }
  return { closed: [...given].map(([account, lots]) => ({ account, lots })), seconds: Number(line.time) };
}

/** The rules that are compared, by name. */
export const rulesAt = (maintenance: bigint): ReadonlyMap<string, Rule> =>
  new Map<string, Rule>([
    ["queue", (shortage, opposite) => queue(shortage, opposite, true)],
    ["queue, last in part", (shortage, opposite) => queue(shortage, opposite, false)],
    ["pro rata", proRata],
    ["water-line", (shortage, opposite) => waterLine(maintenance, shortage, opposite)],
  ]);

/** Scan of an account: what all its lines lose over their ranges, WAD. */
export function scanOf({ positions }: StudyAccount, marks: ReadonlyMap<string, bigint>, range: bigint): bigint {
  return sum(positions.map(({ underlying, lots }) => partUp(abs(lots) * (marks.get(underlying) ?? 0n), range)));
}

export const notionalOf = ({ positions }: StudyAccount, marks: ReadonlyMap<string, bigint>): bigint =>
  sum(positions.map(({ underlying, lots }) => abs(lots) * (marks.get(underlying) ?? 0n)));
