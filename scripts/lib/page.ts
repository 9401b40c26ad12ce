import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../src/sdk/failure.ts";
import { projectRoot, run } from "./run.ts";

export const PAGE = join(projectRoot, "dist", "app");

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
