import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { type Outcome, projectRoot, run } from "../../scripts/lib/run.ts";
import { listenForSilence } from "../../src/deployment/deployPlimsoll.ts";

const KEY = "5e".repeat(31);

/** A deployment command with nothing in any keystore. */
const command = (script: string, environment: Readonly<Record<string, string>>): Promise<Outcome> =>
  run("node", [`scripts/${script}.ts`, "--network", "rehearsal"], {
    environment: { HOME: tmpdir(), XDG_CONFIG_HOME: tmpdir(), HH_TEST: "", ...environment },
  });

describe("deployment commands", function () {
  this.timeout(60_000);

  it("args: a variable that is nowhere and a key that is none are said in one line, without the key", async () => {
    const missing = await command("deploy", { REHEARSAL_URL: "http://127.0.0.1:1" });
    expect(missing.output).to.equal(
      "REHEARSAL_KEY is neither in the keystore nor in the environment (npx hardhat keystore set REHEARSAL_KEY)\n",
    );
    expect(missing.code).to.equal(2);
    const none = await command("deploy", { REHEARSAL_URL: "http://127.0.0.1:1", REHEARSAL_KEY: `0x${KEY}` });
    expect(none.output).to.match(/^the key of rehearsal is not a private key of 32 bytes in hexadecimal \(.*\)\n$/);
    expect(none.output).to.not.include(KEY);
    expect(none.code).to.equal(2);
  });

  it("behavior: whoever waits for blocks that do not come is told once, and not while they come", async () => {
    const heard: number[] = [];
    let [height, moving] = [7, true];
    const provider = { request: async () => `0x${(moving ? ++height : height).toString(16)}` };
    const stop = listenForSilence(provider, (block) => void heard.push(block), 60);
    const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
    await pause(150);
    expect(heard).to.deep.equal([]);
    moving = false;
    await pause(250);
    stop();
    expect(heard).to.deep.equal([height]);
  });

  it("behavior: what an installation lacks is one line that says what to do, under any Node", async () => {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-run-"));
    try {
      mkdirSync(join(folder, "scripts"));
      cpSync(join(projectRoot, "scripts", "run.cjs"), join(folder, "scripts", "run.cjs"));
      const bare = (...before: string[]): Promise<Outcome> =>
        run(process.execPath, [...before, "scripts/run.cjs", "test.ts"], { directory: folder });
      expect(await bare()).to.include({ code: 1, output: "nothing is installed: npx -y -p node@24 -c 'npm ci'\n" });
      mkdirSync(join(folder, "node_modules", "hardhat"), { recursive: true });
      const older = join(folder, "older.cjs");
      writeFileSync(older, "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } });");
      const { code, output } = await bare("--require", older);
      expect(output).to.match(/^this is Node 20\.19\.0, .* npm ran no install scripts: .*--ignore-scripts=false.*\n$/);
      expect(code).to.equal(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
    const { allowScripts } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as { allowScripts: object };
    expect(allowScripts).to.deep.equal({ node: true });
  });
});
