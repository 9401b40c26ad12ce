import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { formatDecimal, parseDecimal, showDecimal } from "../../src/sdk/amounts.ts";
import { plimsoll } from "../helpers/plimsoll.ts";

const SECRET = `0x${"5e".repeat(32)}`;

describe("command line", () => {
  const malformed = join(tmpdir(), `plimsoll-malformed-${process.pid}.csv`);

  before(() => writeFileSync(malformed, "ts_utc,open,high,low,close,volume\n1502942400,1,2,1,1,0\n1502946000,1,oops,1,1,0\n"));

  const wrong: [what: string, args: string[], message: RegExp][] = [
    ["an unknown command", ["nonsense"], /unknown command 'nonsense'/],
    ["an unknown option", ["demo", "--bogus"], /unknown option '--bogus'/],
    ["a missing argument", ["price", "set", "ETH"], /missing required argument 'price'/],
    ["a number out of range", ["demo", "--steps", "100"], /--steps: must be from 1 to 60/],
    ["what is no number", ["demo", "--accounts", "many"], /--accounts: "many" is not a whole number/],
    [
      "a date that is none",
      ["demo", "--prices", "x.csv", "--from", "2020-02-30", "--to", "2020-03-02"],
      /--from: "2020-02-30" is not a date/,
    ],
    ["several mistakes at once", ["demo", "--steps", "0", "--seed", "-1"], /--steps: .*; --seed: /],
    [
      "a price file that is not there",
      ["demo", "--prices", "nowhere.csv", "--from", "2020-03-11", "--to", "2020-03-12"],
      /cannot read the price file nowhere.csv/,
    ],
    [
      "a malformed price file",
      ["demo", "--prices", malformed, "--from", "2020-03-11", "--to", "2020-03-12"],
      /line 3: high "oops" is not a decimal number/,
    ],
    ["a window without dates", ["demo", "--prices", malformed], /--prices needs --from and --to/],
    ["volatilities without prices", ["demo", "--volatilities", "v.csv"], /--volatilities needs --prices: the built-in crash has its own/],
    ["an unknown network", ["accounts", "--network", "nowhere"], /nothing is deployed on nowhere/],
    ["a side of a trade that is none", ["pool", "quote", "hold", "ETH", "1"], /--side: must be buy or sell/],
    ["a limit that is no number", ["pool", "trade", "buy", "ETH", "1", "--most", "much"], /"much" is not a decimal number/],
    ["a port that is none", ["devnet", "--port", "99999"], /--port: must be from 1 to 65535/],
  ];
  it("args: every mistake is answered in one line with exit code 2", async function () {
    this.timeout(120_000);
    // two at a time: each starts a process
    for (let i = 0; i < wrong.length; i += 2) {
      await Promise.all(
        wrong.slice(i, i + 2).map(async ([what, args, message]) => {
          const { code, out, err } = await plimsoll(args, { PLIMSOLL_KEY: SECRET });
          expect(err, what).to.match(message);
          expect(err.trimEnd().split("\n"), what).to.have.length(1);
          expect(err + out, what).to.not.include(SECRET.slice(2));
          expect(out, what).to.equal("");
          expect(code, what).to.equal(2);
        }),
      );
    }
  });

  it("default: help names every command", async function () {
    this.timeout(30_000);
    const { code, out } = await plimsoll(["--help"]);
    expect(code).to.equal(0);
    for (const command of [
      "demo",
      "simulate",
      "sweep",
      "worker",
      "data",
      "devnet",
      "keep",
      "check",
      "account",
      "accounts",
      "faucet",
      "deposit",
      "withdraw",
      "order",
      "pool",
      "liquidate",
      "exchange",
      "series",
      "fund",
      "price",
      "completion",
    ]) {
      expect(out).to.match(new RegExp(`^  ${command}\\b`, "m"));
    }
  });

  it("default: decimals keep every digit", () => {
    expect(parseDecimal("1.000000000000000001")).to.equal(10n ** 18n + 1n);
    expect(formatDecimal(-(10n ** 18n) - 1n)).to.equal("-1.000000000000000001");
    expect(showDecimal(1_234_567_891_000_000_000_000_000n)).to.equal("1,234,567.89");
    expect(showDecimal(-4_000_000_000_000_000n)).to.equal("0");
    expect(showDecimal(-540_000_000_000_000_000n)).to.equal("-0.54");
    expect(() => parseDecimal("1.1234567", 6)).to.throw(/more than 6 decimals/);
    expect(() => parseDecimal("1e3")).to.throw(/not a decimal/);
  });
});
