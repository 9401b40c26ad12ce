import { expect } from "chai";
import { describe, it } from "mocha";
import type { Action } from "../../../src/engine/actions/execute.ts";
import type { Fill } from "../../../src/engine/actions/trading.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import { STRIKE_ZERO } from "../../../src/engine/types/instrument.ts";
import type { AccountId } from "../../../src/engine/types/types.ts";
import { combo, deposit, fill, joined, open, type Part, refresh, rise, trade } from "../../helpers/comboWorld.ts";
import { Random } from "../../helpers/random.ts";
import { named, SeriesChain, tradeOf } from "../../helpers/walks/seriesChain.ts";

const LOTS = 50_000n;
const SEED = Number(process.env.PLIMSOLL_SEED ?? 815);
const STEPS = Number(process.env.PLIMSOLL_OPERATIONS ?? 150);

const call = (index: bigint, series = 1): bigint => named(0, series, index);
const put = (index: bigint, series = 1): bigint => named(0, series, index, false);
const future = (series: number): bigint => named(0, series, STRIKE_ZERO);

describe("fills that stand together", function () {
  this.timeout(600_000);
  let world: SeriesChain;
  let [taker, maker, other, poor] = [0n, 0n, 0n, 0n];

  beforeEach(async () => {
    world = await SeriesChain.create(4);
    [taker, maker, other, poor] = world.owners.map((owner) => accountIdOf(owner)) as [AccountId, AccountId, AccountId, AccountId];
    for (const [series, days] of [
      [1, 30n],
      [2, 60n],
    ] as const) {
      await open(world, series, days);
    }
    await refresh(world);
    for (const id of [taker, maker, other]) await deposit(world, id, 20_000n);
    await deposit(world, poor, 60n);
  });

  const spreads: readonly (readonly [string, readonly Part[]])[] = [
    [
      "vertical",
      [
        [call(5n), LOTS],
        [call(7n), -LOTS],
      ],
    ],
    [
      "straddle",
      [
        [call(5n), LOTS],
        [put(5n), LOTS],
      ],
    ],
    [
      "calendar",
      [
        [call(5n), -LOTS],
        [call(5n, 2), LOTS],
      ],
    ],
    [
      "box",
      [
        [call(4n), LOTS],
        [put(4n), -LOTS],
        [call(6n), -LOTS],
        [put(6n), LOTS],
      ],
    ],
    [
      "calendar of futures",
      [
        [future(1), LOTS],
        [future(2), -LOTS],
      ],
    ],
  ];
  for (const [name, parts] of spreads) {
    it(`a ${name} is opened and closed`, async () => {
      expect(await trade(world, taker, combo(world, maker, parts))).to.deep.equal(parts.map(() => "Filled"));
      const back = parts.map(([instrument, lots]): Part => [instrument, -lots]);
      expect(await trade(world, taker, combo(world, maker, back))).to.deep.equal(parts.map(() => "Filled"));
      expect(world.state.accounts.get(maker)?.series.size).to.equal(0);
    });
  }

  it("a maker whose margin holds only for the whole is filled, and leg by leg it is not", async () => {
    // it sells the nearer call and buys the further one
    const spread: Part[] = [
      [call(5n), LOTS],
      [call(6n), -LOTS],
    ];
    const alone = combo(world, poor, spread).map((fill) => ({ ...fill, instrument: BigInt.asUintN(24, fill.instrument) }));
    expect(await trade(world, taker, alone.slice(0, 1))).to.deep.equal(["MarginTooLow"]);
    expect(await trade(world, taker, combo(world, poor, spread))).to.deep.equal(["Filled", "Filled"]);
    // twice as much is too much for the whole, and nothing of it stands
    const most = spread.map(([instrument, lots]): Part => [instrument, 20n * lots]);
    const before = world.state.accounts.get(poor);
    expect(await trade(world, taker, combo(world, poor, most))).to.deep.equal(["MarginTooLow", "MarginTooLow"]);
    expect(world.state.accounts.get(poor)).to.deep.equal(before);
  });

  it("one leg that cannot stand takes all down, whichever it is", async () => {
    const legs: Part[] = [
      [call(4n), LOTS],
      [call(6n), -LOTS],
      [put(3n), LOTS],
      [future(2), -LOTS],
    ];
    const wrong: readonly (readonly [string, Partial<Fill>])[] = [
      ["PriceOutsideBand", { price: 2n ** 90n }],
      ["FeeOutsideBounds", { makerFee: -1n }],
      ["ZeroLots", { lots: 0n }],
      ["PositionCapExceeded", { lots: 2n ** 40n }],
    ];
    expect(
      await trade(
        world,
        taker,
        combo(world, maker, [
          [call(8n), LOTS],
          [put(3n), LOTS],
        ]),
      ),
    ).to.deep.equal(["Filled", "Filled"]);
    const words = world.state.underlyings[0];
    for (const [reason, changes] of wrong) {
      for (let at = 0; at < legs.length; at++) {
        const parts = legs.map((leg, i): Part => (i === at ? [leg[0], leg[1], changes] : leg));
        expect(await trade(world, taker, combo(world, maker, parts)), `${reason} at ${at}`).to.deep.equal(legs.map(() => reason));
      }
    }
    expect(world.state.underlyings[0]).to.deep.equal(words);
  });

  it("groups of one maker and fills alone stand by themselves in one trade", async () => {
    const good: Part[] = [
      [call(4n), LOTS],
      [call(6n), -LOTS],
    ];
    const bad: Part[] = [
      [put(2n), LOTS],
      [put(4n), -LOTS, { price: 0n }],
    ];
    const fills = [
      fill(world, maker, 0n, LOTS),
      ...combo(world, maker, good),
      fill(world, maker, call(4n), -LOTS),
      ...combo(world, maker, bad),
      ...combo(world, other, good),
      fill(world, maker, 0n, -LOTS),
      ...combo(world, maker, bad.slice(0, 1).concat([[put(4n), -LOTS]])),
      fill(world, other, 1n, 10_000n),
    ];
    const filled = (count: number): string[] => Array.from({ length: count }, () => "Filled");
    const expected = [...filled(4), "PriceOutsideBand", "PriceOutsideBand", ...filled(6)];
    expect(await trade(world, taker, fills)).to.deep.equal(expected);
  });

  it("H-82 a position is closed through several makers, leg by leg and as combos; who would end with little is refused", async () => {
    const parts = (lots: bigint): Part[] => [
      [call(4n), lots],
      [call(6n), -lots],
    ];
    // the makers hold much on either side
    const filled = ["Filled", "Filled"];
    expect(await trade(world, other, combo(world, maker, parts(4n * LOTS)))).to.deep.equal(filled);
    expect(await trade(world, taker, combo(world, maker, parts(LOTS)))).to.deep.equal(filled);
    const most = combo(world, maker, parts(100n - LOTS));
    world.pass(1n);
    expect(await world.step(world.actions(ownerOf(taker), [tradeOf(taker, most, 0n)]))).to.deep.equal({ reverted: "PositionTooSmall" });
    expect(await trade(world, taker, [...most, ...combo(world, other, parts(-100n))])).to.deep.equal([...filled, ...filled]);
    const legs = parts(LOTS).map(([instrument, lots]) => fill(world, maker, instrument, lots));
    expect(await trade(world, taker, legs)).to.deep.equal(filled);
    const apart = [maker, other].flatMap((id) =>
      parts(id === maker ? 100n - LOTS : -100n).map(([instrument, lots]) => fill(world, id, instrument, lots)),
    );
    expect(await trade(world, taker, apart)).to.deep.equal([...filled, ...filled]);
  });

  it("the lots of every leg count for what the taker needs at least", async () => {
    const parts: Part[] = [
      [call(4n), LOTS],
      [call(6n), -LOTS],
    ];
    const action = (least: bigint): Action => tradeOf(taker, combo(world, maker, parts), least);
    world.pass(1n);
    expect(await world.step(world.actions(ownerOf(taker), [action(2n * LOTS + 1n)]))).to.deep.equal({ reverted: "FilledTooLittle" });
    world.pass(1n);
    expect(await world.step(world.actions(ownerOf(taker), [action(2n * LOTS)]))).to.have.property("events");
  });

  it("data that makes no combo is skipped: two makers, a perpetual, an instrument twice, nine legs, one that waits for another", async () => {
    const bad: readonly (readonly Fill[])[] = [
      [joined(fill(world, maker, call(4n), LOTS)), fill(world, other, call(5n), LOTS)],
      [joined(fill(world, maker, 0n, LOTS)), fill(world, maker, call(5n), LOTS)],
      [joined(fill(world, maker, call(4n), LOTS)), fill(world, maker, 0n, LOTS)],
      [joined(fill(world, maker, call(4n), LOTS)), fill(world, maker, call(4n), LOTS)],
      [joined(fill(world, maker, call(4n), LOTS))],
      [joined(fill(world, maker, 0n, LOTS))],
      Array.from({ length: 9 }, (_, i) => fill(world, maker, call(BigInt(i)), 10_000n)).map((each, i) => (i < 8 ? joined(each) : each)),
    ];
    for (const fills of bad) expect(await trade(world, taker, fills)).to.deep.equal(fills.map(() => "ComboInvalid"));
    // the highest bit says it as well, and what comes before stands
    const high = { ...fill(world, maker, 0n, LOTS), instrument: 1n << 31n };
    expect(await trade(world, taker, [fill(world, maker, 0n, LOTS), high])).to.deep.equal(["Filled", "ComboInvalid"]);
    const eight = Array.from({ length: 8 }, (_, i) => [call(BigInt(i)), 10_000n] as const);
    expect(await trade(world, taker, combo(world, maker, eight))).to.deep.equal(eight.map(() => "Filled"));
  });

  it("an account that fails sheds several legs at once: live figures look at the whole", async () => {
    const failing = accountIdOf(ownerOf(maker), 1n);
    await deposit(world, failing, 4_000n);
    expect(
      await trade(world, taker, [
        ...combo(world, failing, [
          [call(8n), 850_000n],
          [put(1n), -50_000n],
        ]),
        fill(world, failing, future(2), -10_000n),
      ]),
    ).to.deep.equal(["Filled", "Filled", "Filled"]);
    await rise(world, [2_080n, 2_160n, 2_240n, 2_320n, 2_400n]);
    // more of one leg than the other takes off
    const worse: Part[] = [
      [call(8n), 20_000n],
      [put(1n), 10_000n],
    ];
    expect(await trade(world, taker, combo(world, failing, worse))).to.deep.equal(["MarginTooLow", "MarginTooLow"]);
    // the put is closed and comes back as the last where the rest does not stand
    const closes: Part[] = [
      [put(1n), 50_000n],
      [call(8n), 100_000n],
    ];
    expect(await trade(world, taker, combo(world, failing, closes))).to.deep.equal(["MarginTooLow", "MarginTooLow"]);
    expect(world.state.accounts.get(failing)?.series.get(0)?.at(-1)?.instrument).to.equal(put(1n) >> 8n);
    // alone the put loses protection; with much of the call it sheds
    const sheds: Part[] = [
      [put(1n), 50_000n],
      [future(2), 10_000n],
      [call(8n), -400_000n],
    ];
    expect(await trade(world, taker, combo(world, failing, sheds))).to.deep.equal(["Filled", "Filled", "Filled"]);
    expect(world.state.accounts.get(failing)?.series.get(0)).to.have.length(1);
  });

  it("a taker that fails sheds by several fills: what it had is looked at, and nothing of the look stays", async () => {
    const failing = accountIdOf(ownerOf(maker), 1n);
    await deposit(world, failing, 4_000n);
    const position: Part[] = [
      [put(1n), 50_000n],
      [call(8n), -850_000n],
      [future(2), 10_000n],
      [call(9n), 20_000n],
    ];
    expect(await trade(world, failing, combo(world, other, position))).to.deep.equal(position.map(() => "Filled"));
    await rise(world, [2_080n, 2_160n, 2_240n, 2_320n, 2_400n]);
    const before = world.state.accounts.get(failing);
    // more of what fails, beside a fill that is dropped
    const dropped = fill(world, taker, call(8n), 10_000n, { price: 0n });
    expect(await trade(world, failing, [dropped, fill(world, other, call(8n), -20_000n)])).to.deep.equal(["MarginTooLow"]);
    // the perpetual alone: short it hedges nothing, long it does
    expect(await trade(world, failing, [fill(world, other, 0n, -10_000n)])).to.deep.equal(["MarginTooLow"]);
    expect(world.state.accounts.get(failing)).to.deep.equal(before);
    expect(await trade(world, failing, [fill(world, other, 0n, 10_000n)])).to.deep.equal(["Filled"]);
    // the first leg adds what the second more than takes off
    const better: Part[] = [
      [call(6n), -5_000n],
      [call(8n), 50_000n],
    ];
    expect(await trade(world, failing, combo(world, taker, better))).to.deep.equal(["Filled", "Filled"]);
    // a position is opened, another closed, two makers and a combo take the rest, and one fill is dropped
    const fills = [
      fill(world, other, call(7n), 5_000n),
      ...combo(world, taker, [
        [put(1n), -50_000n],
        [call(8n), 200_000n],
      ]),
      dropped,
      fill(world, other, future(2), -10_000n),
      fill(world, other, 0n, 10_000n),
      fill(world, other, call(8n), 200_000n),
    ];
    const became = ["Filled", "Filled", "Filled", "PriceOutsideBand", "Filled", "Filled", "Filled"];
    expect(await trade(world, failing, fills)).to.deep.equal(became);
    expect(
      world.state.accounts
        .get(failing)
        ?.series.get(0)
        ?.map(({ instrument }) => instrument),
    ).to.have.members([call(6n), call(7n), call(8n), call(9n)].map((instrument) => instrument >> 8n));
    // nothing stands: the figures before are those of now
    expect(await trade(world, failing, [dropped])).to.deep.equal(["PriceOutsideBand"]);
  });

  it("default: random combos agree to the unit", async () => {
    const random = new Random(SEED);
    const met = new Map<string, number>();
    for (let step = 0; step < STEPS; step++) {
      world.pass(1n);
      if (step % 10 === 9) {
        const price = 2_000n + BigInt(random.below(160)) - 80n;
        await world.step(world.post(0, price * WAD), `step ${step}`, []);
        world.pass(1n);
        if (random.chance(0.8)) await refresh(world);
      }
      const fills: Fill[] = [];
      for (let group = random.below(3); group >= 0; group--) {
        const id = random.pick([maker, other, poor]);
        const count = random.chance(0.3) ? 1 : 2 + random.below(3);
        // a position counts from 5,000 lots on
        const size = BigInt(random.chance(0.1) ? 1 + random.below(5_000) : 5_000 + random.below(35_000));
        const legs = Array.from({ length: count }, (): Part => {
          const series = 1 + random.below(2);
          const instrument = random.chance(0.15) ? future(series) : named(0, series, BigInt(2 + random.below(6)), random.chance(0.5));
          return [instrument, (random.chance(0.5) ? size : -size) * BigInt(1 + random.below(2)), random.chance(0.03) ? { price: 0n } : {}];
        });
        fills.push(...combo(world, id, legs));
      }
      for (const what of await trade(world, random.chance(0.8) ? taker : other, fills, `step ${step}`))
        met.set(what, (met.get(what) ?? 0) + 1);
      if (step % 25 === 0) await world.compare(`step ${step}`, world.accounts);
    }
    await world.compare("the end", world.accounts);
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(met);
    for (const [what, least] of [
      ["Filled", 120],
      ["MarginTooLow", 20],
      ["PositionTooSmall", 20],
      ["PriceOutsideBand", 5],
      ["ComboInvalid", 5],
    ] as const) {
      expect(met.get(what) ?? 0, what).to.be.at.least(least);
    }
  });

  it("default: four legs together cost less than four fills", async () => {
    const legs = (sign: bigint): Part[] => [
      [call(4n), sign * LOTS],
      [put(4n), -sign * LOTS],
      [call(6n), -sign * LOTS],
      [put(6n), sign * LOTS],
    ];
    const alone = (fills: readonly Fill[]): Fill[] => fills.map((each) => ({ ...each, instrument: BigInt.asUintN(24, each.instrument) }));
    // both sides hold something of everything before
    expect(await trade(world, taker, combo(world, maker, legs(2n)))).to.have.length(4);
    const gasOf = async (fills: readonly Fill[]): Promise<number> => {
      expect(await trade(world, taker, fills)).to.deep.equal(fills.map(() => "Filled"));
      const block = (await world.chain.request("eth_getBlockByNumber", ["latest", false])) as { gasUsed: string };
      return Number(block.gasUsed);
    };
    const figures: Record<string, number> = {};
    figures.one = await gasOf(alone(combo(world, maker, legs(1n))).slice(0, 1));
    figures.together = await gasOf(combo(world, maker, legs(1n)));
    figures.apart = await gasOf(alone(combo(world, maker, legs(1n))));
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(figures);
    expect(figures.together).to.be.lessThan(figures.apart!);
  });
});
