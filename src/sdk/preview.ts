import { type Action, execute } from "../engine/actions/execute.ts";
import { Draft, emptyAccount } from "../engine/ledger/draft.ts";
import { marketOf } from "../engine/ledger/market.ts";
import type { Leg, ProposedFill } from "../engine/orders/orders.ts";
import { accountIdOf, ownerOf } from "../engine/types/accountId.ts";
import { AccountMap } from "../engine/types/accountMap.ts";
import { Reverted } from "../engine/types/errors.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { AccountId, State } from "../engine/types/types.ts";
import { showDecimal } from "./amounts.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import { Failure } from "./failure.ts";
import { instrumentName, type ListedUnderlying } from "./series.ts";
import { fillsOf, type OrderFees } from "./signedOrders.ts";
import type { VaultView } from "./vaultView.ts";

// What actions would do, by the engine on the vault's books: bit for bit what the contracts do in a block of the same time.

/** What somebody is about to do: an action of the engine, or a fill of a signed order that is to be taken. */
export type PlannedAction =
  | Exclude<Action, { readonly kind: "Trade" }>
  | {
      readonly kind: "Take";
      readonly account: AccountId;
      readonly maker: AccountId;
      /** As the maker signed them, of one unit of `size`: lots positive where the maker buys. */
      readonly legs: readonly Leg[];
      readonly size: bigint;
    };

/** A deployment as a preview needs to know it. */
export type PreviewVenue = { readonly record: DeploymentRecord; readonly fees: OrderFees };

/** What planned actions come to. */
export type Preview = {
  /** The view with the books as they would be, for `portfolioIn` and `liquidationPrices`. */
  readonly view: VaultView;
  /** What who acts pays for fills, WAD. */
  readonly fees: bigint;
};

/**
 * The books after actions of an owner.
 * @param view with every account that the actions name
 * @throws Reverted with what the vault would revert with
 * @throws Failure where the vault would pass over a fill, and why in words
 * @example
 * const account = accountIdOf(wallet.address);
 * const view = await readVault({ rpc, record }, [account]);
 * const venue = { record, fees: await orderFeesOf(rpc, record) };
 * const deposit = { kind: "Deposit", account, token: SETTLEMENT_TOKEN, amount: 5_000_000n } as const;
 * const { view: after } = previewActions(view, venue, wallet.address, [deposit]);
 * portfolioIn(after, record, account).cash - portfolioIn(view, record, account).cash // 5n * WAD
 */
export function previewActions(view: VaultView, venue: PreviewVenue, from: string, planned: readonly PlannedAction[]): Preview {
  const { record, fees } = venue;
  const module = record.modules.orders;
  const modules = Array.from({ length: module + 1 }, () => ({ address: record.contracts.orders.toLowerCase(), disabledUntil: 0n }));
  // the vault's books are read in WAD, without the decimals of the settlement token
  const state: State = { ...view.state, modules, settlementDecimals: BigInt(record.settlementToken.decimals) };
  const proposals: ProposedFill[][] = [];
  const actions = planned.map((each): Action => {
    if (each.kind !== "Take") return each;
    const fills = fillsOf(each.maker, each.legs, each.size, fees);
    proposals.push(fills);
    const minimumLots = fills.reduce((sum, { lots }) => sum + (lots < 0n ? -lots : lots), 0n);
    return { kind: "Trade", account: each.account, module, data: String(proposals.length - 1), minimumLots };
  });
  const run = (least: boolean) =>
    execute(
      state,
      from.toLowerCase(),
      least ? actions : actions.map((each) => (each.kind === "Trade" ? { ...each, minimumLots: 0n } : each)),
      {
        propose: (_draft, _module, _context, data) => proposals[Number(data)] ?? [],
      },
    );
  try {
    const { state: after } = run(true);
    const paid = proposals.flat().reduce((sum, { takerFee }) => sum + takerFee, 0n);
    return { view: { ...view, state: after }, fees: paid };
  } catch (error) {
    if (!(error instanceof Reverted) || error.errorName !== "FilledTooLittle") throw error;
    const skipped = run(false).events.find(({ name }) => name === "FillSkipped");
    if (skipped === undefined) throw error;
    const legs = planned.flatMap((each) => (each.kind === "Take" ? each.legs : []));
    throw new Failure(skippedInWords(state, record, view.listed, String(skipped.values.reason), legs));
  }
}

/** Who takes an order that is only signed: somebody who can afford it. */
const ANYBODY = accountIdOf("0x00000000000000000000000000000000000000a1");

/**
 * The books after all of an order of an account was filled at its limit.
 * @param legs of one unit of `size`: lots positive where the account buys
 * @throws Failure where nobody could fill it, and why in words
 * @example
 * const account = accountIdOf(wallet.address);
 * const view = await readVault({ rpc, record }, [account]);
 * const venue = { record, fees: await orderFeesOf(rpc, record) };
 * const legs = [{ instrument: 1n, lots: 1n, price: markIn(view.state, 1n)! }];
 * const { view: after } = previewOrder(view, venue, account, legs, 100_000n);
 * after.state.accounts.get(account)!.positions.get(1)!.lots - view.state.accounts.get(account)!.positions.get(1)!.lots // 100_000n
 */
export function previewOrder(view: VaultView, venue: PreviewVenue, account: AccountId, legs: readonly Leg[], size: bigint): Preview {
  const accounts = new AccountMap(view.state.accounts).set(ANYBODY, { ...emptyAccount(ANYBODY), cash: 10n ** 12n * WAD });
  const with_ = { ...view, state: { ...view.state, accounts } };
  const take = { kind: "Take", account: ANYBODY, maker: account, legs, size } as const;
  const after = previewActions(with_, venue, ownerOf(ANYBODY), [take]);
  const fees = fillsOf(account, legs, size, venue.fees).reduce((sum, { makerFee }) => sum + makerFee, 0n);
  return { view: after.view, fees };
}

/** Why the vault passes over a fill, in words. */
function skippedInWords(
  state: State,
  record: DeploymentRecord,
  listed: readonly ListedUnderlying[],
  reason: string,
  legs: readonly Leg[],
): string {
  if (reason === "PriceOutsideBand") {
    const said = legs.map((leg) => outsideBand(state, listed, leg, legs.length > 1)).find((each) => each !== undefined);
    if (said !== undefined) return said;
  }
  if (reason === "MarginTooLow") return "the margin of the account that signed the order would be too low";
  if (reason === "AccountTooSmall" || reason === "PositionTooSmall")
    return `a position must be worth at least ${state.liquidation.smallestNotional} ${record.settlementToken.symbol}: trade more of it`;
  return `the order cannot be filled: ${reason}`;
}

/**
 * What is wrong with the price of a leg, if it is outside the band around the mark.
 * @param named the leg is one of several
 */
export function outsideBand(
  state: State,
  listed: readonly ListedUnderlying[],
  { instrument, price }: Pick<Leg, "instrument" | "price">,
  named: boolean,
): string | undefined {
  const { mark, reference, underlying } = marketOf(new Draft(state), instrument);
  const unit = 10n ** underlying.lotExponent;
  const width = (reference * underlying.trading.fillBand) / 1_000_000n;
  const least = mark > width ? mark - width : 0n;
  if (price >= least && price <= mark + width) return undefined;
  const shown = (value: bigint): string => showDecimal(value * unit, 4);
  const of = named ? ` of ${instrumentName(listed, instrument)}` : "";
  return `a price of ${shown(price)}${of} is outside the band around the mark of ${shown(mark)}: it must be from ${shown(least)} to ${shown(mark + width)}`;
}

/**
 * The largest size up to `most` that `works`, which no larger one does: found by bisection.
 * @example
 * largestSize(1_000n, (size) => size * size <= 1_000n) // 31n
 */
export function largestSize(most: bigint, works: (size: bigint) => boolean): bigint {
  if (most <= 0n) return 0n;
  if (works(most)) return most;
  let [good, bad] = [0n, most];
  while (bad - good > 1n) {
    const middle = (good + bad) / 2n;
    if (works(middle)) good = middle;
    else bad = middle;
  }
  return good;
}
