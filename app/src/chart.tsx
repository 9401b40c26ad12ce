import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

/** One line of a chart; without a label the legend leaves it out. `tone` picks one of the three colours of charts. */
export type Line = { readonly label: string; readonly tone: 0 | 1 | 2; readonly dashed?: boolean; readonly stepped?: boolean };

export type ChartData = readonly [readonly number[], ...(readonly (number | null)[])[]];

const TONES = ["--accent", "--warn", "--good"] as const;
const HEIGHT = 240;

/** Changes when the colours of the page do. */
function useColours(): number {
  const [round, next] = useState(0);
  useEffect(() => {
    const changed = (): void => next((count) => count + 1);
    const watch = new MutationObserver(changed);
    watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const media = matchMedia("(prefers-color-scheme: dark)");
    media.addEventListener("change", changed);
    return () => {
      watch.disconnect();
      media.removeEventListener("change", changed);
    };
  }, []);
  return round;
}

/** A value of a token, as the canvas takes it: light-dark() is worked out by the browser. */
function colour(token: string, of: HTMLElement): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  of.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** UTC, by day where they are days apart. */
function times(ticks: readonly number[]): string[] {
  const apart = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  return ticks.map((each) => {
    const text = new Date(each * 1_000).toISOString();
    return apart >= 86_400 || (apart > 0 && each % 86_400 === 0) ? text.slice(5, 10) : text.slice(11, apart >= 60 ? 16 : 19);
  });
}

/**
 * A chart over time or over another number.
 * @param summary what it shows, in words, for who does not see it
 * @param band the places of two lines between which it is filled
 */
export function Chart({
  data,
  lines,
  summary,
  time = true,
  format,
  band,
}: {
  data: ChartData;
  lines: readonly Line[];
  summary: string;
  time?: boolean;
  format: (value: number) => string;
  band?: readonly [number, number];
}) {
  const frame = useRef<HTMLDivElement>(null);
  const colours = useColours();
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew where the colours changed; lines and formats stay
  useEffect(() => {
    const at = frame.current;
    if (at === null) return;
    const [ink, rule] = [colour("--muted", at), colour("--rule", at)];
    const stroke = lines.map(({ tone }) => colour(TONES[tone], at));
    const axis = {
      stroke: ink,
      grid: { stroke: rule, width: 1 },
      ticks: { stroke: rule, width: 1 },
      font: "12px Inter, system-ui, sans-serif",
    };
    const plot = new uPlot(
      {
        width: at.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: true, y: false } },
        scales: { x: { time } },
        axes: [
          { ...axis, values: (_, ticks) => (time ? times(ticks) : ticks.map((each) => each.toLocaleString("en"))) },
          { ...axis, size: 64, values: (_, ticks) => ticks.map(format) },
        ],
        series: [
          {},
          ...lines.map(({ label, dashed, stepped }, i) => ({
            label,
            stroke: stroke[i] as string,
            width: dashed ? 1 : 2,
            ...(dashed ? { dash: [4, 4] } : {}),
            ...(stepped ? { paths: uPlot.paths.stepped?.({ align: 1 }) as uPlot.Series.PathBuilder } : {}),
            points: { show: data[0].length < 40 },
            spanGaps: true,
          })),
        ],
        bands:
          band === undefined
            ? []
            : [{ series: [band[0], band[1]], fill: (stroke[band[0] - 1] as string).replace("rgb(", "rgba(").replace(")", ", 0.12)") }],
      },
      data as unknown as uPlot.AlignedData,
      at,
    );
    const sized = new ResizeObserver(() => plot.setSize({ width: at.clientWidth, height: HEIGHT }));
    sized.observe(at);
    return () => {
      sized.disconnect();
      plot.destroy();
    };
  }, [data, colours]);
  return (
    <figure>
      <div className="chart" ref={frame} role="img" aria-label={summary} />
      <figcaption className="legend">
        {lines
          .filter(({ label }) => label !== "")
          .map(({ label, tone }) => (
            <span key={label}>
              <i className={`c${tone}`} />
              {label}
            </span>
          ))}
      </figcaption>
    </figure>
  );
}
