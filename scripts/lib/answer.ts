import { BadInput, Failure } from "../../src/sdk/failure.ts";

/** Runs a command and ends the process: 0 or what it returns, 2 for bad input, 1 for any other failure, said in a line. */
export async function answer(command: () => Promise<number>): Promise<never> {
  try {
    process.exit(await command());
  } catch (error) {
    if (!(error instanceof Failure)) {
      // Hardhat's own errors say in their first line what is wrong
      console.error(error instanceof Error && /^HardhatError/.test(error.name) ? error.message : error);
      process.exit(1);
    }
    console.error(error.mend === undefined ? error.message : `${error.message} (${error.mend})`);
    process.exit(error instanceof BadInput ? 2 : 1);
  }
}
