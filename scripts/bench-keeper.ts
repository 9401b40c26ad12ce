// How many blocks a keeper needs from a price to the last liquidation, on a local chain; see docs/keeper.md.
//   npm run bench:keeper [-- --json] [--accounts N] [--block-seconds N] [--block-gas N]
import { parseArgs } from "node:util";
import { printJson, printTable } from "../src/cli/output.ts";
import { progressLine } from "../src/cli/progress.ts";
import { BadInput } from "../src/sdk/failure.ts";
import { startDevnet } from "../src/simulator/devnet.ts";
import { answer } from "./lib/answer.ts";
import { fall, type KeeperFigures, openAccounts } from "./lib/keeperBench.ts";

const USAGE = "bench:keeper -- [--json] [--accounts N] [--block-seconds N] [--block-gas N]";
/** Blocks beyond what gas alone needs. */
const TARGET = 3;

function options() {
  const text = (initial: string) => ({ type: "string", default: initial }) as const;
  const names = {
    accounts: [10, 100_000, "10000"],
    "block-seconds": [1, 60, "12"],
    "block-gas": [17_000_000, 1_000_000_000, "30000000"],
  } as const;
  try {
    const { values } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        accounts: text(names.accounts[2]),
        "block-seconds": text(names["block-seconds"][2]),
        "block-gas": text(names["block-gas"][2]),
      },
      strict: true,
    });
    for (const [name, [least, most]] of Object.entries(names)) {
      const given = values[name as keyof typeof names];
      if (!/^\d+$/.test(given) || Number(given) < least || Number(given) > most)
        throw new Error(`--${name} is a whole number from ${least} to ${most}, not ${given}`);
    }
    const { json, accounts, "block-seconds": seconds, "block-gas": gas } = values;
    return { json, accounts: Number(accounts), blockSeconds: Number(seconds), blockGas: Number(gas) };
  } catch (error) {
    throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
  }
}

const number = (value: number | bigint): string => value.toLocaleString("en", { maximumFractionDigits: 1 });

function row({
  keepers,
  accounts,
  sold,
  blocks,
  blocksOfGas,
  seconds,
  secondsToPlan,
  transactions,
  gas,
  gasInVain,
  mostInABlock,
}: KeeperFigures) {
  const figures = [accounts, sold, blocks, blocksOfGas, seconds, secondsToPlan, transactions, mostInABlock, gas / BigInt(sold), gasInVain];
  return [String(keepers), ...figures.map(number)];
}

await answer(USAGE, async () => {
  const { json, accounts, ...chain } = options();
  const line = progressLine();
  line.show("deploy", 0, 1);
  const devnet = await startDevnet(0);
  try {
    const bench = { devnet, ...chain, show: line.show };
    await openAccounts(bench, accounts);
    const figures: KeeperFigures[] = [];
    for (const keepers of [1, 3]) figures.push(await fall(bench, keepers));
    line.end();
    const met = figures.every(({ blocks, blocksOfGas }) => blocks <= blocksOfGas + TARGET);
    if (json) printJson({ ...chain, target: TARGET, met, runs: figures });
    else {
      const head = [
        "keepers",
        "below",
        "sold",
        "blocks",
        "of gas alone",
        "s",
        "s to plan",
        "transactions",
        "most a block",
        "gas a sale",
        "gas in vain",
      ];
      printTable(head, figures.map(row));
      process.stdout.write(`\nat most ${TARGET} blocks beyond those of gas alone: ${met ? "met" : "missed"}\n`);
    }
    return met ? 0 : 1;
  } finally {
    await devnet.close();
  }
});
