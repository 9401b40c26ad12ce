import { escapeHtml } from "./format.ts";

/** A plotting area within an SVG; all charts share the horizontal one so that they line up. */
export type Frame = {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
};

export const TIME_FRAME: Frame = { width: 1000, height: 210, left: 58, right: 14, top: 10, bottom: 24 };

export type Scale = { (value: number): number; readonly domain: readonly [number, number] };

export function linear(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const span = domain[1] - domain[0] || 1;
  const scale = (value: number): number => range[0] + ((value - domain[0]) / span) * (range[1] - range[0]);
  return Object.assign(scale, { domain });
}

/** The least and most of the values, widened to round ticks. */
export function niceDomain(values: Iterable<number>, include: readonly number[] = []): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of [...values, ...include]) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (!Number.isFinite(least)) return [0, 1];
  if (least === most) return least === 0 ? [0, 1] : [Math.min(0, least), Math.max(0, most)];
  const step = tickStep(least, most, 5);
  return [Math.floor(least / step) * step, Math.ceil(most / step) * step];
}

export function ticks([least, most]: readonly [number, number], count: number): number[] {
  const step = tickStep(least, most, count);
  const result: number[] = [];
  for (let i = Math.ceil(least / step - 1e-9); i * step <= most + step * 1e-9; i++) result.push(i * step + 0); // -0 becomes 0
  return result;
}

function tickStep(least: number, most: number, count: number): number {
  const rough = (most - least) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const ratio = rough / power;
  return power * (ratio > 7.1 ? 10 : ratio > 3.5 ? 5 : ratio > 1.4 ? 2 : 1);
}

const short = (value: number): string => value.toFixed(1).replace(/\.0$/, "");

/** A line through the points; NaN breaks it. */
export function linePath(xs: readonly number[], ys: readonly number[]): string {
  let path = "";
  let pen = "M";
  xs.forEach((x, i) => {
    const y = ys[i] ?? Number.NaN;
    if (Number.isNaN(y)) {
      pen = "M";
      return;
    }
    path += `${pen}${short(x)} ${short(y)}`;
    pen = "L";
  });
  return path;
}

/** The area between two lines. */
export function areaPath(xs: readonly number[], upper: readonly number[], lower: readonly number[]): string {
  const back = [...xs.keys()].reverse().map((i) => `L${short(xs[i] ?? 0)} ${short(lower[i] ?? 0)}`);
  return `${linePath(xs, upper)}${back.join("")}Z`;
}

export function bar(x: number, y: number, width: number, height: number, style: string): string {
  return `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" ${style}/>`;
}

export function text(x: number, y: number, content: string, style: string): string {
  return `<text x="${short(x)}" y="${short(y)}" ${style}>${escapeHtml(content)}</text>`;
}

/** Horizontal grid lines with their labels at the left. */
export function valueAxis(frame: Frame, y: Scale, format: (value: number) => string, count = 4): string {
  return ticks(y.domain, count)
    .map((tick) => {
      const at = short(y(tick));
      const line = `<line class="${tick === 0 ? "zero" : "grid"}" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${at}" y2="${at}"/>`;
      return line + text(frame.left - 8, y(tick) + 3.5, format(tick), 'class="tick" text-anchor="end"');
    })
    .join("");
}

const SPACINGS = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336].map((hours) => hours * 3600);

/** Vertical marks in time: at most a dozen, dates where a day begins, hours between. */
export function timeAxis(frame: Frame, x: Scale): string {
  const [from, to] = x.domain;
  const spacing = SPACINGS.find((each) => (to - from) / each <= 12) ?? 30 * 24 * 3600;
  let marks = "";
  for (let time = Math.ceil(from / spacing) * spacing; time <= to; time += spacing) {
    const date = new Date(time * 1000);
    const midnight = time % 86400 === 0;
    const label = midnight
      ? date.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" })
      : date.toISOString().slice(11, 16);
    const at = short(x(time));
    marks += `<line class="${midnight ? "day" : "grid"}" x1="${at}" x2="${at}" y1="${frame.top}" y2="${frame.height - frame.bottom}"/>`;
    const anchor = x(time) > frame.width - frame.right - 16 ? "end" : "middle";
    marks += text(
      Math.min(x(time), frame.width - 4),
      frame.height - 7,
      label,
      `class="tick${midnight ? " strong" : ""}" text-anchor="${anchor}"`,
    );
  }
  return marks;
}
