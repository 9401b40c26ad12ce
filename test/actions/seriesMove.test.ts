import { expect } from "chai";
import { network } from "hardhat";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import type { SeriesMoveHarness } from "../../typechain-types/index.ts";
import { Random } from "../helpers/random.ts";

const UNDERLYING = 3n;
const PRICE = 2n * WAD;
const FUTURE = 0xffn;
const FUND = "0x00000000000000000000000000000000000f00d5";
const ACCOUNT = accountIdOf("0x00000000000000000000000000000000000000a1", 2n);
const TAKER = accountIdOf("0x00000000000000000000000000000000000000b2");
const OURS = accountIdOf(FUND, UNDERLYING + 1n);

/** A position as the vault stores it. */
const entryOf = (instrument: bigint, lots: bigint, halvings: bigint): bigint =>
  instrument | (BigInt.asUintN(45, lots) << 16n) | (halvings << 61n);

interface Shape {
  readonly toFund: boolean;
  readonly fromFund: boolean;
  readonly giver: number;
  readonly receiver: number;
  readonly series: number;
  readonly futures?: number;
  readonly shared: number; // how likely the receiver holds what the giver does
}

/** Two accounts with positions of up to `series` series; what both hold meets, adds up or is closed to nothing. */
function drawn(random: Random, { toFund, fromFund, series, giver, receiver, shared, futures = 0.2 }: Shape): SeriesMoveHarness.GivenStruct {
  const numbers = Array.from({ length: series }, () => BigInt(1 + random.below(255)));
  const instrument = (): bigint => {
    const strike = random.chance(futures) ? FUTURE : BigInt(random.below(254));
    return (random.pick(numbers) << 8n) | strike;
  };
  const position = (of: bigint): bigint => {
    const size = 1n + random.bigBelow(random.chance(0.5) ? 40n : 1n << 30n);
    const lots = random.chance(0.5) ? size : -size;
    return entryOf(of, lots, lots > 0n && of % 256n !== FUTURE ? BigInt(random.below(8)) : 0n);
  };
  const distinct = (count: number, draw: () => bigint): bigint[] => [...new Set(Array.from({ length: count }, draw))];
  const given = distinct(giver, instrument).map(position);
  const held = distinct(receiver, () => (random.chance(shared) && given.length !== 0 ? random.pick(given) & 0xffffn : instrument()));
  const taken = held.map((of) => {
    const same = given.find((entry) => (entry & 0xffffn) === of);
    const opposite = same === undefined ? 0n : -BigInt.asIntN(45, same >> 16n);
    return opposite !== 0n && random.chance(0.3) ? entryOf(of, opposite, opposite > 0n ? 1n : 0n) : position(of);
  });
  return {
    fund: FUND,
    from: fromFund ? OURS : ACCOUNT,
    to: toFund ? OURS : TAKER,
    underlying: UNDERLYING,
    part: random.chance(0.3) ? WAD : 1n + random.bigBelow(WAD),
    least: random.chance(0.5) ? 0n : random.bigBelow(50n),
    price: PRICE,
    expiry: 4_000_000_000n,
    giver: given,
    receiver: taken,
    costs: [...given, ...taken].map(() => random.bigBelow(1n << 60n) - (1n << 59n)),
    positions: [random.chance(0.5) ? 7n : 0n, random.chance(0.5) ? 9n : 0n],
  };
}

describe("series moved by a sale", function () {
  this.timeout(300_000);
  let harness: SeriesMoveHarness;

  before(async () => {
    const { ethers } = await network.create();
    const library = await ethers.deployContract("SeriesMoveLogic");
    harness = await ethers.deployContract("SeriesMoveHarness", { libraries: { SeriesMoveLogic: await library.getAddress() } });
  });

  for (const [title, shape] of [
    ["to the fund", { toFund: true, fromFund: false }],
    ["to a taker", { toFund: false, fromFund: false }],
    ["of the fund", { toFund: false, fromFund: true }],
  ] as const) {
    it(`default: lists, counts, costs and clocks are those of the plain twin to the unit, of a sale ${title}`, async () => {
      const random = new Random(title.length);
      for (let round = 0; round < 60; round++) {
        const given = drawn(random, {
          ...shape,
          giver: random.below(24),
          receiver: random.below(40),
          series: 1 + random.below(30),
          shared: random.pick([0, 0.5, 1]),
        });
        const { fast, plain } = await harness.both.staticCall(given);
        expect(fast, `round ${round}`).to.equal(plain);
      }
    });
  }

  it("behavior: a slice of fifty options, to a fund that holds the rest of the market", async () => {
    const random = new Random(127);
    const given = drawn(random, { toFund: true, fromFund: false, giver: 56, receiver: 170, series: 4, shared: 0.2, futures: 0 });
    const { fast, plain } = await harness.both.staticCall({ ...given, part: WAD / 3n });
    expect(fast).to.equal(plain);
  });
});
