import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { BadInput, Failure } from "../../sdk/failure.ts";

/** A result that is kept, under a key of its own. */
export interface Kept<Result> {
  readonly key: string;
  readonly result: Result;
}

/** How a file takes bytes at a position; returns how many it took. */
export type WriteAt = (file: number, bytes: Uint8Array, offset: number, position: number) => number;

const writeAt: WriteAt = (file, bytes, offset, position) => writeSync(file, bytes, offset, bytes.length - offset, position);

/**
 * Results in a file of JSON lines, of which the first says what they are of. A line is on the disk before it counts: whatever ends a run, all that was
 * kept is there when it goes on, and each key once.
 */
export class ResultLog<Result> {
  readonly path: string;
  /** What was there when the log was opened, and what was kept since, by key. */
  readonly kept: ReadonlyMap<string, Result>;
  private readonly results: Map<string, Result>;
  private readonly file: number;
  private readonly write: WriteAt;
  private length: number;

  private constructor(path: string, file: number, length: number, results: Map<string, Result>, write: WriteAt) {
    this.path = path;
    this.file = file;
    this.length = length;
    this.results = results;
    this.kept = results;
    this.write = write;
  }

  /**
   * Opens a log, or begins one where none is. The end of a line that a run did not get to write is cut off.
   * @param head what the results are of: equal in every run that goes on with them
   * @param read makes a result of what a line holds, or throws an error that says what is wrong with it
   * @throws BadInput when the file is no such log, is of something else, or a line of it cannot be right
   */
  static open<Result>(
    path: string,
    head: Readonly<Record<string, string | number>>,
    read: (line: unknown) => Kept<Result>,
    write: WriteAt = writeAt,
  ): ResultLog<Result> {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, "a+");
    closeSync(file);
    const text = readFileSync(path, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const [first, ...lines] = whole.split("\n").slice(0, -1);
    const results = new Map<string, Result>();
    // a first line that was never finished is as none; any other file without a line is somebody else's
    if (first === undefined && text !== "" && !'{"plimsoll":'.startsWith(text.slice(0, 12))) throw notOurs(path);
    if (first !== undefined) {
      compareHeads(path, first, head);
      for (const [i, line] of lines.entries()) {
        const { key, result } = readLine(path, i + 2, line, read);
        const known = results.get(key);
        if (known !== undefined && JSON.stringify(known) !== JSON.stringify(result))
          throw new BadInput(
            `${path}, line ${i + 2}: ${key} is there twice, with different results`,
            "take another file, or remove one of the lines",
          );
        results.set(key, result);
      }
    }
    const log = new ResultLog(path, openSync(path, "r+"), Buffer.byteLength(whole), results, write);
    ftruncateSync(log.file, log.length);
    if (first === undefined) log.append(`${JSON.stringify(head)}\n`);
    return log;
  }

  /**
   * Keeps results; those whose key is there are left as they are.
   * @throws Failure when the disk takes no more: what was kept before is there, and nothing of these
   */
  keep(added: readonly (Kept<Result> & { readonly line: unknown })[]): void {
    const fresh = added.filter(({ key }, i) => !this.results.has(key) && added.findIndex((each) => each.key === key) === i);
    if (fresh.length === 0) return;
    this.append(fresh.map(({ line }) => `${JSON.stringify(line)}\n`).join(""));
    for (const { key, result } of fresh) this.results.set(key, result);
  }

  close(): void {
    closeSync(this.file);
  }

  private append(text: string): void {
    const bytes = Buffer.from(text);
    try {
      for (let done = 0; done < bytes.length; ) done += this.write(this.file, bytes, done, this.length + done);
      fsyncSync(this.file);
    } catch (error) {
      // half a line is no result
      ftruncateSync(this.file, this.length);
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === "ENOSPC" || code === "EDQUOT" ? "the disk is full" : message;
      throw new Failure(
        `${this.path}: ${why}; ${this.results.size} results are kept in it`,
        "make room, and run the same command with --resume",
      );
    }
    this.length += bytes.length;
  }
}

const notOurs = (path: string): BadInput => new BadInput(`${path} holds no results of plimsoll`, "name another file");

function compareHeads(path: string, line: string, head: Readonly<Record<string, string | number>>): void {
  const found = parsed(line);
  if (typeof found !== "object" || found === null || !("plimsoll" in found)) throw notOurs(path);
  for (const [name, value] of Object.entries(head)) {
    const theirs = (found as Record<string, unknown>)[name];
    if (theirs !== value)
      throw new BadInput(
        `${path} holds results of another run: its ${name} is ${String(theirs)}, that of this command ${value}`,
        "give the options of that run, or name another file",
      );
  }
}

function readLine<Result>(path: string, number: number, line: string, read: (line: unknown) => Kept<Result>): Kept<Result> {
  const value = parsed(line);
  if (value === undefined)
    throw new BadInput(`${path}, line ${number}: not a line of JSON`, "remove the line: what it held is computed again");
  try {
    return read(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadInput(`${path}, line ${number}: ${error.message}`, "remove the line: what it held is computed again");
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
