import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { type Bar, DAY, HOUR } from "../../src/data/bar.ts";
import { type ReadOptions, readSeries, refusal } from "../../src/data/readSeries.ts";
import { BadInput } from "../../src/sdk/failure.ts";
import { WRITERS } from "../helpers/priceFiles.ts";

const FIRST_DAY = Date.UTC(2017, 0, 1) / 1000;
const DAYS = 2_500;

/** A market in units of 10^-decimals: it opens within a tick of the last close, as markets that never shut do. */
const market = (step: number) =>
  fc
    .record({
      decimals: fc.integer({ min: 0, max: 8 }),
      start: fc.integer({ min: 0, max: DAYS }),
      first: fc.integer({ min: 2_000, max: 200_000 }),
      moves: fc.array(fc.tuple(fc.integer({ min: -40, max: 40 }), fc.nat(30), fc.nat(30), fc.integer({ min: -1, max: 1 })), {
        minLength: 16,
        maxLength: 60,
        size: "max",
      }),
    })
    .map(({ decimals, start, first, moves }) => {
      const unit = 10n ** BigInt(18 - decimals);
      let close = first;
      return moves.map(([move, up, down, tick], i): Bar => {
        const open = close + tick;
        // a few per mille, so that nothing reaches zero or jumps
        close = Math.max(open + Math.trunc((open * move) / 1_000) + (move < 0 ? -5 : 5), 1_000);
        const [high, low] = [Math.max(open, close) + up, Math.min(open, close) - down];
        const wad = (price: number): bigint => BigInt(price) * unit;
        return { time: FIRST_DAY + start * DAY + i * step, open: wad(open), high: wad(high), low: wad(low), close: wad(close) };
      });
    });

/** What happens to files, row by row; `rows` are those below the names. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant("lost" as const), row: fc.nat() }),
  fc.record({
    kind: fc.constant("scaled" as const),
    row: fc.nat(),
    column: fc.integer({ min: 1, max: 4 }),
    factor: fc.constantFrom(0.001, 0.01, 0.1, 10, 100, 1e6),
  }),
  fc.record({ kind: fc.constant("bar scaled" as const), row: fc.nat(), factor: fc.constantFrom(0.01, 0.1, 10, 100) }),
  fc.record({
    kind: fc.constant("time moved" as const),
    row: fc.nat(),
    seconds: fc.oneof(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 2_000 }).map((hours) => hours * HOUR),
    ),
    back: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("text" as const),
    row: fc.nat(),
    column: fc.nat(4),
    text: fc.constantFrom("", "NaN", "-", "x", "1.2.3", "--5", "1e99", '"', "\u0000", "12:00", "0"),
  }),
  fc.record({ kind: fc.constant("repeated otherwise" as const), row: fc.nat(), column: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant("cut" as const), row: fc.nat(), characters: fc.nat(30) }),
  fc.record({ kind: fc.constant("columns exchanged" as const), row: fc.nat(), column: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant("blocks exchanged" as const), row: fc.nat(), length: fc.integer({ min: 1, max: 10 }) }),
);
type Damage = typeof damage extends fc.Arbitrary<infer Each> ? Each : never;

function damaged(lines: readonly string[], what: Damage): string {
  const [names = "", ...rows] = lines;
  const place = what.row % rows.length;
  const cells = (rows[place] ?? "").split(",");
  const changed = (change: readonly string[]): string[] => rows.with(place, change.join(","));
  const all = ((): string[] => {
    switch (what.kind) {
      case "lost":
        return rows.toSpliced(place, 1);
      case "scaled":
        return changed(cells.with(what.column, String(Number(cells[what.column]) * what.factor)));
      case "bar scaled":
        return changed(cells.map((cell, i) => (i > 0 && i < 5 ? String(Number(cell) * what.factor) : cell)));
      case "time moved":
        return changed(cells.with(0, String(Number(cells[0]) + (what.back ? -1 : 1) * what.seconds)));
      case "text":
        return changed(cells.with(what.column, what.text));
      case "repeated otherwise":
        return [...rows, cells.with(what.column, `${cells[what.column]}${cells[what.column]?.includes(".") ? "1" : ".1"}`).join(",")];
      case "columns exchanged":
        return changed(cells.with(what.column, cells[what.column + 1] ?? "").with(what.column + 1, cells[what.column] ?? ""));
      case "blocks exchanged":
        return [...rows.slice(place, place + what.length), ...rows.slice(0, place), ...rows.slice(place + what.length)];
      case "cut":
        return [...rows.slice(0, place), (rows[place] ?? "").slice(0, what.characters)];
    }
  })();
  return [names, ...all].join("\n") + (what.kind === "cut" ? "" : "\n");
}

describe("price files, whatever they hold", function () {
  this.timeout(120_000);
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "plimsoll-properties-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The bars of a file, or why it is refused. */
  async function outcome(content: string, options: ReadOptions, span: readonly Bar[], extension = "csv"): Promise<readonly Bar[] | string> {
    const path = join(folder, `any.${extension}`);
    writeFileSync(path, content);
    try {
      const series = await readSeries([path], options);
      const [from, to] = [span[0]?.time ?? 0, (span.at(-1)?.time ?? 0) + (options.step ?? HOUR)];
      return refusal(series, { allowGaps: false, allowJumps: false, from, to }) ?? series.bars;
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      return error.message;
    }
  }

  it("default: any series written in any dialect reads back equal", async () => {
    for (const writer of WRITERS.filter(({ kind }) => kind === undefined)) {
      const { step = HOUR, timezone, extension } = writer;
      await fc.assert(
        fc.asyncProperty(market(step), async (bars) => {
          expect(await outcome(writer.write(bars), { step, timezone }, bars, extension), writer.name).to.deep.equal(bars);
        }),
        { numRuns: 12 },
      );
    }
  });

  it("behavior: damage is refused in one line, or does no harm: it is never believed", async () => {
    const writer = WRITERS[0];
    let [harmless, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(market(HOUR), damage, async (bars, what) => {
        const lines = (writer?.write(bars) ?? "").trimEnd().split("\n");
        const after = await outcome(damaged(lines, what), {}, bars);
        if (typeof after === "string") {
          refused++;
          expect(after).to.match(/^[\x20-\x7e…]+$/);
          return;
        }
        harmless++;
        // a row of NaN says that nothing was traded: it holds the last close, and is counted
        const quiet =
          what.kind === "text"
            ? after.filter((bar, i) => bar.time === bars[i]?.time && bar.open === bar.close && bar.high === bar.low)
            : [];
        expect(after.filter((bar) => !quiet.includes(bar))).to.deep.equal(
          bars.filter(({ time }) => !quiet.some((each) => each.time === time)),
        );
      }),
      { numRuns: 300 },
    );
    expect(refused).to.be.greaterThan(100);
    expect(harmless).to.be.greaterThan(5);
  });
});
