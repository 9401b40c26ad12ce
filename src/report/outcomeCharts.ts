import { AXIS_TEXT, type Chart, colour, draw, FRAME, MARK_LINE, valueAxis } from "./chart.ts";
import { compact, percent } from "./format.ts";
import type { AccountOutcome, OptionOutcome } from "./runRecord.ts";

type Sold = { readonly slices: number; readonly soldWhole: boolean; readonly deposited: number; readonly equity: number };

const toneOf = ({ soldWhole, slices }: Sold): string => (soldWhole ? "red" : slices > 0 ? "amber" : "accent");

/** Equity over deposits, what is beyond the bounds at the edge. */
const leftOf = ({ equity, deposited }: Sold, most: number): number => Math.max(-0.25, Math.min(most, equity / Math.max(deposited, 1e-9)));

/** How many accounts kept what they had, with the tones of their dots. */
function outcomesLegend(accounts: readonly Sold[]) {
  const count = (tone: string): string[] => [String(accounts.filter((account) => toneOf(account) === tone).length)];
  return [
    { label: "never liquidated", tone: "accent", values: count("accent") },
    { label: "sold in part", tone: "amber", values: count("amber") },
    { label: "sold whole", tone: "red", values: count("red") },
  ];
}

const DOT = { type: "scatter", emphasis: { disabled: true } } as const;

const dotStyle = (account: Sold): object => ({
  color: colour(toneOf(account)),
  opacity: 0.62,
  borderColor: colour("card"),
  borderWidth: 0.8,
});

/** A line along a value of an axis. */
const along = (axis: "xAxis" | "yAxis", value: number): object => ({
  ...MARK_LINE,
  lineStyle: { color: colour("zero"), type: "solid", width: 1 },
  data: [{ [axis]: value }],
});

/** Leverage at the start against what was left at the end, one dot a trader. */
export function outcomeChart(accounts: readonly AccountOutcome[]): Chart {
  const sides = (["long", "short"] as const).map((side) => accounts.filter((account) => account.side === side));
  const option = {
    grid: { ...FRAME, left: 64, right: 14, top: 12, bottom: 46 },
    xAxis: {
      ...valueAxis((value) => `${value}×`, { min: 0, count: 8 }),
      name: "leverage at the start",
      nameLocation: "middle",
      nameGap: 30,
      nameTextStyle: AXIS_TEXT,
      axisLine: { show: false, onZero: false },
      splitLine: { show: false },
    },
    yAxis: valueAxis((value) => percent(value, 0), { zero: true, count: 5 }),
    series: sides.map((own, i) => ({
      ...DOT,
      symbol: i === 0 ? "circle" : "triangle",
      symbolSize: i === 0 ? 8 : 9,
      data: own.map((account) => ({ value: [account.leverage, leftOf(account, 2.5)], itemStyle: dotStyle(account) })),
      markLine: along("yAxis", i === 0 ? 0 : 1),
    })),
  };
  const title = "What was left of each account (%)";
  const tip = (series: number, index: number): string | undefined => {
    const account = sides[series]?.[index];
    if (account === undefined) return undefined;
    const { side, leverage, collateral, deposited, equity, slices } = account;
    const sold = slices > 0 ? `, sold ${slices} time${slices === 1 ? "" : "s"}` : "";
    return `${side}, ${leverage.toFixed(1)}×, ${collateral}: ${compact(deposited)} → ${compact(equity)}${sold}`;
  };
  return {
    id: "outcome",
    title,
    note: "equity at the end over what was deposited, what is beyond −25 and 250 % at the edge; circles are longs, triangles shorts",
    svg: draw({ id: "outcome", label: title, height: 336, option, tip }),
    legend: outcomesLegend(accounts),
  };
}

const ROW = 40;

/** Strategies, and of each the accounts by what was left of their deposits. */
export function strategyChart(outcomes: readonly OptionOutcome[]): Chart {
  const strategies = [...new Set(outcomes.map(({ strategy }) => strategy))].map((strategy) => {
    const own = outcomes.filter((each) => each.strategy === strategy);
    const sum = (of: (each: OptionOutcome) => number): number => own.reduce((total, each) => total + of(each), 0);
    const sold = own.filter((each) => toneOf(each) !== "accent").length;
    return {
      own,
      said: `{name|${strategy}}\n${own.length} opened, ${sold} liquidated`,
      total: `${compact(sum(({ deposited }) => deposited))} → ${compact(sum(({ equity }) => equity))}`,
    };
  });
  // a little apart, so that dots at one place are told from one another
  const dots = strategies.flatMap(({ own }, row) => own.map((account, i) => ({ account, at: row + ((i % 3) - 1) * 0.2 })));
  const rows = { type: "value", min: -0.5, max: Math.max(strategies.length, 1) - 0.5, interval: 1, inverse: true };
  const bare = { axisLine: { show: false }, axisTick: { show: false } };
  const names = { type: "category", data: strategies.map(({ said }) => said), inverse: true, ...bare };
  const rich = { name: { color: colour("ink"), fontWeight: 600, fontSize: 11.5, lineHeight: 16 } };
  const option = {
    grid: { ...FRAME, left: 300, right: 150, top: 8, bottom: 44 },
    xAxis: {
      ...valueAxis((value) => percent(value, 0), { zero: true, count: 7 }),
      name: "equity at the end over what was deposited",
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: AXIS_TEXT,
    },
    yAxis: [
      {
        ...names,
        axisLabel: { ...AXIS_TEXT, margin: 296, align: "left", lineHeight: 15, interval: 0, rich },
        splitLine: { show: true, lineStyle: { color: colour("grid") } },
      },
      {
        ...names,
        data: strategies.map(({ total }) => total),
        position: "right",
        axisLabel: { color: colour("ink"), fontWeight: 600, fontSize: 11.5, margin: 146, align: "right", interval: 0 },
      },
      { ...rows, ...bare, show: false },
    ],
    series: [
      {
        ...DOT,
        yAxisIndex: 2,
        symbolSize: 9,
        data: dots.map(({ account, at }) => ({ value: [leftOf(account, 4), at], itemStyle: dotStyle(account) })),
        markLine: along("xAxis", 1),
      },
    ],
  };
  const tip = (_: number, index: number): string | undefined => {
    const account = dots[index]?.account;
    return account && `${account.strategy}: ${compact(account.deposited)} → ${compact(account.equity)}`;
  };
  return {
    id: "strategies",
    title: "Accounts with options (%)",
    note: "one dot an account; at the right what all of a strategy deposited and had at the end",
    svg: draw({ id: "strategies", label: "Accounts with options by strategy", height: strategies.length * ROW + 52, option, tip }),
    legend: outcomesLegend(outcomes),
  };
}
