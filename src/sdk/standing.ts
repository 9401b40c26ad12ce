import { Draft } from "../engine/ledger/draft.ts";
import { excused } from "../engine/margin/doubt.ts";
import { assess, termsAt } from "../engine/margin/margin.ts";
import { portfolioOf } from "../engine/margin/portfolios.ts";
import { ownerOf } from "../engine/types/accountId.ts";
import { min, partUp, WAD } from "../engine/types/fixedPoint.ts";
import type { AccountId, Assessment, MarginTerms, State } from "../engine/types/types.ts";

/** An account with its live figures. */
export type Standing = {
  readonly account: AccountId;
  readonly figures: Assessment;
  readonly maintenance: bigint; // WAD
  /** What doubtful prices leave of the maintenance margin, below which the vault sells, WAD. */
  readonly least: bigint;
  /** E / MM, WAD; undefined without margin. */
  readonly health: bigint | undefined;
};

/**
 * The live figures of every account but the fund's, or of those of `accounts`, as liquidation sees them.
 * @example
 * const account = accountIdOf(wallet.address);
 * const { state } = await readVault({ rpc, record }, [account]);
 * standings(state).map(({ account, health }) => [account, health! > WAD]) // [[account, true]]
 */
export function standings(state: State, accounts: Iterable<AccountId> = state.accounts.keys()): Standing[] {
  const draft = new Draft(state);
  const terms = termsAt(state.margin, state.now);
  const result: Standing[] = [];
  for (const id of accounts) {
    if (ownerOf(id) !== state.fund) result.push(standingOf(draft, terms, id));
  }
  return result;
}

function standingOf(draft: Draft, terms: MarginTerms, account: AccountId): Standing {
  const portfolio = portfolioOf(draft, account);
  const figures = assess(portfolio, terms, false);
  const maintenance = partUp(figures.margin, terms.maintenance);
  const least = maintenance - min(excused(portfolio, terms), maintenance);
  return { account, figures, maintenance, least, health: maintenance === 0n ? undefined : (figures.equity * WAD) / maintenance };
}

/**
 * The figures of one account.
 * @param opening at the wider range, as trades are tested
 * @example
 * const account = accountIdOf(wallet.address);
 * const { state } = await readVault({ rpc, record }, [account]);
 * const { equity, margin } = figuresOf(state, account, true);
 * equity > margin // true
 */
export function figuresOf(state: State, account: AccountId, opening = false): Assessment {
  return assess(portfolioOf(new Draft(state), account), termsAt(state.margin, state.now), opening);
}
