import { type Chart, colour, draw, FRAME, type LegendEntry, lineSeries, valueAxis } from "../../report/chart.ts";
import { compact, percent } from "../../report/format.ts";
import { cards, figure, grid, renderPage, table } from "../../report/page.ts";
import { horizontal, panelChart } from "../../report/panels.ts";
import type { Estimate } from "../numbers/summary.ts";
import type { PathFigures } from "../runs/figures.ts";
import type { Configuration, Figures, Result } from "./outcome.ts";
import { paretoFront } from "./pareto.ts";
import type { Values } from "./samples.ts";

/** What a sweep weighs margin against. */
export type Loss = "badDebtOfOpenInterest" | "fundDrawdown" | "deleveragedOfOpenInterest" | "liquidatedOfOpenInterest";

export const LOSSES: Readonly<Record<Loss, string>> = {
  badDebtOfOpenInterest: "bad debt, of the open interest",
  fundDrawdown: "draw-down of the fund",
  deleveragedOfOpenInterest: "deleveraged, of the open interest",
  liquidatedOfOpenInterest: "liquidated, of the open interest",
};

/** A configuration that was played, with what is weighed: the margin that it asks, and the mean loss of the worst hundredth of its paths. */
export interface Weighed {
  readonly configuration: Configuration;
  readonly figures: Figures;
  readonly margin: Estimate;
  readonly loss: Estimate;
  readonly isOnFront: boolean;
}

/** The configurations that were played, the least margin first. */
export function weighed(results: readonly Result[], loss: Loss): Weighed[] {
  const played = results.flatMap(({ configuration, outcome }) =>
    "refused" in outcome ? [] : [{ configuration, figures: outcome.figures }],
  );
  const front = new Set(
    paretoFront(played.map(({ figures }) => ({ x: figures.marginOfNotional.mean.value, y: figures[loss].tails["0.99"]!.value }))),
  );
  return played
    .map(({ configuration, figures }, i) => ({
      configuration,
      figures,
      margin: figures.marginOfNotional.mean,
      loss: figures[loss].tails["0.99"]!,
      isOnFront: front.has(i),
    }))
    .sort((a, b) => a.margin.value - b.margin.value || a.loss.value - b.loss.value);
}

const fine = (value: number): string => percent(value, 2);
/** No loss is below zero, whatever the normal law says of its interval. */
const within = ({ low, high }: Estimate, show: (value: number) => string): string => `${show(Math.max(low, 0))} to ${show(high)}`;

/** The values of a configuration in words. */
export const valuesSaid = ({ values }: Pick<Configuration, "values">): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");

export interface SweepHead {
  readonly loss: Loss;
  readonly settlement: string;
  readonly paths: number;
  readonly seed: number;
  /** How the points were chosen, in words. */
  readonly sampling: string;
  /** Points that could not be made a configuration, and why. */
  readonly skipped: readonly { readonly values: Values; readonly why: string }[];
  /** Ranges by parameter, in words. */
  readonly varied: readonly (readonly [name: string, range: string])[];
}

/** The page of a sweep. */
export function sweepReport(results: readonly Result[], head: SweepHead): string {
  const { loss, settlement, paths, seed, sampling, skipped, varied } = head;
  const all = weighed(results, loss);
  const front = all.filter(({ isOnFront }) => isOnFront);
  const refused = [
    ...skipped.map(({ values, why }) => [valuesSaid({ values }), why] as const),
    ...results.flatMap(({ configuration, outcome }) =>
      "refused" in outcome ? [[valuesSaid(configuration), outcome.refused] as const] : [],
    ),
  ];
  const names = varied.map(([name]) => name);
  const shown: readonly (readonly [name: keyof PathFigures, title: string, show: (value: number) => string])[] = [
    ["badDebtOfOpenInterest", "bad debt of open interest", fine],
    ["fundDrawdown", "draw-down of the fund", fine],
    ["liquidatedOfOpenInterest", "liquidated of open interest", fine],
    ["keeperIncome", `keepers' income (${settlement})`, compact],
    ["capitalEfficiency", "open interest over equity", (value) => value.toFixed(2)],
  ];
  const rows = front.map(({ configuration, figures, margin, loss: lost }) => [
    ...names.map((name) => String(configuration.values[name])),
    fine(margin.value),
    `${fine(lost.value)} (${within(lost, fine)})`,
    ...shown.map(([name, , show]) => show(figures[name].mean.value)),
  ]);
  return renderPage({
    title: "Margin against loss",
    source: `${results.length.toLocaleString("en")} configurations of ${paths.toLocaleString("en")} paths, ${sampling}, seed ${seed}`,
    sections: [
      cards([
        {
          name: "Configurations played",
          value: String(all.length),
          ...(refused.length > 0 ? { note: `${refused.length} cannot be played` } : {}),
        },
        { name: "On the front", value: String(front.length), note: "nothing has less margin and no more loss" },
        ...(all.length > 0
          ? [
              {
                name: "Margin asked",
                value: `${fine(all[0]!.margin.value)} to ${fine(all.at(-1)!.margin.value)}`,
                note: "initial margin over notional, at the beginning",
              },
            ]
          : []),
      ]),
      figure(frontChart(all, loss)),
      figure(parameterChart(all, names, loss)),
      grid(
        "On the front, the least margin first",
        [...names, "margin", `${LOSSES[loss]}, worst 1 % (95 %)`, ...shown.map(([, title]) => `mean ${title}`)],
        rows,
      ),
      `<div class="two">${table("Varied", varied)}${refused.length === 0 ? "" : table("Cannot be played", refused)}</div>`,
    ],
    footer: `Amounts in ${settlement}. Intervals are of 95 %. A front of estimates flatters: who is on it by chance is on it too; look at the intervals, and play what is chosen again with another seed.`,
  });
}

const dots = (points: readonly Weighed[], x: (point: Weighed) => number, tone: string, size: number): object => ({
  type: "scatter",
  symbol: "circle",
  symbolSize: size,
  emphasis: { disabled: true },
  itemStyle: { color: colour(tone), opacity: 0.7, borderColor: colour("card"), borderWidth: 0.8 },
  data: points.map((point) => [x(point), point.loss.value]),
});

const tipOf = ({ configuration, margin, loss }: Weighed): string =>
  `${valuesSaid(configuration)}: margin ${fine(margin.value)}, loss ${fine(loss.value)} (${within(loss, fine)})`;

function frontChart(all: readonly Weighed[], loss: Loss): Chart {
  const front = all.filter(({ isOnFront }) => isOnFront);
  const others = all.filter(({ isOnFront }) => !isOnFront);
  const at = ({ margin }: Weighed): number => margin.value;
  const bars = front.flatMap((point): [number, number | null][] => [
    [at(point), Math.max(point.loss.low, 0)],
    [at(point), point.loss.high],
    [at(point), null],
  ]);
  const series = [
    { ...lineSeries("red", bars), lineStyle: { color: colour("red"), width: 1.2, opacity: 0.7 } },
    lineSeries(
      "red",
      front.map((point) => [at(point), point.loss.value]),
      { step: "end", lineStyle: { color: colour("red"), width: 1.2, type: [4, 3] } },
    ),
    dots(others, at, "accent", 8),
    dots(front, at, "red", 10),
  ];
  const option = {
    grid: { ...FRAME, left: 64, right: 24, top: 12, bottom: 46 },
    xAxis: horizontal((value) => percent(value, 1), "initial margin over notional", { count: 8 }),
    yAxis: valueAxis(fine, { zero: true }),
    series,
  };
  const title = `Margin against ${LOSSES[loss]} (%)`;
  const tip = (index: number, i: number): string | undefined => {
    const point = index === 2 ? others[i] : index === 3 ? front[i] : undefined;
    return point && tipOf(point);
  };
  const legend: LegendEntry[] = [
    { label: "on the front, with the loss's 95 % interval", tone: "red", values: [] },
    { label: "others", tone: "accent", values: [] },
  ];
  return {
    id: "front",
    title,
    note: "one dot a configuration; loss is the mean of the worst hundredth of its paths",
    legend,
    svg: draw({ id: "front", label: title, height: 360, option, tip }),
  };
}

/** The loss against each parameter that is varied, all with the same vertical axis. */
function parameterChart(all: readonly Weighed[], names: readonly string[], loss: Loss): Chart {
  const front = all.filter(({ isOnFront }) => isOnFront);
  const others = all.filter(({ isOnFront }) => !isOnFront);
  const most = Math.max(...all.map((point) => point.loss.value), 0);
  const panels = names.map((name) => {
    const at = ({ configuration }: Weighed): number => configuration.values[name]!;
    return {
      title: name,
      x: horizontal((value) => String(Number(value.toPrecision(6))), ""),
      // what one panel reaches to, all do
      y: {
        ...valueAxis(fine, { zero: true }),
        max: most === 0 ? 0.01 : most * 1.05,
        axisLabel: { color: colour("soft"), fontSize: 11.5, showMaxLabel: false, formatter: (value: number) => fine(value) },
      },
      series: [dots(others, at, "accent", 7), dots(front, at, "red", 8)],
    };
  });
  const legend: LegendEntry[] = [
    { label: "on the front", tone: "red", values: [] },
    { label: "others", tone: "accent", values: [] },
  ];
  const title = `${LOSSES[loss].replace(/^./, (letter) => letter.toUpperCase())}, by parameter (%)`;
  const tip = (series: number, i: number): string | undefined => {
    const point = [others, front][series]?.[i];
    return point && tipOf(point);
  };
  return panelChart({ id: "parameters", title, note: "the same vertical axis everywhere", legend }, panels, tip);
}
