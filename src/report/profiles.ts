import { colour, draw, FRAME, lineSeries, MARK_LINE, valueAxis } from "./chart.ts";
import { compact, escapeHtml, percent, utcTime } from "./format.ts";
import type { ProfileMoment, ScenarioProfile } from "./runRecord.ts";

/** Scenarios of the two volatilities, from the lowest price to the highest. */
const UP = [13, 9, 5, 1, 3, 7, 11];
const DOWN = [14, 10, 6, 2, 4, 8, 12];
/** Price moves of scenarios 1 to 16 in parts of the range. */
const MOVES = [0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 6, -6].map((thirds) => thirds / 3);
const moveOf = (scenario: number): number => MOVES[scenario - 1] ?? 0;

/** The scenario profiles of accounts: one card an account, when it opened beside when it fell below its line, or came nearest to it. */
export function profileSection(profiles: readonly ScenarioProfile[], settlement: string): string {
  if (profiles.length === 0) return "";
  const key = (shape: string, label: string): string => `<span>${shape}${label}</span>`;
  const swatch = (tone: string): string => `<i class="${tone}"></i>`;
  const dashed = (tone: string): string => `<i class="dash ${tone}"></i>`;
  const legend = [
    key(swatch("accent"), "volatility up"),
    key(swatch("amber"), "volatility down"),
    key('<i class="ring ink"></i>', "extremes, two ranges, 35 % counts"),
    key('<i class="ring red"></i>', "the scenario that decides"),
    key(dashed("pine"), "equity, as a loss"),
    key(dashed("violet"), "initial margin"),
    key(dashed("red"), "maintenance margin"),
  ].join("");
  const cards = profiles.map(profileCard).join("");
  return `<section class="chart" id="profiles"><div class="head"><h2>Scenario profile of accounts (${escapeHtml(settlement)})<span class="note">profit and loss in the sixteen scenarios against the move of the price, both moments on the same axes; liquidated where the line of equity is above that of maintenance margin</span></h2><div class="legend">${legend}</div></div><div class="two">${cards}</div></section>`;
}

const [WIDTH, HEIGHT] = [520, 234];

function profileCard({ strategy, position, opened, worst }: ScenarioProfile, index: number): string {
  const moments = [opened, worst];
  const labels = ["when it opened", worst.equity < worst.maintenanceMargin ? "when it fell below its line" : "when it was least healthy"];
  const values = moments.flatMap(({ profits, ...moment }) => [...profits, ...levelsOf({ profits, ...moment }).map(({ value }) => value)]);
  const shared = { reach: 2.15 * Math.max(opened.range, worst.range), least: Math.min(0, ...values), most: Math.max(0, ...values) };
  const panes = moments.map((moment, i) => pane(moment, labels[i] ?? "", i, shared));
  const option = {
    grid: panes.map(({ grid }) => grid),
    xAxis: panes.map(({ xAxis }) => xAxis),
    yAxis: panes.map(({ yAxis }) => yAxis),
    series: panes.flatMap(({ series }) => series.map(({ option }) => option)),
    title: panes.flatMap(({ title }) => title),
  };
  const drawn = panes.flatMap(({ series }) => series);
  const tip = (series: number, i: number): string | undefined => drawn[series]?.tips?.[i];
  const svg = draw({ id: `profile-${index}`, label: `Scenario profile of a ${strategy}`, width: WIDTH, height: HEIGHT, option, tip });
  return `<figure class="profile"><figcaption><b>${escapeHtml(strategy)}</b> ${escapeHtml(position)}</figcaption>${svg}</figure>`;
}

/** Equity and margins as losses; equity that is far beyond every loss would flatten the rest. */
function levelsOf({
  profits,
  equity,
  initialMargin,
  maintenanceMargin,
}: ProfileMoment): { readonly value: number; readonly tone: string }[] {
  const most = Math.max(...profits.map(Math.abs), initialMargin);
  return [
    { value: -initialMargin, tone: "violet" },
    { value: -maintenanceMargin, tone: "red" },
    ...(equity < 2 * most ? [{ value: -equity, tone: "pine" }] : []),
  ];
}

type Drawn = { readonly option: object; readonly tips?: readonly string[] };

function pane(
  moment: ProfileMoment,
  label: string,
  column: number,
  shared: { readonly reach: number; readonly least: number; readonly most: number },
) {
  const { range, profits, equity, initialMargin, maintenanceMargin, decides } = moment;
  const left = column * (WIDTH / 2 + 4);
  const axes = { xAxisIndex: column, yAxisIndex: column };
  const at = (scenario: number): [number, number] => [moveOf(scenario) * range, profits[scenario] ?? 0];
  const tipOf = (scenario: number): string =>
    `scenario ${scenario}: ${percent(moveOf(scenario) * range)}, ${compact(profits[scenario] ?? 0)}`;
  const rings = (scenarios: readonly number[], tone: string, size: number): Drawn => ({
    option: {
      type: "scatter",
      ...axes,
      symbol: "circle",
      symbolSize: size,
      emphasis: { disabled: true },
      itemStyle: { color: "transparent", borderColor: colour(tone), borderWidth: 1.8 },
      data: scenarios.map(at),
      z: 5,
    },
    tips: scenarios.map(tipOf),
  });
  const level = ({ value, tone }: { value: number; tone: string }): object => ({
    yAxis: value,
    lineStyle: { color: colour(tone), type: [5, 3], width: 1.3 },
  });
  const series: Drawn[] = [
    {
      option: {
        ...lineSeries("ink", []),
        ...axes,
        // both panes are given what the other reaches to, and so make the same axis
        data: [
          [0, shared.least],
          [0, shared.most],
        ],
        lineStyle: { width: 0, opacity: 0 },
        markLine: {
          ...MARK_LINE,
          data: [{ yAxis: 0, lineStyle: { color: colour("zero"), type: "solid", width: 1 } }, ...levelsOf(moment).map(level)],
        },
      },
    },
    { option: { ...lineSeries("amber", DOWN.map(at)), ...axes } },
    { option: { ...lineSeries("accent", UP.map(at)), ...axes } },
    rings([15, 16], "ink", 7),
    ...(decides !== undefined && decides > 0 ? [rings([decides], "red", 12)] : []),
  ];
  const scenario = decides === 0 ? "no scenario loses" : `scenario ${decides} decides`;
  const decided = decides === undefined ? "short-option minimum decides" : scenario;
  const figures = `equity ${compact(equity)}, IM ${compact(initialMargin)}, MM ${compact(maintenanceMargin)}`;
  const small = { color: colour("soft"), fontSize: 10.5, fontWeight: "normal" };
  const line = (text: string, top: number, textStyle: object = small): object => ({ text, left: left + 46, top, padding: 0, textStyle });
  return {
    grid: { ...FRAME, left: left + 46, width: WIDTH / 2 - 56, top: 36, height: 142 },
    xAxis: {
      type: "value",
      gridIndex: column,
      min: -shared.reach,
      max: shared.reach,
      axisLine: { show: false, onZero: false },
      axisTick: { show: false, customValues: [-range, 0, range] },
      axisLabel: { ...small, customValues: [-range, 0, range], formatter: (value: number) => (value === 0 ? "0" : percent(value, 1)) },
      splitLine: { lineStyle: { color: colour("grid") } },
    },
    yAxis: { ...valueAxis(compact, { count: 4, zero: true }), gridIndex: column },
    series,
    title: [
      line(label, 2, { color: colour("ink"), fontSize: 11.5, fontWeight: 600 }),
      line(`${utcTime(moment.time).slice(5)}, price ${compact(moment.price)}`, 18),
      line(figures, 203),
      line(decided, 218),
    ],
  };
}
