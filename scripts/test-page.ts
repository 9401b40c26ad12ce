// Tests the wallet page in Debian's Chromium, on a local chain.
//   npm run test:page [-- --images]
// --images: also takes the pictures in docs/images.
import { existsSync } from "node:fs";
import { Failure } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { buildPage, isPageBuilt } from "./lib/page.ts";
import { run } from "./lib/run.ts";

const CHROMIUM = "/usr/bin/chromium";

async function requireChromium(): Promise<void> {
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

await answer("npm run test:page [-- --images]", async () => {
  await requireChromium();
  if (!isPageBuilt()) await buildPage();
  const images = process.argv.includes("--images");
  const { code } = await run("mocha", ["--exit", "--bail", "app/test/page.test.ts"], {
    live: true,
    environment: images ? { PAGE_IMAGES: "1" } : {},
  });
  return code;
});
