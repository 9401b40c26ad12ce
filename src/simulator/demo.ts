import type { Wallet } from "ethers";
import { check } from "../checker/checker.ts";
import { HOUR } from "../data/bar.ts";
import { deployPlimsoll } from "../deployment/deployPlimsoll.ts";
import { localParameters } from "../deployment/localParameters.ts";
import { accountIdOf } from "../engine/types/accountId.ts";
import { abs, partDown, WAD } from "../engine/types/fixedPoint.ts";
import { NORMAL, type State } from "../engine/types/types.ts";
import { type Books, followBooks, type VaultEvent } from "../keeper/books.ts";
import { planShedding } from "../keeper/plan.ts";
import { keepersTurn, type SendAll } from "../keeper/turn.ts";
import { isSettledSeries, planSlices, planUpkeep, type Refresh, taskCall } from "../keeper/upkeep.ts";
import type { RunRecord } from "../report/runRecord.ts";
import { SETTLEMENT_TOKEN } from "../sdk/actions.ts";
import { formatDecimal, toNumber } from "../sdk/amounts.ts";
import { refreshCapCall, shedCall, topUpCall } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { BadInput } from "../sdk/failure.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { figuresOf } from "../sdk/standing.ts";
import { deepestFall, type Window, walkBars } from "./bars.ts";
import type { DemoOptions, DemoResult, DemoRun } from "./demoResult.ts";
import { byStrategy, optionsRecord, seriesGovernance, volatilityFeed } from "./demoSeries.ts";
import { demoFindings, demoSetUp, stageRows } from "./demoSummary.ts";
import { planHedges } from "./hedging.ts";
import { localWallet } from "./localAccounts.ts";
import { type LocalChain, openLocalChain } from "./localChain.ts";
import { recordLosses, STRESSED } from "./lossStages.ts";
import { drawOptionTraders, type SizedOptionTrader, sizeOptionTraders } from "./optionTraders.ts";
import { hedgeCalls, openingCalls } from "./optionTrades.ts";
import { seededRandom } from "./random.ts";
import { type Recorder, startRecorder } from "./recorder.ts";
import { planSeries, withWindow } from "./seriesPlan.ts";
import { amountWorth, fundingCalls, matchCalls, type Protocol, postCall, rateCalls, stakeCalls } from "./setUp.ts";
import { drawTraders, type SizedTrader, sizeTraders } from "./traders.ts";

const PRICE_SIGNERS = [5, 6];
const [BACKER, KEEPER] = [8, 9];
const MAKERS = [10, 11, 12];

const FUND_OF_OPEN_INTEREST = (15n * WAD) / 100n;
const MAKER_OF_OPEN_INTEREST = WAD / 2n; // each, so that what the fund sheds always finds a taker
const LOSING_CROWD = 0.8;
/** How far prices may be from the reference price of the parameter file: its lots and caps are sizes in units, of that scale. */
const SCALE = { below: 100, above: 5 };
/** Longs pay 0.01 % in eight hours, what perpetuals pay on a calm day. */
const FUNDING_RATE = 100_000n;
const ROUNDS_OF_A_TURN = 5;
const CONFIRMATION = 60;
/** Seconds between two looks of those who hedge at their delta. */
const HEDGED_EVERY = 900;
/** Below it are the nonces of what traders open with. */
const FIRST_HEDGE = 1_000_000n;

/**
 * Deploys the protocol on a chain in this process, warms the forecast, lets traders open positions and plays the path while a keeper liquidates
 * and market makers take what the fund sheds.
 * @throws BadInput when the underlying is not one of the local deployment, has no volatility feed for options, or the path is too short for an expiry
 */
export async function runDemo(options: DemoOptions): Promise<DemoRun> {
  const { window, onProgress } = options;
  const first = window.warmUp[0] ?? window.played[0];
  if (first === undefined) throw new BadInput("there are no bars to play");
  refuseScale(options.underlying, toNumber(first.open));
  onProgress({ stage: "deploy", done: 0, of: 1 });
  let record: DeploymentRecord | undefined;
  const chain = await openLocalChain(first.time - HOUR, async (connection) => {
    const parameters = localParameters((file) => {
      const listed = file.underlyings.find(({ symbol }) => symbol === options.underlying);
      if (listed === undefined) {
        throw new BadInput(
          `--underlying ${options.underlying}: the local deployment has ${file.underlyings.map(({ symbol }) => symbol).join(", ")}`,
        );
      }
      if (options.optionTraders > 0 && listed.volatility === undefined) {
        throw new BadInput(`--underlying ${options.underlying} has no volatility feed: give --option-traders 0`);
      }
      listed.referencePrice = formatDecimal(first.open);
      // one underlying is traded: the whole fund stands behind it
      for (const each of file.underlyings) each.fundWeight = each === listed ? 0.9 : 0;
      // the caps of an epoch stand where the fund is to be exhausted
      if (options.stress === undefined) [file.fund.topUp, file.fund.stakeCap] = [1, 1];
      else [file.fund.topUp, file.fund.fundPerOpenInterest] = [0.45, 0.01];
    });
    record = await deployPlimsoll({ connection, parameters, network: "demo" });
  });
  if (record === undefined) throw new Error("deployment left no record");
  try {
    return await play(chain, record, options);
  } finally {
    await chain.close();
  }
}

/** @throws BadInput when prices are so far from those of an underlying that they are another's, or in another unit */
function refuseScale(underlying: string, price: number): void {
  localParameters(({ underlyings }) => {
    const usual = Number(underlyings.find(({ symbol }) => symbol === underlying)?.referencePrice ?? price);
    const [least, most] = [usual / SCALE.below, usual * SCALE.above];
    if (price >= least && price <= most) return;
    throw new BadInput(
      `prices of ${price} are not of the scale of ${underlying}, from ${least} to ${most}: is it another underlying (--underlying), or another unit?`,
    );
  });
}

async function play(chain: LocalChain, record: DeploymentRecord, options: DemoOptions): Promise<DemoRun> {
  const { window, steps, seed, onProgress } = options;
  const underlying = record.underlyings.findIndex(({ symbol }) => symbol === options.underlying);
  const lotExponent = record.underlyings[underlying]?.lotExponent ?? 0;
  const wallets = [...PRICE_SIGNERS, BACKER, KEEPER, ...MAKERS].map(localWallet);
  const signers = wallets.slice(0, PRICE_SIGNERS.length);
  const [backer = "", keeper = "", ...makers] = wallets.slice(PRICE_SIGNERS.length).map(({ address }) => address.toLowerCase());
  const protocol: Protocol = { record, signers };
  const keeperAccount = accountIdOf(keeper);
  const makerAccounts = makers.map((maker) => accountIdOf(maker));
  const books = followBooks(chain.rpc, record.contracts.vault, record.block);

  const series = options.optionTraders === 0 ? undefined : planSeries(window.played);
  const governance = series && seriesGovernance(record, underlying, series, window.played[0]?.time ?? 0);
  // the variance sees hourly closes only
  for (const [i, bar] of window.warmUp.entries()) {
    await post(chain, protocol, books, keeper, underlying, bar.close, bar.time + HOUR);
    const listing = governance?.(bar.time + HOUR, books.state(chain.now())) ?? [];
    if (listing.length > 0) await chain.mine(chain.now() + 1, listing);
    if (i % 24 === 0) onProgress({ stage: "warm up", done: i, of: window.warmUp.length });
  }
  const opening = window.warmUp.at(-1)?.close ?? window.played[0]?.open ?? 0n;
  onProgress({ stage: "open positions", done: 0, of: 1 });
  await post(chain, protocol, books, keeper, underlying, opening, chain.now() + CONFIRMATION);
  const feed = series === undefined ? undefined : volatilityFeed(options.volatility, protocol, underlying);
  const slices = async (): Promise<Done> => {
    const state = books.state(chain.now() + 1);
    const { tasks, refused } = planSlices(state, (await feed?.(state)) ?? []);
    if (tasks.length === 0) return { events: [], failures: refused.length };
    await chain.mine(
      chain.now() + 1,
      tasks.map((task) => taskCall(record, keeper, task)),
    );
    return { events: [...(await books.sync())], failures: refused.length };
  };
  await slices();
  await refreshed(chain, record, books, keeper);
  const cast = { backer, keeper, makers, makerWallets: wallets.slice(-makers.length) };
  const { traders, optionTraders } = await openPositions(chain, protocol, books, underlying, cast, options);
  const played = chain.now();
  const openInterest =
    (books.state(played).underlyings[underlying]?.funding.openInterest ?? 0n) * (books.state(played).underlyings[underlying]?.price ?? 0n);

  const stress = options.stress !== undefined;
  const losses = recordLosses(accountIdOf(books.state(played).fund));
  const recorder = startRecorder({ underlying, lotExponent, traders, optionTraders, makers: makerAccounts });
  const fromBlock = Number(await chain.rpc("eth_blockNumber", [])) + 1;
  const walked = walkBars(window.played, steps).filter(({ time }) => time > played + CONFIRMATION);
  const posts = series === undefined ? walked : withWindow(walked, series.near);
  const hedgers = optionTraders.filter(({ hedge }) => hedge !== undefined);
  const hedge = hedgersTurn(chain, record, books, cast, hedgers);
  let [nextRate, failedBatches, nextHedge] = [0, 0, 0];
  let [hedges, hedgesRefused] = [0, 0];
  for (const [i, { time, price }] of posts.entries()) {
    const events: VaultEvent[] = [];
    const until = posts[i + 1]?.time ?? Number.POSITIVE_INFINITY;
    events.push(...(await post(chain, protocol, books, keeper, underlying, price, time, until)));
    const hourly = time >= nextRate;
    if (hourly) {
      await chain.mine(chain.now() + 1, rateCalls(protocol, keeper, underlying, FUNDING_RATE, time));
      events.push(...(await books.sync()));
      nextRate = time + HOUR;
    }
    const posted = await slices();
    events.push(...posted.events);
    failedBatches += posted.failures;
    recorder.watch(time, books.state(chain.now() + 1));
    if (time >= nextHedge) {
      const hedged = await hedge();
      events.push(...hedged.events);
      hedges += hedged.done;
      hedgesRefused += hedged.failures;
      nextHedge = time + HEDGED_EVERY;
    }
    // words cost the most of all: they are wanted where makers are to take something over, and once an hour for whoever would open
    const words = hourly || (books.state(time).underlyings[underlying]?.fund.inventorySince ?? 0n) !== 0n;
    const turn = await keepersRounds(chain, record, books, keeper, keeperAccount, words ? "held" : "none", stress);
    events.push(...turn.events);
    failedBatches += turn.failures;
    const made = await makersTurn(chain, record, books, underlying, keeper, makers, makerAccounts);
    events.push(...made);
    if (made.length > 0 && series !== undefined) {
      // the makers took seconds, in which options lose value
      const again = await keepersRounds(chain, record, books, keeper, keeperAccount, "none");
      events.push(...again.events);
      failedBatches += again.failures;
    }
    losses.take(time, events, books.state(chain.now()).underlyings[underlying]?.price ?? 0n);
    const point = recorder.take(time, books.state(chain.now()), events, series && options.volatility(time));
    const failed = failedBatches === 0 ? "" : `, ${failedBatches} batches failed`;
    if (i % 4 === 0)
      onProgress({ stage: "play", done: i, of: posts.length, note: `${point.liquidatedAccounts} accounts liquidated${failed}` });
  }

  onProgress({ stage: "check", done: 0, of: 1 });
  const verdict = await check(chain.rpc, record.contracts.vault, interfaceOf("IMarginVault"), fromBlock, seed);
  const end = books.state(chain.now());
  const outcomes = recorder.optionOutcomes(end);
  const settled = [...(end.underlyings[underlying]?.series.values() ?? [])].filter((each) => isSettledSeries(each, end.now));
  const funds = recorder.points.map((point) => point.fundMain + point.fundAccount);
  const result: DemoResult = {
    ...verdict,
    underlying: options.underlying,
    traders: traders.length,
    optionTraders: optionTraders.length,
    optionAccountsLiquidated: outcomes.filter(({ slices, soldWhole }) => slices > 0 || soldWhole).length,
    seriesSettled: settled.length,
    hedges,
    hedgesRefused,
    strategies: byStrategy(outcomes),
    posts: posts.length,
    openInterest: formatDecimal(openInterest),
    badDebtOfOpenInterest: openInterest === 0n ? 0 : Number(verdict.badDebt) / toNumber(openInterest),
    largestFundLoss: Math.max(0, Number(verdict.fundBefore) - Math.min(...funds)).toFixed(2),
    failedBatches,
    ...(stress
      ? {
          losses: {
            ...losses.losses(),
            waterLine: recorder.points.flatMap(({ time, waterLine: level }) => (level === undefined ? [] : [{ time, level }])),
          },
        }
      : {}),
  };
  onProgress({ stage: "done", done: 1, of: 1 });
  return { result, record: runRecord(record, options, recorder, end, result, underlying) };
}

/** Posts a price; when the guard wants to hear it again, once more a minute later, as long as that is before `until`. */
async function post(
  chain: LocalChain,
  protocol: Protocol,
  books: Books,
  from: string,
  underlying: number,
  price: bigint,
  time: number,
  until = Number.POSITIVE_INFINITY,
): Promise<VaultEvent[]> {
  await chain.mine(time, [postCall(protocol, from, underlying, price, time)]);
  const events = [...(await books.sync())];
  const again = time + CONFIRMATION;
  if (books.state(time).underlyings[underlying]?.priceState !== NORMAL && again < until) {
    await chain.mine(again, [postCall(protocol, from, underlying, price, again)]);
    events.push(...(await books.sync()));
  }
  return events;
}

/** What was done of a turn, and how much of it failed. */
type Done = { readonly events: VaultEvent[]; readonly failures: number };

/** Liquidates until nobody is below the line. A batch that fails is counted, and the run goes on: who is left below the line shows at the end. */
async function keepersRounds(
  chain: LocalChain,
  record: DeploymentRecord,
  books: Books,
  keeper: string,
  account: bigint,
  refresh: Refresh,
  tendsFund = false,
): Promise<Done> {
  const events: VaultEvent[] = [];
  let failures = 0;
  const send: SendAll = async (calls) => {
    const mined = await chain.tryMine(chain.now() + 1, calls);
    return Promise.all(mined.map(async (each) => (each.ok ? { sent: each } : { error: await chain.failureOf(each) })));
  };
  for (let round = 0; round < ROUNDS_OF_A_TURN; round++) {
    const turn = await keepersTurn({ books, record, from: keeper, keeper: account, send, refresh, tendsFund });
    events.push(...turn.events);
    failures += turn.failures.length + turn.upkeep.filter(({ error }) => error !== undefined).length;
    if (turn.planned.length === 0) break;
  }
  return { events, failures };
}

/** Tops the fund account up to its margin and lets the market makers take their part of its inventory. */
async function makersTurn(
  chain: LocalChain,
  record: DeploymentRecord,
  books: Books,
  underlying: number,
  keeper: string,
  makers: readonly string[],
  accounts: readonly bigint[],
): Promise<VaultEvent[]> {
  const events: VaultEvent[] = [];
  const state = books.state(chain.now() + 1);
  if ((state.underlyings[underlying]?.fund.inventorySince ?? 0n) === 0n || state.underlyings[underlying]?.priceState !== NORMAL)
    return events;
  const fundAccount = accountIdOf(state.fund, BigInt(underlying) + 1n);
  const { equity, margin } = figuresOf(state, fundAccount);
  if (equity < margin && figuresOf(state, accountIdOf(state.fund)).value > 0n) {
    await chain.mine(chain.now() + 1, [topUpCall(record, keeper, underlying)]);
    events.push(...(await books.sync()));
  }
  // words may be stale again a second later: what is shed goes into one block with what refreshes them
  const { tasks, state: fresh } = planUpkeep(books.state(chain.now() + 1));
  const refreshes = tasks.filter(({ kind }) => kind === "refresh").map((task) => taskCall(record, keeper, task));
  for (const { taker, fraction } of planShedding(fresh, accounts)) {
    const maker = makers[accounts.indexOf(taker)];
    if (maker === undefined) continue;
    // another maker may have been quicker: a refusal is no failure
    await chain.tryMine(chain.now() + 1, [...refreshes, { ...shedCall(record, maker, underlying, taker, fraction), gas: 15_000_000 }]);
    events.push(...(await books.sync()));
  }
  return events;
}

/** Gives a turn of those who hedge: words are refreshed where one of them would trade, and each trades its delta away, in one block. */
function hedgersTurn(chain: LocalChain, record: DeploymentRecord, books: Books, cast: Cast, hedgers: readonly SizedOptionTrader[]) {
  let nonce = FIRST_HEDGE;
  return async (): Promise<Done & { readonly done: number }> => {
    const state = books.state(chain.now() + 1);
    const hedges = planHedges(state, hedgers);
    if (hedges.length === 0) return { events: [], failures: 0, done: 0 };
    const { tasks } = planUpkeep(state);
    const refreshes = tasks.filter(({ kind }) => kind === "refresh").map((task) => taskCall(record, cast.keeper, task));
    const calls = await hedgeCalls(record, state, hedges, cast.makerWallets, nonce);
    nonce += BigInt(calls.length);
    const mined = await chain.tryMine(chain.now() + 1, [...refreshes, ...calls]);
    const done = mined.slice(refreshes.length).filter(({ ok }) => ok).length;
    return { events: [...(await books.sync())], failures: calls.length - done, done };
  };
}

/** Refreshes the words of all series and waits for it. */
async function refreshed(chain: LocalChain, record: DeploymentRecord, books: Books, from: string): Promise<void> {
  await books.sync();
  const { tasks } = planUpkeep(books.state(chain.now() + 1), "all");
  if (tasks.length === 0) return;
  await chain.mine(
    chain.now() + 1,
    tasks.map((task) => taskCall(record, from, task)),
  );
  await books.sync();
}

type Cast = {
  readonly backer: string;
  readonly keeper: string;
  readonly makers: readonly string[];
  readonly makerWallets: readonly Wallet[];
};

/** Draws and sizes the traders, stakes the fund, and has everybody deposit and trade. Takes less than a minute of the chain's time. */
async function openPositions(
  chain: LocalChain,
  protocol: Protocol,
  books: Books,
  underlying: number,
  cast: Cast,
  options: DemoOptions,
): Promise<{ readonly traders: SizedTrader[]; readonly optionTraders: SizedOptionTrader[] }> {
  const { record } = protocol;
  const listed = record.underlyings[underlying];
  const token = record.collaterals.findIndex((each) => each.underlying === underlying);
  const state = books.state(chain.now() + 10);
  const priced = state.underlyings[underlying];
  if (listed === undefined || priced === undefined) throw new Error("the underlying is not listed");
  const price = priced.price * 10n ** BigInt(listed.lotExponent);
  const crowd = options.crowd ? LOSING_CROWD : 0.5;
  const draw = { count: options.accounts, crowd, longsLose: longsLose(options.window), hasCollateral: token >= 0 };
  const stakePart = options.stress ? STRESSED.stake : FUND_OF_OPEN_INTEREST;
  // open interest ≤ fund / ratio, and the fund is this part of it
  const use = (state.fundParameters.fundPerOpenInterest * 10n ** 12n * WAD) / (options.stress ? STRESSED.drawn : stakePart);
  const takerFee = await takerFeeOf(chain, record);
  const drawn = drawTraders(seededRandom(options.seed), options.seed, draw);
  const traders = sizeTraders(state, drawn, { underlying, takerFee, use, token });
  const optionsDrawn = drawOptionTraders(seededRandom(options.seed + 1), options.seed, options.optionTraders, token >= 0);
  const optionTraders = sizeOptionTraders(state, optionsDrawn, { underlying, takerFee, use, token });
  // a lot of any instrument is a lot of open interest; who takes the other side holds none of it yet
  const dated = optionTraders.flatMap(({ positions }) => positions).reduce((sum, { lots }) => sum + abs(lots), 0n);
  const openInterest = (traders.reduce((sum, each) => (each.long ? sum + each.lots : sum), 0n) + dated) * priced.price;

  const everybody = [...traders, ...optionTraders];
  await Promise.all(everybody.map(({ wallet }) => chain.unlock(wallet.address)));
  const maker = (address: string) =>
    fundingCalls(
      record,
      address,
      accountIdOf(address),
      SETTLEMENT_TOKEN,
      partDown(openInterest, options.stress ? STRESSED.maker : MAKER_OF_OPEN_INTEREST),
    );
  await chain.mine(chain.now() + 1, [
    ...stakeCalls(record, cast.backer, partDown(openInterest, stakePart)),
    ...cast.makers.flatMap(maker),
    ...everybody.flatMap(({ wallet, account, worth, inCollateral }) => {
      const value = partDown(worth, inCollateral);
      const stable = fundingCalls(record, wallet.address, account, SETTLEMENT_TOKEN, worth - value);
      return value === 0n ? stable : [...stable, ...fundingCalls(record, wallet.address, account, token, amountWorth(value, price))];
    }),
  ]);
  await chain.mine(chain.now() + 1, [refreshCapCall(record, cast.keeper, underlying)]);
  const side = (long: boolean) => traders.filter((each) => each.long === long);
  const trades = await matchCalls(
    record,
    underlying,
    priced.price,
    side(true),
    side(false),
    (state.liquidation.smallestNotional * WAD) / priced.price + 1n,
  );
  await chain.mine(chain.now() + 1, trades);
  const trading = books.state(chain.now() + 1);
  await chain.mine(chain.now() + 1, await openingCalls(record, trading, optionTraders, cast.makerWallets));
  await books.sync();
  return { traders, optionTraders };
}

async function takerFeeOf(chain: LocalChain, record: DeploymentRecord): Promise<bigint> {
  const data = interfaceOf("OrderSettlement").encodeFunctionData("takerFeePpm");
  return BigInt((await chain.rpc("eth_call", [{ to: record.contracts.orders, data }, "latest"])) as string) * 10n ** 12n;
}

/** The side that loses most on its way: longs when the path falls farther than it rises. */
function longsLose({ played }: Window): boolean {
  const open = Number(played[0]?.open ?? 1n);
  const rise = Math.max(...played.map((bar) => Number(bar.high))) / open - 1;
  return -deepestFall(played).toLow >= rise;
}

function runRecord(
  record: DeploymentRecord,
  options: DemoOptions,
  recorder: Recorder,
  state: State,
  result: DemoResult,
  underlying: number,
): RunRecord {
  const collateral = record.collaterals.find((each) => each.underlying === underlying)?.symbol ?? "";
  const settlement = record.settlementToken.symbol;
  return {
    title: "A crash, replayed",
    source: options.source,
    underlying: options.underlying,
    settlement,
    step: HOUR / options.steps,
    setUp: demoSetUp(options, result, collateral, settlement),
    findings: demoFindings(result),
    ...(result.losses ? { stages: stageRows(result.losses) } : {}),
    points: recorder.points,
    accounts: recorder.outcomes(state, collateral, settlement),
    ...(options.optionTraders === 0 ? {} : { options: optionsRecord(record, recorder, state, underlying) }),
  };
}
