import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { SIMULATOR_FLOORS } from "../../scripts/lib/floors.ts";
import { exp, ln, power } from "../../src/simulator/numbers/portable.ts";
import { Stream } from "../../src/simulator/numbers/stream.ts";
import { expectNear } from "../helpers/near.ts";

/** Of what Math has: whole numbers, choices, signs, and the square root, which every engine has from the machine. */
const EXACT = ["abs", "ceil", "floor", "imul", "max", "min", "round", "sqrt", "LOG2E"];

const units = (a: number, b: number): number => Math.abs(a - b) / Math.max(Math.abs(b) * 2 ** -52, Number.MIN_VALUE);

describe("numbers that are the same on every machine", () => {
  it("default: e^x and ln x are within a unit in the last place of the engine's own", () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(units(exp(x), Math.exp(x))).to.be.at.most(1);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.double({ min: Number.MIN_VALUE, noNaN: true, noDefaultInfinity: true }), (x) => {
        expect(units(ln(x), Math.log(x))).to.be.at.most(1);
      }),
      { numRuns: 2_000 },
    );
  });

  it("behavior: at the ends, where results have no exponent of their own, and for what is no number", () => {
    expect([exp(0), exp(-800), exp(800), ln(1), ln(0), ln(Number.POSITIVE_INFINITY)]).to.deep.equal([
      1,
      0,
      Infinity,
      0,
      -Infinity,
      Infinity,
    ]);
    expect([exp(Number.NaN), ln(-1), ln(Number.NaN)].every(Number.isNaN)).to.equal(true);
    expect(exp(-744)).to.equal(Math.exp(-744));
    expectNear(exp(709.7), Math.exp(709.7), 1e293);
    expectNear(power(2, -0.5), Math.SQRT1_2, 1e-15);
  });

  it("behavior: nothing in the simulator uses what an engine may round as it likes", () => {
    const root = join(import.meta.dirname, "..", "..", "src", "simulator");
    const files = SIMULATOR_FLOORS.flatMap((floor) => readdirSync(join(root, floor)).map((name) => join(root, floor, name)));
    const used = files.flatMap((file) => {
      const text = readFileSync(file, "utf8").replace(/^ *(\/\/|\/?\*).*$/gm, "");
      const functions = [...text.matchAll(/Math\.(\w+)/g)].map(([, name = ""]) => name);
      // of constants, and of bigints, a power is exact
      const powers = [...text.matchAll(/(\S+) \*\* (\S+)/g)].filter(
        ([, base = "", exponent = ""]) => !/\d+n$/.test(base) && !(/^\(?\d+$/.test(base) && /^-?\d+\W*$/.test(exponent)),
      );
      return [...functions.filter((name) => !EXACT.includes(name)), ...powers.map(([power]) => power)];
    });
    expect(files.length).to.be.greaterThan(20);
    expect(used).to.deep.equal([]);
  });

  it("behavior: a seed gives bytes that are known", () => {
    const stream = new Stream(7, 3, "prices");
    const drawn = new Float64Array(3_000);
    for (let i = 0; i < drawn.length; i += 3) {
      drawn[i] = stream.normal();
      drawn[i + 1] = stream.gamma(2.5);
      drawn[i + 2] = stream.poisson(1.5);
    }
    const bytes = Buffer.from(drawn.buffer);
    expect(createHash("sha256").update(bytes).digest("hex")).to.equal("3c1f96db961a65cab12ebe3c82275098f15d85a59fe6411b66a57f34ed0e26e9");
  });

  it("behavior: draws have the moments of their laws, and streams of another path or purpose are others", () => {
    const count = 40_000;
    const mean = (draw: (stream: Stream) => number): number => {
      const stream = new Stream(11, 0, "moments");
      let sum = 0;
      for (let i = 0; i < count; i++) sum += draw(stream);
      return sum / count;
    };
    expectNear(
      mean((s) => s.normal()),
      0,
      0.02,
    );
    expectNear(
      mean((s) => s.normal() ** 2),
      1,
      0.03,
    );
    expectNear(
      mean((s) => s.normal() ** 4),
      3,
      0.2,
    );
    expectNear(
      mean((s) => s.exponential()),
      1,
      0.02,
    );
    expectNear(
      mean((s) => s.gamma(0.7)),
      0.7,
      0.02,
    );
    expectNear(
      mean((s) => s.gamma(4) ** 2),
      20,
      0.6,
    );
    expectNear(
      mean((s) => s.poisson(2.5)),
      2.5,
      0.04,
    );
    expectNear(
      mean((s) => s.below(7)),
      3,
      0.05,
    );
    const first = [new Stream(1, 0, "a"), new Stream(1, 1, "a"), new Stream(1, 0, "b"), new Stream(2, 0, "a")].map((s) => s.uniform());
    expect(new Set(first).size).to.equal(4);
  });
});
