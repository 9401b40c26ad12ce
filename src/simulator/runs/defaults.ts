import type { Played, Scenario } from "./scenario.ts";

export const HOUR = 3_600;
const DAY = 24 * HOUR;

/** An underlying with a spot market of which a quarter of the open interest moves the price by 1 %. @param price of a unit, settlement tokens */
export function playedOf(symbol: string, price: number, sigma: number): Played {
  return { symbol, price, sigma, spot: { depth: 0.25, permanent: 0.3, halfLife: HOUR / 2 } };
}

/** A day of a market without a crowd and without an attacker, in hours whose lows and highs are visited: what commands and measurements start from. */
export function defaultScenario(seed: number, underlyings: readonly Played[]): Scenario {
  return {
    seed,
    underlyings,
    process: { kind: "brownian" },
    drift: 0,
    correlation: 0.8,
    implied: { usual: 0.7, halfLife: DAY, leverage: 2, jump: 3, ownDeviation: 0.8 },
    step: HOUR,
    steps: 24,
    extremes: true,
    blockTime: 12,
    block: { order: "fee", gas: 20_000_000 },
    fundingRate: 100_000,
    population: {
      traders: 1_000,
      crowd: 0.5,
      crowdIsLong: true,
      leverage: { median: 3, deviation: 0.6 },
      worth: { median: 8_000, deviation: 0.9 },
      collateral: 0.3,
      carry: 0.1,
      defend: 0.1,
      cut: 0.1,
      makers: 3,
      makerCapital: 0.3,
      stake: 0.6,
    },
    gas: { baseFee: 1, ether: 2_000 },
    keepers: [
      { latency: 12, fee: 2, failure: 0.02, gasPerBlock: 15_000_000, gasPerDay: 1_000_000_000, leastProfit: 0 },
      { latency: 36, fee: 1, failure: 0.02, gasPerBlock: 15_000_000, gasPerDay: 1_000_000_000, leastProfit: 0 },
    ],
    fundKeeper: { latency: 12, deleveraging: true, accounts: 20 },
    makers: { latency: 12, pace: 300, halfSpread: 0.0005, hedged: 1 },
    traders: { health: 1.5, reaction: 300, added: 0.5 },
    backers: { count: 20, nerve: 0.1, coolDown: 10 * DAY },
    points: 12,
  };
}
