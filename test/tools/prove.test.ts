import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  type Answer,
  answersOf,
  FAULTS,
  type PlantedFault,
  type Property,
  pageOf,
  propertiesOf,
  readingOf,
} from "../../scripts/lib/proofs.ts";
import { projectRoot } from "../../scripts/lib/run.ts";

const property: Property = {
  id: "P-1",
  file: "test/proofs/words/Planted.proof.sol",
  contract: "PlantedProof",
  name: "check_P1_planted",
  words: "Words.",
  formula: "x = x",
  domain: undefined,
  bounds: undefined,
  asserts: true,
};
const passed: Answer = {
  name: "check_P1_planted(uint256)",
  exitcode: 0,
  num_models: 0,
  models: [],
  num_paths: [3, 1, 0],
  time: [61, 1, 60],
  num_bounded_loops: 0,
};
const model = { is_valid: true, model: { p_x_uint256_ab_00: { value: 7 } } };
const reached: Answer = { ...passed, exitcode: 1, num_models: 1, models: [model] };

/** The syntax tree of a file with one proof. */
function tree(text: string, statement: object, name = "check_P1_planted"): object {
  const proof = { nodeType: "FunctionDefinition", name, documentation: { text }, body: { nodeType: "Block", statements: [statement] } };
  return { nodes: [{ nodeType: "ContractDefinition", name: "PlantedProof", nodes: [proof] }] };
}
const call = (name: string, referencedDeclaration: number): object => ({
  nodeType: "FunctionCall",
  expression: { nodeType: "Identifier", name, referencedDeclaration },
});
const TAGS = "@notice P-1: Words\n of two lines.\n@custom:formula x = x\n@custom:bounds x < 2^8";

describe("what npm run prove makes of Halmos' answers", () => {
  it("calls proved what nothing speaks against, and says so where bounds are narrower", () => {
    expect(readingOf(property, passed, reached)).to.deep.equal({ state: "proved", why: "", seconds: 61 });
    expect(readingOf({ ...property, bounds: "x < 2^8" }, passed, reached).state).to.equal("proved within bounds");
  });

  const planted: readonly [string, Property, Answer | undefined, Answer | undefined, string, RegExp][] = [
    ["does not parse", property, undefined, reached, "not proved", /no answer/],
    ["has no assertion", { ...property, asserts: false }, passed, reached, "not proved", /no assertion/],
    ["has a counterexample", property, reached, reached, "refuted", /x = 7/],
    [
      "has a counterexample that Halmos does not vouch for",
      property,
      { ...reached, models: [{ ...model, is_valid: false }] },
      reached,
      "refuted",
      /vouch/,
    ],
    ["times out", property, { ...passed, exitcode: 2 }, reached, "not decided", /not decided in 2 min/],
    ["gets stuck", property, { ...passed, exitcode: 3 }, reached, "not proved", /stuck/],
    ["gets stuck and passes", property, { ...passed, num_paths: [3, 1, 1] }, reached, "not proved", /stuck/],
    ["reverts on every path", property, { ...passed, exitcode: 4 }, reached, "not proved", /every path reverts/],
    ["reverts on every path and passes", property, { ...passed, num_paths: [3, 0, 0] }, reached, "not proved", /every path reverts/],
    ["makes Halmos fail", property, { ...passed, exitcode: 5 }, reached, "not proved", /Halmos failed/],
    ["ends in an unknown way", property, { ...passed, exitcode: 77 }, reached, "not proved", /ended with 77/],
    ["has no paths", property, { ...passed, num_paths: null }, reached, "not proved", /no paths/],
    ["has a loop that was cut off", property, { ...passed, num_bounded_loops: 1 }, reached, "not proved", /loop/],
    ["does not say whether loops were cut off", property, { ...passed, num_bounded_loops: null }, reached, "not proved", /loop/],
    ["assumes what cannot be: its end is not reached", property, passed, passed, "not proved", /reaches its end/],
    ["has no twin", property, passed, undefined, "not proved", /reaches its end/],
    ["reaches its end in no model that Halmos vouches for", property, passed, { ...reached, models: [] }, "not proved", /reaches its end/],
  ];
  for (const [title, of, answer, reach, state, why] of planted) {
    it(`does not call proved what ${title}`, () => {
      const reading = readingOf(of, answer, reach);
      expect(reading.state).to.equal(state);
      expect(reading.why).to.match(why);
    });
  }

  it("finds no answer in what Halmos did not finish writing, nor where nothing is", () => {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-prove-"));
    const path = join(folder, "answer.json");
    expect(answersOf(path).size).to.equal(0);
    for (const text of [
      "",
      '{"test_results": {"a:PlantedProof": [',
      "null",
      '{"exitcode": 0}',
      '{"test_results": {"a:PlantedProof": 3}}',
    ]) {
      writeFileSync(path, text);
      expect(answersOf(path).size, text).to.equal(0);
    }
    writeFileSync(path, JSON.stringify({ test_results: { "test/a.sol:PlantedProof": [passed] } }));
    expect(answersOf(path).get("PlantedProof.check_P1_planted")).to.deep.equal(passed);
    rmSync(folder, { recursive: true });
  });
});

describe("what a proof says of itself", () => {
  it("reads number, words, formula and bounds, and whether its body asserts", () => {
    const [read] = propertiesOf(tree(TAGS, call("assert", -3)), property.file);
    expect(read).to.deep.equal({ ...property, words: "Words of two lines.", bounds: "x < 2^8" });
    // a function of that name is not the compiler's
    expect(propertiesOf(tree(TAGS, call("assert", 12)), property.file)[0]?.asserts).to.equal(false);
    expect(propertiesOf(tree(TAGS, call("require", -18)), property.file)[0]?.asserts).to.equal(false);
  });

  it("refuses a proof without number, words or formula, or with another number in its name", () => {
    for (const text of ["", "@notice Words.\n@custom:formula x", "@notice P-1: Words.", "@notice P-2: Words.\n@custom:formula x"]) {
      expect(() => propertiesOf(tree(text, call("assert", -3)), property.file), text).to.throw("lacks a number");
    }
  });

  it("appears on the page with what is known of it, and as not proved where nothing is", () => {
    const reading = { state: "not decided", why: "not decided in 2 min", seconds: 120 } as const;
    expect(pageOf([property], {}, [], []))
      .to.contain("0 proved, 0 proved within bounds, 0 not decided, 1 not proved")
      .and.contain("not run yet");
    expect(pageOf([property], { "P-1": { ...reading, fault: "seen" } }, [{ proof: "P-1", file: "", find: "", replace: "" }], []))
      .to.contain("1 not decided, 0 not proved")
      .and.match(/not decided: not decided in 2 min \| 120\.0 \| seen \|/);
  });
});

it("every proof has a number of its own and a fault that fits its file", () => {
  const numbers = globSync("test/proofs/**/*.proof.sol", { cwd: projectRoot }).flatMap((file) =>
    [...readFileSync(join(projectRoot, file), "utf8").matchAll(/@notice (P-\d+):/g)].map(([, id]) => id),
  );
  const faults = JSON.parse(readFileSync(join(projectRoot, FAULTS), "utf8")) as PlantedFault[];
  expect(numbers).to.have.length.at.least(40);
  expect(new Set(numbers).size).to.equal(numbers.length);
  expect(faults.map(({ proof }) => proof)).to.have.members(numbers);
  for (const { proof, file, find, replace } of faults) {
    expect(readFileSync(join(projectRoot, file), "utf8").split(find).length, `${proof}: ${find}`).to.equal(2);
    expect(find).to.not.equal(replace);
  }
});
