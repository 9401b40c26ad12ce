// Builds the wallet page into dist/app, in some seconds.
//   npm run build:page [-- --if-changed]
import { answer } from "./lib/answer.ts";
import { buildPage, isPageBuilt } from "./lib/page.ts";

await answer("npm run build:page [-- --if-changed]", async () => {
  if (!process.argv.includes("--if-changed") || !isPageBuilt()) await buildPage();
  return 0;
});
