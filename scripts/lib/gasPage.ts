import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { BadInput } from "../../src/sdk/failure.ts";
import { TARGETS } from "./gasTargets.ts";
import type { Slot, Trace } from "./gasTrace.ts";

const COMMAND = "npm run bench:gas -- --docs";

const shown = (value: number): string => value.toLocaleString("en-GB");

/** The generated part of docs/gas.md. */
export function gasTables(traces: ReadonlyMap<string, Trace>): string {
  const aimed = [...traces].filter(([name]) => TARGETS[name] !== undefined);
  const others = [...traces].filter(([name]) => TARGETS[name] === undefined);
  return [
    "### Figures with a target",
    "",
    ...table(
      ["operation", "gas", "target", "floor", "gas / floor", "target less floor", "elsewhere"],
      aimed.map(([name, trace]) => {
        const { most = 0, peers = "" } = TARGETS[name] ?? {};
        const gas = trace.gas / trace.parts;
        const met = gas <= most ? "✓" : "✗";
        return [
          code(name),
          shown(Math.round(gas)),
          `${shown(most)} ${met}`,
          floorOf(trace),
          timesOf(trace),
          shown(Math.round(most - trace.floor / trace.parts)),
          peers,
        ];
      }),
      2,
    ),
    "",
    "What takes more than four million gas is in `bench/gas.json` alone: it is not taken apart.",
    "",
    "### What the floor is made of",
    "",
    ...composition(aimed),
    "",
    "### Slots, section by section",
    "",
    "How many cold slots, of which written from zero (+) and written while in use (~), and in brackets the gas of both.",
    "",
    ...aimed.flatMap(([name, trace]) => [`- ${code(name)}: ${sectionsOf(trace)}`]),
    "",
    "### Where the rest goes",
    "",
    ...rest(aimed),
    "",
    "### Other operations",
    "",
    ...table(
      ["operation", "gas", "floor", "gas / floor", "cold slots", "from zero", "in use", "signatures"],
      others.map(([name, trace]) => [
        code(name),
        shown(Math.round(trace.gas / trace.parts)),
        floorOf(trace),
        timesOf(trace),
        ...countsOf(trace),
        per(trace, trace.signatures.count),
      ]),
      2,
    ),
  ].join("\n");
}

/** Puts the tables between the marks of the page. */
export function writePage(path: string, place: string, tables: string): void {
  writeSection(path, place, COMMAND, tables);
}

/** Writes what a command generates between its marks in a page. */
export function writeSection(path: string, place: string, command: string, text: string): void {
  const [begin, end] = ["begin", "end"].map((which) => `<!-- ${which} of what \`${command}\` writes -->`) as [string, string];
  const page = existsSync(path) ? readFileSync(path, "utf8") : "";
  const [before, after] = [page.split(begin)[0], page.split(end)[1]];
  if (before === undefined || after === undefined || before === page) throw new BadInput(`${place} has no marks for the tables`, begin);
  writeFileSync(path, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}

function composition(traces: readonly (readonly [string, Trace])[]): string[] {
  return table(
    ["operation", "base", "calldata", "cold contracts", "cold slots", "from zero", "in use", "slots' gas", "signatures", "refund", "floor"],
    traces.map(([name, trace]) => [
      code(name),
      per(trace, trace.base),
      per(trace, trace.calldata.gas),
      per(trace, trace.coldAccounts.gas),
      ...countsOf(trace),
      per(trace, trace.storage.gas),
      per(trace, trace.signatures.gas),
      trace.refund === 0 ? "0" : `−${per(trace, trace.refund)}`,
      floorOf(trace),
    ]),
    2,
  );
}

function rest(traces: readonly (readonly [string, Trace])[]): string[] {
  return table(
    ["operation", "events", "warm slots", "warm calls", "transient", "keccak", "computation and memory", "together"],
    traces.map(([name, trace]) => {
      const { logs, warmSlots, warmCalls, transient, keccak, computation } = trace;
      const parts = [logs, warmSlots, warmCalls, transient, keccak, computation].map(({ gas }) => gas);
      return [code(name), ...[...parts, trace.gas - trace.floor].map((gas) => per(trace, gas))];
    }),
    2,
  );
}

const code = (name: string): string => `\`${name}\``;
/** A figure of the transaction as one part's. */
function per({ parts }: Trace, value: number): string {
  const each = value / parts;
  return Number.isInteger(each) || each >= 100 ? shown(Math.round(each)) : each.toFixed(each < 1 ? 2 : 1);
}

const floorOf = (trace: Trace): string => shown(Math.round(trace.floor / trace.parts));
const timesOf = (trace: Trace): string => (trace.gas / trace.floor).toFixed(2);
const countsOf = (trace: Trace): string[] => {
  const { cold, fromZero, changed, cleared } = trace.storage;
  return [cold, fromZero, changed + cleared].map((count) => per(trace, count));
};

function sectionsOf(trace: Trace): string {
  const sections = new Map<string, Slot[]>();
  for (const slot of trace.slots) sections.set(slot.section, [...(sections.get(slot.section) ?? []), slot]);
  return [...sections]
    .map(([section, slots]) => {
      const written = (...kinds: readonly Slot["write"][]): number => slots.filter(({ write }) => kinds.includes(write)).length;
      const [fresh, used] = [written("from zero"), written("changed", "cleared")];
      const gas = slots.reduce((sum, slot) => sum + slot.gas, 0);
      const marks = `${fresh === 0 ? "" : ` +${per(trace, fresh)}`}${used === 0 ? "" : ` ~${per(trace, used)}`}`;
      return `${section} ${per(trace, slots.length)}${marks} (${per(trace, gas)})`;
    })
    .join("; ");
}

/** @param left columns that are aligned to the left, from the first */
function table(header: readonly string[], rows: readonly (readonly string[])[], left: number): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((name, i) => (i < left - 1 || name === "elsewhere" ? "---" : "---:"))), ...rows.map(line)];
}
