import { AXIS_TEXT, type Chart, colour, draw, FRAME, lineSeries, MARK_LINE, valueAxis } from "./chart.ts";
import { bandSeries } from "./timeCharts.ts";

const COLUMNS = 2;
const SIZE = { width: 1_000, row: 210, left: 62, right: 34, top: 34, bottom: 44 } as const;

/** One of several plots in a picture. */
export type Panel = {
  /** With its unit. */
  readonly title: string;
  readonly x: object;
  readonly y: object;
  readonly series: readonly object[];
};

/** The heading of an axis below it. */
export const axisName = (name: string): object => ({ name, nameLocation: "middle", nameGap: 26, nameTextStyle: AXIS_TEXT });

/** Plots beside each other, two in a row. @param tip what a mark says: the number of its series in its panel, and its own */
export function panelChart(
  head: Omit<Chart, "svg">,
  panels: readonly Panel[],
  tip?: (series: number, index: number) => string | undefined,
): Chart {
  const width = SIZE.width / COLUMNS;
  const place = (i: number): { left: number; top: number } => ({ left: (i % COLUMNS) * width, top: Math.floor(i / COLUMNS) * SIZE.row });
  const within = panels.flatMap(({ series }) => series.map((_, i) => i));
  const option = {
    grid: panels.map((_, i) => ({
      ...FRAME,
      left: place(i).left + SIZE.left,
      top: place(i).top + SIZE.top,
      width: width - SIZE.left - SIZE.right,
      height: SIZE.row - SIZE.top - SIZE.bottom,
    })),
    title: panels.map(({ title }, i) => ({
      text: title,
      left: place(i).left + SIZE.left - 6,
      top: place(i).top + 8,
      padding: 0,
      textStyle: { color: colour("ink"), fontSize: 12.5, fontWeight: 600 },
    })),
    xAxis: panels.map(({ x }, i) => ({ ...x, gridIndex: i })),
    yAxis: panels.map(({ y }, i) => ({ ...y, gridIndex: i })),
    series: panels.flatMap(({ series }, i) => series.map((each) => ({ ...each, xAxisIndex: i, yAxisIndex: i }))),
  };
  const height = Math.ceil(panels.length / COLUMNS) * SIZE.row;
  return {
    ...head,
    svg: draw({
      id: head.id,
      label: head.title,
      width: SIZE.width,
      height,
      option,
      ...(tip && { tip: (series, index) => tip(within[series] ?? 0, index) }),
    }),
  };
}

/** A horizontal axis of values. */
export function horizontal(format: (value: number) => string, name: string, more: Readonly<Record<string, unknown>> = {}): object {
  return {
    ...valueAxis(format, { count: 5, ...more }),
    axisLine: { show: false, onZero: false },
    splitLine: { show: false },
    ...axisName(name),
  };
}

type Interval = { readonly value: number; readonly low: number; readonly high: number };

/**
 * How often a figure was in which of equal bins, with its mean and the mean's interval.
 * @param values finite; @param most of the vertical axis, a part of one, equal for what is compared
 * @throws RangeError when one is no number
 */
export function histogram(bins: Bins, mean: Interval, title: string, x: object, y: object): Panel {
  const { parts, from, width } = bins;
  return {
    title,
    x,
    y,
    series: [
      {
        ...lineSeries("accent", [
          ...parts.flatMap((part, i) => [
            [from + i * width, part],
            [from + (i + 1) * width, part],
          ]),
        ]),
        lineStyle: { width: 0.8, color: colour("accent") },
        areaStyle: { color: colour("accent"), opacity: 0.35, origin: 0 },
        markArea: {
          silent: true,
          itemStyle: { color: colour("amber"), opacity: 0.28 },
          data: [[{ xAxis: mean.low }, { xAxis: mean.high }]],
        },
        markLine: {
          ...MARK_LINE,
          lineStyle: { color: colour("amber"), type: "solid", width: 1.6 },
          data: [{ xAxis: mean.value }],
        },
      },
    ],
  };
}

export type Bins = { readonly from: number; readonly width: number; readonly parts: readonly number[] };

/**
 * Parts of the values in equal bins from the least to the most.
 * @throws RangeError when there are none, or one is no number
 */
export function binsOf(values: readonly number[], count: number): Bins {
  if (values.length === 0) throw new RangeError("there are no values");
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [i, value] of values.entries()) {
    if (!Number.isFinite(value)) throw new RangeError(`value ${i} is ${value}`);
    [least, most] = [Math.min(least, value), Math.max(most, value)];
  }
  // what never changes stands in the bin that begins there
  const width = (most - least || Math.abs(most) || 0.01) / count;
  const from = least;
  const counts = new Array<number>(count).fill(0);
  for (const value of values) counts[Math.min(Math.floor((value - from) / width), count - 1)]! += 1;
  return { from, width, parts: counts.map((each) => each / values.length) };
}

/** A median between two quantiles. @param at where along the horizontal axis, rising */
export function fan(at: readonly number[], values: readonly Interval[], title: string, x: object, y: object): Panel {
  for (const [i, each] of at.entries()) if (i > 0 && !(each > (at[i - 1] ?? 0))) throw new RangeError(`${each} comes after ${at[i - 1]}`);
  const rows = (of: keyof Interval): [number, number][] =>
    values.map((value, i) => {
      if (!Number.isFinite(value[of])) throw new RangeError(`value ${i} is ${value[of]}`);
      return [at[i] ?? Number.NaN, value[of]];
    });
  return { title, x, y, series: [...bandSeries(title, rows("low"), rows("high"), "accent", 0.25), lineSeries("accent", rows("value"))] };
}
