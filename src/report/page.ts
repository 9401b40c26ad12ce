import { type Chart, PLOT } from "./chart.ts";
import { escapeHtml, utcTime } from "./format.ts";
import type { Finding } from "./runRecord.ts";
import { SCRIPT, STYLE } from "./style.ts";

/** The mark on a ship's hull: a ring and the line that must stay above the water. */
const MARK = `<svg viewBox="0 0 52 52" aria-hidden="true"><circle cx="26" cy="26" r="15" fill="none" stroke="currentColor" stroke-width="4.5"/><path d="M3 26h46" stroke="currentColor" stroke-width="4.5" stroke-linecap="round"/></svg>`;

export type Page = {
  readonly title: string;
  readonly source: string;
  /** HTML, in order. */
  readonly sections: readonly string[];
  readonly footer: string;
  /** Moments of the charts over time, unix seconds, and those charts: one cross-hair runs through them. */
  readonly times?: readonly number[];
  readonly charts?: readonly Chart[];
};

/** One page that needs no network: style, script and pictures are in it. */
export function renderPage({ title, source, sections, footer, times = [], charts = [] }: Page): string {
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 1];
  const width = PLOT.width - PLOT.left - PLOT.right;
  const data = {
    xs: times.map((time) => Math.round((PLOT.left + ((time - first) / Math.max(last - first, 1)) * width) * 10) / 10),
    times: times.map((time) => `${utcTime(time)} UTC`),
    charts: Object.fromEntries(charts.map((chart) => [chart.id, chart.legend.map(({ values }) => values)])),
  };
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main>
<header>${MARK}<div><h1>${escapeHtml(title)}</h1><p class="source">${escapeHtml(source)}</p></div></header>
${sections.filter((section) => section !== "").join("\n")}
<footer>${escapeHtml(footer)}</footer>
</main><div id="clock" role="status"></div><script type="application/json" id="data">${JSON.stringify(data).replace(/</g, "\\u003c")}</script><script>${SCRIPT}</script></body></html>
`;
}

export function cards(findings: readonly Finding[]): string {
  return `<section class="cards">${findings.map(card).join("")}</section>`;
}

function card(finding: Finding): string {
  const mark =
    finding.good === undefined ? "" : `<em class="mark ${finding.good ? "good" : "bad"}">${finding.good ? "✓ holds" : "✗ broken"}</em>`;
  const note = finding.note ? `<small>${escapeHtml(finding.note)}</small>` : "";
  return `<div class="card"><span>${escapeHtml(finding.name)}</span><b>${escapeHtml(finding.value)}${mark}</b>${note}</div>`;
}

/** A chart with its head; the values of its legend are shown at once, or of a chart over time those at the pointer. */
export function figure({ title, note, legend, svg }: Chart): string {
  const isTimed = svg.includes('class="cross"');
  const entries = legend
    .map(
      ({ label, tone, values }) =>
        `<span><i class="${tone}"></i>${escapeHtml(label)}<output>${isTimed ? "" : escapeHtml(values[0] ?? "")}</output></span>`,
    )
    .join("");
  return `<section class="chart"><div class="head"><h2>${escapeHtml(title)}<span class="note">${escapeHtml(note)}</span></h2><div class="legend">${entries}</div></div><div class="scroll">${svg}</div></section>`;
}

export function table(title: string, rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`).join("");
  return `<section class="table"><h2>${escapeHtml(title)}</h2><table>${lines}</table></section>`;
}

/** A table of several columns, numbers to the right. */
export function grid(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]): string => row.map((each) => `<${tag}>${escapeHtml(each)}</${tag}>`).join("");
  const body = rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("");
  return `<section class="table"><h2>${escapeHtml(title)}</h2><div class="scroll"><table class="grid"><thead><tr>${cells("th", head)}</tr></thead><tbody>${body}</tbody></table></div></section>`;
}
