import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";

const root = join(import.meta.dirname, "..", "..", "..");

/** Files that git tracks or would add; the whole tree of a clone without its history. */
function sources(): string[] {
  return execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((path) => path !== "" && path !== "package-lock.json" && !/\.(png|jpg|ico|woff2?)$/.test(path));
}

function read(path: string): string {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return ""; // deleted but not yet committed
  }
}

/** Solidity with its comments blanked, so that prose may name what code may not use. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, " "));
}

/** Without comments, strings and assembly, which has names of its own. */
function plainSolidity(source: string): string {
  const blank = (text: string): string => text.replace(/[^\n]/g, " ");
  let text = withoutComments(source).replace(/"[^"\n]*"/g, blank);
  for (const { index } of text.matchAll(/\bassembly\b/g)) {
    let end = text.indexOf("{", index) + 1;
    for (let depth = 1; depth > 0 && end < text.length; end++) depth += text[end] === "{" ? 1 : text[end] === "}" ? -1 : 0;
    text = text.slice(0, index) + blank(text.slice(index, end)) + text.slice(end);
  }
  return text;
}

function hits(paths: readonly string[], pattern: RegExp, text: (path: string) => string = read): string[] {
  return paths.flatMap((path) =>
    text(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

const contracts = (): string[] => sources().filter((path) => path.startsWith("contracts/") && path.endsWith(".sol"));
const code = (path: string): string => withoutComments(read(path));

const machinePath = /(?:^|[^.\w/@-])\/(?:work|root|home|Users|tmp)\/[\w.]/;
const blockNumber = /\bblock\s*\.\s*number\b|(?<![.\w])number\s*\(\s*\)/;
/** What the compiler warns will be a keyword; the declaration of an error is one. */
const comingKeyword = /\b(?:at|layout|leave|transient|error(?!\s+\w+\())\b/;
const forwarder = /ERC2771|\b_msgSender\b|\b_msgData\b|trustedForwarder/i;

describe("sources", () => {
  it("default: no file names a path of one machine", () => {
    expect(hits(sources(), machinePath)).to.deep.equal([]);
  });

  it("H-10: no contract reads the block number", () => {
    expect(hits(contracts(), blockNumber, code)).to.deep.equal([]);
  });

  it("H-64: no contract trusts a forwarder for the sender", () => {
    expect(hits(contracts(), forwarder, code)).to.deep.equal([]);
  });

  it("default: no name in what is deployed becomes a keyword", () => {
    const deployed = contracts().filter((path) => !path.startsWith("contracts/test/"));
    expect(hits(deployed, comingKeyword, (path) => plainSolidity(read(path)))).to.deep.equal([]);
  });

  it("behavior: each pattern finds what it is for", () => {
    expect(machinePath.test(["see ", "home", "someone", "x"].join("/"))).to.equal(true);
    expect(machinePath.test('import "./tmp/x.ts"')).to.equal(false);
    expect(blockNumber.test("uint256 x = block.number;")).to.equal(true);
    expect(blockNumber.test(withoutComments("// not block.number"))).to.equal(false);
    expect(blockNumber.test("assembly { n := number() }")).to.equal(true);
    expect(forwarder.test("contract X is ERC2771Context {")).to.equal(true);
    expect(forwarder.test("address who = _msgSender();")).to.equal(true);
    expect(forwarder.test("address who = msg.sender;")).to.equal(false);
    for (const name of ["at", "layout", "leave", "error", "transient"]) expect(comingKeyword.test(`uint256 ${name};`), name).to.equal(true);
    expect(comingKeyword.test("error MarginTooLow(uint256 account);")).to.equal(false);
    expect(comingKeyword.test(plainSolidity('assembly { let at := 1 if at { pop(at) } } x = "at"; // at'))).to.equal(false);
    expect(comingKeyword.test(plainSolidity("assembly { let at := 1 if at { pop(at) } } x = at;"))).to.equal(true);
  });

  it("behavior: the lock file names no registry", () => {
    const lock: unknown = JSON.parse(read("package-lock.json"));
    expect(JSON.stringify(lock)).not.to.match(/"resolved":"https?:/);
  });
});
