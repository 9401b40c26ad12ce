import { expect } from "chai";
import { describe, it } from "mocha";
import { exp } from "../../src/simulator/numbers/portable.ts";
import { Stream } from "../../src/simulator/numbers/stream.ts";
import { GarchProcess } from "../../src/simulator/prices/garch.ts";
import { ImpliedVolatility } from "../../src/simulator/prices/impliedVolatility.ts";
import { JumpDiffusion, kouJumps, mertonJumps } from "../../src/simulator/prices/jumps.ts";
import { noMoves, type PriceProcess, YEAR } from "../../src/simulator/prices/process.ts";
import { Replay } from "../../src/simulator/prices/replay.ts";
import { expectNear } from "../helpers/near.ts";

const HOUR = 3_600;
const grid = (underlyings: number, correlation: number, step = HOUR) => ({ underlyings, correlation, step });

/** Mean of the price after `steps`, variance of its logarithm and kurtosis of single steps, over many paths. */
function moments(make: (path: number) => PriceProcess, steps: number, paths: number) {
  const moves = noMoves(1);
  let [price, sum, square, second, fourth, beyond] = [0, 0, 0, 0, 0, 0];
  for (let path = 0; path < paths; path++) {
    const process = make(path);
    let logarithm = 0;
    for (let i = 0; i < steps; i++) {
      process.next(moves);
      const move = moves.close[0]!;
      if (!(moves.high[0]! >= Math.max(0, move) && moves.low[0]! <= Math.min(0, move))) beyond++;
      logarithm += move;
      second += move ** 2;
      fourth += move ** 4;
    }
    price += exp(logarithm);
    sum += logarithm;
    square += logarithm ** 2;
  }
  expect(beyond).to.equal(0);
  const count = steps * paths;
  return { price: price / paths, variance: square / paths - (sum / paths) ** 2, kurtosis: (count * fourth) / second ** 2 };
}

describe("price processes", () => {
  const stream = (path: number) => new Stream(5, path, "prices");
  const day = (sigma: number): number => (sigma * sigma * 86_400) / YEAR;

  it("default: Brownian, Merton and Kou keep the expected price, and have the variance of their terms", () => {
    const terms = { sigmas: [0.8], drift: 0 };
    const brownian = moments((path) => new JumpDiffusion(stream(path), grid(1, 0), terms), 24, 4_000);
    expectNear(brownian.price, 1, 0.003);
    expectNear(brownian.variance, day(0.8), day(0.8) * 0.08);
    const merton = moments((path) => new JumpDiffusion(stream(path), grid(1, 0), terms, mertonJumps(365, -0.05, 0.05)), 24, 6_000);
    expectNear(merton.price, 1, 0.006);
    expectNear(merton.variance, day(0.8) + 0.05 ** 2 * 2, 0.0008);
    const kou = moments((path) => new JumpDiffusion(stream(path), grid(1, 0), terms, kouJumps(365, 0.4, 0.03, 0.05)), 24, 6_000);
    expectNear(kou.price, 1, 0.006);
    expectNear(kou.variance, day(0.8) + 2 * (0.4 * 0.03 ** 2 + 0.6 * 0.05 ** 2), 0.0006);
  });

  it("behavior: GARCH has its long-run variance and fat tails, on hours and on minutes", () => {
    const garch = { sigmas: [0.8], drift: 0, alpha: 0.1, beta: 0.85, freedom: 5 };
    const hours = moments((path) => new GarchProcess(stream(path), grid(1, 0), garch), 24, 3_000);
    expectNear(hours.variance, day(0.8), day(0.8) * 0.15);
    expect(hours.kurtosis).to.be.greaterThan(4.5);
    const minutes = moments((path) => new GarchProcess(stream(path), grid(1, 0, 60), garch), 24 * 60, 300);
    expectNear(minutes.variance, day(0.8), day(0.8) * 0.35);
  });

  it("behavior: the extremes of a step are those of the path within it", () => {
    // the mean of the highest of a day's Brownian path is σ·√(2/π), on whatever grid it is drawn
    const high = (step: number, paths: number): number => {
      const moves = noMoves(1);
      let sum = 0;
      for (let path = 0; path < paths; path++) {
        const process = new JumpDiffusion(stream(path), grid(1, 0, step), { sigmas: [0.5], drift: 0 });
        let [at, highest] = [0, 0];
        for (let i = 0; i < 86_400 / step; i++) {
          process.next(moves);
          highest = Math.max(highest, at + moves.high[0]!);
          at += moves.close[0]!;
        }
        sum += highest;
      }
      return sum / paths;
    };
    const expected = Math.sqrt((2 / Math.PI) * day(0.5));
    expectNear(high(86_400, 20_000), expected, expected * 0.03);
    expectNear(high(HOUR, 6_000), expected, expected * 0.05);
  });

  it("behavior: underlyings move together as much as is asked for", () => {
    const process = new JumpDiffusion(stream(0), grid(2, 0.7), { sigmas: [0.6, 1], drift: 0 });
    const moves = noMoves(2);
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      process.next(moves);
      const [a, b] = [moves.close[0]!, moves.close[1]!];
      ab += a * b;
      aa += a * a;
      bb += b * b;
    }
    expectNear(ab / Math.sqrt(aa * bb), 0.7, 0.02);
    expectNear(Math.sqrt(bb / aa), 1 / 0.6, 0.05);
  });

  it("behavior: a replay honours lows, highs and what lies between a close and the next open, and says when it is over", () => {
    const replay = new Replay(Float64Array.of(1, 1.1, 0.9, 1.05, 1.2, 1.25, 1.15, 1.18));
    const moves = noMoves(1);
    replay.next(moves);
    expect([exp(moves.high[0]!), exp(moves.low[0]!), exp(moves.close[0]!)].map((each) => each.toFixed(9))).to.deep.equal([
      "1.100000000",
      "0.900000000",
      "1.050000000",
    ]);
    replay.next(moves);
    expectNear(exp(moves.close[0]!) * 1.05, 1.18, 1e-12);
    // the price was at the last close when the bar began
    expect(moves.low[0]).to.equal(0);
    expect(() => replay.next(moves)).to.throw("at their end");
  });

  it("behavior: implied volatility leaps when the price does, and comes back", () => {
    const terms = { usual: 0.7, halfLife: 86_400, leverage: 2, jump: 3, ownDeviation: 0 };
    const implied = new ImpliedVolatility(stream(0), HOUR, terms);
    expectNear(implied.next(0, 0), 0.7, 1e-12);
    expectNear(implied.next(-0.1, -0.1), 0.7 * exp(0.5), 1e-12);
    for (let i = 0; i < 23; i++) implied.next(0, 0);
    expectNear(implied.next(0, 0), 0.7 * exp(0.25), 1e-12);
    expect(implied.next(-2, 0)).to.be.at.most(4);
  });
});
