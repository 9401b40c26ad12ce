// Compiles what changed and says so on standard error while it lasts; standard output stays clean for what comes after.
import { progressLine } from "../src/cli/progress.ts";
import { run } from "./lib/run.ts";

const PATIENCE = 1_500;

const line = progressLine();
const show = (): void => line.show("compile", 0, 1, "the contracts; the first time takes some minutes");
const first = setTimeout(show, PATIENCE);
const ticks = setInterval(show, 1_000);
if (!process.stderr.isTTY) clearInterval(ticks);
const { code, output } = await run("hardhat", ["build", "--quiet"]);
clearTimeout(first);
clearInterval(ticks);
line.end();
if (code !== 0) process.stderr.write(output);
process.exitCode = code;
