import { type ChartOption, renderSvg } from "./echarts.ts";
import { escapeHtml } from "./format.ts";

/** One entry of a chart's legend; of a chart over time, with its value at each moment, otherwise with one that is always shown. */
export type LegendEntry = { readonly label: string; readonly tone: string; readonly values: readonly string[] };

export type Chart = {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly svg: string;
  readonly legend: readonly LegendEntry[];
};

/** Where a chart draws within its picture; charts over time share the horizontal part, so that they line up and one cross-hair runs through all. */
export const PLOT = { width: 1_000, left: 64, right: 14, top: 10, bottom: 24 } as const;

/** Of every grid: by default long labels push the axis aside, and then charts no longer line up. */
export const FRAME = { outerBoundsMode: "none" } as const;

/** A colour of the page's style by its name there: it follows the colour scheme of who reads. */
export const colour = (tone: string): string => `var(--${tone})`;

/** As the page's; by name, for ECharts writes it where `inherit` is not understood. */
const FONT = "system-ui,-apple-system,Roboto,DejaVu Sans,sans-serif";

export type Drawing = {
  /** Unique on its page. */
  readonly id: string;
  readonly label: string;
  readonly width?: number;
  readonly height: number;
  readonly option: ChartOption;
  /** Has a cross-hair that follows the pointer along the time axis. */
  readonly isTimed?: boolean;
  /** What a mark of a series says when the pointer rests on it. */
  readonly tip?: (series: number, index: number) => string | undefined;
};

/** Draws a chart by ECharts, without a browser: SVG for the inside of a page, the same bytes for the same drawing. */
export function draw({ id, label, width = PLOT.width, height, option, isTimed, tip }: Drawing): string {
  const svg = renderSvg({ textStyle: { fontFamily: FONT, fontSize: 11.5 }, ...option }, width, height);
  const [head = ""] = /^<svg[^>]*>/.exec(svg) ?? [];
  const cross = isTimed ? `<line class="cross" y1="${PLOT.top}" y2="${height - PLOT.bottom}" x1="-9" x2="-9"/>` : "";
  const body = svg
    .slice(head.length, svg.lastIndexOf("</svg>"))
    // its classes only say what happens under the pointer
    .replace(/<style[\s\S]*?<\/style>/g, "")
    .replace(/ class="zr\d+-cls-\d+"/g, "")
    // its names count the charts that the process has drawn
    .replace(/\bzr\d+-/g, `${id}-`)
    .replace(/ ecmeta_series_index="(\d+)" ecmeta_data_index="(\d+)" ecmeta_ssr_type="chart">/g, (_, series, index) => {
      const said = tip?.(Number(series), Number(index));
      return said === undefined ? ">" : `><title>${escapeHtml(said)}</title>`;
    })
    .replace(/ ecmeta_\w+="[^"]*"/g, "")
    .replace(/\n+/g, "\n")
    .trim();
  const timed = isTimed ? ' class="timed"' : "";
  return `<svg id="${id}"${timed} viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">${body}${cross}</svg>`;
}

export const AXIS_TEXT = { color: colour("soft"), fontSize: 11.5 } as const;

type Format = (value: number) => string;

/** A vertical axis of values: lines across, no line of its own. */
export function valueAxis(format: Format, { zero = false, count = 4, over = false, ...more }: ValueAxisOptions = {}): object {
  return {
    type: "value",
    scale: !zero,
    splitNumber: count,
    axisLine: { show: false },
    axisTick: { show: false },
    // ECharts passes more than the value
    axisLabel: { ...AXIS_TEXT, formatter: (value: number) => format(value) },
    splitLine: { lineStyle: over ? { color: colour("card"), opacity: 0.35 } : { color: colour("grid") } },
    ...(over ? { z: 10 } : {}),
    ...more,
  };
}

type ValueAxisOptions = {
  readonly zero?: boolean;
  readonly count?: number;
  /** The lines lie over what is drawn. */
  readonly over?: boolean;
} & Readonly<Record<string, unknown>>;

const DAY = 86_400_000;

/** The time axis from the first to the last moment, unix seconds. */
export function timeAxis(times: readonly number[], { over = false } = {}): object {
  const first = (times[0] ?? 0) * 1_000;
  return {
    type: "time",
    min: first,
    max: Math.max((times.at(-1) ?? 1) * 1_000, first + 1_000),
    splitNumber: 8,
    // or the labels would stand at zero
    axisLine: { show: false, onZero: false },
    axisTick: { show: false },
    axisLabel: {
      ...AXIS_TEXT,
      hideOverlap: true,
      showMinLabel: false,
      showMaxLabel: false,
      formatter: timeLabel,
      rich: { day: { color: colour("ink"), fontWeight: 600, fontSize: 11.5 } },
    },
    splitLine: { show: true, lineStyle: over ? { color: colour("card"), opacity: 0.35 } : { color: colour("grid") } },
    ...(over ? { z: 10 } : {}),
  };
}

function timeLabel(milliseconds: number): string {
  const date = new Date(milliseconds);
  if (milliseconds % DAY !== 0) return date.toISOString().slice(11, 16);
  const isYear = date.getUTCMonth() === 0 && date.getUTCDate() === 1;
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  return `{day|${isYear ? date.getUTCFullYear() : day}}`;
}

/** Lines that mark values of an axis; by default ECharts rounds the values to two decimals. */
export const MARK_LINE = { silent: true, symbol: "none", label: { show: false }, precision: 18 } as const;

/** A line across at zero, for a series whose values run to both sides of it. */
export const ZERO_LINE = {
  ...MARK_LINE,
  lineStyle: { color: colour("zero"), type: "solid", width: 1 },
  data: [{ yAxis: 0 }],
} as const;

/** A line without marks, in a tone of the page. */
export function lineSeries(tone: string, data: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): object {
  return {
    type: "line",
    data,
    showSymbol: false,
    silent: true,
    emphasis: { disabled: true },
    lineStyle: { color: colour(tone), width: 1.7, join: "round" },
    itemStyle: { color: colour(tone) },
    ...more,
  };
}
