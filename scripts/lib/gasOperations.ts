import { accountIdOf } from "../../src/engine/types/accountId.ts";
import {
  cancelOrdersAction,
  depositAction,
  type EncodedAction,
  SETTLEMENT_TOKEN,
  tradeAction,
  transferAction,
  withdrawAction,
} from "../../src/sdk/actions.ts";
import type { Call } from "../../src/sdk/calls.ts";
import { Failure } from "../../src/sdk/failure.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { encodeCancel, type OrderFill } from "../../src/sdk/orders.ts";
import type { Mined } from "../../src/simulator/localChain.ts";
import { deleveraging } from "./gasDeleverage.ts";
import type { Expected, Funding, House, Measure, Measured } from "./gasMeasure.ts";
import { options } from "./gasOptions.ts";
import { pool } from "./gasPool.ts";
import { BASE, calldataOf } from "./gasTrace.ts";
import { BTC, DAI_TOKEN, DAY, ETH, type GasWorld, HOUR, LINK, type Party, SOL, UNDERLYINGS, WAD, WBTC, WETH } from "./gasWorld.ts";

const MOST_GAS = 16_000_000;
const usd = (amount: number): bigint => BigInt(Math.round(amount * 1e6));
const ETH_LOTS = 10_000n; // in one ETH
const SMALL = 7n * ETH_LOTS + 3n; // lots of an ordinary position, some 14,000 settlement tokens

type OnMeasured = (measured: Measured) => void | Promise<void>;

function measuring(world: GasWorld, onMeasured: OnMeasured): Measure {
  const carryOut = async (call: Call): Promise<Mined> => {
    const [mined] = await world.chain.tryMine(world.next(), [{ ...call, gas: MOST_GAS }]);
    if (mined?.ok) return mined;
    // mined again as set-up, the call fails alike and says why
    await world.chain.mine(world.next(), [{ ...call, gas: MOST_GAS }]);
    throw new Failure("a call that failed was carried out when it was repeated");
  };
  const transaction = async (name: string, call: Call, expected: Expected, parts = 1): Promise<void> => {
    const { hash, gasUsed } = await carryOut(call);
    await requireEvents(world, name, hash, expected);
    await onMeasured({ name, hash, gas: gasUsed, parts, view: false });
  };
  return Object.assign(transaction, {
    view: async (name: string, call: Call): Promise<void> => {
      const { hash, gasUsed } = await carryOut(call);
      await onMeasured({ name, hash, gas: gasUsed - BASE - calldataOf(call.data).gas, parts: 1, view: true });
    },
    pure: async (name: string, gas: number): Promise<void> => onMeasured({ name, gas, parts: 1, view: false }),
  });
}

/** Carries out every operation of the benchmark, in a fixed order, and hands over each as it was mined. */
export async function runOperations(world: GasWorld, onMeasured: OnMeasured): Promise<void> {
  const measure = measuring(world, onMeasured);
  const house = await openHouse(world);
  await deposits(world, measure);
  await transfersAndWithdrawals(world, measure, house);
  await orders(world, measure);
  await prices(world, measure);
  await liquidations(world, measure, house);
  await fund(world, measure);
  const funded: Funding = (party, amount, token) => funding(world, party, amount, token);
  await options(world, measure, house, funded);
  await pool(world, measure, funded);
}

/** What asks whether a sequencer is up, on a deployment that has one. */
export async function runSequencerOperations(world: GasWorld, onMeasured: OnMeasured): Promise<void> {
  const { prepare, party, order, take, turn, execute, vaultCall } = world;
  const measure = measuring(world, onMeasured);
  const house = await openHouse(world);
  const [maker, taker] = [await party("maker"), await party("taker")];
  await prepare([...funding(world, maker, usd(50_000)), ...funding(world, taker, usd(50_000))]);
  await prepare([maker, taker].map((each) => execute(each, [cancelNonces(world, each, 0n)])));
  await prepare([take(taker, ETH, true, [await order(maker, ETH, false, SMALL, 1n)])]);
  await turn(300);
  await measure("order.change.sequencer", take(taker, ETH, true, [await order(maker, ETH, false, SMALL + 7n, 2n)]), { Filled: 1 });
  const withdrawal = withdrawAction(taker.account, SETTLEMENT_TOKEN, usd(123.456_789), taker.address);
  await measure("withdraw.sequencer", execute(taker, [withdrawal]), { Withdrawn: 1 });
  const [first, one] = await crowd(world, house, "thin", 2, THIN);
  const keeper = await party("keeper");
  const liquidate = (sold: Party): Call => vaultCall(keeper.address, "liquidate", [sold.account, keeper.account]);
  await prepare(funding(world, keeper, usd(1_000)));
  await turn(HOUR, (world.price(ETH) * 965n) / 1_000n);
  if (first !== undefined) await prepare([liquidate(first)]);
  if (one === undefined) throw new Failure("nobody is there to be sold");
  await measure("liquidate.sequencer", liquidate(one), { Liquidated: 1 });
  // here the fund account holds perpetuals alone
  await deleveraging(world, measure, house, (each, amount, token) => funding(world, each, amount, token));
}

const EMITTERS = ["IMarginVault", "OrderSettlement", "LiquidationBatch", "InsuranceFund"] as const;

async function requireEvents(world: GasWorld, name: string, hash: string, expected: Expected): Promise<void> {
  const receipt = (await world.chain.rpc("eth_getTransactionReceipt", [hash])) as { logs: { topics: string[] }[] };
  for (const [event, times] of Object.entries(expected)) {
    const topics = EMITTERS.map((contract) => interfaceOf(contract).getEvent(event)?.topicHash).filter((topic) => topic !== undefined);
    if (topics.length === 0) throw new Failure(`${name} expects ${event}, which nothing emits`);
    const found = receipt.logs.filter((log) => topics.includes(log.topics[0] ?? "")).length;
    if (found !== times) throw new Failure(`${name} emitted ${event} ${found} times, not ${times}`);
  }
}

/** Deposits of `amount` units of a token, with the tokens and the approval that they need and as much again left over. */
function funding(world: GasWorld, party: Party, amount: bigint, token = SETTLEMENT_TOKEN): Call[] {
  return [...world.tokens(party, token, 2n * amount), world.execute(party, [depositAction(party.account, token, amount)])];
}

async function openHouse(world: GasWorld): Promise<House> {
  const party = await world.party("house");
  await world.prepare([...funding(world, party, usd(5_000_000)), world.execute(party, [cancelNonces(world, party, 0n)])]);
  let nonce = 1n;
  const house: House = {
    party,
    against: async (takers, underlying, long) => {
      const size = takers.reduce((sum, { lots }) => sum + lots, 0n);
      const offer = await world.order(party, underlying, !long, size, nonce++);
      return takers.map(({ taker, lots }) => world.take(taker, underlying, long, [{ ...offer, lots }]));
    },
  };
  // everybody finds open interest in every underlying
  const other = await world.party("other house");
  await world.prepare(funding(world, other, usd(1_000_000)));
  for (const underlying of UNDERLYINGS) {
    const lots = (50_000n * WAD) / world.lotPrice(underlying);
    await world.prepare(await house.against([{ taker: other, lots }], underlying, true));
  }
  return house;
}

/** A cancelled nonce makes its word non-zero, which it is for whoever traded before. */
function cancelNonces(world: GasWorld, party: Party, ...nonces: bigint[]): EncodedAction {
  return tradeAction(party.account, world.record.modules.orders, encodeCancel(nonces), 0n);
}

async function deposits(world: GasWorld, measure: Measure): Promise<void> {
  const saver = await world.party("saver");
  const amount = usd(4_321.987_654);
  const deposit = (token: number, units: bigint): Call => world.execute(saver, [depositAction(saver.account, token, units)]);
  await world.prepare(world.tokens(saver, SETTLEMENT_TOKEN, 4n * amount));
  await measure("deposit.first", deposit(SETTLEMENT_TOKEN, amount), { Deposited: 1 });
  await measure("deposit.later", deposit(SETTLEMENT_TOKEN, amount + 1_234_567n), { Deposited: 1 });

  // somebody else holds the token already
  const early = await world.party("early saver");
  const ether = 3_141_592_653_589_793_238n;
  await world.prepare([...funding(world, early, ether, WETH), ...world.tokens(saver, WETH, 4n * ether)]);
  await measure("deposit.collateral.first", deposit(WETH, ether), { Deposited: 1 });
  await measure("deposit.collateral.later", deposit(WETH, ether + 123_456_789n), { Deposited: 1 });
}

async function transfersAndWithdrawals(world: GasWorld, measure: Measure, house: House): Promise<void> {
  const saver = await world.party("saver");
  const second = accountIdOf(saver.address, 1n);
  await world.turn(300);
  const transfer = (amount: bigint): Call => world.execute(saver, [transferAction(saver.account, SETTLEMENT_TOKEN, amount, second)]);
  await measure("transfer.first", transfer(123n * WAD + 456_789n), { Transferred: 1 });
  await measure("transfer.later", transfer(124n * WAD + 456_789n), { Transferred: 1 });

  const withdraw = (party: Party): Call =>
    world.execute(party, [withdrawAction(party.account, SETTLEMENT_TOKEN, usd(321.987_654), party.address)]);
  const idle = await world.party("idle");
  await world.prepare(funding(world, idle, usd(50_000)));
  await measure("withdraw.noMarkets", withdraw(idle), { Withdrawn: 1 });

  const spread = await world.party("spread");
  await world.prepare(funding(world, spread, usd(50_000)));
  const open = async (underlying: number): Promise<void> => {
    const lots = (7_000n * WAD) / world.lotPrice(underlying);
    await world.prepare(await house.against([{ taker: spread, lots }], underlying, underlying % 2 === 0));
  };
  await open(ETH);
  await measure("withdraw.oneMarket", withdraw(spread), { Withdrawn: 1 });
  for (const underlying of UNDERLYINGS.slice(1)) await open(underlying);
  await world.turn(300);
  await measure("withdraw.fiveMarkets", withdraw(spread), { Withdrawn: 1 });
  await world.prepare([
    ...funding(world, spread, 2n * WAD, WETH),
    ...funding(world, spread, 7_654_321n, WBTC),
    ...funding(world, spread, 987n * WAD, DAI_TOKEN),
  ]);
  await measure("withdraw.fiveMarketsThreeCollaterals", withdraw(spread), { Withdrawn: 1 });
}

async function orders(world: GasWorld, measure: Measure): Promise<void> {
  await ordersBy(world, measure, "order", world.take);
  await ordersBy(world, measure, "order.module", world.trade);
  const maker = await world.party("order maker");
  await measure("order.cancel", world.execute(maker, [cancelNonces(world, maker, 1n)]), { NoncesCancelled: 1 });
  await measure("order.cancelAll", world.execute(maker, [cancelOrdersAction(maker.account)]), { OrdersCancelled: 1 });
}

/** The same orders, each way with people of its own: `take` of the vault, or a Trade through the module. */
async function ordersBy(world: GasWorld, measure: Measure, name: string, take: GasWorld["take"]): Promise<void> {
  const { turn, prepare, execute, order } = world;
  const [maker, taker] = [await world.party(`${name} maker`), await world.party(`${name} taker`)];
  for (const party of [maker, taker]) {
    await prepare([...funding(world, party, usd(50_000)), execute(party, [cancelNonces(world, party, 0n)])]);
  }
  await turn(300);
  await measure(`${name}.open`, take(taker, ETH, true, [await order(maker, ETH, false, SMALL, 1n)]), { Filled: 1, FillSkipped: 0 });
  await turn(300);
  await measure(`${name}.change`, take(taker, ETH, true, [await order(maker, ETH, false, SMALL + 7n, 2n)]), { Filled: 1 });
  await measure(`${name}.reduce`, take(taker, ETH, false, [await order(maker, ETH, true, SMALL - 5n, 3n)]), { Filled: 1 });
  await measure(`${name}.close`, take(taker, ETH, false, [await order(maker, ETH, true, SMALL + 12n, 4n)]), { Filled: 1 });

  const makers: Party[] = [];
  for (let i = 0; i < 10; i++) makers.push(await world.party(`${name} maker ${i}`));
  const offers = (nonce: bigint): Promise<OrderFill[]> =>
    Promise.all(makers.map((each, i) => order(each, ETH, false, SMALL + BigInt(i), nonce)));
  await prepare(makers.flatMap((each) => funding(world, each, usd(50_000))));
  await prepare(funding(world, taker, usd(100_000)));
  await prepare([take(taker, ETH, true, await offers(0n))]);
  await turn(300);
  await measure(`${name}.tenFills.perFill`, take(taker, ETH, true, await offers(1n)), { Filled: 10 }, 10);
}

async function prices(world: GasWorld, measure: Measure): Promise<void> {
  await world.turn(HOUR);
  const posts: readonly [string, number][] = [
    ["signed", ETH],
    ["chainlink", BTC],
    ["pyth", SOL],
    ["three", LINK],
  ];
  for (const [kind, underlying] of posts) {
    const { publish, post } = world.postCalls(underlying, world.next() + 7);
    await world.prepare(publish);
    await measure(`price.post.${kind}`, post, { PricePosted: 1, Sampled: 0 });
  }
  await world.turn(60);
  // the first post on time for an hour
  const late = (Math.floor((world.chain.now() + 60) / HOUR) + 1) * HOUR + 30;
  const { post } = world.postCalls(ETH, late);
  await world.chain.mine(late - 7, []);
  await measure("price.post.hourly", post, { PricePosted: 1, Sampled: 1 });
  const [submit, update] = world.rateCalls(ETH);
  if (submit === undefined || update === undefined) throw new Failure("a rate takes two calls");
  await world.prepare([submit]);
  await measure("funding.update", update, { FundingRateSet: 1 });
}

/** Accounts that are long some seven ETH against the house on `deposit` settlement tokens. */
async function crowd(world: GasWorld, house: House, name: string, count: number, deposit: number, lots = SMALL): Promise<Party[]> {
  const accounts: Party[] = [];
  for (let i = 0; i < count; i++) accounts.push(await world.party(`${name} ${i}`));
  await world.prepare(accounts.flatMap((each, i) => funding(world, each, usd(deposit) + BigInt(i))));
  const takers = accounts.map((taker, i) => ({ taker, lots: lots + BigInt(i) }));
  await world.prepare(await house.against(takers, ETH, true));
  return accounts;
}

// Of some 14,100 in notional: below the line after a fall of 3.5 %, and far from it.
const THIN = 960;
const AMPLE = 3_000;

async function liquidations(world: GasWorld, measure: Measure, house: House): Promise<void> {
  const { turn, vaultCall, record, prepare } = world;
  const [keeper, buyer, wide, debtor] = (await Promise.all(["keeper", "buyer", "wide", "debtor"].map(world.party))) as [
    Party,
    Party,
    Party,
    Party,
  ];
  await prepare([...funding(world, keeper, usd(10)), ...funding(world, buyer, usd(500_000)), ...funding(world, buyer, WAD, WETH)]);
  await turn(300);
  await prepare(await house.against([{ taker: buyer, lots: SMALL }], ETH, true));
  const [first, one, taken] = (await crowd(world, house, "thin", 3, THIN)) as [Party, Party, Party];
  const [dust] = (await crowd(world, house, "dust", 1, 41.5, 3n * (ETH_LOTS / 10n))) as [Party];
  const [secured] = (await crowd(world, house, "secured", 1, AMPLE)) as [Party];
  const fifty = await crowd(world, house, "crowd", 50, THIN);
  const healthy = await crowd(world, house, "healthy", 50, AMPLE);
  await prepare(funding(world, secured, WAD / 10n, WETH));
  await prepare([world.execute(secured, [withdrawAction(secured.account, SETTLEMENT_TOKEN, usd(AMPLE - 790), secured.address)])]);
  await prepare(funding(world, wide, usd(2_300)));
  for (const underlying of UNDERLYINGS) {
    const lots = ((underlying === ETH ? 21_000n : 3_000n) * WAD) / world.lotPrice(underlying);
    await prepare(await house.against([{ taker: wide, lots }], underlying, true));
  }
  await prepare([...funding(world, debtor, usd(50)), ...funding(world, debtor, 10n * WAD, WETH)]);
  await prepare(await house.against([{ taker: debtor, lots: 30n * ETH_LOTS }], ETH, true));

  const liquidate = (account: Party): Call => vaultCall(keeper.address, "liquidate", [account.account, keeper.account]);
  const batch = (accounts: readonly Party[]): Call => {
    const ids = accounts.map(({ account }) => account);
    const data = interfaceOf("LiquidationBatch").encodeFunctionData("liquidateBatch", [ids, keeper.account]);
    return { from: keeper.address, to: record.contracts.liquidationBatch, data };
  };
  await turn(HOUR, (world.price(ETH) * 965n) / 1_000n);
  // from here on the fund's account and the keeper's are in use
  await prepare([liquidate(first)]);
  await turn(30);
  await measure("liquidate.fifty.perHealthy", batch(healthy), { Liquidated: 0, LiquidationFailed: 0 }, 50);
  await turn(30);
  await measure("liquidate.one", liquidate(one), { Liquidated: 1, CollateralSold: 0, ShortfallCovered: 0 });
  const toBuyer = [taken.account, buyer.account, WAD, 0n];
  await measure("liquidate.to", vaultCall(buyer.address, "liquidateTo", toBuyer), { Liquidated: 1 });
  await measure("liquidate.whole", liquidate(dust), { Liquidated: 1 });
  await turn(30);
  await measure("liquidate.collateral", liquidate(secured), { Liquidated: 1, CollateralSold: 1 });
  await measure("liquidate.fiveMarkets", liquidate(wide), { Liquidated: 1 });
  await turn(30);
  await measure("liquidate.fifty.perAccount", batch(fifty), { Liquidated: 50, LiquidationFailed: 0 }, 50);
  await measure("fund.topUp", vaultCall(keeper.address, "topUpFund", [ETH]), { FundToppedUp: 1 });
  await turn(30);
  await measure("shed", vaultCall(buyer.address, "shedFund", [ETH, buyer.account, WAD / 10n, 0n]), { Sold: 1 });
  await measure("fund.refreshCap", vaultCall(keeper.address, "refreshOpenInterestCap", [ETH]), { OpenInterestCapSet: 1 });

  // the debtor's losses are owed in settlement tokens, and it holds ETH
  await turn(30);
  await measure("exchange.declare", vaultCall(buyer.address, "declareExchange", [debtor.account]), { ExchangeDeclared: 1 });
  await turn(2 * HOUR);
  await turn(30);
  const exchanged = [debtor.account, WETH, 234_567_890_123_456_789n, buyer.account];
  await measure("exchange", vaultCall(buyer.address, "exchangeCollateral", exchanged), { CollateralExchanged: 1 });
}

async function fund(world: GasWorld, measure: Measure): Promise<void> {
  const { insuranceFund } = world.record.contracts;
  const backer = await world.party("backer");
  const call = (method: string, args: readonly unknown[]): Call => {
    return { from: backer.address, to: insuranceFund, data: interfaceOf("InsuranceFund").encodeFunctionData(method, [...args]) };
  };
  const amount = usd(12_345.678_901);
  const shares = amount * 10n ** 12n;
  await world.prepare(world.tokens(backer, SETTLEMENT_TOKEN, 2n * amount, insuranceFund));
  await world.turn(30);
  await measure("fund.deposit", call("deposit", [amount, backer.address]), { Deposited: 1 });
  await measure("fund.requestRedeem", call("requestRedeem", [shares]), { RedeemRequested: 1 });
  await world.turn(10 * DAY);
  await world.turn(30);
  await world.prepare([call("fileClaim", [shares / 2n, 0n])]);
  // payable for ten minutes after an hour
  await world.turn(HOUR + 60);
  await measure("fund.redeem", call("redeem", [shares / 2n, backer.address, backer.address]), { Withdrawn: 1 });
}
