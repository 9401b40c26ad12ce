import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { breachesIn } from "../../../scripts/lib/floors.ts";
import { circlesIn, importGraph, resolved, specifiersIn } from "../../../scripts/lib/importGraph.ts";

const root = join(import.meta.dirname, "..", "..", "..");

describe("the house", () => {
  const graph = importGraph(root, ["contracts", "src", "app", "test", "scripts"]);
  const breachesOf = (file: string, source: string): string[] =>
    breachesIn(new Map([[file, specifiersIn(source).flatMap((specifier) => resolved(file, specifier) ?? [])]]));

  it("default: no arrow runs upwards or through a wall, in contracts, engine or tests", () => {
    expect(graph.size).to.be.greaterThan(400);
    expect(breachesIn(graph)).to.deep.equal([]);
  });

  it("default: nothing imports itself round a circle", () => {
    expect(circlesIn(graph)).to.deep.equal([]);
  });

  it("default: docs/architecture.md names files that are where it says", () => {
    const page = readFileSync(join(root, "docs", "architecture.md"), "utf8");
    const named = [...page.matchAll(/`([\w/.]+\.(?:sol|ts))`/g)].map(([, name = ""]) => name);
    expect(named).to.have.length.greaterThan(60);
    const missing = named.filter((name) => ![...graph.keys()].some((file) => file === name || file.endsWith(`/${name}`)));
    expect(missing).to.deep.equal([]);
  });

  it("default: the engine is pure: it imports no package, no chain, no machine", () => {
    const packages = [...graph.keys()]
      .filter((file) => file.startsWith("src/engine/"))
      .flatMap((file) => specifiersIn(readFileSync(join(root, file), "utf8")).filter((specifier) => !specifier.startsWith(".")));
    expect(packages).to.deep.equal([]);
  });

  it("behavior: a breach is found in every form of import, and in Solidity", () => {
    const engine = "src/engine/margin/margin.ts";
    for (const source of [
      'import { x } from "../../keeper/plan.ts";',
      'export { x } from "../../sdk/orders.ts";',
      'import "../../cli/main.ts";',
      'const x = await import("../../cli/main.ts");',
      'import { y } from "../actions/execute.ts";',
      'import { y } from "../../../contracts/x.ts";',
    ]) {
      expect(breachesOf(engine, source), source).to.have.length(1);
    }
    expect(breachesOf(engine, 'import { y } from "../ledger/ledger.ts";')).to.have.length(0);
    expect(breachesOf("src/sdk/orders.ts", 'import { y } from "../engine/types/types.ts";')).to.have.length(0);
    expect(breachesOf("src/checker/checker.ts", 'import { y } from "../engine/types/types.ts";')).to.have.length(1);
    expect(breachesOf("src/odd/x.ts", "")).to.have.length(1);
    expect(breachesOf("src/engine/odd.ts", "")).to.have.length(1);

    const prices = "src/simulator/prices/garch.ts";
    expect(breachesOf(prices, 'import { x } from "../world/world.ts";')).to.have.length(1);
    expect(breachesOf(prices, 'import { x } from "../random.ts";')).to.have.length(1);
    expect(breachesOf(prices, 'import { x } from "../numbers/stream.ts";')).to.have.length(0);
    expect(breachesOf("src/simulator/setUp.ts", 'import { x } from "./world/world.ts";')).to.have.length(0);
    expect(breachesOf("src/simulator/odd/x.ts", "")).to.have.length(1);

    const proof = "test/proofs/words/PriceWord.proof.sol";
    expect(breachesOf(proof, 'import {Ledger} from "../../../contracts/ledger/Ledger.sol";')).to.have.length(1);
    expect(breachesOf(proof, 'import {Wad} from "../../../contracts/types/Wad.sol";')).to.have.length(0);
    expect(breachesOf(proof, 'import {Proof} from "../Proof.sol";')).to.have.length(0);

    const ledger = "contracts/ledger/Ledger.sol";
    expect(breachesOf(ledger, 'import {Margin} from "../margin/Margin.sol";')).to.have.length(1);
    expect(breachesOf(ledger, 'import {Black76} from "../math/options/Black76.sol";')).to.have.length(0);
    expect(breachesOf(ledger, 'import {\n    FaucetToken\n} from "../test/FaucetToken.sol";')).to.have.length(1);
    expect(breachesOf("contracts/orders/OrderSettlement.sol", 'import {Ledger} from "../ledger/Ledger.sol";')).to.have.length(1);
    expect(breachesOf("contracts/lens/MarginLens.sol", 'import {Ledger} from "../ledger/Ledger.sol";')).to.have.length(0);
    expect(breachesOf("contracts/test/X.sol", 'import {Ledger} from "../ledger/Ledger.sol";')).to.have.length(0);
    expect(breachesOf("test/math/x.test.ts", 'import { x } from "../../src/engine/ledger/ledger.ts";')).to.have.length(1);
    expect(breachesOf("test/whole/x.test.ts", 'import { x } from "../../src/engine/actions/fund.ts";')).to.have.length(0);
  });

  it("behavior: a circle is found, however long, and none where there is none", () => {
    const chain = new Map([
      ["a", ["b"]],
      ["b", ["c", "d"]],
      ["c", []],
      ["d", ["c"]],
    ]);
    expect(circlesIn(chain)).to.deep.equal([]);
    expect(circlesIn(new Map([...chain, ["c", ["a"]]]))).to.deep.equal([["a", "b", "c", "d"]]);
    expect(circlesIn(new Map([["a", ["a"]]]))).to.deep.equal([["a"]]);
  });

  it("behavior: the checker stays an independent judge of at most 200 lines beside its pricing", () => {
    const folder = join(root, "src", "checker");
    const files = readdirSync(folder).filter((file) => file !== "pricing.ts");
    const lines = files.reduce((sum, file) => sum + readFileSync(join(folder, file), "utf8").trimEnd().split("\n").length, 0);
    expect(lines).to.be.at.most(200);
  });
});
