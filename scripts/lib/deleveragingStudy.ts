import { bankruptcyPrices } from "../../src/engine/math/pool/bankruptcy.ts";
import { abs, max, partUp, sum } from "../../src/engine/types/fixedPoint.ts";
import type { Book, StudyAccount } from "./deleveragingAccounts.ts";
import { notionalOf, type Opposite, rulesAt, type Shortage, scanOf } from "./deleveragingRules.ts";

/** What one rule came to; amounts WAD. */
export interface Outcome {
  readonly rule: string;
  readonly closed: bigint; // notional
  readonly overshoot: bigint; // notional closed beyond the shortage
  readonly overshootPart: number; // of the shortage
  readonly profitTaken: bigint; // what the closed get less than the mark
  readonly largestShare: number; // of what was closed, of one account
  readonly accounts: number; // closed in part or in full
  readonly worsened: number; // accounts that had more scan for their equity afterwards
  readonly uncovered: bigint; // notional that nobody was closed against
  readonly seconds: number; // until the last shortage was covered
  readonly bound: bigint; // one part in a hundred of the shortage and a lot an account
}

export interface Study {
  readonly accounts: number;
  readonly short: number; // accounts below zero
  readonly shortage: bigint; // notional of their positions, WAD
  readonly lost: bigint; // by how much they are below zero, WAD
  readonly rules: readonly Outcome[];
}

/** @param done called after each rule */
export type Done = (rule: string, done: number, of: number) => void;

/** Closes what accounts below zero hold against the others by each rule. One shortage comes after the other; what was closed is closed. */
export function runStudy(book: Book, range: bigint, maintenance: bigint, done: Done = () => undefined): Study {
  const { accounts, marks } = book;
  const failing = accounts.filter(({ equity }) => equity < 0n);
  const shortages = joined(failing.flatMap((account) => shortagesOf(account, marks, range)));
  const shortage = sum(shortages.map(({ lots, mark }) => abs(lots) * mark));
  const rules = [...rulesAt(maintenance)];
  const outcomes = rules.map(([name, rule], i): Outcome => {
    done(name, i, rules.length);
    const given = new Map<string, bigint>();
    let [closed, overshoot, profitTaken, uncovered, seconds, lotAn] = [0n, 0n, 0n, 0n, 0, 0n];
    const left = new Map(accounts.filter(({ equity }) => equity >= 0n).map((account) => [account.name, account]));
    for (const each of shortages) {
      const opposite = oppositeTo(each, left.values(), marks, range);
      const { closed: parts, seconds: took } = rule(each, opposite);
      const lots = sum(parts.map((part) => part.lots));
      closed += lots * each.mark;
      overshoot += max(lots - abs(each.lots), 0n) * each.mark;
      uncovered += max(abs(each.lots) - lots, 0n) * each.mark;
      profitTaken += lots * abs(each.mark - each.price);
      seconds = Math.max(seconds, took);
      lotAn += BigInt(opposite.length) * each.mark;
      for (const part of parts) {
        given.set(part.account, (given.get(part.account) ?? 0n) + part.lots * each.mark);
        left.set(part.account, reduced(left.get(part.account)!, each, part.lots));
      }
    }
    const most = [...given.values()].reduce(max, 0n);
    return {
      rule: name,
      closed,
      overshoot,
      overshootPart: ratio(overshoot, shortage),
      profitTaken,
      largestShare: ratio(most, closed),
      worsened: accounts.filter((account) => given.has(account.name) && isWorse(account, left.get(account.name)!, marks, range)).length,
      accounts: [...given.values()].filter((notional) => notional > 0n).length,
      uncovered,
      seconds,
      bound: shortage / 100n + lotAn,
    };
  });
  const lost = sum(failing.map(({ equity }) => -equity));
  return { accounts: accounts.length, short: failing.length, shortage, lost, rules: outcomes };
}

/** Whether an account carries more scan for its equity than before, or lost all of that. */
function isWorse(before: StudyAccount, after: StudyAccount, marks: ReadonlyMap<string, bigint>, range: bigint): boolean {
  return after.equity < 0n || scanOf(after, marks, range) * before.equity > scanOf(before, marks, range) * after.equity;
}

const ratio = (part: bigint, whole: bigint): number => (whole === 0n ? 0 : Number(part) / Number(whole));

/** What an account below zero has to be relieved of, at the prices of its bankruptcy. */
function shortagesOf({ equity, positions }: StudyAccount, marks: ReadonlyMap<string, bigint>, range: bigint): Shortage[] {
  const held = positions.map(({ lots, underlying }) => {
    const mark = marks.get(underlying) ?? 0n;
    return { underlying, lots, mark, loss: partUp(abs(lots) * mark, range) };
  });
  const { prices } = bankruptcyPrices(held, equity);
  return held.map(({ underlying, lots, mark }, i) => ({ underlying, lots, mark, price: prices[i]! }));
}

/** What is short of one side of one underlying is one shortage: the fund's account holds it all, at the mean price. */
function joined(shortages: readonly Shortage[]): Shortage[] {
  const sides = new Map<string, Shortage>();
  for (const each of shortages) {
    const key = `${each.lots > 0n} ${each.underlying}`;
    const before = sides.get(key);
    if (before === undefined) sides.set(key, each);
    else {
      const lots = before.lots + each.lots;
      const price = (before.price * abs(before.lots) + each.price * abs(each.lots)) / abs(lots);
      sides.set(key, { ...before, lots, price });
    }
  }
  return [...sides.values()];
}

function oppositeTo(
  { underlying, lots }: Shortage,
  accounts: Iterable<StudyAccount>,
  marks: ReadonlyMap<string, bigint>,
  range: bigint,
): Opposite[] {
  return [...accounts].flatMap((account): Opposite[] => {
    const position = account.positions.find((each) => each.underlying === underlying && each.lots > 0n !== lots > 0n);
    if (position === undefined) return [];
    return [{ account, position, notional: notionalOf(account, marks), scan: scanOf(account, marks, range), range }];
  });
}

function reduced(account: StudyAccount, { underlying, mark, price }: Shortage, lots: bigint): StudyAccount {
  const positions = account.positions.flatMap((each) => {
    if (each.underlying !== underlying) return [each];
    const rest = abs(each.lots) - lots;
    return rest === 0n ? [] : [{ ...each, lots: each.lots > 0n ? rest : -rest }];
  });
  return { ...account, positions, equity: account.equity - lots * abs(mark - price) };
}
