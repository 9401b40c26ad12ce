import { expect } from "chai";
import type { Fill } from "../../src/engine/actions/trading.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf, namedInstrument } from "../../src/engine/ledger/market.ts";
import { assess, staleWords, termsAt } from "../../src/engine/margin/margin.ts";
import { portfolioOf, settledCash } from "../../src/engine/margin/portfolios.ts";
import { doubtOf } from "../../src/engine/math/priceGuard.ts";
import { figuresOf, type Leg } from "../../src/engine/pool/figures.ts";
import { moveUp, partAtOnce } from "../../src/engine/pool/spread.ts";
import { accountIdOf, ownerOf } from "../../src/engine/types/accountId.ts";
import { STRIKE_ZERO } from "../../src/engine/types/instrument.ts";
import type { AccountId } from "../../src/engine/types/types.ts";
import { deposit, fill, open, step, threeOwners, trade } from "../helpers/comboWorld.ts";
import { Random } from "../helpers/random.ts";
import { named, type SeriesChain } from "../helpers/walks/seriesChain.ts";

const WIDE = 5n * 10n ** 15n;
const ROUNDS = Number(process.env.PLIMSOLL_ROUNDS ?? 12);
const SERIES = [
  { series: 1, days: 30n },
  { series: 2, days: 2n },
  { series: 3, days: 90n },
] as const;

describe("what a maker quotes by", function () {
  this.timeout(300_000);
  let world: SeriesChain;
  let [taker, maker] = [0n, 0n];

  before(async () => {
    let first: AccountId;
    ({ world, taker, maker: first } = await threeOwners());
    // the first account of an owner who keeps underlyings apart holds cash alone
    maker = accountIdOf(ownerOf(first), 1n);
    for (const { series, days } of SERIES) await open(world, series, days);
    for (const account of [taker, maker]) await deposit(world, account, 500_000n);
  });

  it("is what the engine says of random inventories, by words and, where they are stale, live", async () => {
    const random = new Random(Number(process.env.PLIMSOLL_SEED ?? 71));
    const met = { words: 0, live: 0, wide: 0, emptied: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      await changed(world, random, taker, maker);
      for (let i = 0; i < 3; i++) {
        const legs = legsOf(world, random, maker);
        const since = random.chance(0.5) ? 0n : world.state.now;
        const said = await asked(world, maker, legs, since);
        const expected = basisOf(world, maker, legs, since);
        expect(said, `round ${round}, ${JSON.stringify(legs, (_, value) => String(value))}`).to.deep.equal(expected);
        met[expected.byWords === true ? "words" : "live"]++;
        if (expected.part !== 0n) met.wide++;
        if (expected.marginAfter === 0n) met.emptied++;
      }
      await expectOwnerFigures(world, ownerOf(maker));
    }
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(met);
    expect(met.words, "by words").to.be.greaterThan(ROUNDS);
    expect(met.live, "live").to.be.greaterThan(ROUNDS / 4);
    expect(met.wide, "at once").to.be.greaterThan(ROUNDS);
  });

  it("is told to the owner of the account alone, of one underlying alone", async () => {
    const { vault } = world.deployment;
    const request = { account: maker, instruments: [0n], given: [1n], wide: WIDE, since: 0n };
    await expect(vault.quoteBasis(request)).to.be.revertedWithCustomError(vault, "NotAuthorised");
    const own = vault.connect(await world.deployment.connection.ethers.getSigner(ownerOf(maker)));
    const two = { ...request, instruments: [0n, 256n], given: [1n, 1n] };
    await expect(own.quoteBasis(two)).to.be.revertedWithCustomError(vault, "ComboInvalid");
    const other = { ...request, instruments: [1n] };
    await expect(own.quoteBasis(other)).to.be.revertedWithCustomError(vault, "HoldsMore").withArgs(maker, 1);
    await expect(own.quoteBasis({ ...request, given: [] })).to.be.revertedWithCustomError(vault, "NothingToDo");
  });
});

/** A trade of the maker with the taker, a post, a refresh or time. */
async function changed(world: SeriesChain, random: Random, taker: AccountId, maker: AccountId): Promise<void> {
  world.pass(BigInt(1 + random.below(60)));
  const price = (world.state.underlyings[0]!.price * 100_000n * BigInt(995 + random.below(11))) / 1_000n;
  if (random.chance(0.85)) await world.step(world.post(0, price), "a post", []);
  for (const { series } of SERIES) if (random.chance(0.6)) await step(world, world.refresh(0, series));
  const fills: Fill[] = legsOf(world, random, maker).map(({ instrument, lots }) => fill(world, maker, instrument, lots));
  await trade(world, taker, fills, "a trade", [maker]);
  const idle = random.chance(0.3);
  if (idle) world.pass(BigInt(random.below(1_500)));
  // a view sees the time of the last block
  if (idle || random.chance(0.3)) await step(world, world.updateRate(0));
}

/** What somebody could ask of the maker: new instruments, and those that it holds, in part, as a whole and beyond. */
function legsOf(world: SeriesChain, random: Random, maker: AccountId): Leg[] {
  const account = world.state.accounts.get(maker);
  const perpetual = account?.positions.get(0)?.lots ?? 0n;
  if (random.chance(0.25)) return [{ instrument: 0n, lots: lotsOf(random, perpetual) }];
  const held = account?.series.get(0) ?? [];
  const legs = new Map<bigint, bigint>();
  for (let i = 1 + random.below(3); i > 0; i--) {
    if (held.length !== 0 && random.chance(0.5)) {
      const { instrument, lots } = random.pick(held);
      legs.set(namedInstrument(0, instrument), lotsOf(random, lots));
    } else {
      const { series } = random.pick(SERIES);
      const instrument = random.chance(0.2)
        ? named(0, series, STRIKE_ZERO)
        : named(0, series, BigInt(random.below(10)), random.chance(0.5));
      legs.set(instrument, lotsOf(random, 0n));
    }
  }
  return [...legs].map(([instrument, lots]) => ({ instrument, lots }));
}

/** Given by the maker: often all that it holds. */
function lotsOf(random: Random, held: bigint): bigint {
  if (held !== 0n && random.chance(0.5)) return held;
  const lots = random.part(200_000n, 0.1, 1) + 5_000n;
  return random.chance(0.5) ? lots : -lots;
}

async function asked(world: SeriesChain, account: AccountId, legs: readonly Leg[], since: bigint): Promise<Record<string, unknown>> {
  const request = {
    account,
    instruments: legs.map(({ instrument }) => instrument),
    given: legs.map(({ lots }) => lots),
    wide: WIDE,
    since,
  };
  const { connection, vault } = world.deployment;
  const own = vault.connect(await connection.ethers.getSigner(ownerOf(account)));
  const said = await own.quoteBasis(request, { blockTag: "latest" });
  const { equity, margin, marginAfter, byWords, doubt, part } = said;
  const [marks, referencePrices, moves] = [[...said.marks], [...said.referencePrices], [...said.moves]];
  return { equity, margin, marginAfter, byWords, doubt, part, marks, referencePrices, moves };
}

function basisOf(world: SeriesChain, account: AccountId, legs: readonly Leg[], since: bigint): Record<string, unknown> {
  const draft = new Draft(world.state);
  const { equity, before, after, byWords } = figuresOf(draft, account, legs);
  const markets = legs.map(({ instrument }) => marketOf(draft, instrument));
  const { underlying } = markets[0]!;
  const doubt = doubtOf(underlying, draft.base.margin.liquidationAge, draft.now);
  const part = doubt !== 0n || underlying.priceTime <= since ? partAtOnce(markets[0]!, WIDE, doubt) : 0n;
  return {
    equity,
    margin: before,
    marginAfter: after,
    byWords,
    doubt,
    part,
    marks: markets.map(({ mark }) => mark),
    referencePrices: markets.map(({ reference }) => reference),
    moves: markets.map((market) => (part === 0n ? 0n : moveUp(draft, market, part))),
  };
}

/** Every account of an owner, one by one. */
async function expectOwnerFigures(world: SeriesChain, owner: string): Promise<void> {
  const { accounts, settlement, owed } = await world.deployment.vault.ownerFigures(owner, true);
  expect([settlement, owed]).to.deep.equal([world.state.settlement, world.state.deficit]);
  const draft = new Draft(world.state);
  const terms = termsAt(world.state.margin, world.state.now);
  for (const [place, found] of accounts.entries()) {
    const portfolio = portfolioOf(draft, accountIdOf(owner, BigInt(place)));
    const live = assess(portfolio, terms, false);
    const isFresh = staleWords(portfolio) === undefined;
    expect([found.cash, found.equity, found.margin, found.fresh]).to.deep.equal([portfolio.cash, live.equity, live.margin, isFresh]);
    if (!isFresh) continue;
    const { equity, margin } = assess(portfolio, terms, true);
    expect([found.openingEquity, found.openingMargin, found.settledCash]).to.deep.equal([equity, margin, settledCash(portfolio)]);
  }
}
