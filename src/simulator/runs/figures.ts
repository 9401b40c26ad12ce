import { Draft } from "../../engine/ledger/draft.ts";
import { ratios } from "../../engine/margin/ratios.ts";
import { accountIdOf } from "../../engine/types/accountId.ts";
import type { AccountId, RecordedStake, State } from "../../engine/types/types.ts";
import { figuresOf } from "../../sdk/standing.ts";
import { tokens } from "../agents/agent.ts";
import { fundAccount } from "../agents/fundKeeper.ts";
import type { Journal } from "../world/journal.ts";

/** What came of one path; amounts in settlement tokens, parts of one where nothing else is said. */
export interface PathFigures {
  /** Deficit, what fund accounts are below zero, and what accounts are that nobody has sold. */
  readonly badDebt: number;
  readonly badDebtOfOpenInterest: number;
  /** The largest fall of what the fund is worth from where it stood highest before, as a part of what it was worth at the beginning. */
  readonly fundDrawdown: number;
  /** What the fund is worth at the end, with what backers were paid, over the beginning, less one. */
  readonly fundResult: number;
  readonly deleveragedOfOpenInterest: number;
  readonly liquidatedAccounts: number;
  readonly liquidatedOfOpenInterest: number;
  readonly sales: number;
  readonly wholeSales: number;
  readonly keeperReward: number;
  readonly keeperGasCost: number;
  readonly keeperIncome: number;
  readonly keeperGas: number;
  /** Accounts of batches that were not below the line any more, batches that never arrived, and transactions for which a block had no room. */
  readonly inVain: number;
  readonly lost: number;
  readonly leftOut: number;
  readonly passedBy: number;
  readonly topUps: number;
  /** What makers hedged, and what it cost them beyond the mark, as a part of it. */
  readonly hedged: number;
  readonly slippage: number;
  readonly refusedTrades: number;
  readonly backersCooling: number;
  readonly withdrawnByBackers: number;
  readonly attackerProfit: number;
  /** Of the first underlying: the lowest and the highest price that was posted, and the last, over the first. */
  readonly lowestPrice: number;
  readonly highestPrice: number;
  readonly lastPrice: number;
  /** Initial margin of all traders over the notional of their positions, at the beginning. */
  readonly marginOfNotional: number;
  /** Notional of the longs over the equity of everybody who is neither fund nor maker: at the beginning, and at the end. */
  readonly capitalEfficiency: number;
  readonly capitalEfficiencyAtEnd: number;
  readonly leastStableFunding: number;
  readonly leastCoverage: number;
  readonly blocks: number;
}

/** What is taken down at moments of a path. */
export interface Point {
  readonly price: number;
  readonly scanRange: number;
  readonly fund: number;
  readonly openInterest: number;
  readonly liquidatedAccounts: number;
  /** φ: what of a withdrawal is paid. */
  readonly paidOfWithdrawals: number;
  readonly stableFunding: number;
  readonly coverage: number;
  readonly capitalEfficiency: number;
  readonly impliedVolatility: number;
}

/** Ratios beyond this are shown as it: what needs nothing has no ratio. */
const MOST_RATIO = 1_000;

/** What the fund is worth, settlement tokens: main stake, and fund accounts at the marks. */
export function fundValue(state: State): number {
  let value = Number(state.accounts.get(accountIdOf(state.fund))?.cash ?? 0n);
  for (const [u, { fund }] of state.underlyings.entries()) {
    const id = fundAccount(state.fund, u);
    if (fund.inventorySince === 0n) value += Number(state.accounts.get(id)?.cash ?? 0n);
    else value += Number(figuresOf(state, id).value);
  }
  return value / 1e18;
}

/** Notional of all longs, settlement tokens. */
export function openInterestOf(state: State): number {
  return state.underlyings.reduce((sum, { funding, price }) => sum + tokens(funding.openInterest * price), 0);
}

/** What everybody has who is neither the fund nor one of `makers`: all that there is less theirs, for the ledger adds up. */
export function equityOfTraders(state: State, makers: readonly AccountId[], fund: number): number {
  const collateral = state.collaterals.reduce((sum, { supply, underlying }) => {
    const { price, lotExponent } = state.underlyings[Number(underlying)]!;
    return sum + tokens(supply) * tokens(price) * Number(10n ** lotExponent);
  }, 0);
  const all = tokens(state.settlement + state.deficit) + collateral;
  return all - fund - makers.reduce((sum, id) => sum + tokens(figuresOf(state, id).value), 0);
}

/** Net stable funding and liquidity coverage now. */
export function fundingRatiosOf(state: State, recorded: RecordedStake): { readonly stable: number; readonly coverage: number } {
  const made = ratios(new Draft({ ...state, recorded }));
  const ratio = (above: bigint, under: bigint): number => (under === 0n ? MOST_RATIO : Math.min(Number(above) / Number(under), MOST_RATIO));
  return { stable: ratio(made.available, made.required), coverage: ratio(made.liquid, made.outflow) };
}

/** Lost for good, or as good as: U, fund accounts below zero, and accounts below zero among those that are below their line. */
export function badDebtOf(state: State, suspects: readonly AccountId[]): number {
  let missing = state.deficit;
  for (const id of [...state.underlyings.keys()].map((u) => fundAccount(state.fund, u)).concat(suspects)) {
    const { value } = figuresOf(state, id);
    if (value < 0n) missing -= value;
  }
  return tokens(missing);
}

/** The figures that the journal of a path has. */
export function journalFigures(journal: Journal, accounts: number, openInterest: number) {
  const of = (amount: number): number => (openInterest === 0 ? 0 : amount / openInterest);
  return {
    deleveragedOfOpenInterest: of(journal.deleveraged),
    liquidatedAccounts: accounts === 0 ? 0 : journal.liquidated.size / accounts,
    liquidatedOfOpenInterest: of(journal.liquidatedNotional),
    sales: journal.sales,
    wholeSales: journal.wholeSales,
    keeperReward: journal.keeperReward,
    keeperGasCost: journal.keeperGasCost,
    keeperIncome: journal.keeperReward - journal.keeperGasCost,
    keeperGas: journal.gas,
    inVain: journal.inVain,
    lost: journal.lost,
    leftOut: journal.leftOut,
    passedBy: journal.passedBy,
    topUps: journal.topUps,
    hedged: journal.hedged,
    slippage: journal.hedged === 0 ? 0 : journal.slippage / journal.hedged,
    refusedTrades: journal.refusedTrades,
    backersCooling: journal.backersCooling,
    withdrawnByBackers: journal.withdrawn,
  };
}
