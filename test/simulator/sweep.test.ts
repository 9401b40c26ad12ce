import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { after, before, describe, it } from "mocha";
import papaparse from "papaparse";
import { BadInput, Failure } from "../../src/sdk/failure.ts";
import { sobolPoints } from "../../src/simulator/numbers/sobol.ts";
import type { ResultLog } from "../../src/simulator/runs/resultLog.ts";
import type { Outcome } from "../../src/simulator/sweeps/outcome.ts";
import { paretoFront } from "../../src/simulator/sweeps/pareto.ts";
import { keepOutcome } from "../../src/simulator/sweeps/runSweep.ts";
import { type Parameter, samplesOf, spanOf } from "../../src/simulator/sweeps/samples.ts";
import { type Table, writeTable } from "../../src/simulator/sweeps/tables.ts";
import { type Answer, plimsollHere } from "../helpers/plimsoll.ts";

const STAKE: Parameter = { name: "stake", unit: "times the open interest", least: 0.01, most: 10, places: 6 };
const WHOLE: Parameter = { name: "traders", unit: "accounts", least: 10, most: 100_000, places: 0 };
const PARAMETERS = [STAKE, WHOLE];

describe("samples of parameters", () => {
  it("default: Sobol's points are those of scipy 1.17 (qmc.Sobol, not scrambled)", () => {
    const points = sobolPoints(2 ** 17, 16);
    expect(points[0]).to.deep.equal(new Array(16).fill(0));
    expect(points[5]).to.deep.equal([
      0.875, 0.875, 0.125, 0.375, 0.875, 0.625, 0.875, 0.375, 0.375, 0.125, 0.375, 0.875, 0.875, 0.125, 0.875, 0.375,
    ]);
    expect(points[999]).to.deep.equal([
      0.1572265625, 0.9091796875, 0.0810546875, 0.9892578125, 0.9677734375, 0.8447265625, 0.8583984375, 0.7119140625, 0.8134765625,
      0.6318359375, 0.0224609375, 0.4423828125, 0.4736328125, 0.9462890625, 0.8310546875, 0.5576171875,
    ]);
    expect(points[100_000]).to.deep.equal([
      0.06107330322265625, 0.10758209228515625, 0.9435806274414062, 0.6208114624023438, 0.6055526733398438, 0.9656753540039062,
      0.06101226806640625, 0.03574371337890625, 0.02039337158203125, 0.7699661254882812, 0.27794647216796875, 0.45186614990234375,
      0.5651931762695312, 0.19686126708984375, 0.09619903564453125, 0.05928802490234375,
    ]);
  });

  it("behavior: any first 2^k points have one in each of 2^k intervals of every dimension", () => {
    for (const k of [1, 4, 9]) {
      const points = sobolPoints(2 ** k, 16);
      for (let dimension = 0; dimension < 16; dimension++) {
        const cells = points.map((point) => Math.floor(point[dimension]! * 2 ** k));
        expect(cells.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 2 ** k }, (_, i) => i));
      }
    }
  });

  it("behavior: grids have every combination, samples stay in range, and points that rounding brings together are one", () => {
    const spans = [spanOf("stake=0.3..0.9:4", PARAMETERS), spanOf("traders=10,20", PARAMETERS)];
    expect(samplesOf(spans, { kind: "grid" }, 1)).to.deep.equal(
      [0.3, 0.5, 0.7, 0.9].flatMap((stake) => [10, 20].map((traders) => ({ stake, traders }))),
    );
    expect(samplesOf([spanOf("stake=0.01..1:3:log", PARAMETERS)], { kind: "grid" }, 1)).to.deep.equal([
      { stake: 0.01 },
      { stake: 0.1 },
      { stake: 1 },
    ]);
    const ranges = [spanOf("stake=0.3..0.9", PARAMETERS), spanOf("traders=10..12", PARAMETERS)];
    for (const kind of ["random", "sobol"] as const) {
      const points = samplesOf(ranges, { kind, points: 64 }, 5);
      expect(points).to.have.length(64);
      for (const { stake, traders } of points) {
        expect(stake).to.be.within(0.3, 0.9);
        expect([10, 11, 12]).to.include(traders);
      }
      expect(samplesOf(ranges, { kind, points: 64 }, 5)).to.deep.equal(points);
    }
    expect(samplesOf(ranges, { kind: "random", points: 64 }, 6)).to.not.deep.equal(samplesOf(ranges, { kind: "random", points: 64 }, 5));
    expect(samplesOf([spanOf("traders=10..12", PARAMETERS)], { kind: "sobol", points: 64 }, 1)).to.have.length(3);
  });

  it("args: what cannot be is refused with its range and unit", () => {
    const refused = (text: string, said: RegExp) => expect(() => spanOf(text, PARAMETERS), text).to.throw(BadInput, said);
    refused("stake", /is not of the form name=values/);
    refused("steak=1", /no parameter is called so/);
    refused("stake=0.001..1", /--vary stake: 0\.001 is out of range; from 0\.01 to 10 times the open interest/);
    refused("stake=0.5..11:3", /11 is out of range/);
    refused("stake=a..b", /neither a list like 1,2,3 nor a range/);
    refused("stake=0.9..0.3:4", /0\.9\.\.0\.3 does not rise/);
    refused("stake=0.3..0.9:1", /two values at least/);
    refused("stake=0.3,0.3", /a value is there twice/);
    refused("traders=10.5", /more than 0 decimals; from 10 to 100000 accounts/);
    const range = spanOf("stake=0.3..0.9", PARAMETERS);
    expect(() => samplesOf([range], { kind: "grid" }, 1)).to.throw(BadInput, /a grid needs to know how many values/);
    expect(() => samplesOf([range, range], { kind: "sobol", points: 4 }, 1)).to.throw(BadInput, /is there twice/);
    expect(() => samplesOf([], { kind: "grid" }, 1)).to.throw(BadInput, /nothing is varied/);
    expect(() => samplesOf([spanOf("traders=10..99999:30000", PARAMETERS)], { kind: "grid" }, 1)).to.throw(
      BadInput,
      /the grid has 30,000 points/,
    );
  });
});

describe("margin against loss", () => {
  it("behavior: the front is what the definition says, also with ties", () => {
    const point = fc.record({ x: fc.integer({ min: 0, max: 6 }), y: fc.integer({ min: 0, max: 6 }) });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 30, size: "max" }), (points) => {
        const isBeaten = (a: { x: number; y: number }): boolean => points.some((b) => b.x <= a.x && b.y <= a.y && (b.x < a.x || b.y < a.y));
        const naive = points.flatMap((each, i) => (isBeaten(each) ? [] : [i]));
        expect(paretoFront(points).toSorted((a, b) => a - b)).to.deep.equal(naive);
      }),
    );
    expect(() => paretoFront([{ x: Number.NaN, y: 1 }])).to.throw(RangeError);
  });
});

describe("tables of a sweep", () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-tables-"));
  after(() => rmSync(folder, { recursive: true }));

  it("default: Parquet is read by another library as it was written: doubles to the bit, whole numbers and amounts to the last digit", async () => {
    const large = String(2n ** 128n - 1n);
    const table: Table = {
      columns: [
        { name: "configuration", type: "STRING", meaning: "hash" },
        { name: "steps", type: "INT64", meaning: "whole" },
        { name: "figure", type: "DOUBLE", meaning: "a part of one" },
        { name: "vault.supplyCap stored", type: "STRING", meaning: "exact" },
      ],
      rows: [
        ["a", 2n ** 53n + 1n, 0.1 + 0.2, large],
        ["b", 0n, -1e-300, "0"],
        ['ü, "quoted"\nline', undefined, undefined, undefined],
      ],
    };
    const path = join(folder, "table");
    writeTable(path, table);
    const file = new Uint8Array(readFileSync(`${path}.parquet`)).buffer;
    const types = parquetSchema(parquetMetadata(file)).children.map(({ element }) => [element.name, element.type, element.converted_type]);
    expect(types).to.deep.equal([
      ["configuration", "BYTE_ARRAY", "UTF8"],
      ["steps", "INT64", undefined],
      ["figure", "DOUBLE", undefined],
      ["vault.supplyCap stored", "BYTE_ARRAY", "UTF8"],
    ]);
    const read = await parquetReadObjects({ file });
    expect(read.map((row) => Object.values(row).map((each) => each ?? undefined))).to.deep.equal(table.rows);
    const { data } = papaparse.parse<string[]>(readFileSync(`${path}.csv`, "utf8").trimEnd(), {});
    expect(data).to.deep.equal([
      ["configuration", "steps", "figure", "vault.supplyCap stored"],
      ["a", "9007199254740993", "0.30000000000000004", large],
      ["b", "0", "-1e-300", "0"],
      ['ü, "quoted"\nline', "", "", ""],
    ]);
    // with no rows too
    writeTable(path, { ...table, rows: [] });
    expect(await parquetReadObjects({ file: new Uint8Array(readFileSync(`${path}.parquet`)).buffer })).to.deep.equal([]);
  });

  it("behavior: a worker that answers for another configuration than it was given is refused, and nothing is kept", () => {
    const kept: unknown[] = [];
    const log = { keep: (added: readonly unknown[]) => kept.push(...added) } as unknown as ResultLog<Outcome>;
    const given = { hash: "a", values: { stake: 1 }, stored: {} };
    expect(() => keepOutcome(log, given, { configuration: "b", paths: 1, refused: "x" })).to.throw(
      Failure,
      /was given configuration a, and answers for b/,
    );
    expect(kept).to.deep.equal([]);
    keepOutcome(log, given, { configuration: "a", paths: 1, refused: "x" });
    expect(kept).to.have.length(1);
  });
});

describe("plimsoll sweep", function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-sweep-"));
  after(() => rmSync(folder, { recursive: true }));
  const SMALL = [
    "--paths",
    "4",
    "--traders",
    "30",
    "--hours",
    "4",
    "--crowd",
    "0.6",
    "--process",
    "merton",
    "--jumps",
    "2000",
    "--jump-mean=-0.1",
  ];
  const VARY = ["--vary", "vault.rangeMultiple=4..7:2", "stake=0.7,0.9,1.1"];
  const sweep = (...args: string[]): Promise<Answer> => plimsollHere(["sweep", ...SMALL, ...args]);
  const FILES = ["configurations.csv", "configurations.parquet", "figures.csv", "figures.parquet", "sweep.html", "sweep.json"];
  const contents = (out: string): string[] => FILES.map((name) => readFileSync(join(out, name), "latin1"));
  const whole = join(folder, "whole");
  let printed: Answer;
  before(async () => {
    printed = await sweep(...VARY, "--out", whole, "--workers", "1");
  });

  it("default: every configuration once, a table of the front, the same bytes with one thread or two", async () => {
    const { code, out } = printed;
    expect(code).to.equal(0);
    expect(out).to.match(/^margin +bad debt, of the open interest, worst 1 % \(95 %\) +vault\.rangeMultiple +stake$/m);
    expect(out).to.match(/of 6 configurations of 4 paths/);
    const lines = readFileSync(join(whole, "results.jsonl"), "utf8").trim().split("\n");
    expect(lines).to.have.length(7);
    const { configurations } = JSON.parse(readFileSync(join(whole, "sweep.json"), "utf8"));
    expect(configurations.map(({ values }: { values: object }) => Object.values(values))).to.deep.equal(
      [4, 7].flatMap((multiple) => [0.7, 0.9, 1.1].map((stake) => [multiple, stake])),
    );
    expect(configurations[0].stored).to.deep.equal({ "vault.rangeMultiple": "4000000" });
    // more margin where the scan range is a larger multiple
    const [first, last] = [configurations[0], configurations.at(-1)].map(({ figures }) => figures.marginOfNotional.mean.value);
    expect(last).to.be.greaterThan(first * 1.3);
    const page = readFileSync(join(whole, "sweep.html"), "utf8");
    for (const id of ["front", "parameters"]) expect(page).to.include(`<svg id="${id}"`);
    expect(page).to.not.match(/https?:|@import|url\((?!#)|NaN|undefined/);
    const two = join(folder, "two");
    expect((await sweep(...VARY, "--out", two, "--workers", "2")).code).to.equal(0);
    expect(contents(two)).to.deep.equal(contents(whole));
  });

  it("behavior: killed in the middle, it goes on and ends with the same bytes, each configuration once", async () => {
    const out = join(folder, "killed");
    const log = join(out, "results.jsonl");
    const child = spawn(process.execPath, ["scripts/plimsoll.ts", "sweep", ...SMALL, ...VARY, "--out", out, "--workers", "1"], {
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const linesOf = (): number => (existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0);
    while (linesOf() < 3 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    await ended;
    const before = linesOf();
    expect(before).to.be.within(3, 7);
    const again = await sweep(...VARY, "--out", out);
    expect([again.code, again.err]).to.deep.equal([
      2,
      `error: --out: ${log} is there already (give --resume to go on with it, or name another folder)\n`,
    ]);
    expect((await sweep(...VARY, "--out", out, "--resume")).code).to.equal(0);
    expect(contents(out)).to.deep.equal(contents(whole));
    const kept = readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => JSON.parse(line).configuration);
    expect(new Set(kept).size).to.equal(6);
    expect(kept).to.have.length(6);
    // what is there is not played again, and a line that is none of this sweep is refused
    const planted = readFileSync(log, "utf8").replace(/"accountSteps":\d+/, '"accountSteps":7');
    writeFileSync(log, planted);
    const { out: json } = await sweep(...VARY, "--out", out, "--resume", "--json");
    expect(JSON.parse(json).configurations.filter(({ accountSteps }: { accountSteps: number }) => accountSteps === 7)).to.have.length(1);
    const lied = await sweep(...VARY, "--seed", "2", "--out", out, "--resume");
    expect([lied.code, lied.err.split("\n").length]).to.deep.equal([2, 2]);
    expect(lied.err).to.match(/results\.jsonl, line 2: configuration [0-9a-f]{64} is none of this sweep/);
    writeFileSync(log, planted.replace('"stake":0.7', '"stake":0.8'));
    expect((await sweep(...VARY, "--out", out, "--resume")).err).to.match(/line \d: the values are not those of configuration/);
  });

  it("behavior: a file says what the command line does not; what cannot be played is told and left out", async () => {
    const file = join(folder, "sweep.json5");
    const out = join(folder, "file");
    writeFileSync(file, '{ vary: { stake: [0.02, 0.9], "vault.maintenance": "0.6..0.8:2" }, paths: 2, "jump-mean": -0.05 }');
    const { code, out: json, err } = await plimsollHere(["sweep", ...SMALL, "--file", file, "--out", out, "--json"]);
    expect(code, err).to.equal(0);
    const { configurations, skipped } = JSON.parse(json);
    expect(skipped.map(({ values }: { values: object }) => Object.values(values))).to.deep.equal([
      [0.02, 0.6],
      [0.9, 0.6],
    ]);
    expect(skipped[0].why).to.match(/^the inequality of \w+ does not hold/);
    expect(configurations.map(({ paths, refused }: { paths: number; refused?: string }) => [paths, refused?.slice(0, 16)])).to.deep.equal([
      [4, "a stake of 0.02 "],
      [4, undefined],
    ]);
    const rows = await parquetReadObjects({ file: new Uint8Array(readFileSync(join(out, "configurations.parquet"))).buffer });
    expect(rows.map((row) => [row.stake, row["vault.maintenance stored"], typeof row.refused])).to.deep.equal([
      [0.02, "800000", "string"],
      [0.9, "800000", "object"],
    ]);
    const figures = await parquetReadObjects({ file: new Uint8Array(readFileSync(join(out, "figures.parquet"))).buffer });
    expect(new Set(figures.map(({ configuration }) => configuration)).size).to.equal(1);
    const debt = figures.find(({ figure }) => figure === "lowestPrice")!;
    expect(debt.mean).to.equal(configurations[1].figures.lowestPrice.mean.value);
    expect(debt.q50).to.equal(configurations[1].figures.lowestPrice.quantiles["0.5"].value);
  });

  for (const [what, args, expected] of [
    [
      "what is out of range, with the range and its unit",
      ["--vary", "stake=0.001,0.5"],
      /--vary stake: 0\.001 is out of range; from 0\.01 to 10 times the open interest/,
    ],
    ["nothing that is varied", [], /nothing is varied \(give --vary name=values; plimsoll sweep --list names what there is\)/],
    ["a sample without a number", ["--vary", "stake=0.3..0.9", "--sample", "sobol"], /--sample sobol needs --points/],
    ["points of a grid", ["--vary", "stake=0.3..0.9:2", "--points", "4"], /--points: a grid has as many as its values make/],
    ["a loss that is none", ["--vary", "stake=0.3,0.4", "--against", "luck"], /--against: "luck" is none of badDebtOfOpenInterest/],
    [
      "points none of which can be",
      ["--vary", "vault.maintenance=0.5,0.55"],
      /none of the 2 points can be played; vault\.maintenance=0\.5: the inequality of/,
    ],
    ["a file that is not there", ["--file", "/nowhere.json5"], /--file: \/nowhere\.json5 cannot be read/],
  ] as const) {
    it(`args: ${what}: one line, exit code 2`, async () => {
      const { code, err } = await plimsollHere(["sweep", ...args, "--out", join(folder, "none")]);
      expect([code, err.trim().split("\n").length]).to.deep.equal([2, 1]);
      expect(err).to.match(expected);
      expect(existsSync(join(folder, "none"))).to.equal(false);
    });
  }

  it("default: --list names what can be varied, with ranges and units", async () => {
    const { code, out } = await plimsollHere(["sweep", "--list"]);
    expect(code).to.equal(0);
    expect(out).to.match(/^stake +0\.01 +10 +times the open interest$/m);
    expect(out).to.match(/^vault\.maintenance +0\.5 +0\.95 +\(0\.1 is 10 %\)$/m);
  });
});
