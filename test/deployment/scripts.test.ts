import { tmpdir } from "node:os";
import { expect } from "chai";
import { describe, it } from "mocha";
import { type Outcome, run } from "../../scripts/lib/run.ts";

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
});
