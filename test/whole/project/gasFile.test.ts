import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { codeFigures, differences, serialised } from "../../../scripts/lib/gasFile.ts";
import { TARGETS } from "../../../scripts/lib/gasTargets.ts";

describe("gas figures", () => {
  const filed = { "a.b": 10_000, "code.X": "0x12", "size.X": 500 };

  it("default: what moved by one percent at most agrees", () => {
    expect(differences(filed, filed)).to.deep.equal([]);
    expect(differences(filed, { ...filed, "a.b": 10_100, "size.X": 495 })).to.deep.equal([]);
  });

  it("behavior: names every figure that moved, is missing or new, and every other code", () => {
    expect(differences(filed, { ...filed, "a.b": 10_101 })).to.deep.equal(["a.b moved from 10000 to 10101 (+1.0 %)"]);
    expect(differences(filed, { ...filed, "a.b": 9_899 })).to.have.lengthOf(1);
    expect(differences(filed, { ...filed, "code.X": "0x13" })).to.deep.equal(["code.X is another: 0x12 on file, 0x13 now"]);
    const { "size.X": _, ...without } = filed;
    expect(differences(filed, without)).to.deep.equal(["size.X is on file and was not measured"]);
    expect(differences(without, filed)).to.deep.equal(["size.X is not on file: 500"]);
    expect(differences(filed, { ...filed, "a.b": "10000" })).to.have.lengthOf(1);
  });

  it("behavior: the file is sorted, and the same whatever the order in which it was measured", () => {
    expect(serialised({ b: 1, a: 2 })).to.equal('{\n  "a": 2,\n  "b": 1\n}\n');
  });

  it("behavior: bench/gas.json has every target and every deployed contract", async () => {
    const file = JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "..", "bench", "gas.json"), "utf8")) as Record<
      string,
      unknown
    >;
    expect(file).to.include.all.keys(...Object.keys(TARGETS), ...Object.keys(await codeFigures()));
  });
});
