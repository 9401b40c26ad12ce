import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { followCheckout } from "../../../scripts/lib/compileCache.ts";

/** What Hardhat keeps of one file. */
const entryOf = (root: string, name: string): Record<string, unknown> => ({
  [join(root, "contracts", `${name}.sol`)]: {
    jobHash: "solc-1",
    artifactPaths: [join(root, "artifacts", "contracts", `${name}.json`)],
    artifactsDirectory: join(root, "artifacts"),
    wasm: true,
  },
});

describe("a checkout that was moved", () => {
  let root: string;
  const path = (): string => join(root, "cache", "compile-cache.json");
  const kept = (): unknown => JSON.parse(readFileSync(path(), "utf8"));

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "plimsoll-moved-"));
    mkdirSync(join(root, "cache"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("takes along what was compiled at its last place, and nothing of earlier ones", () => {
    const [first, last] = [join(tmpdir(), "first"), join(tmpdir(), "last")];
    const ofPackage = (place: string) => ({ "npm:p/P.sol": Object.values(entryOf(place, "P"))[0] });
    writeFileSync(path(), JSON.stringify({ ...entryOf(first, "A"), ...entryOf(last, "A"), ...ofPackage(last), ...entryOf(last, "B") }));
    expect(followCheckout(root)).to.equal(true);
    expect(kept()).to.deep.equal({ ...entryOf(root, "A"), ...ofPackage(root), ...entryOf(root, "B") });
    expect(followCheckout(root), "once is enough").to.equal(false);
  });

  it("leaves a cache of its own place alone, and one that is none", () => {
    const own = { ...entryOf(join(tmpdir(), "first"), "A"), ...entryOf(root, "A") };
    writeFileSync(path(), JSON.stringify(own));
    expect(followCheckout(root)).to.equal(false);
    expect(kept()).to.deep.equal(own);
    for (const text of ["{}", "[", "null"]) {
      writeFileSync(path(), text);
      expect(followCheckout(root), text).to.equal(false);
      expect(readFileSync(path(), "utf8")).to.equal(text);
    }
    rmSync(path());
    expect(followCheckout(root)).to.equal(false);
  });
});
