// Tests the wallet page in Debian's Chromium, on a local chain.
//   npm run test:page [-- --images]
// --images: also takes the pictures in docs/images.
import { answer } from "./lib/answer.ts";
import { buildPage, isPageBuilt, requireChromium } from "./lib/page.ts";
import { run } from "./lib/run.ts";

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
