import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { ABI_FILE, abiFile, compiledContracts } from "../../scripts/lib/abiFile.ts";
import { projectRoot } from "../../scripts/lib/run.ts";

describe("ABIs of the SDK", () => {
  it("default: they are those of the compiled contracts", () => {
    const isSame = readFileSync(join(projectRoot, ABI_FILE), "utf8") === abiFile();
    expect(isSame, `${ABI_FILE} is another: npm run write:abis`).to.equal(true);
  });

  it("behavior: an error that a contract no longer has is seen", () => {
    const less = compiledContracts().map((each) =>
      each.contractName === "IMarginVault" ? { ...each, abi: each.abi.filter(({ name }) => name !== "WordsStale") } : each,
    );
    expect(abiFile(less)).to.not.equal(abiFile());
  });
});
