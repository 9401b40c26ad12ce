import { type Chart, colour, draw, FRAME, type LegendEntry, lineSeries, MARK_LINE, PLOT, timeAxis, valueAxis, ZERO_LINE } from "./chart.ts";
import { compact, percent, utcTime } from "./format.ts";
import { HEALTH_BANDS, type RunPoint, type SeriesRecord } from "./runRecord.ts";
import { type Row, type Timeline, timelineOf } from "./timeline.ts";

type Run = { readonly points: readonly RunPoint[]; readonly time: Timeline };

/**
 * Every chart over time, in the order of the page.
 * @param step seconds between two points where nothing is missing
 */
export function timeCharts(
  points: readonly RunPoint[],
  { underlying, settlement, step }: { readonly underlying: string; readonly settlement: string; readonly step: number },
  series: readonly SeriesRecord[] = [],
): Chart[] {
  const run: Run = {
    points,
    time: timelineOf(
      points.map(({ time }) => time),
      step,
    ),
  };
  const [first, last] = [points[0]?.time ?? 0, points.at(-1)?.time ?? 1];
  const later = series
    .filter(({ expiry }) => expiry > last)
    .map(({ name, expiry }) => `${name} expires on ${utcTime(expiry).slice(0, 10)}`);
  const within = series.filter(({ opening, expiry }) => opening > first && expiry <= last);
  const unnamed = within.map((each) => ({ ...each, name: "" }));
  const withOptions = points.some(({ impliedVolatility }) => impliedVolatility !== undefined);
  const since =
    (of: (point: RunPoint) => number) =>
    (point: RunPoint): number =>
      of(point) - (points[0] === undefined ? 0 : of(points[0]));
  const { gaps } = run.time;
  const outages = gaps.map(([from, to]) => `nothing was posted from ${utcTime(from)} to ${utcTime(to).slice(5)}`);
  const notes = outages.length > 3 ? [...outages.slice(0, 3), `and in ${outages.length - 3} more outages`] : outages;
  return [
    lineChart(run, {
      id: "price",
      title: `Price of ${underlying} (${settlement})`,
      note: ["as posted on chain", ...later, ...notes].join("; "),
      format: compact,
      lines: [{ label: "price", tone: "accent", fill: true, of: (point) => point.price }],
      expiries: within,
    }),
    ...(withOptions
      ? [
          lineChart(run, {
            id: "volatility",
            title: "Implied volatility (% a year)",
            note: "at the money, as the slices were posted",
            format: (value: number) => percent(value, 0),
            height: 130,
            zero: true,
            lines: [{ label: "implied volatility", tone: "violet", of: (point: RunPoint) => point.impliedVolatility }],
            expiries: unnamed,
          }),
        ]
      : []),
    lineChart(run, {
      id: "range",
      title: "Scan range (% of the price)",
      note: "the move that margin is asked for; it follows the volatility forecast",
      format: (value) => percent(value),
      height: 130,
      zero: true,
      lines: [{ label: "held range", tone: "amber", of: (point) => point.scanRange }],
    }),
    healthChart(run),
    salesChart(run),
    lineChart(run, {
      id: "cumulative",
      title: "Accounts liquidated so far (accounts)",
      note: "each account counts once",
      format: (value) => value.toFixed(0),
      height: 150,
      zero: true,
      lines: [{ label: "accounts", tone: "red", fill: true, step: true, of: (point) => point.liquidatedAccounts }],
    }),
    lineChart(run, {
      id: "fund",
      title: `Insurance fund (${settlement})`,
      note: "equity of the main stake and of the fund account that takes the slices",
      format: compact,
      zero: true,
      lines: [
        { label: "total", tone: "accent", fill: true, of: (point) => point.fundMain + point.fundAccount },
        { label: "main stake", tone: "violet", of: (point) => point.fundMain },
        { label: "fund account", tone: "amber", of: (point) => point.fundAccount },
      ],
    }),
    lineChart(run, {
      id: "inventory",
      title: `Inventory of the fund (${settlement})`,
      note: "notional that it took from liquidated accounts and has not shed yet; positive is long",
      format: compact,
      height: 150,
      zero: true,
      lines: [{ label: "notional", tone: "violet", fill: true, of: (point) => point.fundInventory }],
    }),
    ...(points.some(({ waterLine }) => waterLine !== undefined)
      ? [
          lineChart(run, {
            id: "waterLine",
            title: "Water-line (leverage)",
            note: "opposite accounts above it are deleveraged while the fund account is short; none where nothing is short",
            format: (value: number) => value.toFixed(2),
            height: 150,
            zero: true,
            lines: [{ label: "water-line", tone: "red", of: (point: RunPoint) => point.waterLine }],
          }),
        ]
      : []),
    lineChart(run, {
      id: "equity",
      title: `Gains and losses by group (${settlement})`,
      note: "since the first post; they add up to zero but for what the keeper earns",
      format: compact,
      zero: true,
      lines: [
        { label: "longs", tone: "accent", of: since((point) => point.equityLong) },
        { label: "shorts", tone: "red", of: since((point) => point.equityShort) },
        ...(withOptions ? [{ label: "option traders", tone: "pine", of: since((point) => point.equityOptions) }] : []),
        { label: "market makers", tone: "amber", of: since((point) => point.equityMakers) },
        { label: "fund", tone: "violet", of: since((point) => point.fundMain + point.fundAccount) },
      ],
    }),
    fanChart(run),
    ...(points.some(({ hedged }) => hedged !== undefined)
      ? [
          lineChart(run, {
            id: "hedges",
            title: `Delta-hedged accounts (${settlement})`,
            note: "dollar delta of all their options, and of the perpetuals and futures with which they hedge it again as it moves",
            format: compact,
            height: 170,
            zero: true,
            lines: [
              { label: "options", tone: "violet", of: ({ hedged }: RunPoint) => hedged?.options },
              { label: "hedge", tone: "amber", of: ({ hedged }: RunPoint) => hedged?.hedge },
              { label: "both", tone: "pine", of: ({ hedged }: RunPoint) => hedged && hedged.options + hedged.hedge },
            ],
            expiries: unnamed,
          }),
        ]
      : []),
  ];
}

type Head = { readonly id: string; readonly title: string; readonly note: string; readonly height?: number };

type LineOptions = Head & {
  readonly format: (value: number) => string;
  readonly zero?: boolean;
  /** Series whose window and expiry are marked, each with its name where it has one. */
  readonly expiries?: readonly SeriesRecord[];
  readonly lines: readonly {
    readonly label: string;
    readonly tone: string;
    readonly fill?: boolean;
    readonly step?: boolean;
    readonly of: (point: RunPoint) => number | undefined;
  }[];
};

const HEIGHT = 210;

function lineChart(run: Run, options: LineOptions): Chart {
  const values = options.lines.map(({ of }) => run.points.map(of));
  const series = options.lines.map(({ tone, fill, step }, i) =>
    lineSeries(tone, run.time.rows(values[i] ?? []), {
      ...(step ? { step: "end" } : {}),
      ...(fill ? { areaStyle: { color: colour(tone), opacity: 0.12, origin: options.zero ? 0 : "start" } } : {}),
    }),
  );
  const marks = (options.expiries ?? []).flatMap((each) => expiryMarks(each, run.time.times));
  const legend = options.lines.map(({ label, tone }, i) => ({
    label,
    tone,
    values: (values[i] ?? []).map((value) => (value === undefined ? "" : options.format(value))),
  }));
  const axis = valueAxis(options.format, { zero: options.zero ?? false, count: options.height ? 3 : 4 });
  return finish(
    run,
    options,
    axis,
    [...(options.zero ? [{ type: "line", data: [], markLine: ZERO_LINE }] : []), ...series, ...marks],
    legend,
  );
}

function finish(
  run: Run,
  { id, title, note, height = HEIGHT }: Head,
  yAxis: object,
  series: object[],
  legend: LegendEntry[],
  over = false,
): Chart {
  const option = {
    grid: { ...FRAME, left: PLOT.left, right: PLOT.right, top: PLOT.top, bottom: PLOT.bottom },
    xAxis: timeAxis(run.time.times, { over }),
    yAxis,
    series,
  };
  return { id, title, note, legend, svg: draw({ id, label: title, height, option, isTimed: true }) };
}

/** The averaging window of a series and its expiry, with what it settled on. */
function expiryMarks({ name, opening, expiry, settlement }: SeriesRecord, times: readonly number[]): object[] {
  const settled = settlement === undefined ? "" : ` settles at ${compact(settlement)}`;
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 1];
  // on the side where there is room for it
  const place =
    expiry - first > (last - first) / 2 ? { position: [-6, 6], align: "right" } : { position: ["100%", 6], align: "left", offset: [6, 0] };
  const label = { show: name !== "", formatter: `${name}${settled}`, color: colour("soft"), fontSize: 11.5, ...place };
  const area = { silent: true, itemStyle: { color: colour("ink"), opacity: 0.1 }, label };
  const line = {
    ...MARK_LINE,
    lineStyle: { color: colour("ink"), type: "solid", width: 1.2, opacity: 0.6 },
  };
  return [
    {
      type: "line",
      data: [],
      markArea: { ...area, data: [[{ xAxis: opening * 1_000 }, { xAxis: expiry * 1_000 }]] },
      markLine: { ...line, data: [{ xAxis: expiry * 1_000 }] },
    },
  ];
}

/** How many accounts are how healthy: bands stacked up to all accounts, the healthiest at the bottom, so that those in trouble stand out above them. */
function healthChart(run: Run): Chart {
  const bands = HEALTH_BANDS.map((label, band) => ({ label, tone: `b${band}`, values: run.points.map(({ health }) => health[band] ?? 0) }));
  const series = bands.toReversed().map(({ tone, values }) =>
    lineSeries(tone, run.time.rows(values), {
      stack: "all",
      lineStyle: { color: colour("card"), width: 0.4 },
      areaStyle: { color: colour(tone), opacity: 1 },
    }),
  );
  const head = {
    id: "health",
    title: "Health of the traders' accounts (accounts)",
    note: "equity over maintenance margin; below 1 an account is liquidated",
    height: 270,
  };
  const most = Math.max(1, ...run.points.map(({ health }) => health.reduce((sum, each) => sum + each, 0)));
  // all accounts are no round number
  const axis = valueAxis((value) => (value === most && most > 100 ? "" : value.toFixed(0)), { zero: true, over: true, max: most });
  return finish(
    run,
    head,
    axis,
    series,
    bands.map((each) => ({ ...each, values: each.values.map(String) })),
    true,
  );
}

function salesChart(run: Run): Chart {
  const kinds = [
    { label: "slices", tone: "amber", values: run.points.map(({ slices }) => slices) },
    { label: "whole accounts", tone: "red", values: run.points.map(({ wholeSales }) => wholeSales) },
  ];
  const width = Math.max(1.2, Math.min(6, ((PLOT.width - PLOT.left - PLOT.right) / Math.max(run.points.length, 1)) * 0.9));
  const sold = new Set(run.points.filter(({ slices, wholeSales }) => slices + wholeSales > 0).map(({ time }) => time * 1_000));
  const series = kinds.toReversed().map(({ tone, values }) => ({
    type: "bar",
    stack: "sales",
    barWidth: width,
    silent: true,
    itemStyle: { color: colour(tone) },
    // both have a row wherever one of them has a bar: what is stacked has to have the same rows
    data: run.time.rows(values).filter(([time]) => sold.has(time)),
  }));
  const head = {
    id: "sales",
    title: "Liquidations at each post (sales)",
    note: "slices that cure an account, and sales of whole accounts",
    height: 170,
  };
  const axis = valueAxis((value) => value.toFixed(0), { zero: true, count: 3, minInterval: 1 });
  return finish(
    run,
    head,
    axis,
    series,
    kinds.map((each) => ({ ...each, values: each.values.map(String) })),
  );
}

/** Equity of the accounts relative to what was deposited: the median, the middle half and the middle four fifths. */
function fanChart(run: Run): Chart {
  const quantiles = [0, 1, 2, 3, 4].map((i) => run.points.map(({ equityQuantiles }) => equityQuantiles[i] ?? 0));
  const rows = quantiles.map((values) => run.time.rows(values));
  const [lowest = [], low = [], median = [], high = [], highest = []] = rows;
  const range = (from: number, to: number): string[] =>
    run.points.map((_, i) => `${percent(quantiles[from]?.[i] ?? 0, 0)} to ${percent(quantiles[to]?.[i] ?? 0, 0)}`);
  const legend = [
    { label: "median", tone: "accent", values: (quantiles[2] ?? []).map((value) => percent(value, 0)) },
    { label: "middle half", tone: "fan", values: range(1, 3) },
    { label: "middle four fifths", tone: "fan wide", values: range(0, 4) },
  ];
  const series = [
    ...bandSeries("wide", lowest, highest, "accent", 0.14),
    ...bandSeries("half", low, high, "accent", 0.3),
    lineSeries("accent", median),
  ];
  const head = { id: "fan", title: "Equity of accounts over what they deposited (%)", note: "all traders" };
  const axis = valueAxis((value) => percent(value, 0), { zero: true });
  return finish(run, head, axis, [{ type: "line", data: [], markLine: ZERO_LINE }, ...series], legend);
}

/** The area between two lines: what ECharts stacks on the lower one. */
export function bandSeries(name: string, lower: readonly Row[], upper: readonly Row[], tone: string, opacity: number): object[] {
  const width = lower.map(([time, least], i): Row => {
    const most = upper[i]?.[1] ?? null;
    return [time, least === null || most === null ? null : most - least];
  });
  const bare = { stack: name, stackStrategy: "all", lineStyle: { width: 0, opacity: 0 } };
  return [lineSeries(tone, lower, bare), lineSeries(tone, width, { ...bare, areaStyle: { color: colour(tone), opacity } })];
}
