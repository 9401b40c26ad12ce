import { outcomeChart, strategyChart } from "./outcomeCharts.ts";
import { cards, figure, renderPage, table } from "./page.ts";
import { profileSection } from "./profiles.ts";
import type { RunRecord } from "./runRecord.ts";
import { timeCharts } from "./timeCharts.ts";

/**
 * The report of a run: one page that needs no network.
 * @throws RangeError when its points are out of order or doubled, or one of their figures is no number
 */
export function renderReport(run: RunRecord): string {
  const charts = timeCharts(run.points, run, run.options?.series);
  const { settlement, options } = run;
  return renderPage({
    title: run.title,
    source: run.source,
    sections: [
      cards(run.findings),
      ...charts.map(figure),
      ...(run.stages === undefined ? [] : [table("Order of losses", run.stages)]),
      figure(outcomeChart(run.accounts)),
      ...(options === undefined ? [] : [figure(strategyChart(options.outcomes)), profileSection(options.profiles, settlement)]),
      `<div class="two">${table("Set-up", run.setUp)}${table(
        "Findings",
        run.findings.map((finding) => [finding.name, finding.value + (finding.note ? ` (${finding.note})` : "")]),
      )}</div>`,
    ],
    footer: `Amounts in ${settlement}. Times are UTC. The marked figures are recomputed from events, token balances and posted prices by a checker that shares no code with the engine.`,
    times: run.points.map(({ time }) => time),
    charts,
  });
}
