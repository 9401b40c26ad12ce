import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect } from "chai";
import { Result } from "ethers";
import { describe, it } from "mocha";
import type { AbiEntry, AbiParameter } from "../../../src/sdk/abiEntry.ts";

type Entry = AbiEntry & { readonly outputs?: readonly AbiParameter[] };

const compiled = join(import.meta.dirname, "..", "..", "..", "artifacts", "contracts");

/** What is deployed, and the interfaces that it is read by: every ABI but those of test contracts. */
function abis(): (readonly [path: string, abi: readonly Entry[]])[] {
  return readdirSync(compiled, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(compiled, path).startsWith("test"))
    .map((path) => [relative(compiled, path), (JSON.parse(readFileSync(path, "utf8")) as { readonly abi: readonly Entry[] }).abi]);
}

/** Names that cannot be asked for: a `Result` answers with its own, of an array, or of any object. A `slice` of SignedVolatilitySource could not be read. */
const isHidden = (name: string): boolean => name in Result.prototype || name === "then";

/** A name twice in one list is left out by ethers too. */
function unreadable(list: readonly AbiParameter[], where: string): string[] {
  const names = list.map(({ name }) => name);
  return list.flatMap(({ name, components = [] }, i) => [
    ...(name !== "" && (isHidden(name) || names.indexOf(name) !== i) ? [`${where}.${name}`] : []),
    ...unreadable(components, `${where}.${name}`),
  ]);
}

/** Members of structs alone. */
const members = (list: readonly AbiParameter[], where: string): string[] =>
  list.flatMap(({ name, components = [] }) => unreadable(components, `${where}.${name}`));

function unreadableIn(path: string, { name = "", type, inputs = [], outputs = [] }: Entry): string[] {
  const where = `${path} ${name}`;
  return [...unreadable(outputs, where), ...(type === "event" || type === "error" ? unreadable(inputs, where) : members(inputs, where))];
}

describe("names in ABIs", () => {
  it("default: every result, argument of an event or an error and member of a struct can be read by its name with ethers", () => {
    const all = abis();
    const events = all.flatMap(([, abi]) => abi.filter(({ type }) => type === "event"));
    expect([all.length > 40, events.length > 60], `${all.length} ABIs, ${events.length} events`).to.deep.equal([true, true]);
    expect(all.flatMap(([path, abi]) => abi.flatMap((entry) => unreadableIn(path, entry)))).to.deep.equal([]);
  });

  it("behavior: what ethers hides is found, in structs of arguments too", () => {
    const slice: AbiParameter = { name: "slice", type: "uint256" };
    const report: AbiParameter = { name: "report", type: "tuple", components: [slice] };
    const where = "A.json f";
    expect(unreadableIn("A.json", { type: "function", name: "f", inputs: [slice], outputs: [slice] })).to.deep.equal([`${where}.slice`]);
    expect(unreadableIn("A.json", { type: "function", name: "f", inputs: [report] })).to.deep.equal([`${where}.report.slice`]);
    expect(unreadableIn("A.json", { type: "event", name: "f", inputs: [slice] })).to.deep.equal([`${where}.slice`]);
    for (const name of ["at", "length", "toString", "getValue", "then"]) expect(isHidden(name), name).to.equal(true);
    for (const name of ["sliceWord", "makers", "ok"]) expect(isHidden(name), name).to.equal(false);
  });
});
