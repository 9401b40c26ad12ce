import { compact, percent, utcTime } from "../report/format.ts";
import type { Finding } from "../report/runRecord.ts";
import { deepestFall, WARM_UP_DAYS } from "./bars.ts";
import type { DemoOptions, DemoResult } from "./demoResult.ts";
import { type Losses, STRESSED } from "./lossStages.ts";

/** Bad debt that a run may leave, as a part of the open interest. */
export const BAD_DEBT_LIMIT = 0.0005;

/** What a run ends with, each figure with what it must be where there is a must. */
export function demoFindings(result: DemoResult): Finding[] {
  const { losses } = result;
  if (losses !== undefined) return [...exactFindings(result), ...lossFindings(result, losses)];
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

/** Of a run that exhausts the fund what must hold still: nothing is lost from the sums, and nobody was sold who stood above his line. */
function exactFindings({ vaultMinusClaims, replayDifferences, wronglyLiquidated }: DemoResult): Finding[] {
  return [
    {
      name: "Vault minus claims",
      value: vaultMinusClaims,
      good: vaultMinusClaims === "0",
      note: "tokens held and deficit less what all accounts are owed",
    },
    { name: "Wrongly liquidated", value: String(wronglyLiquidated), good: wronglyLiquidated === 0 },
    { name: "Replay against books", value: String(replayDifferences), good: replayDifferences === 0 },
  ];
}

function lossFindings(result: DemoResult, losses: Losses): Finding[] {
  return [
    ...stageRows(losses).map(([name, note], i): Finding => {
      const { reached = null, times = 0, amount = null } = losses.stages[i] ?? {};
      return { name, value: amount === null ? String(times) : compact(Number(amount)), good: reached !== null, note };
    }),
    { name: "Insurance fund", value: `${compact(Number(result.fundBefore))} → ${compact(Number(result.fundAfter))}` },
    { name: "Outstanding deficit", value: compact(Number(result.deficit)) },
    {
      name: "Left below maintenance",
      value: String(result.belowMaintenance),
      good: result.belowMaintenance === 0,
      note: "most accounts at any post",
    },
    { name: "Failed batches", value: String(result.failedBatches), good: result.failedBatches === 0 },
  ];
}

/** Each stage with when it was first reached, how often and how much. */
export function stageRows({ stages, closed, accountsClosed }: Losses): [string, string][] {
  return stages.map(({ stage, reached, times, amount }, i) => {
    const name = `${i + 1}. ${stage}`;
    if (reached === null) return [name, "not reached"];
    const said = [`first at ${utcTime(reached)}`, `${times} times`, ...(amount === null ? [] : [compact(Number(amount))])];
    if (stage === "deleveraging") {
      const lots = closed.reduce((sum, each) => sum + Math.abs(Number(each.lots)), 0);
      const paid = closed.reduce((sum, each) => sum + Math.abs(Number(each.lots)) * Number(each.price), 0);
      const marks = closed.reduce((sum, each) => sum + Math.abs(Number(each.lots)) * Number(each.mark), 0);
      said.push(`conceded; ${accountsClosed} accounts, ${lots} lots, on average at ${percent(paid / marks - 1, 2)} from the mark`);
    }
    return [name, said.join(", ")];
  });
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
    ["Insurance fund", `${options.stress ? percent(Number(STRESSED.stake) / 1e18, 0) : "15 %"} of the open interest`],
    ["Forecast", `warmed on the ${WARM_UP_DAYS} days before`],
    ["Seed", String(options.seed)],
  ];
}

function hedgesSaid({ hedges, hedgesRefused }: DemoResult): string {
  return `${hedges} trades${hedgesRefused === 0 ? "" : `, and ${hedgesRefused} that margin refused`}`;
}
