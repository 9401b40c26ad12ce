import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { BadInput } from "../../src/sdk/failure.ts";
import { projectRoot, run } from "./run.ts";

/** Programs of a pinned Python package. */
export interface PythonPackage {
  readonly name: string;
  readonly version: string;
  /** The file of pinned packages, from the project's root. */
  readonly requirements: string;
  readonly programs: readonly string[];
}

/**
 * The folder of a package's programs: a virtual environment of its own in the user's cache, made at the first run.
 * @param home another folder for it
 * @throws BadInput where there is no Python, or where the package cannot be had
 */
export async function pythonPrograms({ name, version, requirements, programs }: PythonPackage, home = ""): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const environment = home || join(cache, "plimsoll", `${name.toLowerCase()}-${version}`);
  const folder = join(environment, "bin");
  const complete = (): boolean => programs.every((program) => existsSync(join(folder, program)));
  if (complete()) return folder;
  const ofMachine = { environment: { PIP_DISABLE_PIP_VERSION_CHECK: "1" } };
  const found = await run("python3", ["-c", "import sys, venv; sys.exit(sys.version_info < (3, 11))"], ofMachine).catch(() => undefined);
  if (found?.code !== 0) throw new BadInput("no Python 3.11 or later with venv is on the path", "Debian: apt-get install python3-venv");
  process.stderr.write(`install ${name} ${version} in ${environment}\n`);
  mkdirSync(dirname(environment), { recursive: true });
  await run("python3", ["-m", "venv", environment], ofMachine);
  const pip = await run(join(folder, "python"), ["-m", "pip", "install", "-q", "-r", join(projectRoot, requirements)], ofMachine).catch(
    () => undefined,
  );
  if (pip?.code === 0 && complete()) return folder;
  rmSync(environment, { recursive: true, force: true });
  const said = pip?.output.trim().split("\n").at(-1) ?? "no pip";
  throw new BadInput(`${name} ${version} cannot be installed: ${said}`, `look at ${requirements}`);
}
