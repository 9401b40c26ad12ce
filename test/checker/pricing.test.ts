import { expect } from "chai";
import { disagreements } from "../../src/checker/pricing.ts";
import { Replay } from "../../src/checker/replay.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { openingOf } from "../../src/engine/ledger/options/expiry.ts";
import { assess, termsAt } from "../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../src/engine/margin/portfolios.ts";
import { ownerOf } from "../../src/engine/types/accountId.ts";
import { Reverted } from "../../src/engine/types/errors.ts";
import { partUp, WAD } from "../../src/engine/types/fixedPoint.ts";
import { SETTLEMENT } from "../../src/engine/types/types.ts";
import { expiryOf } from "../../src/engine/words/seriesWord.ts";
import { sliceOf } from "../helpers/options/series.ts";
import { Random } from "../helpers/random.ts";
import { DAY, spanAt } from "../helpers/seriesWorld.ts";
import { type Call, SeriesChain } from "../helpers/walks/seriesChain.ts";
import { SeriesWalk, untilWindow } from "../helpers/walks/seriesWalk.ts";

const LISTING = { base: 1_500n, step: 100n, decimals: 13n, count: 10n, depth: 10_000_000n, volatilityCap: 200n };
const SERIES = [
  { underlying: 0, series: 1, days: 90n, price: 2_000n, strikes: LISTING },
  { underlying: 0, series: 2, days: 2n, price: 2_000n, strikes: LISTING },
  { underlying: 1, series: 1, days: 3n, price: 40_000n, strikes: { ...LISTING, base: 30n, step: 2n, decimals: 15n } },
] as const;

/** The engine's books and the checker's, that hear of the same calls. */
class Both {
  readonly world: SeriesChain;
  readonly replay: Replay;

  constructor(world: SeriesChain, replay: Replay) {
    this.world = world;
    this.replay = replay;
  }

  static async create(): Promise<Both> {
    const world = await SeriesChain.create(4);
    const { vault } = world.deployment;
    const [margin] = await vault.parameterWords();
    const words = await Promise.all([0, 1].map((u) => vault.underlyingWords(u)));
    const [collateral] = await vault.collateralWords(0);
    const [prices, volatilities] = [0, 5].map((place) => words.map((each) => each[place] ?? 0n)) as [bigint[], bigint[]];
    return new Both(world, new Replay({ margin, prices, volatilities, collaterals: [collateral] }, BigInt(world.state.fund)));
  }

  /** The call on the engine; the checker hears of what happened. */
  run(call: Call, listing: Readonly<Record<string, bigint>> = {}): void {
    const outcome = this.world.attempt(call);
    if (outcome instanceof Reverted) return;
    this.world.state = outcome.state;
    this.replay.now = outcome.state.now;
    for (const { name, values } of outcome.events) {
      const numbers = Object.entries(values).flatMap(([key, value]) => (typeof value === "bigint" ? [[key, value]] : []));
      this.replay.apply(name, { ...Object.fromEntries(numbers), ...listing });
    }
  }

  /** How far the checker is from the engine, in parts of its tolerance, over all accounts that hold series. */
  differences(): { readonly part: number; readonly equity: bigint; readonly maintenance: bigint }[] {
    const { state } = this.world;
    this.replay.now = state.now;
    const terms = termsAt(state.margin, state.now);
    return this.world.accounts.flatMap((id) => {
      const account = state.accounts.get(id);
      if (account === undefined) return [];
      const own = assess(portfolioOf(new Draft(state), id), terms, false);
      const found = this.replay.figures(id);
      const maintenance = partUp(own.margin, terms.maintenance);
      const apart = [found.value - own.value, found.equity - own.equity, found.maintenance - maintenance];
      const most = Math.max(...apart.map((each) => Math.abs(Number(each))));
      if (found.tolerance === 0n) expect(most, `account ${id} without series`).to.be.at.most(4);
      return found.tolerance === 0n ? [] : [{ part: most / Number(found.tolerance), equity: own.equity, maintenance }];
    });
  }
}

async function walk(seed: number, steps: number): Promise<{ readonly parts: number[]; readonly steps: Set<string> }> {
  const random = new Random(seed);
  const both = await Both.create();
  const { world } = both;
  for (const { underlying, series, days, price, strikes } of SERIES) {
    world.pass(1n);
    const expiry = world.state.now + days * DAY;
    both.run(world.post(underlying, price * WAD));
    world.pass(1n);
    both.run(world.list(underlying, { series: BigInt(series), expiry, ...strikes }), { expiry, ...strikes });
    world.pass(1n);
    const slice = sliceOf(0.6, Number(spanAt(expiry, world.state.now)));
    both.run(world.slice(underlying, series, { sliceWord: slice, basis: 1_000_000n, publishTime: world.state.now }));
    world.pass(1n);
    both.run(world.refresh(underlying, series));
  }
  for (const account of world.accounts) {
    const amount = (2_000n + BigInt(random.below(20_000))) * 10n ** 6n;
    both.run(world.actions(ownerOf(account), [{ kind: "Deposit", account, token: SETTLEMENT, amount }]));
  }
  const calls = new SeriesWalk(world, random);
  const parts: number[] = [];
  const met = new Set<string>();
  for (let i = 0; i < steps; i++) {
    const left = untilWindow(world);
    const openings = world.state.underlyings.flatMap(({ series }) => [...series.values()].map(({ word }) => openingOf(expiryOf(word))));
    const inWindow = openings.some((opening) => opening < world.state.now && world.state.now < opening + 3_600n);
    let seconds = random.chance(0.85) ? 1 + random.below(15) : 60 + random.below(240);
    if (inWindow) seconds = 10 + random.below(60);
    else if (random.chance(0.02)) seconds = 3_600 + random.below(12_000);
    if (left !== undefined && (i === Math.floor(steps / 3) || i === Math.floor((2 * steps) / 3))) seconds = Number(left) - 60;
    world.pass(BigInt(Math.max(seconds, 1)));
    // a settlement price needs half an hour of posts
    const { kind, call } = calls.choose(inWindow && i % 2 === 0 ? "post" : i % 3 === 0 ? "trade" : undefined);
    both.run(call);
    met.add(inWindow ? `${kind} in a window` : kind);
    if (i % 2 === 0) parts.push(...both.differences().map(({ part }) => part));
  }
  expect(disagreements(both.replay)).to.equal(0);
  expect([...both.replay.series.values()].filter(({ told }) => told !== 0n)).to.have.length.at.least(2);
  return { parts, steps: met };
}

describe("checker's prices", function () {
  this.timeout(300_000);

  it("H-95: a settlement price that was told wrong is seen, also when the number is another's by then", () => {
    const listing = { underlying: 0n, series: 1n, base: 15n, step: 1n, decimals: 18n, depth: 1n };
    const found = (told: bigint): number => {
      const replay = new Replay({ margin: 60n << 184n, prices: [0n], volatilities: [0n], collaterals: [] }, 1n);
      const expiry = 10n * DAY;
      replay.apply("SeriesListed", { ...listing, expiry });
      for (replay.now = expiry - 1_800n; replay.now <= expiry; replay.now += 60n) {
        replay.apply("PricePosted", { underlying: 0n, price: WAD, publishTime: replay.now, state: 0n });
      }
      replay.apply("SeriesSettled", { underlying: 0n, series: 1n, price: told });
      const before = disagreements(replay);
      replay.apply("SeriesListed", { ...listing, expiry: 99n * DAY });
      expect(disagreements(replay)).to.equal(before);
      return before;
    };
    expect([found(WAD), found(WAD + 1n)]).to.deep.equal([0, 1]);
  });

  it("default: value, equity and maintenance of random accounts are the engine's, within the tolerance", async () => {
    const { parts, steps } = await walk(2_615, 440);
    const most = Math.max(...parts);
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(parts.length, most, steps);
    expect(parts.length).to.be.at.least(300);
    expect(steps).to.include("post in a window");
    expect(most).to.be.at.most(0.1);
  });
});
