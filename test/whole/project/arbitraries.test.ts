import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { signed, unsigned, upTo } from "../../helpers/arbitraries.ts";

const root = join(import.meta.dirname, "..", "..");
/** They draw so, or speak of it. */
const APART = [join("helpers", "arbitraries.ts"), join("whole", "project", "arbitraries.test.ts")];

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : path.endsWith(".ts") ? [path] : [];
  });
}

/** What stands between the braces around a place. */
function bracesAround(source: string, at: number): string {
  let depth = 0;
  let from = at;
  for (; from > 0; from--) {
    if (source[from] === "}") depth++;
    else if (source[from] === "{" && depth-- === 0) break;
  }
  depth = 0;
  let to = at;
  for (; to < source.length; to++) {
    if (source[to] === "{") depth++;
    else if (source[to] === "}" && depth-- === 0) break;
  }
  return source.slice(from, to);
}

/** Lists that stop near ten elements though more are asked for: fast-check's default size does that to what does not say `size: "max"`. */
function shortLists(source: string): string[] {
  return [...source.matchAll(/\b(?:maxLength|maxCommands): ([\d_]+)/g)]
    .filter((found) => Number(found[1]!.replaceAll("_", "")) > 10 && !bracesAround(source, found.index).includes('size: "max"'))
    .map(([found]) => found);
}

/** Integers that are drawn evenly from so many bits that no small one ever comes. */
function evenDraws(source: string): string[] {
  const calls = [...source.matchAll(/fc\.bigInt\((?:[^()]|\([^()]*\)|\((?:[^()]|\([^()]*\))*\))*\)/g)].map(([call]) => call);
  return calls.filter((call) => {
    const widths = [...call.matchAll(/(?:2n \*\* |1n << )(?:\(?BigInt\()?([\w$]+)/g)].map(([, width]) => Number.parseInt(width!, 10));
    return widths.some((width) => !(width < 128));
  });
}

describe("what property tests draw", () => {
  const files = filesUnder(root)
    .map((path) => ({ name: relative(root, path), source: readFileSync(path, "utf8") }))
    .filter(({ name }) => !APART.includes(name));

  it("H-97 behavior: a list or a sequence of commands is as long as it says", () => {
    const short = files.flatMap(({ name, source }) => shortLists(source).map((found) => `${name}: ${found}`));
    expect(short, 'a list of more than ten says size: "max"').to.deep.equal([]);
    // the reader of the sources finds what it is for
    expect(shortLists("fc.array(x, { minLength: 1, maxLength: 200 })")).to.deep.equal(["maxLength: 200"]);
    expect(shortLists('fc.array(x, {\n maxLength: 40,\n size: "max" })')).to.deep.equal([]);
  });

  it("H-97 behavior: no integer of many bits is drawn evenly but for packed words", () => {
    const even = files.flatMap(({ name, source }) => evenDraws(source).map((found) => `${name}: ${found}`));
    expect(even, "draw with upTo, unsigned or signed").to.deep.equal([]);
    expect(evenDraws("fc.bigInt(0n, 2n ** 256n - 1n)")).to.have.length(1);
    expect(evenDraws("fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n })")).to.have.length(1);
    expect(evenDraws("fc.bigInt(0n, 2n ** 60n)")).to.have.length(0);
  });

  it("H-97 behavior: values of every length come, of either sign", () => {
    const seeded = { seed: 97, numRuns: 4_000 };
    const lengths = new Set(fc.sample(unsigned(256), seeded).map((value) => value.toString(2).length));
    for (let bits = 8; bits <= 256; bits += 8)
      expect(
        [...lengths].some((length) => length <= bits && length > bits - 8),
        `${bits} bits`,
      ).to.equal(true);
    const values = fc.sample(signed(24), seeded);
    expect([values.includes(-(2n ** 23n)), values.includes(2n ** 23n - 1n)]).to.deep.equal([true, true]);
    expect(values.every((value) => value >= -(2n ** 23n) && value < 2n ** 23n)).to.equal(true);
    expect(fc.sample(upTo(7n, 3n), seeded).every((value) => value >= 3n && value <= 7n)).to.equal(true);
  });
});
