// Writes dist: what the package holds beside its manifest. `npm pack` runs it before and after.
//   npm run package [-- --manifest | --restore]
// --manifest compiles the contracts first and puts the manifest of the package in the place of the checkout's; --restore puts that back.
import { answer } from "./lib/answer.ts";
import { putManifest, restoreManifest, writePackageFiles } from "./lib/packageFiles.ts";
import { run } from "./lib/run.ts";

await answer("npm run package [-- --manifest | --restore]", async () => {
  restoreManifest();
  if (process.argv.includes("--restore")) return 0;
  const packs = process.argv.includes("--manifest");
  if (packs) {
    const { code } = await run(process.execPath, ["scripts/build.ts"], { live: true });
    if (code !== 0) return code;
  }
  await writePackageFiles();
  if (packs) putManifest();
  return 0;
});
