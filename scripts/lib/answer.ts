import { surviveClosedPipes } from "../../src/cli/closedPipes.ts";
import { explainError } from "../../src/sdk/errors.ts";
import { BadInput, Failure } from "../../src/sdk/failure.ts";

/**
 * Runs a command and ends the process: 0 or what it returns, 2 for bad input, 1 for any other failure, said in a line.
 * @param usage what `--help` prints instead
 */
export async function answer(usage: string, command: () => Promise<number>): Promise<never> {
  surviveClosedPipes();
  if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    process.exit(await command());
  } catch (thrown) {
    const error = variableMissing(thrown) ?? thrown;
    if (!(error instanceof Failure)) {
      // Hardhat's own errors say in their first line what is wrong
      const known = error instanceof Error && /^(HardhatError|IgnitionError|ProviderError|.*Network.*)/.test(error.name);
      console.error(known ? explainError(error) : error);
      process.exit(1);
    }
    console.error(error.mend === undefined ? error.message : `${error.message} (${error.mend})`);
    process.exit(error instanceof BadInput ? 2 : 1);
  }
}

/** Hardhat's error about a variable of the configuration that neither the keystore nor the environment has. */
function variableMissing(error: unknown): BadInput | undefined {
  const name = /Configuration Variable "(\w+)" not found/.exec(error instanceof Error ? error.message : "")?.[1];
  return name === undefined
    ? undefined
    : new BadInput(`${name} is neither in the keystore nor in the environment`, `npx hardhat keystore set ${name}`);
}
