// npm run test:clients [-- CLIENT …] [--json]: everything that reads and sends, against Hardhat's node, anvil, and geth built from its Go module.
import { parseArgs } from "node:util";
import { explainError } from "../src/sdk/errors.ts";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { CLIENTS, type ClientName } from "./lib/clients.ts";
import { type ClientReport, testClient } from "./lib/clientTest.ts";

const USAGE = `npm run test:clients [-- ${CLIENTS.join(" ")}] [-- --json]: all of them by default; geth is built with Go, once, which takes some minutes`;

function asked(): { readonly names: readonly ClientName[]; readonly json: boolean } {
  try {
    const { values, positionals } = parseArgs({ options: { json: { type: "boolean", default: false } }, allowPositionals: true });
    const unknown = positionals.find((name) => !CLIENTS.some((client) => client === name));
    if (unknown !== undefined) throw new BadInput(`no client is called ${unknown}: there are ${CLIENTS.join(", ")}`);
    return { names: CLIENTS.filter((client) => positionals.length === 0 || positionals.includes(client)), json: values.json };
  } catch (error) {
    if (error instanceof BadInput) throw error;
    throw new BadInput(error instanceof Error ? error.message : String(error), USAGE);
  }
}

await answer(USAGE, async () => {
  const { names, json } = asked();
  const reports: ClientReport[] = [];
  const failed: string[] = [];
  for (const name of names) {
    try {
      reports.push(await testClient(name, (line) => void (json ? process.stderr : process.stdout).write(`${line}\n`)));
    } catch (error) {
      failed.push(name);
      console.error(`  ✗ ${name}: ${error instanceof Error && error.name === "AssertionError" ? error.message : explainError(error)}`);
      if (process.env.DEBUG !== undefined) console.error(error);
    }
  }
  if (json) console.log(JSON.stringify({ reports, failed }, null, 2));
  else console.log(`${reports.length} clients passed${failed.length === 0 ? "" : `, failed: ${failed.join(", ")}`}`);
  return failed.length === 0 ? 0 : 1;
});
