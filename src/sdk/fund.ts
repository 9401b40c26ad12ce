import type { Call } from "./calls.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import { revertDataOf } from "./errors.ts";
import { interfaceOf } from "./interfaces.ts";
import { callContract } from "./readState.ts";
import type { Rpc } from "./rpc.ts";

// The insurance fund as who stakes in it sees it.

/** Shares that cool down, and until when their owner may claim. All zero where there are none. Unix seconds. */
export type FundTicket = { readonly shares: bigint; readonly maturity: bigint; readonly lapse: bigint };

/** A claim that was filed. All zero where there is none. */
export type FundClaim = { readonly shares: bigint; readonly assets: bigint; readonly payableFrom: bigint; readonly lapse: bigint };

/** The insurance fund as of the latest block. Assets are units of the settlement token, shares units of the share. */
export type FundView = {
  readonly symbol: string;
  readonly decimals: number;
  readonly supply: bigint;
  /** What deposits and redemptions are priced at; undefined while the fund cannot be priced, and why. */
  readonly values: { readonly upper: bigint; readonly lower: bigint } | undefined;
  readonly unpriced: unknown;
  /** What redemptions can be paid from now. */
  readonly liquid: bigint;
  /** What one whole share is worth to who leaves; undefined while the fund cannot be priced. */
  readonly sharePrice: bigint | undefined;
  /** Seconds. */
  readonly coolDown: bigint;
  /** Of `owner`. */
  readonly balance: bigint;
  readonly worth: bigint | undefined;
  readonly ticket: FundTicket;
  readonly claim: FundClaim;
};

const NOBODY = "0x0000000000000000000000000000000000000000";

/**
 * What the fund holds, and what an owner has of it.
 * @example
 * const { supply, balance, sharePrice } = await readFund(rpc, record, wallet.address);
 * [supply > 0n, balance, sharePrice! > 0n] // [true, 0n, true]
 */
export async function readFund(rpc: Rpc, record: DeploymentRecord, owner = NOBODY): Promise<FundView> {
  const fund = interfaceOf("InsuranceFund");
  const call = (method: string, ...args: unknown[]) => callContract(rpc, fund, record.contracts.insuranceFund, method, args);
  /** What reverts while the fund has no price. */
  const priced = (method: string, ...args: unknown[]): Promise<unknown[] | { readonly error: unknown }> =>
    call(method, ...args).catch((error: unknown) => {
      if (revertDataOf(error) === undefined) throw error;
      return { error };
    });
  const [[symbol], [decimals], [supply], values, [liquid], [coolDown], [balance], ticket, claim] = await Promise.all([
    call("symbol"),
    call("decimals"),
    call("totalSupply"),
    priced("netAssetValues"),
    call("liquidAssets"),
    call("COOL_DOWN"),
    call("balanceOf", owner),
    call("ticketOf", owner),
    call("claimOf", owner),
  ]);
  const unit = 10n ** BigInt(decimals as bigint);
  const [price, worth] = await Promise.all([priced("convertToAssets", unit), priced("convertToAssets", balance)]);
  const [shares = 0n, maturity = 0n, lapse = 0n] = ticket as bigint[];
  const [claimed = 0n, assets = 0n, payableFrom = 0n, claimLapse = 0n] = claim as bigint[];
  return {
    symbol: String(symbol),
    decimals: Number(decimals),
    supply: supply as bigint,
    values: Array.isArray(values) ? { upper: values[0] as bigint, lower: values[1] as bigint } : undefined,
    unpriced: Array.isArray(values) ? undefined : values.error,
    liquid: liquid as bigint,
    sharePrice: Array.isArray(price) ? (price[0] as bigint) : undefined,
    coolDown: coolDown as bigint,
    balance: balance as bigint,
    worth: Array.isArray(worth) ? (worth[0] as bigint) : undefined,
    ticket: { shares, maturity, lapse },
    claim: { shares: claimed, assets, payableFrom, lapse: claimLapse },
  };
}

/**
 * The shares that a stake would give now.
 * @param assets units of the settlement token
 * @example
 * (await sharesFor(rpc, record, 1_000_000n)) > 0n // true
 */
export async function sharesFor(rpc: Rpc, record: DeploymentRecord, assets: bigint): Promise<bigint> {
  const [shares] = await callContract(rpc, interfaceOf("InsuranceFund"), record.contracts.insuranceFund, "previewDeposit", [assets]);
  return shares as bigint;
}

/** What an owner does with the fund. */
export type FundStep =
  /** Assets in units of the settlement token, which the fund was approved for. Reverts where fewer shares are given. */
  | { readonly kind: "stake"; readonly assets: bigint; readonly minimumShares: bigint }
  /** Starts the cool-down of shares. */
  | { readonly kind: "request"; readonly shares: bigint }
  | { readonly kind: "cancel" }
  /** Claims shares of a matured ticket. Nobody else may have it paid with less than the minimum. */
  | { readonly kind: "file"; readonly shares: bigint; readonly minimumAssets: bigint }
  | { readonly kind: "extend" }
  /** Pays the claim, when its time has come. */
  | { readonly kind: "pay" };

/**
 * The call of one step.
 * @example
 * interfaceOf("InsuranceFund").parseTransaction(fundCall(record, wallet.address, { kind: "request", shares: 5n }))!.name // "requestRedeem"
 */
export function fundCall(record: DeploymentRecord, from: string, step: FundStep): Call {
  const fund = interfaceOf("InsuranceFund");
  const call = (method: string, ...args: unknown[]): Call => ({
    from,
    to: record.contracts.insuranceFund,
    data: fund.encodeFunctionData(method, args),
  });
  switch (step.kind) {
    case "stake":
      return call("stake", step.assets, from, step.minimumShares);
    case "request":
      return call("requestRedeem", step.shares);
    case "cancel":
      return call("cancelRedeem");
    case "file":
      return call("fileClaim", step.shares, step.minimumAssets);
    case "extend":
      return call("extendClaim");
    case "pay":
      return call("payClaim", from);
  }
}

/**
 * Tokens from the faucet of a local chain.
 * @param units of the token
 * @example
 * faucetCall(record.settlementToken, wallet.address, 5_000_000n).to // record.settlementToken.address
 */
export function faucetCall(token: { readonly address: string }, to: string, units: bigint): Call {
  return { from: to, to: token.address, data: interfaceOf("FaucetToken").encodeFunctionData("mint", [to, units]) };
}
