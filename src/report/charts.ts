import { compact, escapeHtml, percent, utcTime } from "./format.ts";
import { type AccountOutcome, HEALTH_BANDS, type RunPoint, type SeriesRecord } from "./runRecord.ts";
import {
  areaPath,
  bar,
  type Frame,
  linear,
  linePath,
  niceDomain,
  type Scale,
  TIME_FRAME,
  text,
  ticks,
  timeAxis,
  valueAxis,
} from "./svg.ts";

/** One line of a chart's legend; its value at the pointer is shown beside it. */
export type Series = { readonly label: string; readonly tone: string; readonly values: readonly string[] };

export type Chart = {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly svg: string;
  readonly series: readonly Series[];
};

type Timeline = { readonly points: readonly RunPoint[]; readonly x: Scale; readonly xs: readonly number[] };

/** Every chart over time, in the order of the page. */
export function timeCharts(points: readonly RunPoint[], underlying: string, series: readonly SeriesRecord[] = []): Chart[] {
  const first = points[0]?.time ?? 0;
  const last = points.at(-1)?.time ?? 1;
  const x = linear([first, last], [TIME_FRAME.left, TIME_FRAME.width - TIME_FRAME.right]);
  const line: Timeline = { points, x, xs: points.map((point) => x(point.time)) };
  const later = series
    .filter(({ expiry }) => expiry > last)
    .map(({ name, expiry }) => `${name} expires on ${utcTime(expiry).slice(0, 10)}`);
  const within = series.filter(({ opening, expiry }) => opening > first && expiry <= last);
  const withOptions = points.some(({ impliedVolatility }) => impliedVolatility !== undefined);
  return [
    lineChart(line, {
      id: "price",
      title: `Price of ${underlying}`,
      note: ["as posted on chain", ...later].join("; "),
      format: compact,
      lines: [{ label: "price", tone: "accent", fill: true, of: (point) => point.price }],
      expiries: within,
    }),
    ...(withOptions
      ? [
          lineChart(line, {
            id: "volatility",
            title: "Implied volatility",
            note: "at the money, a year, as the slices were posted",
            format: (value: number) => percent(value, 0),
            height: 130,
            zero: true,
            lines: [{ label: "implied volatility", tone: "violet", of: (point: RunPoint) => point.impliedVolatility ?? 0 }],
            expiries: within.map((each) => ({ ...each, name: "" })),
          }),
        ]
      : []),
    lineChart(line, {
      id: "range",
      title: "Scan range",
      note: "the move that margin is asked for; it follows the volatility forecast",
      format: (value) => percent(value),
      height: 130,
      zero: true,
      lines: [{ label: "held range", tone: "amber", of: (point) => point.scanRange }],
    }),
    healthChart(line),
    salesChart(line),
    lineChart(line, {
      id: "cumulative",
      title: "Accounts liquidated so far",
      note: "each account counts once",
      format: (value) => value.toFixed(0),
      height: 150,
      zero: true,
      lines: [{ label: "accounts", tone: "red", fill: true, step: true, of: (point) => point.liquidatedAccounts }],
    }),
    lineChart(line, {
      id: "fund",
      title: "Insurance fund",
      note: "equity of the main stake and of the fund account that takes the slices",
      format: compact,
      zero: true,
      lines: [
        { label: "total", tone: "accent", fill: true, of: (point) => point.fundMain + point.fundAccount },
        { label: "main stake", tone: "violet", of: (point) => point.fundMain },
        { label: "fund account", tone: "amber", of: (point) => point.fundAccount },
      ],
    }),
    lineChart(line, {
      id: "inventory",
      title: "Inventory of the fund",
      note: "notional that it took from liquidated accounts and has not shed yet; positive is long",
      format: compact,
      height: 150,
      zero: true,
      lines: [{ label: "notional", tone: "violet", fill: true, of: (point) => point.fundInventory }],
    }),
    lineChart(line, {
      id: "equity",
      title: "Gains and losses by group",
      note: "since the first post; they add up to zero but for what the keeper earns",
      format: compact,
      zero: true,
      lines: [
        { label: "longs", tone: "accent", of: (point) => point.equityLong - (points[0]?.equityLong ?? 0) },
        { label: "shorts", tone: "red", of: (point) => point.equityShort - (points[0]?.equityShort ?? 0) },
        ...(withOptions
          ? [{ label: "option traders", tone: "pine", of: (point: RunPoint) => point.equityOptions - (points[0]?.equityOptions ?? 0) }]
          : []),
        { label: "market makers", tone: "amber", of: (point) => point.equityMakers - (points[0]?.equityMakers ?? 0) },
        {
          label: "fund",
          tone: "violet",
          of: (point) => point.fundMain + point.fundAccount - (points[0]?.fundMain ?? 0) - (points[0]?.fundAccount ?? 0),
        },
      ],
    }),
    fanChart(line),
    ...(points.some(({ hedged }) => hedged !== undefined)
      ? [
          lineChart(line, {
            id: "hedges",
            title: "Delta-hedged accounts",
            note: "dollar delta of all their options, and of the perpetuals and futures with which they hedge it again as it moves",
            format: compact,
            height: 170,
            zero: true,
            lines: [
              { label: "options", tone: "violet", of: (point: RunPoint) => point.hedged?.options ?? 0 },
              { label: "hedge", tone: "amber", of: (point: RunPoint) => point.hedged?.hedge ?? 0 },
              { label: "both", tone: "pine", of: (point: RunPoint) => (point.hedged?.options ?? 0) + (point.hedged?.hedge ?? 0) },
            ],
            expiries: within.map((each) => ({ ...each, name: "" })),
          }),
        ]
      : []),
  ];
}

type LineOptions = {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly format: (value: number) => string;
  readonly height?: number;
  readonly zero?: boolean;
  /** Series whose window and expiry are marked, each with its name where it has one. */
  readonly expiries?: readonly SeriesRecord[];
  readonly lines: readonly {
    readonly label: string;
    readonly tone: string;
    readonly fill?: boolean;
    readonly step?: boolean;
    readonly of: (point: RunPoint) => number;
  }[];
};

function lineChart({ points, x, xs }: Timeline, options: LineOptions): Chart {
  const frame: Frame = { ...TIME_FRAME, height: options.height ?? TIME_FRAME.height };
  const values = options.lines.map((line) => points.map(line.of));
  const y = verticalScale(frame, niceDomain(values.flat(), options.zero ? [0] : []));
  const base = y(Math.min(Math.max(0, y.domain[0]), y.domain[1]));
  let marks = (options.expiries ?? []).map((each) => expiryMark(frame, x, each)).join("");
  options.lines.forEach((line, i) => {
    const ys = (values[i] ?? []).map(y);
    const [px, py] = line.step ? stepped(xs, ys) : [xs, ys];
    if (line.fill)
      marks += `<path class="area ${line.tone}" d="${areaPath(
        px,
        py,
        px.map(() => base),
      )}"/>`;
    marks += `<path class="line ${line.tone}" d="${linePath(px, py)}"/>`;
  });
  const series = options.lines.map((line, i) => ({ label: line.label, tone: line.tone, values: (values[i] ?? []).map(options.format) }));
  return finish(options, frame, x, valueAxis(frame, y, options.format, options.height ? 3 : 4), marks, series);
}

/** The averaging window of a series and its expiry, with what it settled on. */
function expiryMark(frame: Frame, x: Scale, { name, opening, expiry, settlement }: SeriesRecord): string {
  const [from, to] = [x(opening), x(expiry)];
  const bottom = frame.height - frame.bottom;
  const window = bar(from, frame.top, Math.max(to - from, 1.5), bottom - frame.top, 'class="window"');
  const edge = `<line class="expiry" x1="${to.toFixed(1)}" x2="${to.toFixed(1)}" y1="${frame.top}" y2="${bottom}"/>`;
  if (name === "") return window + edge;
  const settled = settlement === undefined ? "" : ` settles at ${compact(settlement)}`;
  // on the side where there is room for it
  const right = to > frame.width / 2;
  return (
    window +
    edge +
    text(right ? from - 6 : to + 6, frame.top + 12, `${name}${settled}`, `class="tick" text-anchor="${right ? "end" : "start"}"`)
  );
}

/** How many accounts are how healthy: bands stacked up to all accounts. */
function healthChart({ points, x, xs }: Timeline): Chart {
  const frame: Frame = { ...TIME_FRAME, height: 270 };
  const total = Math.max(1, ...points.map((point) => sum(point.health)));
  const y = verticalScale(frame, [0, total]);
  let marks = "";
  let lower = points.map(() => 0);
  // the healthiest at the bottom, so that the accounts in trouble stand out against the white above them
  for (let band = HEALTH_BANDS.length - 1; band >= 0; band--) {
    const upper = points.map((point, i) => (lower[i] ?? 0) + (point.health[band] ?? 0));
    marks += `<path class="band b${band}" d="${areaPath(xs, upper.map(y), lower.map(y))}"/>`;
    lower = upper;
  }
  const series = HEALTH_BANDS.map((label, band) => ({
    label,
    tone: `b${band}`,
    values: points.map((point) => String(point.health[band] ?? 0)),
  }));
  const head = {
    id: "health",
    title: "Health of the traders' accounts",
    note: "equity over maintenance margin; below 1 an account is liquidated",
  };
  return finish(
    head,
    frame,
    x,
    valueAxis(frame, y, (value) => value.toFixed(0)),
    marks,
    series,
    true,
  );
}

function salesChart({ points, x, xs }: Timeline): Chart {
  const frame: Frame = { ...TIME_FRAME, height: 170 };
  const y = verticalScale(
    frame,
    niceDomain(
      points.map((point) => point.slices + point.wholeSales),
      [0],
    ),
  );
  const width = Math.max(1.2, Math.min(6, ((frame.width - frame.left - frame.right) / points.length) * 0.9));
  let marks = "";
  points.forEach((point, i) => {
    const at = (xs[i] ?? 0) - width / 2;
    const middle = y(point.wholeSales);
    if (point.wholeSales > 0) marks += bar(at, middle, width, y(0) - middle, 'class="fill red"');
    if (point.slices > 0)
      marks += bar(at, y(point.wholeSales + point.slices), width, middle - y(point.wholeSales + point.slices), 'class="fill amber"');
  });
  const series = [
    { label: "slices", tone: "amber", values: points.map((point) => String(point.slices)) },
    { label: "whole accounts", tone: "red", values: points.map((point) => String(point.wholeSales)) },
  ];
  const head = { id: "sales", title: "Liquidations at each post", note: "slices that cure an account, and sales of whole accounts" };
  return finish(
    head,
    frame,
    x,
    valueAxis(frame, y, (value) => (Number.isInteger(value) ? value.toFixed(0) : ""), 3),
    marks,
    series,
  );
}

/** Equity of the accounts relative to what was deposited: the median, the middle half and the middle four fifths. */
function fanChart({ points, x, xs }: Timeline): Chart {
  const frame: Frame = { ...TIME_FRAME };
  const quantile = (i: number): number[] => points.map((point) => point.equityQuantiles[i] ?? 0);
  const rows = [0, 1, 2, 3, 4].map(quantile);
  const y = verticalScale(frame, niceDomain(rows.flat(), [0]));
  const ys = rows.map((row) => row.map(y));
  const marks =
    `<path class="fan wide" d="${areaPath(xs, ys[4] ?? [], ys[0] ?? [])}"/>` +
    `<path class="fan" d="${areaPath(xs, ys[3] ?? [], ys[1] ?? [])}"/>` +
    `<path class="line accent" d="${linePath(xs, ys[2] ?? [])}"/>`;
  const range = (from: number, to: number): string[] =>
    points.map((_, i) => `${percent(rows[from]?.[i] ?? 0, 0)} to ${percent(rows[to]?.[i] ?? 0, 0)}`);
  const series = [
    { label: "median", tone: "accent", values: (rows[2] ?? []).map((value) => percent(value, 0)) },
    { label: "middle half", tone: "fan", values: range(1, 3) },
    { label: "middle four fifths", tone: "fan wide", values: range(0, 4) },
  ];
  const head = { id: "fan", title: "Equity of accounts over what they deposited", note: "all traders" };
  return finish(
    head,
    frame,
    x,
    valueAxis(frame, y, (value) => percent(value, 0)),
    marks,
    series,
  );
}

/** Leverage at the start against what was left at the end, one dot a trader. */
export function outcomeChart(accounts: readonly AccountOutcome[]): Chart {
  const frame: Frame = { width: 1000, height: 330, left: 58, right: 14, top: 12, bottom: 40 };
  const left = (account: AccountOutcome): number => Math.max(-0.25, Math.min(2.5, account.equity / Math.max(account.deposited, 1e-9)));
  const x = linear(
    niceDomain(
      accounts.map((account) => account.leverage),
      [1],
    ),
    [frame.left, frame.width - frame.right],
  );
  const y = verticalScale(frame, niceDomain(accounts.map(left), [0, 1]));
  let axis = valueAxis(frame, y, (value) => percent(value, 0), 5);
  for (const tick of ticks(x.domain, 8)) axis += text(x(tick), frame.height - 20, `${tick}×`, 'class="tick" text-anchor="middle"');
  axis += text(frame.width - frame.right, frame.height - 4, "leverage at the start", 'class="tick" text-anchor="end"');
  const dot = (account: AccountOutcome): string => {
    const tone = toneOf(account);
    const title = `${account.side}, ${account.leverage.toFixed(1)}×, ${account.collateral}: ${compact(account.deposited)} → ${compact(account.equity)}${
      account.slices > 0 ? `, sold ${account.slices} time${account.slices === 1 ? "" : "s"}` : ""
    }`;
    const [cx, cy] = [x(account.leverage).toFixed(1), y(left(account)).toFixed(1)];
    const shape =
      account.side === "long"
        ? `<circle class="dot ${tone}" cx="${cx}" cy="${cy}" r="4">`
        : `<path class="dot ${tone}" d="M${cx} ${(Number(cy) - 4.6).toFixed(1)}l4.4 8h-8.8z">`;
    return `${shape}<title>${escapeHtml(title)}</title></${account.side === "long" ? "circle" : "path"}>`;
  };
  const count = (tone: string): string[] => [String(accounts.filter((account) => toneOf(account) === tone).length)];
  return {
    id: "outcome",
    title: "What was left of each account",
    note: "equity at the end over what was deposited, what is beyond −25 and 250 % at the edge; circles are longs, triangles shorts",
    svg: wrap("outcome", frame, `${axis}${accounts.map(dot).join("")}`, "What was left of each account", false),
    series: [
      { label: "never liquidated", tone: "accent", values: count("accent") },
      { label: "sold in part", tone: "amber", values: count("amber") },
      { label: "sold whole", tone: "red", values: count("red") },
    ],
  };
}

function toneOf(account: AccountOutcome): string {
  return account.soldWhole ? "red" : account.slices > 0 ? "amber" : "accent";
}

function verticalScale(frame: Frame, domain: readonly [number, number]): Scale {
  return linear(domain, [frame.height - frame.bottom, frame.top]);
}

function stepped(xs: readonly number[], ys: readonly number[]): [number[], number[]] {
  const [px, py]: [number[], number[]] = [[], []];
  xs.forEach((x, i) => {
    if (i > 0) {
      px.push(x);
      py.push(ys[i - 1] ?? 0);
    }
    px.push(x);
    py.push(ys[i] ?? 0);
  });
  return [px, py];
}

function finish(
  head: { readonly id: string; readonly title: string; readonly note: string },
  frame: Frame,
  x: Scale,
  axis: string,
  marks: string,
  series: readonly Series[],
  gridAbove = false,
): Chart {
  const under = gridAbove ? "" : axis + timeAxis(frame, x);
  const over = gridAbove ? `<g class="over">${axis}${timeAxis(frame, x)}</g>` : "";
  return { id: head.id, title: head.title, note: head.note, series, svg: wrap(head.id, frame, under + marks + over, head.title, true) };
}

function wrap(id: string, frame: Frame, content: string, label: string, timed: boolean): string {
  const cross = timed ? `<line class="cross" y1="${frame.top}" y2="${frame.height - frame.bottom}" x1="-9" x2="-9"/>` : "";
  return `<svg id="${id}"${timed ? ' class="timed"' : ""} viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="${escapeHtml(label)}">${content}${cross}</svg>`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
