import { type Chart, draw, FRAME, type LegendEntry, lineSeries, valueAxis } from "../../report/chart.ts";
import type { ReportFiles } from "../../report/files.ts";
import { compact, percent } from "../../report/format.ts";
import { cards, figure, renderPage, table } from "../../report/page.ts";
import { binsOf, fan, histogram, horizontal, panelChart } from "../../report/panels.ts";
import type { Finding } from "../../report/runRecord.ts";
import type { Estimate } from "../numbers/summary.ts";
import type { PathFigures, Point } from "./figures.ts";
import type { Run } from "./runPaths.ts";

type Figure = { readonly name: keyof PathFigures; readonly title: string; readonly show: (value: number) => string };

const fine = (value: number): string => percent(value, 2);

/** What a run is judged by. @param unit settlement tokens, by their symbol */
const figuresShown = (unit: string): readonly Figure[] => [
  { name: "badDebtOfOpenInterest", title: "Bad debt (% of the open interest)", show: fine },
  { name: "fundDrawdown", title: "Draw-down of the fund (% of its start)", show: fine },
  { name: "liquidatedOfOpenInterest", title: "Liquidated (% of the open interest)", show: fine },
  { name: "deleveragedOfOpenInterest", title: "Deleveraged (% of the open interest)", show: fine },
  { name: "liquidatedAccounts", title: "Accounts liquidated (% of all)", show: fine },
  { name: "keeperIncome", title: `Keepers' income less gas (${unit})`, show: compact },
  { name: "slippage", title: "Slippage of what makers hedged (% of it)", show: fine },
  { name: "lowestPrice", title: "Lowest price (% of the first)", show: fine },
];

/** Losses on one scale. */
const LOSSES: readonly (readonly [name: keyof PathFigures, label: string, tone: string])[] = [
  ["badDebtOfOpenInterest", "bad debt, of the open interest", "red"],
  ["fundDrawdown", "draw-down of the fund", "violet"],
  ["deleveragedOfOpenInterest", "deleveraged, of the open interest", "amber"],
  ["liquidatedOfOpenInterest", "liquidated, of the open interest", "accent"],
];

/** Ratios of what nearly needs nothing say no more than this. */
const MOST_RATIO = 100;

const THROUGH_TIME: readonly {
  readonly name: keyof Point;
  readonly title: string;
  readonly show: (value: number) => string;
  readonly most?: number;
}[] = [
  { name: "price", title: "Price (% of the first)", show: (value) => percent(value, 0) },
  { name: "scanRange", title: "Scan range (% of the price)", show: percent },
  { name: "fund", title: "Insurance fund (% of its start)", show: percent },
  { name: "openInterest", title: "Open interest (% of its start)", show: (value) => percent(value, 0) },
  { name: "paidOfWithdrawals", title: "φ, paid of a withdrawal (%)", show: percent },
  { name: "capitalEfficiency", title: "Open interest over traders' equity (times)", show: (value) => value.toFixed(2) },
  { name: "stableFunding", title: "Net stable funding ratio (times)", show: (value) => value.toFixed(2), most: MOST_RATIO },
  { name: "coverage", title: "Liquidity coverage ratio (times)", show: (value) => value.toFixed(2), most: MOST_RATIO },
  { name: "impliedVolatility", title: "Implied volatility (% a year)", show: (value) => percent(value, 0) },
];

const BINS = 40;

/**
 * The page of a run with its numbers.
 * @param settlement symbol of the settlement token
 * @param found what is said of the files that were replayed
 */
export function simulationReport(run: Run, settlement: string, found: readonly (readonly [string, string])[] = []): ReportFiles {
  const { figures, scenario, paths } = run;
  const shown = figuresShown(settlement);
  const charts = [distributionChart(run, shown), exceedanceChart(run), timePanels(run)];
  const words = shown.map(({ name, title, show }): [string, string] => {
    const { mean, quantiles, tails, least, most } = figures[name];
    const falls = name === "lowestPrice";
    const far = quantiles[falls ? "0.01" : "0.99"]!;
    const tail = falls ? "" : `; mean beyond ${show(tails["0.99"]!.value)} (${between(tails["0.99"]!, show)})`;
    return [
      title,
      `mean ${show(mean.value)} (${between(mean, show)}); median ${show(quantiles["0.5"]!.value)}; 1 in 100 ${show(far.value)} (${between(far, show)})${tail}; worst ${show(falls ? least : most)}`,
    ];
  });
  const { each, ...numbers } = run;
  return {
    page: renderPage({
      title: "Simulated paths",
      source: `${paths.toLocaleString("en")} paths of ${scenario.steps} steps of ${scenario.step} s, seed ${scenario.seed}`,
      sections: [
        cards(findings(run, settlement)),
        ...charts.map(figure),
        `<div class="two">${table("Figures, with 95 % intervals", words)}${table("Set-up", [...setUp(run), ...found])}</div>`,
      ],
      footer: `Amounts in ${settlement}. Intervals are of 95 %: of means by the normal law, of quantiles by order statistics, of parts by Wilson.`,
    }),
    numbers,
    tables: {
      paths: each.map((one, path) => ({ path, ...one })),
      time: run.throughTime.map(({ seconds, values }) => ({ seconds, ...values })),
      figures: Object.entries(figures).map(([name, distribution]) => ({ name, ...distribution })),
    },
  };
}

const between = ({ low, high }: Estimate, show: (value: number) => string): string => `${show(low)} to ${show(high)}`;

function findings({ figures }: Run, settlement: string): Finding[] {
  const mean = (name: keyof PathFigures, title: string, show: (value: number) => string): Finding => ({
    name: title,
    value: show(figures[name].mean.value),
    note: `95 %: ${between(figures[name].mean, show)}`,
  });
  const { aboveZero } = figures.badDebt;
  return [
    { name: "Paths with bad debt", value: fine(aboveZero.value), note: `95 %: ${between(aboveZero, fine)}` },
    mean("badDebtOfOpenInterest", "Bad debt, of the open interest", fine),
    mean("fundDrawdown", "Draw-down of the fund", fine),
    mean("liquidatedOfOpenInterest", "Liquidated, of the open interest", fine),
    mean("keeperIncome", `Keepers' income less gas (${settlement})`, compact),
  ];
}

function setUp({ scenario, accountSteps, judged }: Run): [string, string][] {
  const { population, underlyings, process, block, gas, keepers } = scenario;
  return [
    [
      "Underlyings",
      underlyings.map(({ symbol, price, sigma }) => `${symbol} from ${compact(price)}, ${percent(sigma, 0)} a year`).join("; "),
    ],
    [
      "Prices",
      Object.entries(process)
        .map(([name, value]) => (name === "kind" ? String(value) : `${name} ${value}`))
        .join(", "),
    ],
    ["Depth of the spot market", underlyings.map(({ spot }) => `1 % for ${percent(spot.depth, 0)} of the open interest`).join("; ")],
    [
      "Traders",
      `${population.traders}, ${percent(population.crowd, 0)} of those without a hedge ${population.crowdIsLong ? "long" : "short"}`,
    ],
    ["Insurance fund", `${percent(population.stake, 0)} of the open interest`],
    ["Makers", `${population.makers}, ${percent(population.makerCapital, 0)} of the open interest`],
    ["Keepers", keepers.map(({ latency, failure }) => `${latency} s, ${percent(failure, 0)} lost`).join("; ")],
    ["Blocks", `${scenario.blockTime} s, ${compact(block.gas)} gas, by ${block.order}; base fee ${gas.baseFee} gwei`],
    ["Accounts judged at a new price", `${compact(accountSteps)}, of which the screen computed ${compact(judged)}`],
  ];
}

/** How figures are distributed over paths, all with the same vertical axis. */
function distributionChart({ each, figures }: Run, shown: readonly Figure[]): Chart {
  const bins = shown.map(({ name }) =>
    binsOf(
      each.map((one) => one[name]),
      BINS,
    ),
  );
  const panels = shown.map(({ name, title, show }, i) => {
    const x = horizontal(show, "", { count: 4 });
    const y = valueAxis((value) => percent(value, 0), { zero: true, max: 1, interval: 0.25 });
    return histogram(bins[i]!, figures[name].mean, title, x, y);
  });
  const legend: LegendEntry[] = [
    { label: "part of the paths", tone: "accent", values: [] },
    { label: "mean with its 95 % interval", tone: "amber", values: [] },
  ];
  return panelChart(
    { id: "distributions", title: "Distributions over paths (% of the paths)", note: "the same vertical axis everywhere", legend },
    panels,
  );
}

/** How often losses were larger than what: all on the same axes. */
function exceedanceChart({ each, paths }: Run): Chart {
  const series = LOSSES.map(([name, , tone]) => {
    const sorted = each.map((one) => one[name]).sort((a, b) => b - a);
    // at a value, the part of the paths that came to it at least; equal values are one point
    const points = sorted.flatMap((value, i): [number, number][] =>
      value > 0 && value !== sorted[i + 1] ? [[value, (i + 1) / paths]] : [],
    );
    const [last] = points.slice(-1);
    return lineSeries(tone, [...points, ...(last ? [[0, last[1]]] : [])].toReversed(), { step: "start" });
  });
  const option = {
    grid: { ...FRAME, left: 64, right: 18, top: 12, bottom: 46 },
    xAxis: { ...horizontal((value) => percent(value, 0), "loss of at least", { min: 0, count: 8 }) },
    yAxis: {
      ...valueAxis((value) => percent(value, value < 0.01 ? 2 : 0)),
      type: "log",
      min: powerBelow(1 / paths),
      max: 1,
    },
    series,
  };
  const title = "How often a path lost how much (% of the paths, on a logarithmic scale)";
  const legend = LOSSES.map(([name, label, tone]) => ({
    label: each.some((one) => one[name] > 0) ? label : `${label}: never above zero`,
    tone,
    values: [],
  }));
  return {
    id: "exceedance",
    title,
    note: "all on the same axes",
    legend,
    svg: draw({ id: "exceedance", label: title, height: 330, option }),
  };
}

/** The largest power of ten that is not above a part of one. */
function powerBelow(part: number): number {
  let power = 1;
  while (power > part) power /= 10;
  return power;
}

/** Ratios through time: the median between the 5 % and the 95 % quantiles. */
function timePanels({ throughTime }: Run): Chart {
  const hours = throughTime.map(({ seconds }) => seconds / 3_600);
  const panels = THROUGH_TIME.map(({ name, title, show, most }) => {
    const values = throughTime.map(({ values: at }) => capped(at[name], most ?? Number.POSITIVE_INFINITY));
    const isCapped = most !== undefined && throughTime.some(({ values: at }) => at[name].high > most);
    const x = horizontal((value) => `${value}`, "hours", { min: 0, max: hours.at(-1) ?? 1 });
    return fan(hours, values, isCapped ? `${title}, above ${most} at the edge` : title, x, valueAxis(show));
  });
  const legend: LegendEntry[] = [
    { label: "median", tone: "accent", values: [] },
    { label: "5 to 95 % of the paths", tone: "fan", values: [] },
  ];
  return panelChart({ id: "ratios", title: "Through time", note: `of all paths, at ${throughTime.length} moments`, legend }, panels);
}

const capped = ({ value, low, high }: Estimate, most: number): Estimate => ({
  value: Math.min(value, most),
  low: Math.min(low, most),
  high: Math.min(high, most),
});
