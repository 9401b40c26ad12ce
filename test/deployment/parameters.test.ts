import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { localParameters, parametersOf } from "../../src/deployment/localParameters.ts";
import { toParameters } from "../../src/deployment/parameters.ts";
import { scaled, seconds } from "../../src/deployment/units.ts";
import { LIQUIDATION_WORD, MARGIN_WORD, pack, unpack } from "../../src/deployment/words.ts";
import { BadInput } from "../../src/sdk/failure.ts";

function mistakesOf(file: unknown): string {
  try {
    toParameters(file, "x.json5");
  } catch (error) {
    if (error instanceof BadInput) return error.message;
    throw error;
  }
  return "";
}

/** What is wrong with the local parameters after an edit; empty when nothing is. */
function mistakes(edit: Parameters<typeof localParameters>[0]): string {
  try {
    localParameters(edit);
  } catch (error) {
    return error instanceof BadInput ? error.message : String(error);
  }
  return "";
}

describe("parameters", () => {
  it("default: every parameter file of the project is valid", () => {
    const files = readdirSync(join(import.meta.dirname, "..", "..", "deploy", "parameters"));
    expect(files).to.include("local.json5");
    for (const file of files) parametersOf(file.replace(/\.json5$/, ""));
  });

  it("behavior: every mistake is reported at once", () => {
    const values = mistakes((file) => {
      file.margin.maintenance = 0.99;
      file.liquidation.keeperShare = 2;
      if (file.underlyings[0]) file.underlyings[0].lotExponent = 0;
    });
    expect(values).to.match(/ [4-9] mistakes/);
    expect(values).to.contain("margin.maintenance").and.to.contain("liquidation.keeperShare").and.to.contain("underlyings.0.lotExponent");
    const shapes = mistakes((file) => {
      file.margin.maintenance = "much";
      file.margin.tradingAge = "soon";
      file.margin.unknown = 1;
      if (file.underlyings[0]) file.underlyings[0].sources = [];
    });
    expect(shapes).to.contain("4 mistakes").and.to.contain("margin.maintenance: much is not a decimal number");
    expect(mistakesOf({})).to.match(/mistakes\n {2}production: /);
  });

  it("behavior: a fee of orders above the fee cap of an underlying is refused, naming both", () => {
    const withFees = (takerFee: number, makerFee: number, capOfBtc: number): string =>
      mistakes((file) => {
        file.orders = { takerFee, makerFee };
        if (file.underlyings[1]) file.underlyings[1].feeCap = capOfBtc;
      });
    expect(withFees(0.0003, 0.0001, 0.0003)).to.equal("");
    expect(withFees(0.0003, 0.0001, 0.000299)).to.match(
      /has 1 mistake\n {2}orders\.takerFee: 0\.0003 is above underlyings\.1\.feeCap of BTC, 0\.000299: no order on it could be filled$/,
    );
    expect(withFees(0.0003, 0.0004, 0.00035)).to.match(
      /1 mistake\n {2}orders\.makerFee: 0\.0004 is above underlyings\.1\.feeCap of BTC, 0\.00035/,
    );
    // a rebate is no fee
    expect(withFees(0.0003, -0.0003, 0.0003)).to.equal("");
  });

  it("behavior: volatilities need signers, more than half of whom sign", () => {
    expect(mistakes((file) => void delete file.volatilities)).to.match(
      /has 2 mistakes\n {2}underlyings\.0\.volatility: signed, but volatilities has no signers\n {2}underlyings\.1/,
    );
    const half = mistakes((file) => {
      file.volatilities = { signers: ["account:5", "account:6"], threshold: 1 };
    });
    expect(half).to.contain("volatilities.threshold: not more than half of the signers");
  });

  it("args: units are exact", () => {
    expect(scaled("0.000001", 6)).to.equal(1n);
    expect(scaled(5.3, 6)).to.equal(5_300_000n);
    expect(scaled("12.500", 1)).to.equal(125n);
    expect(() => scaled("0.0000001", 6)).to.throw(RangeError);
    expect(() => scaled("1e3", 6)).to.throw(RangeError);
    expect(seconds("14 days")).to.equal(1_209_600n);
    expect(seconds("90 s")).to.equal(90n);
    expect(seconds("1 hour")).to.equal(3_600n);
    expect(seconds(5)).to.equal(5n);
    expect(() => seconds("1 week")).to.throw(RangeError);
  });

  it("behavior: words come back as they were packed, a ramp under way shows where it starts", () => {
    const { values } = localParameters();
    for (const layout of [MARGIN_WORD, LIQUIDATION_WORD]) {
      const back = unpack(layout, pack(layout, values));
      for (const name of Object.keys(layout)) expect(back[name], name).to.equal(values[name]);
      expect(Object.keys(back)).to.have.length(Object.keys(layout).length);
    }
    expect(unpack(MARGIN_WORD, pack(MARGIN_WORD, values) ^ 1n)["Maintenance from"]).to.equal(800_001n);
    expect(() => pack(MARGIN_WORD, { ...values, LiquidationAge: 256n })).to.throw(RangeError);
  });
});
