// Draws docs/images/house.svg from the imports of the contracts: floors, what lives on each, and how many files know the floor below.
//   npm run draw:house [-- --check]
// --check writes nothing and fails when the picture is another.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { instance } from "@viz-js/viz";
import { BadInput, Failure } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { FLOORS, OUTSIDE, placeOf } from "./lib/floors.ts";
import { type ImportGraph, importGraph } from "./lib/importGraph.ts";
import { projectRoot } from "./lib/run.ts";

const USAGE = "draw-house [--check]";
const PICTURE = join("docs", "images", "house.svg");

const nameOf = (file: string): string => (file.split("/").at(-1) ?? "").replace(/\.sol$/, "");

/** The files of a floor by room, the floor's own first. */
function roomsOf(graph: ImportGraph, floor: string): [string, string[]][] {
  const rooms = new Map<string, string[]>();
  for (const file of graph.keys()) {
    if (placeOf(file).room !== floor) continue;
    const room = file.split("/").slice(1, -1).join("/");
    rooms.set(room, [...(rooms.get(room) ?? []), nameOf(file)]);
  }
  return [...rooms].sort(([a], [b]) => a.length - b.length);
}

function rowsOf(names: readonly string[], perRow: number): string {
  const rows = Array.from({ length: Math.ceil(names.length / perRow) }, (_, i) => names.slice(i * perRow, (i + 1) * perRow));
  return rows.map((row) => `<tr><td align="left"><font point-size="10">${row.join("   ")}</font></td></tr>`).join("");
}

/** What lives there, and outside the walls also what it knows. */
function boxOf(graph: ImportGraph, floor: string, arrows: ReadonlyMap<string, number>): string {
  const known = FLOORS.filter((each) => arrows.has(`${floor} ${each}`));
  const knows =
    floor in OUTSIDE
      ? `<tr><td align="left"><font point-size="10" color="#6b5b3a">knows ${known.toReversed().join(", ")}</font></td></tr>`
      : "";
  const rooms = roomsOf(graph, floor).map(
    ([room, names]) => `<tr><td align="left"><b>${room}</b></td></tr>${rowsOf(names, floor in OUTSIDE ? 2 : 5)}`,
  );
  return `<<table border="0" cellspacing="0" cellpadding="2">${rooms.join("")}${knows}</table>>`;
}

/** How many imports of files of one place lead to files of another. */
function arrowsOf(graph: ImportGraph): Map<string, number> {
  const arrows = new Map<string, number>();
  for (const [file, targets] of graph) {
    for (const target of targets) {
      const [from, to] = [placeOf(file).room, placeOf(target).room];
      if (from === "test" || from === to) continue;
      arrows.set(`${from} ${to}`, (arrows.get(`${from} ${to}`) ?? 0) + 1);
    }
  }
  return arrows;
}

/** Only arrows that no way round says: what a floor knows, those above it know too. */
function reduced(arrows: ReadonlyMap<string, number>): [string, string, number][] {
  const reach = (from: string, to: string, direct: boolean): boolean =>
    [...arrows.keys()].some((key) => {
      const [a, b] = key.split(" ");
      return a === from && (b === to ? direct : reach(b!, to, true));
    });
  return [...arrows].flatMap(([key, count]) => {
    const [from, to] = key.split(" ") as [string, string];
    return reach(from, to, false) ? [] : [[from, to, count] as [string, string, number]];
  });
}

function dotOf(graph: ImportGraph): string {
  const arrows = arrowsOf(graph);
  // what nobody lives in yet is not drawn
  const columns = [[...FLOORS].reverse(), Object.keys(OUTSIDE).filter((place) => roomsOf(graph, place).length !== 0)];
  const box = (place: string): string =>
    `  ${place} [fillcolor="${place in OUTSIDE ? "#fbf3e4" : "#eef2f7"}" label=${boxOf(graph, place, arrows)}];`;
  const edges = reduced(arrows).flatMap(([from, to, count]) => (from in OUTSIDE ? [] : [`  ${from} -> ${to} [label=" ${count}"];`]));
  return [
    "digraph house {",
    "  graph [rankdir=TB nodesep=0.4 ranksep=0.35];",
    '  node [shape=box style="filled,rounded" color="#8d99ae" fontname="Courier" fontsize=12];',
    '  edge [arrowsize=0.7 color="#33415c" fontname="Courier" fontsize=10];',
    ...columns.flat().map(box),
    // the floors one above the other, and beside them what is outside the walls
    ...columns.map((column) => `  ${column.join(" -> ")} [style=invis weight=100];`),
    ...edges,
    "}",
  ].join("\n");
}

await answer(USAGE, async () => {
  let check: boolean;
  try {
    ({ check } = parseArgs({ options: { check: { type: "boolean", default: false } }, strict: true }).values);
  } catch (error) {
    throw new BadInput(error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error), USAGE);
  }
  const graph = importGraph(projectRoot, ["contracts"]);
  const svg = (await instance()).renderString(dotOf(graph), { format: "svg" });
  const path = join(projectRoot, PICTURE);
  if (check) {
    if (!existsSync(path) || readFileSync(path, "utf8") !== svg)
      throw new Failure(`${PICTURE} is not what the imports say: npm run draw:house`);
    return 0;
  }
  writeFileSync(path, svg);
  console.log(`written to ${PICTURE}`);
  return 0;
});
