import type { Wallet } from "ethers";
import { divUp, WAD } from "../engine/types/fixedPoint.ts";
import type { AccountId } from "../engine/types/types.ts";
import { inBatches } from "../keeper/plan.ts";
import { depositAction, SETTLEMENT_TOKEN } from "../sdk/actions.ts";
import { type Call, executeCall, vaultCall } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { buildOrder, type OrderFill, type SignedOrder, signOrder } from "../sdk/orders.ts";
import { orderVenue } from "../sdk/series.ts";
import { signPrice, signRate } from "../sdk/signedValues.ts";
import { takeOrders } from "../sdk/takeOrders.ts";

/** A deployment on a local chain and the keys that sign its prices. */
export type Protocol = { readonly record: DeploymentRecord; readonly signers: readonly Wallet[] };

const HIGHEST_FEE = 10_000n; // ppm: what a limit of these tools allows
const FAR_FUTURE = 2n ** 36n - 1n;

/** Posts a price signed by all signers. @param price of a unit, WAD */
export function postCall({ record, signers }: Protocol, from: string, underlying: number, price: bigint, time: number): Call {
  const { signedSource } = record.contracts;
  const listed = record.underlyings[underlying];
  if (signedSource === undefined || listed?.priceFeed === undefined) throw new Error("the underlying has no signed source");
  const venue = { chainId: BigInt(record.chainId), source: signedSource };
  const update = signPrice(signers, venue, listed.priceFeed, price, time);
  return vaultCall(record, from, "postPrice", [underlying, listed.sources.map((source) => (source === "signed" ? update : "0x"))]);
}

/** Submits a signed funding rate and has the vault fetch it. @param rate ppb over eight hours */
export function rateCalls({ record, signers }: Protocol, from: string, underlying: number, rate: bigint, time: number): Call[] {
  const source = record.contracts.signedRateSource;
  const feed = record.underlyings[underlying]?.rateFeed ?? "";
  const update = signRate(signers, { chainId: BigInt(record.chainId), source }, feed, rate, time);
  return [
    { from, to: source, data: interfaceOf("SignedRateSource").encodeFunctionData("submit", [underlying, update]) },
    vaultCall(record, from, "updateFundingRate", [underlying]),
  ];
}

/** Units of a token of `decimals` for an amount in WAD, rounded up. */
export function tokenUnits(amount: bigint, decimals: number): bigint {
  return divUp(amount, 10n ** BigInt(18 - decimals));
}

/** Takes tokens from the faucet and deposits them. @param amount WAD of the token */
export function fundingCalls(record: DeploymentRecord, owner: string, account: AccountId, token: number, amount: bigint): Call[] {
  const { address, decimals } = token === SETTLEMENT_TOKEN ? record.settlementToken : tokenAt(record, token);
  const units = tokenUnits(amount, decimals);
  const faucet = interfaceOf("FaucetToken");
  return [
    { from: owner, to: address, data: faucet.encodeFunctionData("mint", [owner, units]) },
    { from: owner, to: address, data: faucet.encodeFunctionData("approve", [record.contracts.vault, units]) },
    executeCall(record, owner, [depositAction(account, token, units)]),
  ];
}

function tokenAt(record: DeploymentRecord, token: number): { readonly address: string; readonly decimals: number } {
  const found = record.collaterals[token];
  if (found === undefined) throw new Error(`no collateral token ${token}`);
  return found;
}

/** Stakes settlement tokens from the faucet in the insurance fund. @param amount WAD */
export function stakeCalls(record: DeploymentRecord, backer: string, amount: bigint): Call[] {
  const units = tokenUnits(amount, record.settlementToken.decimals);
  const faucet = interfaceOf("FaucetToken");
  const fund = record.contracts.insuranceFund;
  return [
    { from: backer, to: record.settlementToken.address, data: faucet.encodeFunctionData("mint", [backer, units]) },
    { from: backer, to: record.settlementToken.address, data: faucet.encodeFunctionData("approve", [fund, units]) },
    { from: backer, to: fund, data: interfaceOf("InsuranceFund").encodeFunctionData("deposit", [units, backer]) },
  ];
}

/** Who wants how much, on one side. */
export type Side = { readonly wallet: Wallet; readonly account: AccountId; readonly lots: bigint };

const MAKERS_OF_A_TRADE = 12;

/**
 * Has the shorts sign orders at `price` and the longs take them until both are done; each trade is one taker against many makers.
 * @param price of a lot, WAD; the lots of both sides are equal in sum
 * @param smallest lots of the smallest account
 * @param nonce of the orders; orders of one account and nonce share one count of filled lots
 */
export async function matchCalls(
  record: DeploymentRecord,
  underlying: number,
  price: bigint,
  longs: readonly Side[],
  shorts: readonly Side[],
  smallest: bigint,
  nonce = 0n,
): Promise<Call[]> {
  const venue = orderVenue(record);
  const orders: SignedOrder[] = [];
  for (const { wallet, account, lots } of shorts) {
    const order = buildOrder({
      vault: record.contracts.vault,
      account,
      instrument: BigInt(underlying),
      long: false,
      limit: price,
      size: lots,
      maxFee: HIGHEST_FEE,
      validUntil: FAR_FUTURE,
      nonce,
    });
    orders.push(await signOrder(wallet, venue, order));
  }
  const sizes = (sides: readonly Side[]): bigint[] => sides.map(({ lots }) => lots);
  return matchSides(sizes(longs), sizes(shorts), smallest).flatMap((matches, i) => {
    const taker = longs[i];
    return inBatches(matches, MAKERS_OF_A_TRADE).flatMap((part): Call[] => {
      if (taker === undefined) return [];
      const fills = part.flatMap(({ short, lots }): OrderFill[] => {
        const signed = orders[short];
        return signed === undefined ? [] : [{ ...signed, lots }];
      });
      const lots = part.reduce((sum, each) => sum + each.lots, 0n);
      const limit = { instrument: BigInt(underlying), long: true, worst: price, lots, maxFee: HIGHEST_FEE, reduceOnly: false };
      return [
        takeOrders(record, taker.wallet.address, { taker: taker.account, limits: [limit], makers: fills, minimumLots: lots }, 15_000_000),
      ];
    });
  });
}

/**
 * Which short each long takes how much from, in the order of both. No short begins with less than `smallest`, which would leave it with too small an
 * account: the short before it then keeps some for the next long.
 */
export function matchSides(longs: readonly bigint[], shorts: readonly bigint[], smallest: bigint): { short: number; lots: bigint }[][] {
  const queue = shorts.map((left, short) => ({ short, left, fresh: true }));
  return longs.map((lots) => {
    const matches: { short: number; lots: bigint }[] = [];
    for (let wanted = lots; wanted > 0n; ) {
      const head = queue[0];
      const last = matches.at(-1);
      if (head === undefined) throw new RangeError("the shorts are fewer than the longs");
      let part = head.left < wanted ? head.left : wanted;
      wanted -= part;
      if (head.fresh && part < smallest && last !== undefined && last.lots >= 2n * smallest) {
        const kept = smallest - part;
        last.lots -= kept;
        queue.unshift({ short: last.short, left: kept, fresh: false });
        part = smallest;
      }
      matches.push({ short: head.short, lots: part });
      head.left -= part;
      head.fresh = false;
      if (head.left === 0n) queue.splice(queue.indexOf(head), 1);
    }
    return matches;
  });
}

/** WAD of a token whose unit costs `price` that is worth `value`, rounded down. */
export function amountWorth(value: bigint, price: bigint): bigint {
  return (value * WAD) / price;
}
