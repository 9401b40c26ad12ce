#!/usr/bin/env node
// How far the engine's Black-76 (the contract's, to the unit) is from the exact price, as the table of docs/options.md.
//   node scripts/black76-error.ts [points in each cell] [seed]
import { logMoneynessOf, rootOfYears, totalVolatilityOf, undiscounted } from "../src/engine/math/options/black76.ts";
import { abs, max, WAD } from "../src/engine/types/fixedPoint.ts";
import { seededRandom } from "../src/simulator/random.ts";
import { black76, fromWad } from "../test/helpers/options/highPrecision.ts";

const points = Number(process.argv[2] ?? 500);
const random = seededRandom(Number(process.argv[3] ?? 1)).uniform;

const volatilities: readonly (readonly [number, number])[] = [
  [0.01, 0.05],
  [0.05, 0.2],
  [0.2, 1],
  [1, 5],
];
const times: readonly (readonly [string, number, number])[] = [
  ["1 minute to 1 hour", 1 / 525_600, 1 / 8_760],
  ["1 hour to 1 day", 1 / 8_760, 1 / 365],
  ["1 to 30 days", 1 / 365, 30 / 365],
  ["30 days to 1 year", 30 / 365, 1],
  ["1 to 2 years", 1, 2],
];

const between = (low: number, high: number): number => low * (high / low) ** random();
const wad = (value: number): bigint => BigInt(Math.round(value * 1e15)) * 1_000n + BigInt(Math.floor(random() * 1_000));

/** The larger error of call and put beyond the unit of rounding, in 1e-18 of the forward, and of the larger of forward and strike. */
function errorAt(volatility: bigint, time: bigint, anywhere: boolean): readonly [bigint, bigint] {
  const forward = wad(between(1, 1e6)) * 1_000n;
  const width = (Number(volatility) / 1e18) * Math.sqrt(Number(time) / 1e18);
  const spread = 2 * random() - 1;
  const distance = anywhere ? spread * Math.log(20) : Math.max(-1, Math.min(1, (6 * spread * width) / Math.log(20))) * Math.log(20);
  const strike = (forward * wad(Math.exp(distance))) / WAD;
  const said = undiscounted(forward, strike, logMoneynessOf(forward, strike), totalVolatilityOf(volatility, rootOfYears(time)));
  const exact = black76(fromWad(forward), fromWad(strike), fromWad(time), fromWad(volatility), 0n);
  const error = max(abs(fromWad(said.call) - exact.call), abs(fromWad(said.put) - exact.put)) - fromWad(1n);
  if (error <= 0n) return [0n, 0n];
  return [(error * WAD) / fromWad(forward), (error * WAD) / fromWad(max(forward, strike))];
}

const show = (parts: bigint): string => `${(Number(parts) / 100).toFixed(2)}e-16`;
let worst: readonly [bigint, bigint] = [0n, 0n];
console.log(`| σ | ${times.map(([name]) => name).join(" | ")} |\n| --- |${" ---: |".repeat(times.length)}`);
for (const [low, high] of volatilities) {
  const cells = times.map(([, soonest, latest]) => {
    let cell = 0n;
    for (let i = 0; i < points; i++) {
      const error = errorAt(wad(between(low, high)), wad(between(soonest, latest)), i % 2 === 0);
      cell = max(cell, error[0]);
      worst = [max(worst[0], error[0]), max(worst[1], error[1])];
    }
    return show(cell);
  });
  console.log(`| ${low * 100}–${high * 100} % | ${cells.join(" | ")} |`);
}
console.log(
  `\n${points * volatilities.length * times.length} points: at most ${show(worst[0])} of the forward, ${show(worst[1])} of the larger of forward and strike`,
);
