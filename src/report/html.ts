import { type Chart, outcomeChart, timeCharts } from "./charts.ts";
import { escapeHtml, utcTime } from "./format.ts";
import { profileSection, strategyChart } from "./optionCharts.ts";
import type { Finding, RunRecord } from "./runRecord.ts";
import { SCRIPT, STYLE } from "./style.ts";
import { linear, TIME_FRAME } from "./svg.ts";

/** The mark on a ship's hull: a ring and the line that must stay above the water. */
const MARK = `<svg viewBox="0 0 52 52" aria-hidden="true"><circle cx="26" cy="26" r="15" fill="none" stroke="currentColor" stroke-width="4.5"/><path d="M3 26h46" stroke="currentColor" stroke-width="4.5" stroke-linecap="round"/></svg>`;

/** The report of a run: one page that needs no network. */
export function renderReport(run: RunRecord): string {
  const charts = timeCharts(run.points, run.underlying, run.options?.series);
  const times = run.points.map((point) => point.time);
  const x = linear([times[0] ?? 0, times.at(-1) ?? 1], [TIME_FRAME.left, TIME_FRAME.width - TIME_FRAME.right]);
  const data = {
    xs: times.map((time) => Math.round(x(time) * 10) / 10),
    times: times.map((time) => `${utcTime(time)} UTC`),
    charts: Object.fromEntries(charts.map((chart) => [chart.id, chart.series.map((series) => series.values)])),
  };
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(run.title)}</title><style>${STYLE}</style></head><body><main>
<header>${MARK}<div><h1>${escapeHtml(run.title)}</h1><p class="source">${escapeHtml(run.source)}</p></div></header>
<section class="cards">${run.findings.map(card).join("")}</section>
${charts.map((chart) => figure(chart, false)).join("\n")}
${figure(outcomeChart(run.accounts), true)}
${run.options === undefined ? "" : figure(strategyChart(run.options.outcomes), true) + profileSection(run.options.profiles)}
<div class="two">${table("Set-up", run.setUp)}${table(
    "Findings",
    run.findings.map((finding) => [finding.name, finding.value + (finding.note ? ` (${finding.note})` : "")]),
  )}</div>
<footer>Amounts in ${escapeHtml(run.settlement)}. Times are UTC. The marked figures are recomputed from events, token balances and posted prices by a checker that shares no code with the engine.</footer>
</main><div id="clock" role="status"></div><script type="application/json" id="data">${JSON.stringify(data).replace(/</g, "\\u003c")}</script><script>${SCRIPT}</script></body></html>
`;
}

function card(finding: Finding): string {
  const mark =
    finding.good === undefined ? "" : `<em class="mark ${finding.good ? "good" : "bad"}">${finding.good ? "✓ holds" : "✗ broken"}</em>`;
  const note = finding.note ? `<small>${escapeHtml(finding.note)}</small>` : "";
  return `<div class="card"><span>${escapeHtml(finding.name)}</span><b>${escapeHtml(finding.value)}${mark}</b>${note}</div>`;
}

function figure(chart: Chart, always: boolean): string {
  const legend = chart.series
    .map(
      (series) =>
        `<span><i class="${series.tone}"></i>${escapeHtml(series.label)}<output>${always ? escapeHtml(series.values[0] ?? "") : ""}</output></span>`,
    )
    .join("");
  return `<section class="chart"><div class="head"><h2>${escapeHtml(chart.title)}<span class="note">${escapeHtml(chart.note)}</span></h2><div class="legend">${legend}</div></div><div class="scroll">${chart.svg}</div></section>`;
}

function table(title: string, rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`).join("");
  return `<section class="table"><h2>${escapeHtml(title)}</h2><table>${lines}</table></section>`;
}
