// What operations cost on a whole deployment; see docs/gas.md. Writes bench/gas.json, or with --check compares with it.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { printJson, printTable } from "../src/cli/output.ts";
import { progressLine } from "../src/cli/progress.ts";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { codeFigures, differences, type Figures, readFigures, serialised } from "./lib/gasFile.ts";
import { runOperations } from "./lib/gasOperations.ts";
import { TARGETS } from "./lib/gasTargets.ts";
import { openGasWorld } from "./lib/gasWorld.ts";
import { projectRoot } from "./lib/run.ts";

const PLACE = "bench/gas.json";
const PATH = join(projectRoot, PLACE);
const USAGE = "bench-gas [--check] [--json] [--only PART]";

type Options = { readonly check: boolean; readonly json: boolean; readonly only: string | undefined };

function options(): Options {
  try {
    const { values } = parseArgs({
      options: { check: { type: "boolean" }, json: { type: "boolean" }, only: { type: "string" } },
      strict: true,
    });
    const { check = false, json = false, only } = values;
    if (check && only !== undefined) throw new BadInput("--check compares everything: it does not go with --only", USAGE);
    if (only === "") throw new BadInput("--only is empty", USAGE);
    return { check, json, only };
  } catch (error) {
    if (error instanceof BadInput) throw error;
    throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
  }
}

/** Gas of every operation whose name holds `only`. */
async function measure(only: string | undefined): Promise<Record<string, number>> {
  const line = progressLine();
  const figures: Record<string, number> = {};
  line.show("deploy", 0, 1);
  const world = await openGasWorld();
  try {
    await runOperations(world, ({ name, gas, parts }) => {
      line.show("measure", 0, 1, name);
      if (only === undefined || name.includes(only)) figures[name] = Math.round(gas / parts);
    });
  } finally {
    line.end();
    await world.close();
  }
  if (Object.keys(figures).length === 0) throw new BadInput(`no operation is called like "${only}"`, USAGE);
  return figures;
}

const shown = (value: number): string => value.toLocaleString("en-GB");
const signed = (value: number): string => `${value > 0 ? "+" : ""}${shown(value)}`;

/** Figures beside their targets and what is on file. */
function print(figures: Figures, filed: Figures): void {
  const rows = Object.entries(figures).flatMap(([name, gas]): string[][] => {
    if (typeof gas !== "number") return [];
    const [target, before] = [TARGETS[name], filed[name]];
    const beside = target === undefined ? ["", ""] : [shown(target), signed(gas - target)];
    return [[name, shown(gas), ...beside, typeof before === "number" && before !== gas ? signed(gas - before) : ""]];
  });
  printTable(["", "gas", "target", "beyond it", "since the file"], rows);
}

await answer(async () => {
  const { check, json, only } = options();
  const filed = check ? readFigures(PATH, PLACE) : undefined;
  const gas = await measure(only);
  const figures: Figures = only === undefined ? { ...gas, ...(await codeFigures()) } : gas;
  if (check) {
    const found = differences(filed ?? {}, figures);
    if (json) printJson({ differences: found });
    else process.stdout.write(found.length === 0 ? `${PLACE} agrees\n` : `${found.join("\n")}\nnpm run bench:gas writes ${PLACE} anew\n`);
    return found.length === 0 ? 0 : 1;
  }
  if (json) process.stdout.write(serialised(figures));
  else print(figures, existsSync(PATH) ? readFigures(PATH, PLACE) : {});
  if (only === undefined) {
    mkdirSync(dirname(PATH), { recursive: true });
    writeFileSync(PATH, serialised(figures));
    if (!json) process.stdout.write(`\nwritten to ${PLACE}\n`);
  }
  return 0;
});
