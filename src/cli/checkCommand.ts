import type { Command } from "commander";
import { check } from "../checker/checker.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { logReader } from "../sdk/logs.ts";
import type { Rpc } from "../sdk/rpc.ts";
import { openContext, withNetwork } from "./context.ts";
import { printJson, printRows } from "./output.ts";

const CHANGED =
  "parameters changed during the run: accounts were judged by those of its end, so who was wrongly liquidated or left below may be told wrong";

const SURPLUS = "the vault holds more than it owes: somebody gave it tokens, which is no fault";

export function addCheckCommand(program: Command): void {
  withNetwork(program.command("check"))
    .description("recompute from events, balances and posted prices whether the vault owes what it holds and liquidated rightly")
    .action(async (options: unknown) => {
      const { record, rpc, json } = await openContext(options);
      const { vault } = record.contracts;
      const latest = (await rpc("eth_blockNumber")) as string;
      const logs = await logReader(rpc).all(vault, record.block, Number(latest));
      // the chain goes on meanwhile: books and balances are those after the last event that was read
      const then: Rpc = (method, params = []) => rpc(method, method === "eth_call" ? [params[0], latest] : params);
      const verdict = await check(then, vault, interfaceOf("IMarginVault"), record.block, null, logs);
      const isShort = verdict.vaultMinusClaims.startsWith("-");
      if (json) printJson(verdict);
      else {
        const { differences, seed: _, ...figures } = verdict;
        printRows(Object.entries(figures).map(([name, value]) => [name, String(value)]));
        if (verdict.parameterChanges > 0) process.stdout.write(`${CHANGED}\n`);
        if (!isShort && verdict.vaultMinusClaims !== "0") process.stdout.write(`${SURPLUS}\n`);
        printRows(Object.entries(differences).map(([token, value]) => [`  ${token}`, value]));
      }
      if (isShort || verdict.wronglyLiquidated > 0 || verdict.replayDifferences > 0) process.exitCode = 1;
    });
}
