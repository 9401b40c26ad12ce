import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { BadInput, Failure } from "../../src/sdk/failure.ts";
import { type Kept, ResultLog } from "../../src/simulator/runs/resultLog.ts";

const HEAD = { plimsoll: "test", configuration: "a" };

function read(line: unknown): Kept<number> {
  const { key, result } = line as { readonly key?: unknown; readonly result?: unknown };
  if (typeof key !== "string" || typeof result !== "number") throw new RangeError("it has no key");
  return { key, result };
}

const row = (key: string, result: number) => ({ key, result, line: { key, result } });

describe("results that are kept", () => {
  let path = "";
  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), "plimsoll-log-")), "deeper", "log.jsonl");
  });
  afterEach(() => rmSync(join(path, "..", ".."), { recursive: true }));

  const open = (write?: Parameters<typeof ResultLog.open>[3]) => ResultLog.open(path, HEAD, read, write);

  it("default: what was kept is there again, each key once", () => {
    const log = open();
    log.keep([row("1", 10), row("2", 20), row("2", 20)]);
    log.keep([row("1", 10), row("3", 30)]);
    log.close();
    const again = open();
    expect([...again.kept]).to.deep.equal([
      ["1", 10],
      ["2", 20],
      ["3", 30],
    ]);
    again.close();
    expect(readFileSync(path, "utf8").split("\n")).to.have.length(5);
  });

  it("behavior: a line that a run did not get to write is cut off, wherever it was cut", () => {
    const log = open();
    log.keep([row("1", 10), row("2", 20)]);
    log.close();
    const whole = readFileSync(path);
    const [head = 0, first = 0] = [...whole.entries()].filter(([, byte]) => byte === 10).map(([i]) => i + 1);
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const torn = open();
      expect(torn.kept.size, `${length} bytes`).to.equal(length < first ? 0 : length < whole.length ? 1 : 2);
      torn.keep([row("3", 30)]);
      torn.close();
      const after = open();
      expect(after.kept.get("3"), `${length} bytes`).to.equal(30);
      after.close();
    }
    expect(head).to.be.greaterThan(0);
  });

  it("behavior: a full disk loses nothing that was kept, and leaves no half of a line", () => {
    let room = 150;
    const write = (file: number, bytes: Uint8Array, offset: number, position: number): number => {
      const taken = Math.min(bytes.length - offset, room);
      if (taken === 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      room -= taken;
      return writeSync(file, bytes, offset, taken, position);
    };
    const log = open(write);
    let kept = 0;
    let failure: unknown;
    try {
      for (; kept < 100; kept++) log.keep([row(String(kept), kept)]);
    } catch (error) {
      failure = error;
    }
    log.close();
    expect(failure).to.be.instanceOf(Failure).and.not.instanceOf(BadInput);
    expect((failure as Failure).message).to.match(new RegExp(`the disk is full; ${kept} results are kept in it`));
    expect(kept).to.be.greaterThan(1);
    expect(readFileSync(path, "utf8")).to.match(/\n$/);
    const again = open();
    expect([...again.kept.keys()]).to.deep.equal(Array.from({ length: kept }, (_, i) => String(i)));
    again.keep([row("x", 1)]);
    again.close();
  });

  it("args: another file, another run, and lines that cannot be right are refused, with the line", () => {
    open().close();
    const head = readFileSync(path, "utf8");
    const refused = (content: string, said: RegExp) => {
      writeFileSync(path, content);
      expect(() => open()).to.throw(BadInput, said);
      expect(readFileSync(path, "utf8")).to.equal(content);
    };
    refused("time,price\n1,2\n", /holds no results of plimsoll/);
    refused("what somebody wrote", /holds no results of plimsoll/);
    refused('{"plimsoll":"test","configuration":"b"}\n', /results of another run: its configuration is b, that of this command a/);
    refused(`${head}{"key":"1","result":1}\nnonsense\n`, /line 3: not a line of JSON/);
    refused(`${head}{"key":1}\n`, /line 2: it has no key/);
    refused(`${head}{"key":"1","result":1}\n{"key":"1","result":2}\n`, /line 3: 1 is there twice, with different results/);
    writeFileSync(path, head);
    appendFileSync(path, '{"key":"1","result":1}\n{"key":"1","result":1}\n');
    const twice = open();
    expect(twice.kept.size).to.equal(1);
    twice.close();
  });
});
