import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { faultsOf, fitOf } from "../../scripts/lib/faults.ts";

const root = join(import.meta.dirname, "..", "..");

describe("list of planted faults", () => {
  const faults = faultsOf(join(root, "test", "mutations.json"));

  it("names each fault once", () => {
    expect(new Set(faults.map(({ file, find, replace }) => `${file}|${find}|${replace}`)).size).to.equal(faults.length);
  });

  it("fits the contracts and names tests that exist", () => {
    for (const fault of faults) {
      expect(fitOf(readFileSync(join(root, fault.file), "utf8"), fault)).to.equal(undefined);
      expect(existsSync(join(root, fault.test)), fault.test).to.equal(true);
      expect(readFileSync(join(root, fault.test), "utf8"), `${fault.test} has no "${fault.title}"`).to.include(fault.title);
    }
  });
});
