import { expect } from "chai";
import { network } from "hardhat";
import { describe, it } from "mocha";

describe("errors of series", () => {
  it("default: what the libraries of a series throw is in the interface of the vault, so that callers can decode it", async () => {
    const { ethers } = await network.create();
    const errorsOf = async (name: string): Promise<string[]> => {
      const said: string[] = [];
      (await ethers.getContractAt(name, ethers.ZeroAddress)).interface.forEachError((each) => void said.push(each.format("sighash")));
      return said;
    };
    const known = new Set(await errorsOf("IMarginVault"));
    for (const library of ["Svi", "SeriesWord", "RiskWord", "Expiry", "SeriesState", "SeriesLogic", "SeriesRefresh", "Freshness"]) {
      expect(
        (await errorsOf(library)).filter((each) => !known.has(each)),
        library,
      ).to.deep.equal([]);
    }
  });
});
