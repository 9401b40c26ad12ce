// npm run bench:amsterdam [-- --docs] [--json] [--only PART]: what the operations of bench/gas.json take under the rules of the next fork, on geth. See docs/gas.md.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printJson, printTable } from "../src/cli/output.ts";
import { progressLine } from "../src/cli/progress.ts";
import { BadInput, Failure } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { readFigures } from "./lib/gasFile.ts";
import { runOperations, runSequencerOperations } from "./lib/gasOperations.ts";
import { writeSection } from "./lib/gasPage.ts";
import { replayOf } from "./lib/gasReplay.ts";
import { openGasWorld } from "./lib/gasWorld.ts";
import { GETH, type Geth, startGeth } from "./lib/geth.ts";
import { projectRoot } from "./lib/run.ts";

const USAGE = "bench-amsterdam [--docs] [--json] [--only PART]: geth is built with Go, once, which takes some minutes";
const PAGE = "docs/gas.md";
const SECTION = "npm run bench:amsterdam -- --docs";
/** Before any block of the benchmark. */
const GENESIS_TIME = 1_700_000_000;
const CHAIN = 31_337;
const BLOCK_GAS = 4_000_000_000n;
/** An address without code: a call of it costs what every transaction with that data costs. */
const NOBODY = `0x${"7e".repeat(20)}`;

type Row = {
  readonly name: string;
  readonly now: number;
  readonly next: number;
  readonly state: number;
  readonly slots: number | undefined;
};
type Creations = { readonly count: number; readonly now: number; readonly next: number; readonly state: number; readonly largest: Row };

function options(): { readonly docs: boolean; readonly json: boolean; readonly only: string | undefined } {
  try {
    const flag = { type: "boolean", default: false } as const;
    const { docs, json, only } = parseArgs({ options: { docs: flag, json: flag, only: { type: "string" } }, strict: true }).values;
    if (docs && only !== undefined) throw new BadInput("--only goes without --docs", USAGE);
    return { docs, json, only };
  } catch (error) {
    if (error instanceof BadInput) throw error;
    throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
  }
}

const shown = (value: number): string => value.toLocaleString("en-GB");
const code = (name: string): string => `\`${name}\``;
const times = (next: number, now: number): string => (next / now).toFixed(2);

async function measure(only: string | undefined, osaka: Geth, amsterdam: Geth): Promise<{ rows: Row[]; creations: Creations | undefined }> {
  const filed = readFigures(join(projectRoot, "bench/gas.json"), "bench/gas.json");
  const line = progressLine();
  const rows: Row[] = [];
  let creations: Creations | undefined;
  for (const [sequencer, operations] of [
    [false, runOperations],
    [true, runSequencerOperations],
  ] as const) {
    line.show("deploy", 0, 1);
    const world = await openGasWorld(sequencer);
    try {
      const replay = replayOf(world.chain.rpc, osaka.rpc, [osaka.rpc, amsterdam.rpc]);
      const both = async (hash: string, other?: { to: string; data: string }) => {
        const [now, next] = await replay.run(hash, other);
        if (now === undefined || next === undefined) throw new Failure("two nodes were asked");
        return { now, next };
      };
      if (!sequencer && only === undefined) creations = await deployment(world, both, line);
      await operations(world, async ({ name, hash, gas, parts, view }) => {
        if (hash === undefined || (only !== undefined && !name.includes(only))) return;
        line.show("measure", 0, 1, name);
        const { now, next } = await both(hash);
        let [besideNow, besideNext] = [0, 0];
        if (view) {
          const { input } = (await world.chain.rpc("eth_getTransactionByHash", [hash])) as { input: string };
          const empty = await both(hash, { to: NOBODY, data: input });
          [besideNow, besideNext] = [empty.now.gas, empty.next.gas];
        }
        // geth under today's rules has to say what Hardhat's chain said, to the unit
        if (now.gas - besideNow !== gas) throw new Failure(`${name}: ${now.gas - besideNow} on geth, ${gas} where it was measured`);
        const slots = filed[`slots.new.${name}`];
        rows.push({
          name,
          now: Math.round(gas / parts),
          next: Math.round((next.gas - besideNext) / parts),
          state: Math.round(next.state / parts),
          slots: typeof slots === "number" ? slots / parts : undefined,
        });
      });
    } finally {
      line.end();
      await world.close();
    }
  }
  return { rows, creations };
}

type Both = (hash: string) => Promise<{ now: { gas: number }; next: { gas: number; state: number } }>;

/** Everything that the deployer sent for the protocol, and the largest of what was created. */
async function deployment(
  { chain, record }: Awaited<ReturnType<typeof openGasWorld>>,
  both: Both,
  line: ReturnType<typeof progressLine>,
): Promise<Creations> {
  const last = Number(await chain.rpc("eth_blockNumber"));
  let [count, now, next, state] = [0, 0, 0, 0];
  let largest: Row | undefined;
  for (let number = record.block + 1; number <= last; number++) {
    const block = (await chain.rpc("eth_getBlockByNumber", [`0x${number.toString(16)}`, true])) as {
      transactions: readonly { hash: string; from: string; to: string | null }[];
    };
    const [sent] = block.transactions;
    if (block.transactions.length !== 1 || sent === undefined || sent.from.toLowerCase() !== record.deployer.toLowerCase()) continue;
    line.show("deployment", number, last);
    const done = await both(sent.hash);
    count++;
    [now, next, state] = [now + done.now.gas, next + done.next.gas, state + done.next.state];
    if (sent.to === null && done.next.gas > (largest?.next ?? 0))
      largest = { name: "the largest creation", now: done.now.gas, next: done.next.gas, state: done.next.state, slots: undefined };
  }
  if (largest === undefined) throw new Failure("nothing was created");
  return { count, now, next, state, largest };
}

function section(version: string, rows: readonly Row[], creations: Creations): string {
  const { largest } = creations;
  const line = ({ name, now, next, state, slots }: Row): string =>
    `| ${[code(name), shown(now), shown(next), times(next, now), shown(state), slots === undefined ? "" : String(Math.round(slots * 100) / 100)].join(" | ")} |`;
  return [
    `Measured on ${version}: each transaction of the benchmark is carried out there again (\`eth_simulateV1\`) on exactly the state that it met, under today's rules, where geth agrees with the figure to the unit, and with \`amsterdamTime: 0\` in the genesis. "State gas" is the part of it for new state (EIP-8037: 1,530 a byte, 97,920 a slot), which does not count towards the 16,777,216 that a transaction may use.`,
    "",
    "| operation | today | Amsterdam | times | of it state gas | new slots |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...rows.map(line),
    "",
    `The deployment (${creations.count} transactions): ${shown(creations.now)} today, ${shown(creations.next)} under Amsterdam, of which ${shown(creations.state)} are state gas.`,
    `Its largest creation: ${shown(largest.now)} today, ${shown(largest.next)} under Amsterdam: ${shown(largest.next - largest.state)} of regular gas and ${shown(largest.state)} of state gas. Only the regular part has to stay below 16,777,216.`,
  ].join("\n");
}

await answer(USAGE, async () => {
  const { docs, json, only } = options();
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const common = { chainId: CHAIN, time: GENESIS_TIME, gasLimit: BLOCK_GAS, say };
  const osaka = await startGeth({ ...common, rules: "osaka" });
  try {
    const amsterdam = await startGeth({ ...common, rules: "amsterdam" });
    try {
      const { rows, creations } = await measure(only, osaka, amsterdam);
      if (rows.length === 0) throw new BadInput(`no operation is called like "${only}"`, USAGE);
      if (docs && creations !== undefined) writeSection(join(projectRoot, PAGE), PAGE, SECTION, section(`geth ${GETH}`, rows, creations));
      if (json) printJson({ rows, creations });
      else {
        printTable(
          ["", "today", "Amsterdam", "times", "state gas"],
          rows.map(({ name, now, next, state }) => [name, shown(now), shown(next), times(next, now), shown(state)]),
        );
        if (creations !== undefined)
          process.stdout.write(
            `\ndeployment ${shown(creations.now)} → ${shown(creations.next)}, largest creation ${shown(creations.largest.next - creations.largest.state)} + ${shown(creations.largest.state)} state gas\n`,
          );
      }
      return 0;
    } finally {
      await amsterdam.close();
    }
  } finally {
    await osaka.close();
  }
});
