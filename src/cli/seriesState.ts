import { execute } from "../engine/actions/execute.ts";
import { WITH_NEXT } from "../engine/ledger/market.ts";
import { seriesNow } from "../engine/ledger/options/seriesState.ts";
import { ownerOf } from "../engine/types/accountId.ts";
import { Reverted } from "../engine/types/errors.ts";
import type { AccountId, Series, Underlying } from "../engine/types/types.ts";
import { stalenessNow } from "../keeper/upkeep.ts";
import { formatDecimal, showDecimal } from "../sdk/amounts.ts";
import { decodeRevert, explainError, mendOf, revertDataOf } from "../sdk/errors.ts";
import { Failure } from "../sdk/failure.ts";
import { outsideBand } from "../sdk/preview.ts";
import { TransactionFailure } from "../sdk/sender.ts";
import { instrumentName, type SeriesPlace, seriesName } from "../sdk/series.ts";
import { readVault, seriesHeld, type VaultView } from "../sdk/vaultView.ts";
import { showAccount } from "../simulator/devnet.ts";
import type { Context } from "./context.ts";

/** A series and its underlying, which are there. */
export function seriesAt({ state }: VaultView, { underlying, series }: SeriesPlace): { underlying: Underlying; series: Series } {
  const found = state.underlyings[underlying];
  const own = found?.series.get(series);
  if (found === undefined || own === undefined) throw new RangeError(`no series ${series} of ${underlying}`);
  return { underlying: found, series: own };
}

/** The series whose words are stale, of those that are asked about, with the reason. */
export function staleAmong(view: VaultView, places: readonly SeriesPlace[]): { readonly name: string; readonly cause: string }[] {
  return places.flatMap((place) => {
    const { underlying, series } = seriesAt(view, place);
    if (!series.listed || seriesNow(underlying, series, view.state.now).settled) return [];
    const cause = series.surface.published === 0n ? "no slice" : stalenessNow(underlying, series, view.state.now);
    return cause === "none" ? [] : [{ name: seriesName(view.listed, place), cause }];
  });
}

/** What a taker tried with one maker, as the command line trades: one fill, or the legs of a combo. Lots are received by the taker or, negative, given. */
export type Attempt = {
  readonly maker: AccountId;
  readonly legs: readonly { readonly instrument: bigint; readonly lots: bigint; readonly price: bigint }[];
};

/**
 * What a trade or a withdrawal failed with, said so that it can be mended: why the fill was skipped, as the engine finds from the same books, and stale
 * words of what the accounts hold or trade, where there are any.
 * @param attempt of a trade: what `account` tried
 */
export async function mended(context: Context, error: unknown, account: AccountId, attempt?: Attempt): Promise<unknown> {
  // what has left is told by its hash
  if (error instanceof TransactionFailure) return error;
  const ids = attempt === undefined ? [account] : [account, attempt.maker];
  const view = await readVault(context, ids).catch(() => undefined);
  if (view === undefined) return error;
  const named = attempt?.legs.map(({ instrument }) => instrument);
  const stale = staleAmong(view, placesOf(view, ids, named));
  const skipped = tooSmall(context, view, error) ?? (attempt === undefined ? undefined : skippedBecause(context, view, account, attempt));
  if (stale.length === 0 && skipped === undefined) return error;
  const said = stale.map(({ name, cause }) =>
    cause === "no slice" ? `${name} has no slice` : `the risk words of ${name} are stale (${cause})`,
  );
  const what = skipped ?? explainError(error).replace(/ \(plimsoll series \w+\)$/, "");
  const message = said.length === 0 ? what : what.startsWith("WordsStale") ? said.join(", ") : `${what}: ${said.join(", ")}`;
  const bare = stale.find(({ cause }) => cause === "no slice");
  if (bare !== undefined) return new Failure(message, `plimsoll series post ${bare.name}`);
  return new Failure(message, stale.length === 0 ? undefined : `plimsoll series refresh ${stale.map(({ name }) => name).join(" ")}`);
}

/** A refusal for size in words, with units; undefined for every other. */
function tooSmall({ record }: Context, { listed }: VaultView, error: unknown): string | undefined {
  const data = revertDataOf(error);
  const decoded = data === undefined ? undefined : decodeRevert(data);
  if (decoded === undefined || !/^(Position|Account|Collateral)TooSmall$/.test(decoded.name)) return undefined;
  const value = (name: string): bigint => (decoded.args.find((arg) => arg.name === name)?.value as bigint | undefined) ?? 0n;
  const settlement = record.settlementToken.symbol;
  const owner = showAccount(value("account"), record.chainId);
  const least = (what: string): string => `less than ${showDecimal(value("smallest"))} ${settlement}, the least that ${what} may be`;
  switch (decoded.name) {
    case "PositionTooSmall": {
      const instrument = value("instrument");
      const lots = formatDecimal(value("lots"), record.underlyings[Number(instrument & 0xffn)]?.lotExponent ?? 0);
      return `${owner} would hold ${lots} ${instrumentName(listed, instrument)}, worth ${least("a position")}${mendOf(decoded.name)}`;
    }
    case "CollateralTooSmall": {
      const token = record.collaterals[Number(value("token"))]?.symbol ?? "collateral";
      return `${owner} would hold ${token} worth ${showDecimal(value("value"))}, ${least("a collateral")} (deposit more, or withdraw all of it)`;
    }
    default:
      return `the positions of ${owner} would be worth ${showDecimal(value("notional"))} in all, ${least("they")}${mendOf(decoded.name)}`;
  }
}

/** The series that some accounts hold, and those of instruments. */
function placesOf({ state }: VaultView, ids: readonly AccountId[], named: readonly bigint[] = []): SeriesPlace[] {
  const places = new Map<string, SeriesPlace>();
  const add = (underlying: number, series: number): void => {
    if (state.underlyings[underlying]?.series.has(series)) places.set(`${underlying} ${series}`, { underlying, series });
  };
  for (const id of ids) {
    const account = state.accounts.get(id);
    for (const underlying of account?.series.keys() ?? []) {
      for (const series of account === undefined ? [] : seriesHeld(account, underlying)) add(underlying, series);
    }
  }
  for (const each of named) if (each >> 8n !== 0n) add(Number(each & 0xffn), Number(each >> 16n));
  return [...places.values()];
}

/** Why the vault would skip what was tried, from the engine with the same books; undefined where it would not. */
function skippedBecause({ record }: Context, { state, listed }: VaultView, taker: AccountId, { maker, legs }: Attempt): string | undefined {
  const module = record.modules.orders;
  const modules = Array.from({ length: module + 1 }, () => ({ address: record.contracts.orders.toLowerCase(), disabledUntil: 0n }));
  const fills = legs.map((leg, i) => ({
    ...leg,
    maker,
    instrument: i < legs.length - 1 ? leg.instrument | WITH_NEXT : leg.instrument,
    takerFee: 0n,
    makerFee: 0n,
  }));
  const action = { kind: "Trade", account: taker, module, data: "0x", minimumLots: 0n } as const;
  let reason: string;
  try {
    const { events } = execute({ ...state, modules }, ownerOf(taker), [action], { propose: () => fills });
    const skipped = events.find(({ name }) => name === "FillSkipped");
    if (skipped === undefined) return undefined;
    reason = String(skipped.values.reason);
  } catch (error) {
    if (!(error instanceof Reverted)) throw error;
    return undefined;
  }
  if (reason === "PriceOutsideBand")
    return legs.map((leg) => outsideBand(state, listed, leg, legs.length > 1)).find((said) => said !== undefined);
  if (reason === "MarginTooLow") return "the margin of the account that signed the order would be too low";
  if (reason === "AccountTooSmall" || reason === "PositionTooSmall")
    return `what the account that signed the order holds would be worth less than ${state.liquidation.smallestNotional} ${record.settlementToken.symbol}, the least that a position may be: take more of the order`;
  return `the order cannot be filled: ${reason}${mendOf(reason)}`;
}
