// What operations cost on a whole deployment; see docs/gas.md. Writes bench/gas.json, or with --check compares with it.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { printJson, printTable } from "../src/cli/output.ts";
import { progressLine } from "../src/cli/progress.ts";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { codeFigures, differences, type Figures, readFigures, serialised } from "./lib/gasFile.ts";
import type { Measured } from "./lib/gasMeasure.ts";
import { runOperations, runSequencerOperations } from "./lib/gasOperations.ts";
import { gasTables, writePage } from "./lib/gasPage.ts";
import { TARGETS } from "./lib/gasTargets.ts";
import { asView, newSlotsOf, type Trace, traceOf } from "./lib/gasTrace.ts";
import { type GasWorld, openGasWorld } from "./lib/gasWorld.ts";
import { projectRoot } from "./lib/run.ts";
import { slotNames } from "./lib/slotNames.ts";

const PLACE = "bench/gas.json";
const PATH = join(projectRoot, PLACE);
const PAGE = "docs/gas.md";
const USAGE = "bench-gas [--check] [--json] [--only PART] [--trace] [--markdown] [--docs]";

/** The stacks of the steps of a dearer transaction are more than memory holds. */
const MOST_TRACED = 4_000_000;

type Options = {
  readonly check: boolean;
  readonly json: boolean;
  /** Operations whose name holds this are shown, and nothing is written. */
  readonly only: string | undefined;
  /** Print where the gas went, as JSON. */
  readonly trace: boolean;
  /** Print the tables of the page. */
  readonly markdown: boolean;
  /** Write them into the page. */
  readonly docs: boolean;
};

function options(): Options {
  try {
    const flag = { type: "boolean", default: false } as const;
    const { values } = parseArgs({
      options: { check: flag, json: flag, only: { type: "string" }, trace: flag, markdown: flag, docs: flag },
      strict: true,
    });
    const { check, only, trace, markdown, docs } = values;
    if ([check, trace, markdown, docs].filter(Boolean).length > 1) {
      throw new BadInput("--check, --trace, --markdown and --docs are asked for one at a time", USAGE);
    }
    if ((check || markdown || docs) && only !== undefined) throw new BadInput("--only goes with --json and --trace only", USAGE);
    if (only === "") throw new BadInput("--only is empty", USAGE);
    return { ...values, only };
  } catch (error) {
    if (error instanceof BadInput) throw error;
    throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
  }
}

/** Carries out everything and hands over what `only` names. */
async function carryOut(
  only: string | undefined,
  onMeasured: (measured: Measured, world: GasWorld) => void | Promise<void>,
): Promise<void> {
  const line = progressLine();
  let shown = 0;
  for (const [sequencer, run] of [
    [false, runOperations],
    [true, runSequencerOperations],
  ] as const) {
    line.show("deploy", 0, 1);
    const world = await openGasWorld(sequencer);
    try {
      await run(world, async (measured) => {
        line.show("measure", 0, 1, measured.name);
        if (only !== undefined && !measured.name.includes(only)) return;
        shown++;
        await onMeasured(measured, world);
      });
    } finally {
      line.end();
      await world.close();
    }
  }
  if (shown === 0) throw new BadInput(`no operation is called like "${only}"`, USAGE);
}

async function measure(only: string | undefined): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  await carryOut(only, async ({ name, gas, hash, parts, view }, { chain }) => {
    figures[name] = Math.round(gas / parts);
    if (hash !== undefined && gas <= MOST_TRACED && !view) figures[`slots.new.${name}`] = await newSlotsOf(chain.rpc, hash);
  });
  return figures;
}

async function traceAll(only: string | undefined): Promise<Map<string, Trace>> {
  const traces = new Map<string, Trace>();
  await carryOut(only, async ({ name, gas, hash, parts, view }, { chain, record, people, others }) => {
    if (hash === undefined || gas > MOST_TRACED) return;
    const trace = await traceOf(chain.rpc, hash, parts, slotNames(record, people(), others));
    traces.set(name, view ? asView(trace) : trace);
  });
  return traces;
}

const shown = (value: number): string => value.toLocaleString("en-GB");
const signed = (value: number): string => `${value > 0 ? "+" : ""}${shown(value)}`;

/** Figures beside their targets and what is on file. */
function print(figures: Figures, filed: Figures): void {
  const rows = Object.entries(figures).flatMap(([name, gas]): string[][] => {
    if (typeof gas !== "number") return [];
    const [target, before] = [TARGETS[name]?.most, filed[name]];
    const beside = target === undefined ? ["", ""] : [shown(target), signed(gas - target)];
    return [[name, shown(gas), ...beside, typeof before === "number" && before !== gas ? signed(gas - before) : ""]];
  });
  printTable(["", "gas", "target", "beyond it", "since the file"], rows);
}

await answer(USAGE, async () => {
  const { check, json, only, trace, markdown, docs } = options();
  if (trace || markdown || docs) {
    const traces = await traceAll(only);
    if (trace) printJson(Object.fromEntries(traces));
    else if (markdown) process.stdout.write(`${gasTables(traces)}\n`);
    else writePage(join(projectRoot, PAGE), PAGE, gasTables(traces));
    return 0;
  }
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
