import type { Command } from "commander";
import { check } from "../checker/checker.ts";
import { interfaceOf } from "../sdk/artifacts.ts";
import { openContext, withNetwork } from "./context.ts";
import { printJson, printRows } from "./output.ts";

const CHANGED =
  "parameters changed during the run: accounts were judged by those of its end, so who was wrongly liquidated or left below may be told wrong";

export function addCheckCommand(program: Command): void {
  withNetwork(program.command("check"))
    .description("recompute from events, balances and posted prices whether the vault owes what it holds and liquidated rightly")
    .action(async (options: unknown) => {
      const { record, rpc, json } = await openContext(options);
      const verdict = await check(rpc, record.contracts.vault, interfaceOf("IMarginVault"), record.block);
      if (json) printJson(verdict);
      else {
        const { differences, seed: _, ...figures } = verdict;
        printRows(Object.entries(figures).map(([name, value]) => [name, String(value)]));
        if (verdict.parameterChanges > 0) process.stdout.write(`${CHANGED}\n`);
        printRows(Object.entries(differences).map(([token, value]) => [`  ${token}`, value]));
      }
      if (verdict.vaultMinusClaims !== "0" || verdict.wronglyLiquidated > 0 || verdict.replayDifferences > 0) process.exitCode = 1;
    });
}
