import type { Interface } from "ethers";
import { network } from "hardhat";
import { deleverage, deleveragingLeverage } from "../../../src/engine/actions/deleverage.ts";
import { declareExchange, exchangeCollateral } from "../../../src/engine/actions/exchange.ts";
import { type Action, execute } from "../../../src/engine/actions/execute.ts";
import { refreshOpenInterestCap, shedFund, topUpFund } from "../../../src/engine/actions/fund.ts";
import { liquidate, liquidateTo, plan } from "../../../src/engine/actions/liquidate.ts";
import { type PriceReport, postPrice, updateFundingRate } from "../../../src/engine/actions/prices.ts";
import {
  listSeries,
  postSlices,
  refreshSeries,
  type SeriesListing,
  type SlicePost,
  settleSeries,
  type VolatilityReport,
} from "../../../src/engine/actions/series.ts";
import { settleExpired } from "../../../src/engine/actions/settleExpired.ts";
import type { Fill } from "../../../src/engine/actions/trading.ts";
import { Draft, type Outcome, transact } from "../../../src/engine/ledger/draft.ts";
import { namedInstrument } from "../../../src/engine/ledger/market.ts";
import { assess, staleWords, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { waterLineNow } from "../../../src/engine/margin/waterLines.ts";
import { accountIdOf } from "../../../src/engine/types/accountId.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { partUp, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId, Address, State } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { strikeCountOf } from "../../../src/engine/words/seriesWord.ts";
import { seriesBitmap, seriesWords } from "../../../src/engine/words/words.ts";
import type { MockVolatilitySource, VaultViews } from "../../../typechain-types/index.ts";
import { fixTime } from "../clock.ts";
import { type Deployment, deployVault, mockUpdate } from "../deploy.ts";
import { encoded } from "../seriesWorld.ts";
import { Chain, coder, type DecodedEvent, sameEvent } from "./chain.ts";
import { show } from "./operations.ts";

const FILLS = "tuple(uint256 maker, uint32 instrument, int256 lots, uint256 price, int256 takerFee, int256 makerFee, uint256 order)[]";

/** The names of one error that both sides answered with, or the events of what both did. */
export type Answer = { readonly reverted: string } | { readonly events: readonly DecodedEvent[] };

/** A view of the vault, and what the engine says that it answers. */
interface View {
  readonly name: string;
  readonly args: readonly (bigint | number | boolean)[];
  readonly expected: readonly unknown[];
}

// so many in one call: each request costs about as much as what is asked, and the dearest views take more than a million gas
const VIEWS_AT_ONCE = 8;

/** One call, for the chain and for the engine. */
export interface Call {
  readonly description: string;
  readonly from: Address;
  readonly data: string;
  readonly run: (state: State) => Outcome;
  /** Another contract than the vault: of what it does the vault's events are not compared. */
  readonly to?: Address;
}

/** A vault of two underlyings and a collateral token of the first, and the engine beside it. */
export class SeriesChain {
  readonly chain: Chain;
  readonly source: MockVolatilitySource;
  readonly owners: readonly Address[];
  readonly accounts: readonly AccountId[];
  /** The fund's: the main one, then one for each underlying. */
  readonly fundAccounts: readonly AccountId[];
  state: State;
  private readonly views: VaultViews;
  private readonly face: Interface;

  private constructor(
    chain: Chain,
    views: VaultViews,
    source: MockVolatilitySource,
    owners: readonly Address[],
    accounts: readonly AccountId[],
    state: State,
  ) {
    this.chain = chain;
    this.views = views;
    this.source = source;
    this.owners = owners;
    this.accounts = accounts;
    this.fundAccounts = [0n, 1n, 2n].map((index) => accountIdOf(state.fund, index));
    this.state = state;
    this.face = chain.deployment.vault.interface;
  }

  get deployment(): Deployment {
    return this.chain.deployment;
  }

  /** @param prepare deploys what else there is, and says which accounts it has; `defaultModules` are what new accounts consent to */
  static async create(
    owners = 5,
    defaultModules = 1,
    prepare: (deployment: Deployment) => Promise<readonly AccountId[]> = async () => [],
  ): Promise<SeriesChain> {
    const connection = await network.create({ override: { initialDate: "2029-12-31T00:00:00Z" } });
    await fixTime(connection);
    const deployment = await deployVault(connection, {
      underlyings: [
        { band: 200_000n, widestBand: 500_000n },
        { price: 40_000n * WAD, lotExponent: 6, band: 200_000n, widestBand: 500_000n },
      ],
      collaterals: [{ decimals: 18, underlying: 0, haircut: 100_000n, cap: 10n ** 27n }],
      defaultModules,
    });
    const others = await prepare(deployment);
    const { vault, settlement, collaterals, rateSource, fundSigner, signers } = deployment;
    const source = await connection.ethers.deployContract("MockVolatilitySource");
    for (const underlying of [0, 1]) await vault.setVolatilitySource(underlying, source);
    await rateSource.set(40_000n, false);
    const traders = signers.slice(2, 2 + owners);
    for (const wallet of [fundSigner, ...traders]) {
      for (const token of [settlement, ...collaterals]) {
        await token.mint(wallet, 10n ** ((await token.decimals()) + 12n));
        await token.connect(wallet).approve(vault, 2n ** 256n - 1n);
      }
    }
    const fund = accountIdOf(deployment.fund.toLowerCase());
    const stake = coder.encode(["uint8", "uint256"], [SETTLEMENT, 1_000_000n * 10n ** 6n]);
    await vault.connect(fundSigner).execute([{ kind: 0, account: fund, data: stake }]);
    const addresses = traders.map(({ address }) => address.toLowerCase());
    const accounts = addresses.flatMap((owner) => [accountIdOf(owner), accountIdOf(owner, 1n)]);
    const fundAccounts = [0n, 1n, 2n, 3n].map((index) => accountIdOf(deployment.fund.toLowerCase(), index));
    const chain = await Chain.create(deployment, [...accounts, ...fundAccounts, ...others], []);
    const views = await connection.ethers.deployContract("VaultViews");
    return new SeriesChain(chain, views, source, addresses, accounts, await chain.readState(await chain.now()));
  }

  /** Time passes; the next call is made then. */
  pass(seconds: bigint): void {
    this.state = { ...this.state, now: this.state.now + seconds };
  }

  // ---------------------------------------------------------------- calls

  actions(from: Address, actions: readonly Action[]): Call {
    const data = this.face.encodeFunctionData("execute", [actions.map((action) => encodeAction(action))]);
    const run = (state: State): Outcome =>
      execute(state, from, actions, { propose: (_draft, _module, _context, fills) => decodeFills(fills) });
    return { description: `execute ${show(actions.map(plainAction))}`, from, data, run };
  }

  post(underlying: number, price: bigint, ago = 0n, valid = true): Call {
    const report: PriceReport = { price, publishTime: this.state.now - ago, valid };
    return {
      description: `post ${underlying} ${price} ${ago} s ago`,
      from: this.owners[0]!,
      data: this.face.encodeFunctionData("postPrice", [underlying, [mockUpdate(price, report.publishTime, valid)]]),
      run: (state) => transact(state, (draft) => postPrice(draft, underlying, [report])),
    };
  }

  updateRate(underlying: number): Call {
    return {
      description: `funding rate of ${underlying}`,
      from: this.owners[0]!,
      data: this.face.encodeFunctionData("updateFundingRate", [underlying]),
      run: (state) => transact(state, (draft) => updateFundingRate(draft, underlying, 40_000n)),
    };
  }

  list(underlying: number, listing: SeriesListing): Call {
    return {
      description: `list ${underlying} ${show(listing)}`,
      from: this.deployment.deployer.address.toLowerCase(),
      data: this.face.encodeFunctionData("listSeries", [underlying, listing]),
      run: (state) => listSeries(state, underlying, listing),
    };
  }

  slice(underlying: number, series: number, report: VolatilityReport): Call {
    return this.slices(underlying, [{ series, report }]);
  }

  slices(underlying: number, posts: readonly SlicePost[]): Call {
    return {
      description: `slices ${underlying} ${show(posts)}`,
      from: this.owners[0]!,
      data: this.face.encodeFunctionData("postSlices", [underlying, posts.map(({ series, report }) => [series, encoded(report)])]),
      run: (state) => postSlices(state, underlying, posts),
    };
  }

  refresh(underlying: number, series: number): Call {
    return this.permissionless("refreshSeries", [underlying, series], (state) => refreshSeries(state, underlying, series));
  }

  settle(underlying: number, series: number): Call {
    return this.permissionless("settleSeries", [underlying, series], (state) => settleSeries(state, underlying, series));
  }

  pay(account: AccountId, underlying: number, series: number): Call {
    return this.permissionless("settleExpired", [account, underlying, series], (state) =>
      settleExpired(state, account, underlying, series),
    );
  }

  liquidate(account: AccountId, keeper: AccountId): Call {
    return this.permissionless("liquidate", [account, keeper], (state) => liquidate(state, account, keeper));
  }

  liquidateTo(from: Address, account: AccountId, taker: AccountId, most = WAD, least = 0n): Call {
    const run = (state: State): Outcome => liquidateTo(state, from, account, taker, most, least);
    return { ...this.permissionless("liquidateTo", [account, taker, most, least], run), from };
  }

  shed(from: Address, underlying: number, taker: AccountId, fraction: bigint, least = 0n): Call {
    const run = (state: State): Outcome => shedFund(state, from, underlying, taker, fraction, least);
    return { ...this.permissionless("shedFund", [underlying, taker, fraction, least], run), from };
  }

  topUp(underlying: number): Call {
    return this.permissionless("topUpFund", [underlying], (state) => topUpFund(state, underlying));
  }

  deleverage(from: Address, underlying: number, accounts: readonly AccountId[]): Call {
    const run = (state: State): Outcome => deleverage(state, from, underlying, accounts);
    return { ...this.permissionless("deleverage", [underlying, accounts], run), from };
  }

  refreshCap(underlying: number): Call {
    return this.permissionless("refreshOpenInterestCap", [underlying], (state) => refreshOpenInterestCap(state, underlying));
  }

  declare(account: AccountId): Call {
    return this.permissionless("declareExchange", [account], (state) => declareExchange(state, account));
  }

  exchange(from: Address, account: AccountId, token: number, amount: bigint, buyer: AccountId): Call {
    const run = (state: State): Outcome => exchangeCollateral(state, from, account, token, amount, buyer);
    return { ...this.permissionless("exchangeCollateral", [account, token, amount, buyer], run), from };
  }

  private permissionless(name: string, args: readonly (bigint | number | readonly bigint[])[], run: Call["run"]): Call {
    const data = this.face.encodeFunctionData(name as "refreshSeries", args as unknown as [number, number]);
    return { description: `${name} ${show(args)}`, from: this.owners[0]!, data, run };
  }

  // ---------------------------------------------------------------- both sides

  /** What the engine makes of a call. */
  attempt(call: Call): Outcome | Reverted {
    try {
      return call.run(this.state);
    } catch (error) {
      if (error instanceof Reverted) return error;
      throw new Error(`${call.description}: ${String(error)}`, { cause: error });
    }
  }

  /** The call on the chain and on the engine, which have to answer alike and to be alike afterwards. */
  async step(call: Call, context = "", looked: readonly AccountId[] = this.accounts): Promise<Answer> {
    const what = `${context} at ${this.state.now}, ${call.description}`;
    const expected = this.attempt(call);
    const found = await this.chain.send(call.from, call.data, this.state.now, call.to);
    if (expected instanceof Reverted) {
      if (found.ok) throw new Error(`${what}: the engine reverts with ${expected.message}, the chain does not`);
      if (found.errorName !== expected.errorName || show(found.args) !== show(expected.args)) {
        throw new Error(`${what}: engine ${expected.message}, chain ${found.errorName}(${show(found.args)})`);
      }
    } else {
      if (!found.ok) throw new Error(`${what}: the chain reverts with ${found.errorName}(${show(found.args)})`);
      const isOther = call.to !== undefined;
      // what governance lists is a struct of the event, and the word of the series for the engine
      const plain = isOther ? [] : found.events.filter(({ name }) => name !== "SeriesListed");
      const events = isOther ? [] : expected.events.filter(({ name }) => name !== "SeriesListed");
      plain.forEach((event, i) => {
        const own = events[i];
        if (own === undefined || !sameEvent(event, own)) throw new Error(`${what}: event ${i}: chain ${show(event)}, engine ${show(own)}`);
      });
      if (events.length !== plain.length) throw new Error(`${what}: ${events.length} events, chain ${plain.length}`);
    }
    const before = this.state;
    if (!(expected instanceof Reverted)) this.state = expected.state;
    const all = [...this.accounts, ...this.fundAccounts];
    const changed = all.filter((id) => this.state.accounts.get(id) !== before.accounts.get(id));
    await this.compare(what, [...new Set([...looked, ...changed])], before);
    return found.ok ? { events: found.events } : { reverted: found.errorName };
  }

  /** Every stored word of the vault, and of the series unless they are as they were, and of some accounts the positions and what they are worth. */
  async compare(what: string, looked: readonly AccountId[], before?: State): Promise<void> {
    await this.chain.compare(this.state, what);
    const views: View[] = [];
    for (const [underlying, each] of this.state.underlyings.entries()) {
      const was = before?.underlyings[underlying]?.series;
      if (each.series === was) continue;
      views.push({ name: "seriesListed", args: [underlying], expected: [seriesBitmap(each)] });
      for (const [number, series] of each.series) {
        if (series === was?.get(number)) continue;
        views.push({ name: "seriesWords", args: [underlying, number], expected: seriesWords(series) });
      }
    }
    for (const id of looked) {
      for (const underlying of this.state.underlyings.keys()) {
        const held = this.state.accounts.get(id)?.series.get(underlying) ?? [];
        const expected = [
          held.map(({ instrument }) => instrument),
          held.map(({ lots }) => lots),
          held.map(({ halvings = 0n }) => halvings),
          held.map(({ entryCost = 0n }) => entryCost),
        ];
        views.push({ name: "seriesPositionsOf", args: [id, underlying], expected });
      }
      views.push(...this.figuresOf(id));
    }
    await this.expectAnswers(views, what);
  }

  /** The risk words of every series, as stored. */
  async compareRisks(what: string): Promise<void> {
    const views = this.state.underlyings.flatMap(({ series }, underlying) =>
      [...series].map(([number, { word, risks }]) => {
        const expected = Array.from({ length: Number(strikeCountOf(word)) }, (_, index) => risks[index] ?? 0n);
        return { name: "riskWords", args: [underlying, number], expected: [expected] };
      }),
    );
    await this.expectAnswers(views, what);
  }

  /** Value, equity, margin and notional at both ranges; of stale words only what is priced live. */
  private figuresOf(id: AccountId): View[] {
    const { margin, now } = this.state;
    const portfolio = portfolioOf(new Draft(this.state), id);
    const terms = termsAt(margin, now);
    const live = assess(portfolio, terms, false);
    const priced = { name: "assess", args: [id, false], expected: [[live.value, live.equity, live.margin, live.notional]] };
    if (staleWords(portfolio) !== undefined) return [priced];
    const opening = assess(portfolio, terms, true);
    // an account with series shows what it is worth live, and as margin what leaves the surplus by words
    const shown = portfolio.holdings === undefined ? opening.margin : live.equity - (opening.equity - opening.margin);
    return [priced, { name: "assess", args: [id, true], expected: [[live.value, live.equity, shown, live.notional]] }];
  }

  /** What the vault says that a liquidation would do now. */
  async comparePreview(account: AccountId, what: string): Promise<void> {
    const { terms, figures } = plan(new Draft(this.state), account);
    const { value, equity, margin, notional } = figures;
    const expected = [terms.fraction, partUp(terms.discount, terms.fraction), terms.bounty, [value, equity, margin, notional]];
    await this.expectAnswers([{ name: "previewLiquidation", args: [account], expected }], what);
  }

  /** How far accounts are from being closed, by what the vault says. */
  async compareStandings(underlying: number, accounts: readonly AccountId[], what: string): Promise<void> {
    const level = waterLineNow(this.state, underlying)?.level ?? 0n;
    const views = accounts.map((id) => ({
      name: "deleveragingOf",
      args: [id, underlying],
      expected: [deleveragingLeverage(this.state, id), level],
    }));
    await this.expectAnswers(views, what);
  }

  private async expectAnswers(views: readonly View[], what: string): Promise<void> {
    for (let at = 0; at < views.length; at += VIEWS_AT_ONCE) {
      const part = views.slice(at, at + VIEWS_AT_ONCE);
      const calls = part.map(({ name, args }) => this.face.encodeFunctionData(name as "assess", args as unknown as [bigint, boolean]));
      const data = this.views.interface.encodeFunctionData("answers", [this.chain.vaultAddress, calls]);
      const to = await this.views.getAddress();
      const answer = String(await this.chain.request("eth_call", [{ to, data, gas: "0xfff000" }, "latest"]));
      const [answers] = this.views.interface.decodeFunctionResult("answers", answer) as unknown as [string[]];
      for (const [i, { name, args, expected }] of part.entries()) {
        const found = this.face.decodeFunctionResult(name, answers[i] ?? "0x").toArray(true);
        if (show(found) !== show(expected)) throw new Error(`${what}: ${name}(${show(args)}) is ${show(found)}, engine ${show(expected)}`);
      }
    }
  }
}

/** An option, or with `STRIKE_ZERO` the dated future, as a fill names it. */
export function named(underlying: number, series: number, index: bigint, isCall = true): bigint {
  return namedInstrument(underlying, (BigInt(series) << 8n) | (index << 1n) | (isCall ? 1n : 0n));
}

export function tradeOf(account: AccountId, fills: readonly Fill[], minimumLots = 0n): Action {
  // what a module says of the order is anything
  const ordered = fills.map((fill) => ({ ...fill, order: BigInt.asUintN(200, fill.maker ^ (fill.price << 64n)) }));
  return { kind: "Trade", account, module: 0, data: coder.encode([FILLS], [ordered]), minimumLots };
}

function plainAction(action: Action): unknown {
  return action.kind === "Trade" ? { ...action, data: decodeFills(action.data) } : action;
}

function decodeFills(data: string): Fill[] {
  const [fills] = coder.decode([FILLS], data).toArray(true) as [[bigint, bigint, bigint, bigint, bigint, bigint, bigint][]];
  return fills.map(([maker, instrument, lots, price, takerFee, makerFee, order]) => ({
    maker,
    instrument,
    lots,
    price,
    takerFee,
    makerFee,
    order,
  }));
}

function encodeAction(action: Action): { kind: number; account: AccountId; data: string } {
  const { account } = action;
  switch (action.kind) {
    case "Deposit":
      return { kind: 0, account, data: coder.encode(["uint8", "uint256"], [action.token, action.amount]) };
    case "Withdraw":
      return { kind: 2, account, data: coder.encode(["uint8", "uint256", "address"], [action.token, action.amount, action.to]) };
    case "Transfer":
      return { kind: 3, account, data: coder.encode(["uint8", "uint256", "uint256"], [action.token, action.amount, action.to]) };
    case "Trade":
      return { kind: 7, account, data: coder.encode(["uint8", "bytes", "uint256"], [action.module, action.data, action.minimumLots]) };
    default:
      throw new RangeError(action.kind);
  }
}
