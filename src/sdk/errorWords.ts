import { ownerOf, subAccountOf } from "../engine/types/accountId.ts";
import { Reverted } from "../engine/types/errors.ts";
import { CAUSES } from "../engine/types/staleCause.ts";
import { formatDecimal, showDecimal } from "./amounts.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import { type DecodedError, decodeRevert, explainError, revertDataOf } from "./errors.ts";
import { Failure } from "./failure.ts";
import { interfaceOf } from "./interfaces.ts";

// What a trader reads when the contracts refuse: a sentence, and what to do.

type Said = {
  readonly wad: (name: string) => string;
  readonly number: (name: string) => string;
  readonly units: (name: string) => string;
  readonly time: (name: string) => string;
  readonly symbol: (name?: string) => string;
  readonly raw: (name: string) => bigint;
  readonly money: string;
};

const SENTENCES: Readonly<Record<string, (said: Said) => string>> = {
  AccountHealthy: ({ wad }) => `the account is not below its line any more: it has ${wad("equity")} and needs ${wad("maintenance")}`,
  AccountInsolvent: () => "the account is worth less than nothing: only the fund can take it",
  AccountTooSmall: ({ wad, money }) =>
    `all positions together would be worth ${wad("notional")} ${money}, less than the least of ${wad("smallest")}: trade more`,
  BelowMinimum: () => "less would be received than you asked for at least: what a share is worth has moved",
  ClaimCools: ({ time }) => `the claim can be paid from ${time("payableFrom")} on`,
  ClaimOpen: ({ time }) => `a claim is open until ${time("lapse")}`,
  ClaimPayable: () => "the claim can be paid in full now: it cannot be put off",
  CollateralTooSmall: ({ wad, money }) =>
    `collateral worth ${wad("value")} ${money} would be left, less than the least of ${wad("smallest")}: take all of it, or less`,
  DeficitOutstanding: () => "the fund owes more than it has: nothing can be staked until that is repaid",
  ECDSAInvalidSignature: () => "the signature is not a good one",
  ERC20InsufficientAllowance: () => "the contract may not take that many of your tokens yet: approve them first",
  ERC20InsufficientBalance: () => "your wallet holds fewer tokens than that",
  ERC2612ExpiredSignature: () => "the permit has expired: sign it again",
  ERC2612InvalidSigner: () => "the permit was signed for another amount, by another account, or was used already: sign it again",
  EpochPassed: () => "who signed the order has voided all earlier ones",
  FilledTooLittle: ({ number }) =>
    `only ${number("lots")} of ${number("minimum")} lots could be filled: the order has been taken meanwhile, or its maker cannot carry it`,
  FundAccountEmpty: ({ symbol }) => `the fund account of ${symbol()} holds no position`,
  FundAccountSolvent: ({ symbol }) => `the fund account of ${symbol()} lacks nothing: nobody is closed`,
  FundUnpriceable: ({ symbol }) => `the fund cannot be priced while the price of ${symbol()} is in doubt: try again after the next price`,
  InsufficientCollateral: ({ wad }) => `the account holds ${wad("held")} of it, less than ${wad("asked")}`,
  Locked: () => "the vault is at work: try again",
  MarginTooLow: ({ wad, raw, money }) =>
    raw("equity") < raw("margin")
      ? `the account would have ${wad("equity")} ${money} of equity and needs ${wad("margin")} to open: trade less, or deposit ${showDecimal(raw("margin") - raw("equity") + 10n ** 16n)} more`
      : "the account would not be covered after what new risk costs: trade less, or deposit more",
  ModuleDisabled: () => "orders are switched off for now",
  ModuleNotConsented: () => "the account has not consented to that kind of trade",
  NoClaim: () => "there is no claim",
  NoTicket: () => "nothing cools down",
  NotAuthorised: () => "this wallet may not do that for this account",
  NothingGiven: () => "that is too little to be given anything for",
  NothingToDo: () => "there is nothing to do",
  NothingToReduce: () => "there is nothing to reduce: the account does not hold that on the other side",
  OpenInterestCapExceeded: ({ symbol }) => `nobody can open more ${symbol()} now: its open interest is at what the fund supports`,
  OrderCancelled: () => "who signed the order has cancelled it",
  OrderExpired: () => "the order has expired",
  OrderUsedUp: () => "all of the order is filled",
  OwnersDiffer: () => "both accounts must be yours",
  PositionCapExceeded: ({ symbol }) => `the position in ${symbol()} would be larger than an account may have`,
  PositionTooSmall: ({ wad, money }) =>
    `a position must be worth at least ${wad("smallest")} ${money}: trade more of it, or close all of it`,
  PriceNotNormal: ({ symbol }) => `the last price of ${symbol()} was refused or waits for its confirmation: try again after the next one`,
  PriceOutsideBand: ({ symbol }) => `the price is too far from the mark of ${symbol()}`,
  PriceTooOld: ({ symbol, number }) =>
    `the price of ${symbol()} is ${number("age")} s old, and may be ${number("most")} s: a new one has to be posted first`,
  ProtocolAccount: () => "that account is the fund's own",
  RecipientNotOwner: () => "an operator can pay out to the owner alone",
  RiskMayNotRise: ({ symbol, number, raw }) =>
    raw("state") === 0n
      ? `the price of ${symbol()} is ${number("age")} s old, or opening is stopped: risk may only fall until a new price is posted`
      : `the last price of ${symbol()} was refused or waits for its confirmation: risk may only fall until the next one`,
  SelfTrade: () => "the order is your own",
  SequencerNotUp: () => "the network was down a moment ago: nothing opens until its grace period is over",
  SeriesExpired: () => "it has expired",
  SeriesHasNoSlice: ({ symbol }) => `nobody has posted volatilities of this series of ${symbol()} yet: it cannot be traded`,
  SeriesIsSettled: () => "the series has settled: nothing of it is traded any more",
  SettledCashTooLow: ({ wad, money }) =>
    `${wad("settledCash")} ${money} of settled cash would be left, and ${wad("needed")} must stay: gains that are not realised, and what backs other positions, cannot be withdrawn`,
  SharesCooling: () => "those shares cool down: they cannot be moved",
  SignatureInvalid: () => "the signature is not one of who is said to have signed the order",
  StakeInUse: () => "the fund has less cash than that free now: claim less, or later",
  SupplyCapExceeded: () => "the vault takes no more of that token",
  TakerNotNamed: () => "the order is for another account",
  TicketCools: ({ time }) => `the shares cool down until ${time("maturity")}`,
  TicketLapses: ({ time }) => `the claim would outlast its cool-down, which ends at ${time("lapse")}`,
  TokenAmountMismatch: () => "the token did not move what it was asked to",
  TooManyActions: ({ number }) => `at most ${number("most")} actions fit one transaction`,
  TooManyCollaterals: () => "the account holds as many kinds of collateral as it may",
  TooManySeriesPositions: ({ number }) => `an account may hold ${number("most")} options and futures: close some first`,
  TooManyUnderlyings: () => "the account is in as many underlyings as it may be",
  UnknownSeries: () => "there is no such series any more",
  WithdrawalTooLarge: () => "the vault holds fewer tokens than that",
  WordsStale: ({ symbol, raw }) =>
    `the risk figures of a series of ${symbol()} are old (${CAUSES[Number(raw("cause"))] ?? "stale"}): refresh the series first`,
  ZeroLots: () => "that is less than a lot",
};

/**
 * What went wrong, as a sentence for who trades: every refusal of the contracts that a trader can meet, and every failure of the engine's own preview.
 * @example
 * const refused = interfaceOf("IMarginVault").encodeErrorResult("SelfTrade", [1n]);
 * errorInWords({ data: refused }, record) // "the order is your own"
 * errorInWords(new Reverted("PriceOutsideBand", [0n, 1n, 2n]), record) // "the price is too far from the mark of ETH"
 */
export function errorInWords(error: unknown, record: DeploymentRecord): string {
  const decoded = error instanceof Reverted ? fromEngine(error) : decodedIn(error);
  const sentence = decoded === undefined ? undefined : SENTENCES[decoded.name];
  if (decoded === undefined || sentence === undefined) {
    if (error instanceof Failure) return error.message;
    return decoded === undefined ? explainError(error) : explainError(error).replace(/ \(plimsoll [^)]*\)$/, "");
  }
  const raw = (name: string): bigint => BigInt((decoded.args.find((each) => each.name === name)?.value as bigint | undefined) ?? 0n);
  const symbol = (name = "underlying"): string => record.underlyings[Number(raw(name) & 0xffn)]?.symbol ?? "the underlying";
  return sentence({
    raw,
    symbol,
    wad: (name) => showDecimal(raw(name)),
    number: (name) => raw(name).toString(),
    units: (name) => formatDecimal(raw(name), record.settlementToken.decimals),
    time: (name) => new Date(Number(raw(name)) * 1_000).toISOString().slice(0, 16).replace("T", " "),
    money: record.settlementToken.symbol,
  });
}

/** The error within what was thrown, that within `ActionReverts` where it is one. */
function decodedIn(error: unknown): DecodedError | undefined {
  const data = revertDataOf(error);
  const decoded = data === undefined ? undefined : decodeRevert(data);
  if (decoded?.name !== "ActionReverts") return decoded;
  return decodeRevert(String(decoded.args[0]?.value)) ?? decoded;
}

/** An error of the engine by the names that the contracts give its arguments. */
function fromEngine({ errorName, args }: Reverted): DecodedError {
  const inputs =
    interfaceOf("IMarginVault").getError(errorName)?.inputs ?? interfaceOf("OrderSettlement").getError(errorName)?.inputs ?? [];
  return { name: errorName, args: args.map((value, i) => ({ name: inputs[i]?.name ?? "", value, shown: String(value) })) };
}

/**
 * An account as people name it: its owner, and the number of the sub-account where it is not the main one.
 * @example
 * showAccountId(accountIdOf("0x00000000000000000000000000000000000000a1", 2n)) // "0x00000000000000000000000000000000000000a1/2"
 */
export function showAccountId(account: bigint): string {
  const sub = subAccountOf(account);
  return sub === 0n ? ownerOf(account) : `${ownerOf(account)}/${sub}`;
}
