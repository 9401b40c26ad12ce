import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { chosen, type Fault, faultsOf, fitOf, planted } from "../../../scripts/lib/faults.ts";
import { run } from "../../../scripts/lib/run.ts";
import { SourceGraph, textOfModules } from "../../../scripts/lib/sourceGraph.ts";

const root = join(import.meta.dirname, "..", "..", "..");

describe("list of planted faults", () => {
  const faults = faultsOf(join(root, "test", "mutations.json"));

  it("names each fault once", () => {
    expect(new Set(faults.map(({ file, find, replace }) => `${file}|${find}|${replace}`)).size).to.equal(faults.length);
  });

  it("fits the contracts and names tests that exist", () => {
    for (const fault of faults) {
      expect(fitOf(readFileSync(join(root, fault.file), "utf8"), fault)).to.equal(undefined);
      expect(existsSync(join(root, fault.test)), fault.test).to.equal(true);
      expect(fault.title, "what a test is called when it runs").to.not.include("${");
      expect(readFileSync(join(root, fault.test), "utf8"), `${fault.test} has no "${fault.title}"`).to.include(fault.title);
    }
  });
});

describe("tables of planted faults", () => {
  /** The numbers in the titles of the tests that a fault turns red. */
  const numbersOf = (fault: Fault): string[] => {
    const titles = readFileSync(join(root, fault.test), "utf8")
      .split("\n")
      .filter((line) => line.includes(fault.title));
    return titles.flatMap((line) => line.match(/\b[HI]-\d+/g) ?? []);
  };
  const listed = faultsOf(join(root, "test", "mutations.json")).map((fault) => ({
    contract: fault.file.replace(/^.*\/|\.sol$/g, ""),
    numbers: numbersOf(fault),
  }));

  for (const page of ["hazards", "invariants"]) {
    it(`behavior: docs/${page}.md names a fault for every number that a line can break, and only such as there are`, () => {
      const rows = readFileSync(join(root, "docs", `${page}.md`), "utf8")
        .split("\n")
        .filter((line) => /^\| [HI]-\d+ \|/.test(line));
      expect(rows.length).to.be.greaterThan(20);
      for (const row of rows) {
        const [number = "", , tests = "", column = "", state = ""] = row.slice(2).split(" | ");
        const contracts = [...column.matchAll(/`(\w+)`/g)].map(([, name]) => name);
        if (!/not applicable|no one line/.test(state)) expect(contracts, number).to.not.deep.equal([]);
        // an invariant is asserted by tests of hazards too
        const numbers = [number, ...(page === "invariants" ? (tests.match(/H-\d+/g) ?? []) : [])];
        for (const contract of contracts) {
          const there = listed.some((fault) => fault.contract === contract && fault.numbers.some((each) => numbers.includes(each)));
          expect(there, `${number}: ${contract}`).to.equal(true);
        }
      }
    });
  }
});

describe("planting faults", () => {
  const fault: Fault = { file: "contracts/logic/A.sol", find: "a < b", replace: "$& ≤ b", test: "test/a.test.ts", title: "orders" };

  it("default: one place, changed as written", () => {
    expect(fitOf("if (a < b)", fault)).to.equal(undefined);
    expect(planted("if (a < b)", fault)).to.equal("if ($& ≤ b)");
  });

  it("behavior: no place, several places and no change are refused", () => {
    expect(fitOf("if (a > b)", fault)).to.include("0 times");
    expect(fitOf("a < b; a < b", fault)).to.include("2 times");
    expect(fitOf("a < b", { ...fault, replace: "a < b" })).to.equal("changes nothing");
  });

  it("args: a text anywhere in a fault, files by their ending, files left out", () => {
    const other = { ...fault, file: "contracts/logic/BA.sol", title: "rounds" };
    const choose = (only: string, files: string[], except: string[]) => chosen([fault, other], { only, files, except });
    expect(choose("", [], [])).to.deep.equal([fault, other]);
    expect(choose("rounds", [], [])).to.deep.equal([other]);
    expect(choose("", ["A.sol"], [])).to.deep.equal([fault]);
    expect(choose("", ["logic/BA.sol", "A.sol"], ["logic/A.sol"])).to.deep.equal([other]);
  });

  it("args: mistakes are answered with exit code 2, before anything is compiled", async () => {
    const mistakes = [["--what"], ["--only", "no fault has this in it"], ["--file", "Nowhere.sol"], ["stray"]];
    const answers = await Promise.all(mistakes.map((args) => run("node", ["scripts/mutate.ts", ...args])));
    for (const { code, output } of answers) expect(code, output).to.equal(2);
  });

  describe("what a fault reaches", () => {
    let directory: string;

    before(() => {
      directory = mkdtempSync(join(tmpdir(), "plimsoll-graph-"));
      const files: Readonly<Record<string, string>> = {
        "contracts/Vault.sol":
          'import {Logic} from "./logic/Logic.sol";\nimport {\n    Word\n} from "./words/Word.sol";\ncontract Vault {}',
        "contracts/logic/Logic.sol": 'import "../words/Field.sol";\nlibrary Logic {}',
        "contracts/words/Word.sol": "library Word {}",
        "contracts/words/Field.sol": "library Field {}",
        "test/a.test.ts": 'import { b } from "./b.ts";\nimport type { C } from "../typechain-types/index.ts";\n// A',
        "test/b.ts": 'export const b = "Vault";',
      };
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), text);
      }
    });

    after(() => rmSync(directory, { recursive: true, force: true }));

    it("default: a contract reaches what it imports; through code that stands alone only when it is that code", () => {
      const graph = new SourceGraph(directory);
      const [vault, logic, word, field] = ["Vault.sol", "logic/Logic.sol", "words/Word.sol", "words/Field.sol"].map(
        (name) => `contracts/${name}`,
      );
      expect(graph.projectFiles()).to.deep.equal([vault, logic, field, word].sort());
      expect([...graph.closure([vault!])].sort()).to.deep.equal([vault, logic, field, word].sort());
      const alone = (name: string): boolean => name !== logic;
      expect([...graph.closure([vault!], alone)].sort()).to.deep.equal([vault, logic, word].sort());
      expect([...graph.closure([logic!], alone)].sort()).to.deep.equal([logic, field].sort());
    });

    it("default: a test says what the modules say that it imports", () => {
      const text = textOfModules(directory, ["test/a.test.ts"]);
      expect(text).to.include('"Vault"');
      expect(text).to.include("// A");
    });
  });
});
