import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../src/sdk/failure.ts";
import { projectRoot, run } from "./run.ts";

export const PAGE = join(projectRoot, "dist", "app");

const CHROMIUM = "/usr/bin/chromium";

/** Builds the wallet page. @param out an absolute path */
export async function buildPage(out = PAGE): Promise<void> {
  const { code, output } = await run("vite", ["build", "app", "--outDir", out, "--emptyOutDir", "--logLevel", "warn"], {
    // within tests it says something else, and React would be the one for developers
    environment: { NODE_ENV: "production" },
  });
  if (code !== 0) throw new Failure(`the page cannot be built: ${output}`);
}

/** Whether the page was built since the last change of what it is made of. */
export function isPageBuilt(): boolean {
  const index = join(PAGE, "index.html");
  if (!existsSync(index)) return false;
  const built = statSync(index).mtimeMs;
  return ["app", "src"].every((folder) =>
    readdirSync(join(projectRoot, folder), { recursive: true, encoding: "utf8" }).every(
      (file) => statSync(join(projectRoot, folder, file)).mtimeMs <= built,
    ),
  );
}

/** Installs Debian's Chromium where it is missing. @throws Failure where it cannot be */
export async function requireChromium(): Promise<void> {
  if (existsSync(CHROMIUM)) return;
  console.log("installing Debian's chromium …");
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update"], { environment }).catch(() => undefined);
  const installed = await run("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], { environment }).catch(() => undefined);
  if (!existsSync(CHROMIUM))
    throw new Failure(
      `the page is tested in Debian's Chromium, which is not at ${CHROMIUM} and cannot be installed: ${installed?.output.trim().split("\n").at(-1) ?? "there is no apt-get"}`,
      "as root: apt-get install chromium",
    );
}
