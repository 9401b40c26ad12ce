import { expect } from "chai";
import { network } from "hardhat";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { parameterIndex } from "../../../src/engine/math/bounds.ts";
import { accountIdOf } from "../../../src/engine/types/accountId.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { max, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId, Address, State } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { fixTime } from "../../helpers/clock.ts";
import { type CollateralOptions, type Deployment, type DeployOptions, deployVault } from "../../helpers/deploy.ts";
import { expectFundFigures } from "../../helpers/fundFigures.ts";
import { Random } from "../../helpers/random.ts";
import { Chain, type DecodedEvent, sameEvent } from "../../helpers/walks/chain.ts";
import { attempt, KINDS, type Kind, type Operation, show, UPTIME_GRACE, World } from "../../helpers/walks/operations.ts";
import { OrderBook } from "../../helpers/walks/orderBook.ts";
import { CIRCUMSTANCES, type Circumstance, Views } from "../../helpers/walks/views.ts";

/**
 * The same call on the contracts and on the engine, ten thousand times. After each every stored word of the vault and of the accounts that it changed
 * is compared, after every tenth those of everybody: what a call did to somebody whom it has nothing to do with stays there to be seen. After every
 * second and every price, what the valuing views say of the accounts that it changed and of one more.
 */
const OPERATIONS = Number(process.env.PLIMSOLL_OPERATIONS ?? 3_400);
const FIRST_SEED = Number(process.env.PLIMSOLL_SEED ?? 20_241);

const OWNERS = 10;
const ACCOUNTS_OF_AN_OWNER = 4;

interface Variant {
  readonly settlementDecimals: number;
  readonly collaterals: CollateralOptions[];
  readonly tradingAge: bigint; // seconds
  readonly options?: Partial<DeployOptions>;
}

const VARIANTS: readonly Variant[] = [
  {
    settlementDecimals: 6,
    tradingAge: 600n,
    collaterals: [
      { decimals: 18, underlying: 0, haircut: 100_000n, cap: 10n ** 27n },
      { decimals: 8, underlying: 1, haircut: 150_000n, cap: 10n ** 27n },
    ],
  },
  {
    settlementDecimals: 18,
    tradingAge: 600n,
    collaterals: [
      { decimals: 6, underlying: 0, haircut: 50_000n, cap: 10n ** 27n },
      { decimals: 18, underlying: 0, haircut: 300_000n, cap: 10n ** 22n },
      { decimals: 18, underlying: 2, haircut: 200_000n, cap: 10n ** 27n },
    ],
  },
  {
    settlementDecimals: 8,
    tradingAge: 3_900n,
    collaterals: [
      { decimals: 18, underlying: 1, haircut: 100_000n, cap: 10n ** 27n },
      { decimals: 6, underlying: 2, haircut: 250_000n, cap: 10n ** 27n },
      { decimals: 18, underlying: 3, haircut: 10_000n, cap: 10n ** 27n },
    ],
  },
];

interface Tally {
  readonly successes: Map<Kind, number>;
  readonly reverts: Map<string, number>;
  readonly skips: Map<string, number>;
  readonly valued: Map<Circumstance, number>;
  operations: number;
  liquidations: number;
  partial: number;
  negative: number;
  deficits: number;
  atPhi: number;
  covered: number;
  withdrawnUnderShortfall: number;
  withdrawnInDoubt: number;
  withdrawnAtRound: number;
  toppedUpUnderShortfall: number;
  readonly passedOver: Map<string, number>; // orders, by `take`
  filledBothWays: number;
}

const QUOTA: Partial<Record<Kind, number>> = {
  trade: 1_700,
  tradeOrders: 350,
  take: 450,
  postPrice: 1_000,
  deposit: 500,
  depositCollateral: 400,
};
const ORDER_MODULE = 1;
const ORDER_FEES = { taker: 250n, maker: -100n };
const LOT_EXPONENTS = [5n, 6n, 1n, 2n];

describe("engine and contracts", function () {
  this.timeout(600_000);
  const tally: Tally = {
    successes: new Map(),
    reverts: new Map(),
    skips: new Map(),
    valued: new Map(),
    operations: 0,
    liquidations: 0,
    partial: 0,
    negative: 0,
    deficits: 0,
    atPhi: 0,
    covered: 0,
    withdrawnUnderShortfall: 0,
    withdrawnInDoubt: 0,
    withdrawnAtRound: 0,
    toppedUpUnderShortfall: 0,
    passedOver: new Map(),
    filledBothWays: 0,
  };

  VARIANTS.forEach((variant, i) => {
    it(`agree to the unit: H-16 H-17 H-19 H-20 H-21 H-48, settlement token of ${variant.settlementDecimals} decimals`, async () => {
      await run(FIRST_SEED + i, variant, tally);
    });
  });

  it("met enough of everything", () => {
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(tally);
    expect(tally.operations).to.be.at.least(10_000);
    for (const kind of KINDS) expect(tally.successes.get(kind) ?? 0, `successes of ${kind}`).to.be.at.least(200);
    expect(tally.liquidations, "liquidations").to.be.at.least(100);
    expect(tally.partial, "partial liquidations").to.be.at.least(50);
    expect(tally.negative, "accounts with negative value").to.be.at.least(20);
    expect(tally.deficits, "deficits").to.be.at.least(5);
    expect(tally.atPhi, "withdrawals at φ").to.be.at.least(5);
    expect(tally.covered, "shortfalls covered by the fund").to.be.at.least(5);
    expect(tally.withdrawnUnderShortfall, "withdrawals under a shortfall").to.be.at.least(100);
    expect(tally.toppedUpUnderShortfall, "top-ups under a shortfall").to.be.at.least(50);
    expect(tally.withdrawnInDoubt, "withdrawals at the edge of a band").to.be.at.least(20);
    expect(tally.withdrawnAtRound, "withdrawals at the edge of a round").to.be.at.least(20);
    for (const name of ["SequencerNotUp", "CollateralTooSmall"]) expect(tally.reverts.get(name) ?? 0, name).to.be.at.least(5);
    expect(tally.skips.get("PositionTooSmall") ?? 0, "fills that leave too little").to.be.at.least(20);
    expect(tally.filledBothWays, "orders filled by both ways").to.be.at.least(20);
    for (const name of ["OrderUsedUp", "OrderExpired", "EpochPassed", "SignerNotAuthorised", "NothingToReduce", "SignatureInvalid"]) {
      expect(tally.passedOver.get(name) ?? 0, name).to.be.at.least(2);
    }
    for (const each of CIRCUMSTANCES) expect(tally.valued.get(each) ?? 0, `valued: ${each}`).to.be.at.least(50);
  });
});

async function run(seed: number, variant: Variant, tally: Tally): Promise<void> {
  const random = new Random(seed);
  const connection = await network.create({ override: { initialDate: "2029-12-31T00:00:00Z" } });
  await fixTime(connection);
  const feed = await connection.ethers.deployContract("MockFeed", [0]);
  await feed.set(0, 1);
  const deployment = await deployVault(connection, {
    settlementDecimals: variant.settlementDecimals,
    collaterals: variant.collaterals,
    defaultModules: 3,
    uptimeFeed: await feed.getAddress(),
    uptimeGrace: UPTIME_GRACE,
    parameters: { tradingAge: variant.tradingAge, liquidationAge: 200n, epochLength: 3_600n, topUp: 100_000n, bountyCap: 5_000n },
    underlyings: [
      { band: 200_000n, widestBand: 500_000n, rangeCap: 70_000_000n },
      { price: 40_000n * WAD, lotExponent: 6, sources: 2, feeCap: 300n, rangeCap: 60_000_000n, sigmaFloor: 5_000_000n },
      { price: WAD / 2n, lotExponent: 1, sources: 3, depth: 50_000_000n, rangeCap: 90_000_000n },
      { price: WAD, lotExponent: 2, sources: 3, sigmaFloor: 10_000n, rangeFloor: 20_000_000n, depth: 1_000_000n },
    ],
    ...variant.options,
  });
  const orders = await connection.ethers.deployContract("OrderSettlement", [deployment.vault, ORDER_FEES.taker, ORDER_FEES.maker]);
  await deployment.vault.setModule(ORDER_MODULE, orders);
  // what is held of the second underlying is what its first price gave, and falls by 2 % a day
  await deployment.vault.setParameter(parameterIndex("RangeCap"), 1, 52_000_000n);
  const { world, chain, views, state: first } = await prepare(deployment, random);
  const book = new OrderBook(ORDER_MODULE, ORDER_FEES, {
    chainId: (await connection.ethers.provider.getNetwork()).chainId,
    settlement: (await orders.getAddress()).toLowerCase(),
    termsOf: (instrument) => ({
      underlying: instrument,
      right: "perpetual",
      expiry: 0n,
      strike: 0n,
      lotExponent: LOT_EXPONENTS[Number(instrument)] ?? 0n,
    }),
  });
  world.book = book;
  let state = first;
  const { accounts } = first;
  const negative = new Set<AccountId>();
  // of its own, so that what is looked at does not change what happens
  const looks = new Random(seed + 1_000);
  const everybody = [...accounts.keys()];

  for (const account of world.traders) {
    state = world.later(state, 1n);
    const operation = world.firstDeposit(account, random.chance(0.55) ? SETTLEMENT : random.below(state.collaterals.length));
    state = await step(chain, operation, state, tally, operation.description);
  }
  for (let i = 0; i < OPERATIONS; i++) {
    const elapsed = random.chance(0.97) ? 1 + random.below(4) : random.chance(0.7) ? 60 + random.below(120) : 600 + random.below(4_000);
    state = world.later(state, BigInt(elapsed));
    const { now } = state;
    if (random.chance(0.01)) {
      state = await govern(chain, deployment, state, random);
      continue;
    }
    if (random.chance(world.sequencer.down ? 0.1 : 0.004)) {
      const down = !world.sequencer.down;
      const set = feed.interface.encodeFunctionData("set", [down ? 1 : 0, now]);
      await chain.send(deployment.deployer.address.toLowerCase(), set, now, await feed.getAddress());
      world.sequencer = { down, since: now };
      continue;
    }
    if (random.chance(0.01)) {
      world.rate = random.ofAnySize(26);
      const set = deployment.rateSource.interface.encodeFunctionData("set", [world.rate, false]);
      await chain.send(deployment.deployer.address.toLowerCase(), set, now, await deployment.rateSource.getAddress());
      continue;
    }
    const operation = choose(world, state, tally);
    const context = `seed ${seed}, operation ${i} at ${now}, ${operation.description}`;
    const before = state;
    state = await step(chain, operation, state, tally, context);
    const changed = everybody.filter((id) => state.accounts.get(id) !== before.accounts.get(id));
    await chain.compare(state, context, i % 10 === 9 || i === OPERATIONS - 1 ? everybody : changed);
    if (operation.nonces !== undefined) await chain.compareNonces(book.wordsOf(operation.nonces), context);
    if (i % 2 === 0 || operation.kind === "postPrice") await views.compareFigures(state, [...changed, looks.pick(everybody)], context);
    if (i % 100 === 0) {
      await views.compareFigures(state, everybody, context);
      await views.comparePortfolios(state, everybody, context);
      await views.compareLens(
        state,
        everybody.filter(() => looks.chance(0.25)),
        looks.below(state.underlyings.length),
        context,
      );
      await expectFundFigures(deployment.vault, deployment.fund, context);
    }
    if (operation.kind === "postPrice") countNegative(world, state, negative, tally);
    if (state.deficit > before.deficit) tally.deficits++;
    if (i % 200 === 0 || i === OPERATIONS - 1) await checkConservation(chain, state, context);
  }
  for (const [each, times] of views.met) tally.valued.set(each, (tally.valued.get(each) ?? 0) + times);
  expect(accounts.size).to.equal(first.accounts.size);
  await chain.compareNonces(book.wordsOf(book.used()), `seed ${seed}, the end`);
  tally.filledBothWays += book.filledBothWays();
}

/** Wallets with tokens, allowances, a fund with a stake, and the state as the chain has it. */
async function prepare(deployment: Deployment, random: Random): Promise<{ world: World; chain: Chain; views: Views; state: State }> {
  const { settlement, collaterals, vault, fundSigner } = deployment;
  const owners = deployment.signers.slice(2, 2 + OWNERS);
  const addresses = owners.map((owner) => owner.address.toLowerCase());
  const traders = addresses.flatMap((owner) =>
    Array.from({ length: ACCOUNTS_OF_AN_OWNER }, (_, index) => accountIdOf(owner, BigInt(index))),
  );
  const fund = deployment.fund.toLowerCase();
  const fundAccounts = Array.from({ length: deployment.sources.length + 2 }, (_, i) => accountIdOf(fund, BigInt(i)));
  const operators: Address[] = [addresses[0] ?? fund, addresses[1] ?? fund];
  const chain = await Chain.create(deployment, [...traders, ...fundAccounts], operators);

  const tokens = [[SETTLEMENT, settlement] as const, ...collaterals.map((token, i) => [i, token] as const)];
  const prices = [2_000n * WAD, 40_000n * WAD, WAD / 2n, WAD];
  const world = new World(chain, random, addresses, traders, prices);
  for (const [index, token] of tokens) {
    const decimals = await token.decimals();
    world.decimals[index] = decimals;
    const amount = 10n ** (decimals + 9n);
    for (const owner of [...owners, fundSigner]) {
      await token.mint(owner, amount);
      await token.connect(owner).approve(vault, 2n ** 256n - 1n);
      world.addBalance(index, owner.address.toLowerCase(), amount);
    }
  }
  const stake = 60_000n * 10n ** (await settlement.decimals());
  const coderData = deployment.connection.ethers.AbiCoder.defaultAbiCoder().encode(["uint8", "uint256"], [SETTLEMENT, stake]);
  await vault.connect(fundSigner).execute([{ kind: 0, account: accountIdOf(fund), data: coderData }]);
  for (const [u, own] of deployment.sources.entries()) {
    const price = prices[u] ?? WAD;
    const time = (await vault.underlyingWords(u))[0] ?? 0n;
    const publishTime = (time >> 96n) & ((1n << 40n) - 1n);
    world.reports[u] = own.map(() => ({ price, publishTime, valid: true }));
  }
  // the first underlying and the third have sources that write by deviation
  for (const index of [0, 2]) {
    world.deviations[index] = 5_000n;
    for (const source of deployment.sources[index] ?? []) await source.setDeviation(5_000n);
  }
  const views = await Views.create(chain);
  const state = await chain.readState(await chain.now());
  state.collaterals.forEach((token, i) => {
    world.underlyingsOfTokens[i] = Number(token.underlying);
  });
  return { world, chain, views, state };
}

/** What to do next: mostly what succeeded least, mostly something that the engine expects to succeed. */
function choose(world: World, state: State, tally: Tally): Operation {
  const { random } = world;
  // those that stand at a round do so for up to an hour; the others are good for 200 s, and then in doubt; a taker asks for young ones
  const most = (index: number): bigint => (state.standing?.has(index) ? state.margin.tradingAge : 350n);
  const isBelow = world.sellable(state).length > 0;
  const isBought = world.buyable(state).length > 0;
  const stale = state.underlyings.findIndex(
    (each, i) => each.priceState !== 0n || state.now - each.priceTime > (isBought ? 150n : most(i)),
  );
  if (stale >= 0 && random.chance(0.5)) return world.honestPost(state, stale);
  if (random.chance(0.12)) {
    // a jump, after which accounts are below their line, or below nothing
    const size = random.chance(0.8) ? 0.04 + 0.07 * random.fraction() : 0.08 + 0.25 * random.fraction();
    const [index, factor] = world.jump(state, size);
    world.movePrice(index, factor);
    return world.honestPost(state, index);
  }
  for (;;) {
    const kind = isBelow && random.chance(0.7) ? liquidation(random, tally, isBought) : pickKind(random, tally, isBelow);
    for (let tries = 0; tries < 4; tries++) {
      const operation = world.generate(kind, state);
      if (random.chance(0.05)) return operation;
      const result = attempt(operation, state);
      if (result instanceof Reverted && result.errorName === "CollateralTooSmall") return operation;
      if (!(result instanceof Reverted) && !isIdle(operation, result.outcome.events)) return operation;
    }
  }
}

/** Whether nothing came of a trade: all its fills were skipped. */
function isIdle(operation: Operation, events: readonly { readonly name: string }[]): boolean {
  return TRADES.includes(operation.kind) && !events.some((event) => event.name === "Filled");
}

const TRADES: readonly Kind[] = ["trade", "tradeOrders", "take"];

const LIQUIDATIONS: readonly Kind[] = ["liquidate", "liquidateTo"];

/** Mostly the way that was taken less often. */
function liquidation(random: Random, { successes }: Tally, isBought: boolean): Kind {
  if (!isBought && random.chance(0.97)) return "liquidate";
  const [fund = 0, taker = 0] = LIQUIDATIONS.map((kind) => successes.get(kind) ?? 0);
  return random.chance(0.85) === taker < fund ? "liquidateTo" : "liquidate";
}

/** A kind by how far it is from its quota, trades and posts more often; a liquidation seldom where nobody is below the line. */
function pickKind(random: Random, tally: Tally, isBelow: boolean): Kind {
  const weights = KINDS.map((kind) => {
    if (!isBelow && LIQUIDATIONS.includes(kind)) return 0.15;
    const quota = QUOTA[kind] ?? 240;
    const missing = Math.max(0, quota - (tally.successes.get(kind) ?? 0));
    return (0.02 + missing / quota) * (kind === "trade" ? 7 : kind === "take" || kind === "tradeOrders" ? 2 : kind === "postPrice" ? 3 : 1);
  });
  let left = random.fraction() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return KINDS[i] ?? "trade";
  }
  return "trade";
}

/** One operation on both sides. */
async function step(chain: Chain, operation: Operation, state: State, tally: Tally, context: string): Promise<State> {
  const expected = attempt(operation, state);
  const result = await chain.send(operation.from, operation.data, state.now);
  tally.operations++;
  if (expected instanceof Reverted) {
    if (result.ok) throw new Error(`${context}: the engine reverts with ${expected.message}, the chain does not`);
    if (result.errorName !== expected.errorName || show(result.args) !== show(expected.args)) {
      throw new Error(`${context}: engine ${expected.message}, chain ${result.errorName}(${show(result.args)})`);
    }
    count(tally.reverts, expected.errorName);
    return state;
  }
  if (!result.ok) throw new Error(`${context}: the chain reverts with ${result.errorName}(${show(result.args)})`);
  const { outcome } = expected;
  result.events.forEach((event, i) => {
    const own = outcome.events[i];
    if (own === undefined || !sameEvent(event, own)) {
      throw new Error(`${context}: event ${i}: chain ${show(event)}, engine ${show(own)}`);
    }
    if (event.name === "OrderSkipped") count(tally.passedOver, String(event.values.reason));
    if (event.name === "FillSkipped") count(tally.skips, String(event.values.reason));
    if (event.name === "ShortfallCovered") tally.covered++;
    if (event.name === "Withdrawn") countWithdrawal(event.values, state, tally);
  });
  expect(outcome.events.length, `${context}: number of events`).to.equal(result.events.length);
  expected.settle?.();
  if (operation.kind === "topUpFund" && state.shortfalls.size !== 0) tally.toppedUpUnderShortfall++;
  if (!isIdle(operation, result.events)) count(tally.successes, operation.kind);
  if (expected.fraction !== undefined) {
    tally.liquidations++;
    if (expected.fraction < WAD) tally.partial++;
  }
  return outcome.state;
}

function count<T>(map: Map<T, number>, key: T): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function countWithdrawal({ account, debited, paid }: DecodedEvent["values"], state: State, tally: Tally): void {
  if (debited !== paid) tally.atPhi++;
  if (state.shortfalls.size !== 0) tally.withdrawnUnderShortfall++;
  const doubtful = portfolioOf(new Draft(state), BigInt(account ?? 0n)).books.filter(({ doubt }) => doubt !== 0n);
  const stands = doubtful.filter(({ underlying }) => state.standing?.has(Number(underlying)));
  if (stands.length !== 0) tally.withdrawnAtRound++;
  if (stands.length < doubtful.length) tally.withdrawnInDoubt++;
}

function countNegative(world: World, state: State, negative: Set<AccountId>, tally: Tally): void {
  for (const id of world.traders) {
    if (world.figures(state, id).value >= 0n) {
      negative.delete(id);
    } else if (!negative.has(id)) {
      negative.add(id);
      tally.negative++;
    }
  }
}

/** Sizes sum to zero, what longs pay in funding shorts receive, and claims are what the vault holds and the deficit. */
async function checkConservation(chain: Chain, state: State, context: string): Promise<void> {
  const { settlement, collaterals } = chain.deployment;
  let claims = 0n;
  const sizes = state.underlyings.map(() => 0n);
  const longs = state.underlyings.map(() => 0n);
  const held = state.collaterals.map(() => 0n);
  for (const account of state.accounts.values()) {
    claims += account.cash;
    for (const [u, position] of account.positions) {
      claims += position.lots * position.fundingIndex;
      sizes[u] = (sizes[u] ?? 0n) + position.lots;
      longs[u] = (longs[u] ?? 0n) + max(position.lots, 0n);
    }
    for (const [token, amount] of account.collateral) held[token] = (held[token] ?? 0n) + amount;
  }
  expect(claims, `${context}: claims`).to.equal(state.settlement + state.deficit);
  expect(sizes, `${context}: sizes`).to.deep.equal(state.underlyings.map(() => 0n));
  expect(longs, `${context}: open interest`).to.deep.equal(state.underlyings.map((each) => each.funding.openInterest));
  expect(held, `${context}: collateral`).to.deep.equal(state.collaterals.map((each) => each.supply));
  const scale = 10n ** (18n - state.settlementDecimals);
  expect((await settlement.balanceOf(chain.vaultAddress)) * scale, `${context}: tokens`).to.equal(state.settlement);
  for (const [i, token] of collaterals.entries()) {
    const listed = state.collaterals[i];
    if (listed === undefined) continue;
    const balance = (await token.balanceOf(chain.vaultAddress)) * 10n ** (18n - listed.decimals);
    expect(balance, `${context}: token ${i}`).to.equal(listed.supply);
  }
}

/** Governance or the guardian changes something; the engine reads it back and goes on from there. */
async function govern(chain: Chain, deployment: Deployment, state: State, random: Random): Promise<State> {
  const vault = deployment.vault.interface;
  const parameter = (name: string, index: number, value: bigint): string =>
    vault.encodeFunctionData("setParameter", [parameterIndex(name), index, value]);
  const underlying = random.below(state.underlyings.length);
  const changes = [
    parameter("Maintenance", 0, random.part(800_000n, 0.9, 1.05)),
    parameter("Provision", 0, random.part(5_000n, 0.8, 2)),
    parameter("InterMonth", 0, random.part(20_000n, 0.9, 2)),
    parameter("OpenInterestCharge", 0, random.part(100_000n, 0, 1)),
    parameter("GainLock", 0, random.part(250_000n, 0.5, 1.5)),
    parameter("Recovery", 0, random.part(1_050_000n, 1, 1.2)),
    parameter("KeeperShare", 0, random.part(300_000n, 0.5, 1)),
    parameter("FillBand", underlying, random.part(30_000n, 0.2, 1.5)),
    parameter("Depth", underlying, random.part(20_000_000n, 0.5, 1.5)),
    parameter("Haircut", random.below(state.collaterals.length), random.part(150_000n, 0.5, 2)),
    vault.encodeFunctionData("stopOpens", [underlying]),
    vault.encodeFunctionData("lowerOpenInterestCap", [underlying, random.bigBelow(10n ** 8n)]),
    vault.encodeFunctionData("liftMeasure", [1, underlying]),
    vault.encodeFunctionData("disableModule", [random.below(2)]),
  ];
  let { now } = state;
  const disabled = state.modules.findIndex(({ disabledUntil }) => disabledUntil > now);
  const stopped = state.underlyings.findIndex((each) => each.trading.stoppedUntil > now);
  const change =
    disabled >= 0
      ? vault.encodeFunctionData("liftMeasure", [3, disabled])
      : stopped >= 0 && random.chance(0.7)
        ? vault.encodeFunctionData("liftMeasure", [0, stopped])
        : random.pick(changes);
  const sent = await chain.send(deployment.deployer.address.toLowerCase(), change, now);
  if (process.env.PLIMSOLL_SHOW && !sent.ok) console.log("governance", sent.errorName, sent.args, change.slice(0, 74));
  const { accounts } = state;
  const read = await chain.readState(now);
  const next = { ...read, accounts };
  await chain.compare(next, "governance");
  now = read.now;
  return next;
}
