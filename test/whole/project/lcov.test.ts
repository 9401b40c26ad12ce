import { expect } from "chai";
import { parseLcov, rangesOf } from "../../../scripts/lib/lcov.ts";

describe("lcov", () => {
  it("default: counts lines by file, sorted by name", () => {
    const report = "TN:\nSF:b.sol\nDA:3,0\nDA:1,2\nLH:1\nLF:2\nend_of_record\nSF:a.sol\nDA:7,1\nend_of_record\n";
    expect(parseLcov(report)).to.deep.equal([
      { file: "a.sol", lines: 1, covered: 1, uncovered: [] },
      { file: "b.sol", lines: 2, covered: 1, uncovered: [3] },
    ]);
  });

  it("behavior: a line met twice is covered if it was met covered once", () => {
    expect(parseLcov("SF:a.sol\nDA:1,0\nSF:b.sol\nDA:1,0\nSF:a.sol\nDA:1,4\n")[0]?.uncovered).to.deep.equal([]);
  });

  it("args: a line of no file is refused", () => {
    expect(() => parseLcov("DA:1,1\n")).to.throw(RangeError, "DA:1,1");
  });

  it("default: lines read as ranges", () => {
    expect(rangesOf([1, 2, 3, 7, 9, 10])).to.equal("1–3, 7, 9–10");
    expect(rangesOf([])).to.equal("");
  });
});
