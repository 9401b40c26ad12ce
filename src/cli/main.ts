import { Command, CommanderError } from "commander";
import { explainError } from "../sdk/errors.ts";
import { BadInput } from "../sdk/failure.ts";
import { addAccountCommands } from "./accountCommands.ts";
import { addBacktestCommand } from "./backtestCommand.ts";
import { addCheckCommand } from "./checkCommand.ts";
import { addCompletionCommand } from "./completionCommand.ts";
import { addDataCommand } from "./dataCommand.ts";
import { addDeleverageCommand } from "./deleverageCommand.ts";
import { addDemoCommand } from "./demoCommand.ts";
import { addDevnetCommand } from "./devnetCommand.ts";
import { addExchangeCommands } from "./exchangeCommands.ts";
import { addForecastCommand } from "./forecastCommand.ts";
import { addFundRiskCommand } from "./fundRiskCommand.ts";
import { addKeepCommand } from "./keepCommand.ts";
import { addOrderCommands } from "./orderCommands.ts";
import { addPoolCommands } from "./poolCommands.ts";
import { addPriceCommand } from "./priceCommand.ts";
import { addSeriesCommands } from "./seriesCommands.ts";
import { addSimulateCommand } from "./simulateCommand.ts";
import { addSweepCommand, addWorkerCommand } from "./sweepCommand.ts";
import { addTradeCommands } from "./tradeCommands.ts";

/** The command line. Bad arguments are answered in one line with exit code 2, failures with exit code 1. */
export function commandLine(): Command {
  const program = new Command("plimsoll");
  program
    .description("Derivatives margin on an EVM: run, inspect and operate the protocol")
    .showHelpAfterError(false)
    .configureOutput({ outputError: (text, write) => write(text) });
  addDemoCommand(program);
  addSimulateCommand(program);
  addSweepCommand(program);
  addWorkerCommand(program);
  addDataCommand(program);
  addDevnetCommand(program);
  addKeepCommand(program);
  addCheckCommand(program);
  addBacktestCommand(program);
  addForecastCommand(program);
  addFundRiskCommand(program);
  addAccountCommands(program);
  addOrderCommands(program);
  addTradeCommands(program);
  addDeleverageCommand(program);
  addSeriesCommands(program);
  addExchangeCommands(program);
  addPoolCommands(program);
  addPriceCommand(program);
  addCompletionCommand(program);
  return program;
}

/** Runs the command line; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = commandLine();
  const refuse = (command: Command): void => {
    command.exitOverride();
    command.commands.forEach(refuse);
  };
  refuse(program);
  try {
    await program.parseAsync([...argv]);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`error: ${explainError(error)}\n`);
    return error instanceof BadInput ? 2 : 1;
  }
}
