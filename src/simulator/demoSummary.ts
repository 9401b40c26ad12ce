import { compact, percent } from "../report/format.ts";
import type { Finding } from "../report/runRecord.ts";
import { deepestFall, WARM_UP_DAYS } from "./bars.ts";
import type { DemoOptions, DemoResult } from "./demoResult.ts";

/** Bad debt that a run may leave, as a part of the open interest. */
export const BAD_DEBT_LIMIT = 0.0005;

/** What a run ends with, each figure with what it must be where there is a must. */
export function demoFindings(result: DemoResult): Finding[] {
  const must = (name: string, figure: number, note: string): Finding => ({ name, value: String(figure), good: figure === 0, note });
  return [
    {
      name: "Vault minus claims",
      value: result.vaultMinusClaims,
      good: result.vaultMinusClaims === "0",
      note: "tokens held and deficit less what all accounts are owed; largest over tokens",
    },
    must("Wrongly liquidated", result.wronglyLiquidated, "accounts that were not below maintenance"),
    ...(result.failedBatches === 0 ? [] : [must("Failed batches", result.failedBatches, "of the keeper; it went on with the others")]),
    must("Left below maintenance", result.belowMaintenance, "most accounts at any post, after the keeper's turn"),
    {
      name: "Bad debt",
      value: result.badDebtOfOpenInterest === 0 ? "0" : percent(result.badDebtOfOpenInterest, 4),
      good: result.badDebtOfOpenInterest <= BAD_DEBT_LIMIT,
      note: `of open interest, ${compact(Number(result.badDebt))} in all; may be ${percent(BAD_DEBT_LIMIT, 2)}`,
    },
    must("Replay against books", result.replayDifferences, "values that the events tell otherwise than the storage"),
    {
      name: "Accounts liquidated",
      value: `${result.liquidations} of ${result.traders + result.optionTraders}`,
      note: `${result.liquidatedInPart} of them in part${
        result.optionTraders === 0 ? "" : `; ${result.optionAccountsLiquidated} of the ${result.optionTraders} with options`
      }`,
    },
    { name: "Sales", value: String(result.sales), note: `${result.slices} slices; at most ${result.maxLiquidationsInABar} in an hour` },
    {
      name: "Insurance fund",
      value: `${compact(Number(result.fundBefore))} → ${compact(Number(result.fundAfter))}`,
      note: `at worst ${compact(Number(result.largestFundLoss))} below its start`,
    },
    { name: "Outstanding deficit", value: compact(Number(result.deficit)), good: Number(result.deficit) === 0 },
    { name: "Keeper's income", value: compact(Number(result.keeperIncome)), note: "bounties and shares of the discount" },
  ];
}

/** How a run was set up, for the table of the report. */
export function demoSetUp(options: DemoOptions, result: DemoResult, collateral: string, settlement: string): [string, string][] {
  const { played } = options.window;
  const fall = deepestFall(played);
  return [
    ["Prices", options.source],
    ...(options.files ?? []).map(([name, value]): [string, string] => [name, value]),
    ["Deepest fall from the first open", percent(fall.toLow)],
    ["Worst hour", percent(fall.worstHour)],
    ["Posts", `${result.posts}, ${options.steps} an hour`],
    ["Traders", `${result.traders}, ${options.crowd ? "80 % on the losing side" : "half on each side"}`],
    ...(result.optionTraders === 0
      ? []
      : ([
          [
            "Option traders",
            `${result.optionTraders}, ${result.strategies.length} strategies against the market makers, 40 to 95 % of what margin allows; several legs are one order`,
          ],
          ["Hedges", `each quarter of an hour where a delta is off by a twenty-fifth of the options: ${hedgesSaid(result)}`],
          ["Implied volatility", options.volatilitySource],
          ["Series", `two, a fortnight apart; ${result.seriesSettled} settled`],
        ] as [string, string][])),
    ["Leverage", "uniform between 1 and the largest that margin allows"],
    ["Collateral", collateral === "" ? settlement : `${settlement}; half of the traders hold four fifths in ${collateral}`],
    ["Open interest at the start", compact(Number(result.openInterest))],
    ["Insurance fund", "15 % of the open interest"],
    ["Forecast", `warmed on the ${WARM_UP_DAYS} days before`],
    ["Seed", String(options.seed)],
  ];
}

function hedgesSaid({ hedges, hedgesRefused }: DemoResult): string {
  return `${hedges} trades${hedgesRefused === 0 ? "" : `, and ${hedgesRefused} that margin refused`}`;
}
