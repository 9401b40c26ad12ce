import { Draft, type Outcome } from "../../../src/engine/ledger/draft.ts";
import { namedInstrument } from "../../../src/engine/ledger/market.ts";
import { inventoryRate } from "../../../src/engine/math/pool/inventoryFunding.ts";
import type { Leg } from "../../../src/engine/pool/figures.ts";
import { bookOf, emptyPool, type Pool, poolAccountOf, type World } from "../../../src/engine/pool/pool.ts";
import { rebalance } from "../../../src/engine/pool/rebalance.ts";
import { claimOf, claimRedeem, claimWithdraw, payRequests, poolDeposit, requestRedeem, VIRTUAL } from "../../../src/engine/pool/shares.ts";
import { takeShed } from "../../../src/engine/pool/shed.ts";
import { poolTrade } from "../../../src/engine/pool/trade.ts";
import { valuesOf } from "../../../src/engine/pool/values.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { abs, divUp, sum } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId, Address, State } from "../../../src/engine/types/types.ts";
import type { LiquidityPool } from "../../../typechain-types/index.ts";
import type { Deployment } from "../deploy.ts";
import { coder } from "./chain.ts";
import { show } from "./operations.ts";
import { type Answer, type Call, SeriesChain } from "./seriesChain.ts";

export const POOL_MODULE = 1;
export const REWARD = 10n ** 5n; // a tenth of a token of six decimals
const SCALE = 10n ** 12n;
const FUNDING = { rateMost: 1_600_000n, reach: 500_000n };
const ORDER = "tuple(uint256 account, uint24[] instruments, int256[] lots, int256 limit, uint256 salt)";
/** The most that a taker can allow: no limit. */
const NO_LIMIT = 2n ** 200n;

/** What is asked of the pool, as its contract has it. */
export interface Order {
  readonly account: AccountId;
  readonly instruments: bigint[];
  readonly lots: bigint[];
  readonly limit: bigint;
  readonly salt: bigint;
}

/** A chain with a liquidity pool, and the engine beside both. */
export class PoolChain {
  readonly chain: SeriesChain;
  readonly contract: LiquidityPool;
  readonly address: Address;
  pool: Pool;
  private next: Pool;

  private constructor(chain: SeriesChain, contract: LiquidityPool, address: Address, pool: Pool) {
    this.chain = chain;
    this.contract = contract;
    this.address = address;
    this.pool = pool;
    this.next = pool;
  }

  static async create(owners: number, weights: readonly bigint[]): Promise<PoolChain> {
    let made: LiquidityPool | undefined;
    const chain = await SeriesChain.create(owners, 3, async (deployment) => {
      made = await deployPool(deployment, weights);
      const address = (await made.getAddress()).toLowerCase();
      for (const signer of deployment.signers.slice(2, 2 + owners)) {
        await deployment.settlement.connect(signer).approve(made, 2n ** 256n - 1n);
      }
      return [0n, 1n, 2n].map((place) => accountIdOf(address, place));
    });
    if (made === undefined) throw new Error("no pool was deployed");
    const address = (await made.getAddress()).toLowerCase();
    return new PoolChain(chain, made, address, emptyPool(address, POOL_MODULE, weights));
  }

  get world(): World {
    return { vault: this.chain.state, pool: this.pool };
  }

  orderOf(account: AccountId, legs: readonly Leg[], limit = NO_LIMIT, salt = 0n): Order {
    return { account, instruments: legs.map(({ instrument }) => instrument), lots: legs.map(({ lots }) => lots), limit, salt };
  }

  // ---------------------------------------------------------------- calls

  trade(account: AccountId, legs: readonly Leg[], limit?: bigint): Call {
    const from = ownerOf(account);
    const data = coder.encode([ORDER], [this.orderOf(account, legs, limit)]);
    const action = {
      kind: 7,
      account,
      data: coder.encode(["uint8", "bytes", "uint256"], [POOL_MODULE, data, sum(legs.map(({ lots }) => abs(lots)))]),
    };
    return {
      description: `trade with the pool ${show(legs)} ${limit}`,
      from,
      data: this.chain.deployment.vault.interface.encodeFunctionData("execute", [[action]]),
      run: this.running((world) => poolTrade(world, from, account, { legs, ...(limit === undefined ? {} : { limit }) })),
    };
  }

  /** Fills an order that was committed at `committed`. */
  fill(order: Order, committed: bigint, from: Address): Call {
    const legs = order.instruments.map((instrument, i) => ({ instrument, lots: order.lots[i]! }));
    return this.call("fill", [order], from, (world) => poolTrade(world, from, order.account, { legs, limit: order.limit, committed }));
  }

  deposit(from: Address, assets: bigint): Call {
    return this.call("deposit", [assets, from], from, (world) => poolDeposit(world, from, assets, from));
  }

  request(from: Address, shares: bigint): Call {
    return this.call("requestRedeem", [shares, from, from], from, (world) => requestRedeem(world, from, shares, from));
  }

  pay(from: Address, most: number): Call {
    return this.call("payRequests", [most], from, (world) => payRequests(world, most));
  }

  redeem(from: Address, shares: bigint): Call {
    return this.call("redeem", [shares, from, from], from, (world) => claimRedeem(world, from, shares));
  }

  withdraw(from: Address, assets: bigint): Call {
    return this.call("withdraw", [assets, from, from], from, (world) => claimWithdraw(world, from, assets));
  }

  rebalance(from: Address, underlying: number): Call {
    return this.call("rebalance", [underlying], from, (world) => rebalance(world, underlying));
  }

  takeShed(from: Address, underlying: number, fraction: bigint): Call {
    return this.call("takeShed", [underlying, fraction], from, (world) => takeShed(world, underlying, fraction));
  }

  private call(name: string, args: readonly unknown[], from: Address, run: (world: World) => World): Call {
    const data = this.contract.interface.encodeFunctionData(name as "rebalance", args as unknown as [number]);
    return { description: `${name} ${show(args)}`, from, data, to: this.address, run: this.running(run) };
  }

  private running(run: (world: World) => World & { readonly events?: Outcome["events"] }): Call["run"] {
    return (vault: State): Outcome => {
      const { vault: state, pool, events = [] } = run({ vault, pool: this.pool });
      this.next = pool;
      return { state, events, touched: [] };
    };
  }

  // ---------------------------------------------------------------- both sides

  /** The call on both sides, a second or more after the last. */
  async step(call: Call, seconds = 1n): Promise<Answer> {
    this.chain.pass(seconds);
    this.next = this.pool;
    const answer = await this.chain.step(call, "pool", []);
    if ("events" in answer) this.pool = this.next;
    await this.compare(call.description);
    return answer;
  }

  /** Everything that the pool stores and says. */
  private async compare(what: string): Promise<void> {
    const { contract, pool } = this;
    const values = valuesOf(new Draft(this.chain.state), pool);
    const upper = divUp(values.upper, SCALE);
    const lower = values.lower / SCALE;
    const [worth, supply, total, ends, preview, cost] = await Promise.all([
      contract.netAssetValues(),
      contract.totalSupply(),
      contract.totalAssets(),
      contract.queue(),
      contract.previewDeposit(1_000_000n),
      contract.previewMint(10n ** 18n),
    ]);
    const minted = (1_000_000n * (pool.supply + VIRTUAL)) / (upper + 1n);
    const asked = divUp(10n ** 18n * (upper + 1n), pool.supply + VIRTUAL);
    const end = pool.requested;
    const first = [...pool.requests.keys()].reduce((least, place) => (place < least ? place : least), end);
    same(what, "values", [...worth, supply, total, preview, cost, ...ends], [upper, lower, pool.supply, lower, minted, asked, first, end]);
    for (const underlying of pool.parameters.weights.keys()) {
      const book = await contract.bookOf(underlying);
      const { charged, capital, time } = bookOf(pool, underlying);
      same(what, `book of ${underlying}`, [book.charged, book.capital, book.time], [charged, capital, time]);
      const held = this.chain.state.accounts.get(poolAccountOf(pool, underlying))?.positions.get(underlying)?.lots ?? 0n;
      const { cap } = this.chain.state.underlyings[underlying]!.funding;
      same(what, "rate", [await contract.fundingRate(underlying)], [inventoryRate(held, cap, FUNDING)]);
    }
    for (const owner of this.chain.owners) {
      const said = await Promise.all([
        contract.balanceOf(owner),
        contract.pendingRedeemRequest(0, owner),
        contract.maxRedeem(owner),
        contract.maxWithdraw(owner),
      ]);
      const { shares, assets } = claimOf(pool, owner);
      const waiting = sum([...pool.requests.values()].filter(({ controller }) => controller === owner).map((each) => each.shares));
      same(what, `shares of ${owner}`, said, [pool.shares.get(owner) ?? 0n, waiting, shares, assets]);
    }
  }
}

function same(what: string, name: string, found: readonly bigint[], expected: readonly bigint[]): void {
  if (show(found) !== show(expected)) throw new Error(`after ${what}: ${name} ${show(found)}, engine ${show(expected)}`);
}

/** A pool with the parameters that the engine begins with, bound to the vault as its second module. */
export async function deployPool(deployment: Deployment, weights: readonly bigint[]): Promise<LiquidityPool> {
  const { connection, vault, authority } = deployment;
  const values = { steepness: 100_000n, wide: 5_000n, narrow: 200n, valuePart: 100_000n, ...FUNDING };
  const args = [vault, POOL_MODULE, authority, REWARD * SCALE, values, "Pool", "POOL"] as const;
  const pool = (await connection.ethers.deployContract("LiquidityPool", args as never)) as unknown as LiquidityPool;
  await vault.setModule(POOL_MODULE, pool);
  for (const [underlying, weight] of weights.entries()) await pool.setWeight(underlying, weight);
  return pool;
}

/** A leg of the perpetual of an underlying. */
export const perpetual = (underlying: number, lots: bigint): Leg[] => [{ instrument: namedInstrument(underlying, 0n), lots }];
