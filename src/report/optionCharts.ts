import type { Chart } from "./charts.ts";
import { compact, escapeHtml, percent, utcTime } from "./format.ts";
import type { OptionOutcome, ProfileMoment, ScenarioProfile } from "./runRecord.ts";
import { type Frame, linear, linePath, niceDomain, text, ticks, valueAxis } from "./svg.ts";

/** Strategies, and of each the accounts by what was left of their deposits. */
export function strategyChart(outcomes: readonly OptionOutcome[]): Chart {
  const strategies = [...new Set(outcomes.map(({ strategy }) => strategy))];
  const rowHeight = 40;
  const frame: Frame = { width: 1000, height: strategies.length * rowHeight + 44, left: 300, right: 150, top: 8, bottom: 34 };
  const left = ({ equity, deposited }: OptionOutcome): number => Math.max(-0.25, Math.min(4, equity / Math.max(deposited, 1e-9)));
  const x = linear(niceDomain(outcomes.map(left), [0, 1]), [frame.left, frame.width - frame.right]);
  const bottom = frame.height - frame.bottom;
  let marks = "";
  for (const tick of ticks(x.domain, 7)) {
    const at = x(tick).toFixed(1);
    marks += `<line class="${tick === 1 ? "zero" : "grid"}" x1="${at}" x2="${at}" y1="${frame.top}" y2="${bottom}"/>`;
    marks += text(x(tick), bottom + 16, percent(tick, 0), 'class="tick" text-anchor="middle"');
  }
  marks += text(frame.left, frame.height - 3, "equity at the end over what was deposited", 'class="tick"');
  strategies.forEach((strategy, row) => {
    const own = outcomes.filter((each) => each.strategy === strategy);
    const [deposited, equity] = [own.reduce((sum, each) => sum + each.deposited, 0), own.reduce((sum, each) => sum + each.equity, 0)];
    const sold = own.filter((each) => toneOf(each) !== "accent").length;
    const y = frame.top + row * rowHeight + rowHeight / 2;
    if (row > 0) marks += `<line class="grid" x1="0" x2="${frame.width}" y1="${y - rowHeight / 2}" y2="${y - rowHeight / 2}"/>`;
    marks += text(0, y - 3, strategy, 'class="tick strong"');
    marks += text(0, y + 12, `${own.length} opened, ${sold} liquidated`, 'class="tick"');
    marks += text(frame.width, y + 4, `${compact(deposited)} → ${compact(equity)}`, 'class="tick strong" text-anchor="end"');
    own.forEach((each, i) => {
      // a little apart, so that dots at one place are told from one another
      const shifted = y + ((i % 3) - 1) * 8;
      const title = `${strategy}: ${compact(each.deposited)} → ${compact(each.equity)}`;
      const place = `cx="${x(left(each)).toFixed(1)}" cy="${shifted.toFixed(1)}"`;
      marks += `<circle class="dot ${toneOf(each)}" ${place} r="4.5"><title>${escapeHtml(title)}</title></circle>`;
    });
  });
  const count = (tone: string): string[] => [String(outcomes.filter((each) => toneOf(each) === tone).length)];
  return {
    id: "strategies",
    title: "Accounts with options",
    note: "one dot an account; at the right what all of a strategy deposited and had at the end",
    svg: `<svg id="strategies" viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="Accounts with options by strategy">${marks}</svg>`,
    series: [
      { label: "never liquidated", tone: "accent", values: count("accent") },
      { label: "sold in part", tone: "amber", values: count("amber") },
      { label: "sold whole", tone: "red", values: count("red") },
    ],
  };
}

function toneOf({ soldWhole, slices }: OptionOutcome): string {
  return soldWhole ? "red" : slices > 0 ? "amber" : "accent";
}

/** Scenarios of the two volatilities, from the lowest price to the highest. */
const UP = [13, 9, 5, 1, 3, 7, 11];
const DOWN = [14, 10, 6, 2, 4, 8, 12];
/** Price moves of scenarios 1 to 16 in parts of the range. */
const MOVES = [0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 6, -6].map((thirds) => thirds / 3);
const moveOf = (scenario: number): number => MOVES[scenario - 1] ?? 0;

/** The scenario profiles of accounts: one card an account, when it opened beside when it fell below its line, or came nearest to it. */
export function profileSection(profiles: readonly ScenarioProfile[]): string {
  if (profiles.length === 0) return "";
  const key = (shape: string, label: string): string => `<span>${shape}${label}</span>`;
  const swatch = (tone: string): string => `<i class="${tone}"></i>`;
  const dashed = (tone: string): string => `<i class="dash ${tone}"></i>`;
  const legend = [
    key(swatch("accent"), "volatility up"),
    key(swatch("amber"), "volatility down"),
    key('<i class="ring ink"></i>', "extremes, two ranges, 35 % counts"),
    key('<i class="ring red"></i>', "the scenario that decides"),
    key(dashed("pine"), "equity, as a loss"),
    key(dashed("violet"), "initial margin"),
    key(dashed("red"), "maintenance margin"),
  ].join("");
  const cards = profiles.map(profileCard).join("");
  return `<section class="chart" id="profiles"><div class="head"><h2>Scenario profile of accounts<span class="note">profit and loss in the sixteen scenarios against the move of the price; liquidated where the line of equity is above that of maintenance margin</span></h2><div class="legend">${legend}</div></div><div class="two">${cards}</div></section>`;
}

function profileCard({ strategy, position, opened, worst }: ScenarioProfile): string {
  const panes = [
    pane(opened, "when it opened", 0),
    pane(worst, worst.equity < worst.maintenanceMargin ? "when it fell below its line" : "when it was least healthy", 1),
  ].join("");
  return `<figure class="profile"><figcaption><b>${escapeHtml(strategy)}</b> ${escapeHtml(position)}</figcaption><svg viewBox="0 0 520 234" role="img" aria-label="${escapeHtml(`Scenario profile of a ${strategy}`)}">${panes}</svg></figure>`;
}

const PANE = 252;

function pane(moment: ProfileMoment, label: string, column: number): string {
  const frame: Frame = { width: PANE, height: 196, left: 46, right: 6, top: 36, bottom: 18 };
  const { range, profits, equity, initialMargin, maintenanceMargin, decides } = moment;
  const profitIn = (scenario: number): number => profits[scenario] ?? 0;
  // what is far beyond every loss would flatten the rest
  const most = Math.max(...profits.map(Math.abs), initialMargin);
  const levels = [-initialMargin, -maintenanceMargin, ...(equity < 2 * most ? [-equity] : [])];
  const y = linear(niceDomain([...profits, ...levels], [0]), [frame.height - frame.bottom, frame.top]);
  const x = linear([-2.15 * range, 2.15 * range], [frame.left, frame.width - frame.right]);
  const at = (scenario: number): [number, number] => [x(moveOf(scenario) * range), y(profitIn(scenario))];
  const line = (scenarios: readonly number[], tone: string): string => {
    const points = scenarios.map(at);
    return `<path class="line ${tone}" d="${linePath(
      points.map(([px]) => px),
      points.map(([, py]) => py),
    )}"/>`;
  };
  const level = (value: number, tone: string): string =>
    `<line class="level ${tone}" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}"/>`;
  const dot = (scenario: number, style: string, r: number): string => {
    const [cx, cy] = at(scenario);
    const title = `scenario ${scenario}: ${percent(moveOf(scenario) * range)}, ${compact(profitIn(scenario))}`;
    return `<circle class="${style}" cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="${r}"><title>${escapeHtml(title)}</title></circle>`;
  };
  let marks = valueAxis(frame, y, compact, 4);
  for (const move of [-range, 0, range]) {
    const px = x(move).toFixed(1);
    marks += `<line class="grid" x1="${px}" x2="${px}" y1="${frame.top}" y2="${frame.height - frame.bottom}"/>`;
    marks += text(x(move), frame.height - 4, move === 0 ? "0" : percent(move, 1), 'class="tick small" text-anchor="middle"');
  }
  marks += level(-initialMargin, "violet") + level(-maintenanceMargin, "red");
  if (equity < 2 * most) marks += level(-equity, "pine");
  marks += line(DOWN, "amber") + line(UP, "accent");
  marks += [15, 16].map((scenario) => dot(scenario, "ring ink", 3.5)).join("");
  if (decides !== undefined && decides > 0) marks += dot(decides, "ring red", 6);
  const scenario = decides === 0 ? "no scenario loses" : `scenario ${decides} decides`;
  const decided = decides === undefined ? "short-option minimum decides" : scenario;
  const figures = `equity ${compact(equity)}, IM ${compact(initialMargin)}, MM ${compact(maintenanceMargin)}`;
  marks += text(frame.left, 12, label, 'class="tick strong"');
  marks += text(frame.left, 26, `${utcTime(moment.time).slice(5)}, price ${compact(moment.price)}`, 'class="tick small"');
  marks += text(frame.left, 213, figures, 'class="tick small"') + text(frame.left, 227, decided, 'class="tick small"');
  return `<g transform="translate(${column * (520 - PANE)} 0)">${marks}</g>`;
}
