import { expect } from "chai";
import { describe, it } from "mocha";
import { price } from "../../src/engine/math/options/black76.ts";
import { parseDecimal } from "../../src/sdk/amounts.ts";
import { black76, fromText, fromWad } from "../helpers/options/highPrecision.ts";
import { plimsoll } from "../helpers/plimsoll.ts";

/** Arguments of `price`: forward, strike, years, volatility and, if given, rate. */
function terms(...values: readonly string[]): string[] {
  const names = ["--forward", "--strike", "--years", "--volatility", "--rate"];
  return ["price", ...values.flatMap((value, i) => [names[i] ?? "", value])];
}

describe("the price of an option from the command line", function () {
  this.timeout(120_000);

  for (const [what, values] of [
    ["Hull, gold", ["620", "600", "0.5", "0.2", "0.05"]],
    ["years of more than 18 decimals", ["1000", "1200", "0.082191780821917808219", "0.25", "0.01"]],
    ["a negative rate", ["3000", "9000", "1", "1.2", "-0.02"]],
  ] as const) {
    it(`default: ${what}, by contract and engine at full precision`, async () => {
      const { code, out, err } = await plimsoll([...terms(...values), "--json"]);
      expect(err).to.equal("");
      expect(code).to.equal(0);
      const said = JSON.parse(out) as Record<"contract" | "engine", Record<"call" | "put", string>>;
      expect(Object.keys(said)).to.deep.equal(["contract", "engine"]);
      expect(said.contract).to.deep.equal(said.engine);
      const [forward, strike, years, volatility, rate] = values.map(fromText) as [bigint, bigint, bigint, bigint, bigint];
      const exact = black76(forward, strike, years, volatility, rate);
      for (const side of ["call", "put"] as const) {
        expect(said.contract[side]).to.match(/^\d+\.\d{18}$/);
        const error = fromWad(parseDecimal(said.contract[side])) - exact[side];
        expect((error < 0n ? -error : error) < forward / 10n ** 15n, side).to.equal(true);
      }
    });
  }

  it("default: lines for people, the rate zero", async () => {
    const { code, out } = await plimsoll(terms("100", "100", "1", "0.2"));
    const wad = 10n ** 18n;
    const { call } = price(100n * wad, 100n * wad, wad, wad / 5n, 0n);
    expect(call.toString()).to.match(/^79655674554057/);
    const text = `${call / wad}.${(call % wad).toString().padStart(18, "0")}`;
    expect(out).to.equal(`call  ${text}\nput   ${text}\ncontract and engine agree to the unit\n`);
    expect(code).to.equal(0);
  });

  const wrong: [what: string, args: string[], message: RegExp][] = [
    ["a term that is missing", terms("100"), /--strike: is missing; --years: is missing; --volatility: is missing/],
    ["what is no number", terms("100", "1e2", "1", "1"), /--strike: "1e2" is not a decimal number/],
    ["a forward of zero", terms("0", "1", "1", "1"), /--forward: must be from 0.000001 to 1000000000000/],
    ["a strike too far", terms("100", "4.99", "1", "1"), /--strike: must be from 0.05 to 20 forwards, here 5 to 2000/],
    ["a strike too far above", terms("100", "2000.1", "1", "1"), /--strike: must be from 0.05 to 20 forwards, here 5 to 2000/],
    ["less than a minute", terms("100", "100", "0.0000018", "1"), /--years: must be from 0.0000019 \(one minute\) to 2/],
    ["a volatility in percent", terms("100", "100", "1", "20"), /--volatility: must be from 0.01 \(1 %\) to 5/],
    ["two at once", terms("100", "100", "2.1", "0.001", "-2"), /--years: .*; --volatility: .*; --rate: must be from -1 to 1/],
    ["terms for the wrong subcommand", ["price", "show", "--forward", "1"], /unknown option '--forward'/],
    ["no terms at all, and nothing deployed", ["price", "--network", "nowhere"], /nothing is deployed on nowhere/],
  ];
  it("args: every mistake is answered in one line with exit code 2", async () => {
    for (let i = 0; i < wrong.length; i += 2) {
      await Promise.all(
        wrong.slice(i, i + 2).map(async ([what, args, message]) => {
          const { code, out, err } = await plimsoll(args);
          expect(err, what).to.match(message);
          expect(err.trimEnd().split("\n"), what).to.have.length(1);
          expect(out, what).to.equal("");
          expect(code, what).to.equal(2);
        }),
      );
    }
  });
});
