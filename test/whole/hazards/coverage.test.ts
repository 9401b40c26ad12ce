import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

const root = join(import.meta.dirname, "..", "..");

/** Numbers that the catalogue has no test for, with a word of the reason that docs/hazards.md must give. */
const NOT_APPLICABLE: ReadonlyMap<number, string> = new Map([[57, "yield"]]);

/** The titles of tests and suites, and the names of Solidity tests, of a file. */
function titlesOf(file: string): string[] {
  const source = readFileSync(file, "utf8");
  return [...source.matchAll(/(?:\bit|\bdescribe)\(\s*["'`]([^"'`\n]*)|\bfunction (test\w*)/g)].map((match) => match[1] ?? match[2] ?? "");
}

describe("coverage of the hazards", () => {
  const covered = new Set<number>();
  for (const entry of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".test.ts") && !entry.endsWith(".t.sol")) continue;
    for (const title of titlesOf(join(root, entry))) {
      for (const match of title.matchAll(/H[-_](\d+)/g)) covered.add(Number(match[1]));
    }
  }
  const page = readFileSync(join(root, "..", "docs", "hazards.md"), "utf8");

  for (let number = 1; number <= 70; number++) {
    const reason = NOT_APPLICABLE.get(number);
    const row = page.split("\n").find((line) => line.startsWith(`| H-${number} |`)) ?? "";
    it(`hazard ${number} ${reason === undefined ? "has a test" : "is not applicable, and why is said"}`, () => {
      expect(row, "its row in docs/hazards.md").to.not.equal("");
      if (reason === undefined) expect(covered.has(number), "a title with its number").to.equal(true);
      else expect(row).to.match(new RegExp(`not applicable.*${reason}`));
    });
  }

  it("names only files that exist", () => {
    for (const match of page.matchAll(/`(test\/[^`]+)`/g)) {
      expect(() => readFileSync(join(root, "..", match[1] ?? ""), "utf8"), match[1]).to.not.throw();
    }
  });
});
