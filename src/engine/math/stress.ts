import { abs, floorDivide, partUp, WAD } from "../types/fixedPoint.ts";
import { SCENARIOS } from "../words/riskWord.ts";

/** Price moves in thirtieths of the scan range; the extremes, 15 and 16, move by two ranges of which 35 % counts. */
const MOVES: readonly bigint[] = [0n, 0n, 0n, 10n, 10n, -10n, -10n, 20n, 20n, -20n, -20n, 30n, 30n, -30n, -30n, 21n, -21n];

/**
 * The damped price move of a scenario, in thirtieths of the scan range.
 * @throws RangeError beyond 16
 */
export function moveOf(scenario: bigint): bigint {
  const move = MOVES[Number(scenario)];
  if (move === undefined) throw new RangeError(`there is no scenario ${scenario}`);
  return move;
}

/**
 * What a line of market value `line` (WAD, signed) loses in a scenario, rounded up; negative: a gain.
 * @param range scan range, 18 decimals
 * @example lossOfLineUp(-900n * WAD, WAD / 10n, 11n) // 90n * WAD: a short loses when the price rises by the whole range
 */
export function lossOfLineUp(line: bigint, range: bigint, scenario: bigint): bigint {
  const numerator = -line * range * moveOf(scenario);
  const denominator = 30n * WAD;
  const quotient = numerator / denominator;
  return numerator > 0n && numerator % denominator !== 0n ? quotient + 1n : quotient;
}

/** The largest loss of a line over all scenarios, by trying each; never negative. */
export function worstScenario(line: bigint, range: bigint): { loss: bigint; scenario: bigint } {
  let worst = { loss: 0n, scenario: 0n };
  for (let scenario = 1n; scenario <= BigInt(SCENARIOS); scenario++) {
    const loss = lossOfLineUp(line, range, scenario);
    if (loss > worst.loss) worst = { loss, scenario };
  }
  return worst;
}

/** The largest loss of a line over all scenarios in closed form, WAD, rounded up. */
export function worstOfLineUp(line: bigint, range: bigint): bigint {
  return partUp(abs(line), range);
}

/** A line of market value in a scenario, WAD, rounded down. */
export function lineInScenarioDown(line: bigint, range: bigint, scenario: number): bigint {
  const scale = 30n * 10n ** 9n;
  return floorDivide(line * (scale + (range / 10n ** 9n) * moveOf(BigInt(scenario))), scale);
}
