import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { projectRoot } from "./run.ts";

/** A public export that is a value, and what its docstring shows of it. */
export type Documented = { readonly name: string; readonly file: string; readonly examples: readonly string[] };

const parse = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(join(projectRoot, file), "utf8"), ts.ScriptTarget.Latest, true);

/** What an entry exports that is there at run time, in the order in which it does. */
export function documentedIn(entry: string): Documented[] {
  return parse(entry).statements.flatMap((statement): Documented[] => {
    if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier === undefined || statement.isTypeOnly) return [];
    const file = posix.join(posix.dirname(entry), (statement.moduleSpecifier as ts.StringLiteral).text);
    const { exportClause } = statement;
    if (exportClause === undefined) return documentedIn(file);
    if (!ts.isNamedExports(exportClause)) return [];
    const names = exportClause.elements.filter(({ isTypeOnly }) => !isTypeOnly).map(({ name }) => name.text);
    const source = parse(file);
    return names.map((name) => ({ name, file, examples: examplesOf(source, name) }));
  });
}

function examplesOf(source: ts.SourceFile, name: string): string[] {
  const isNamed = (each: ts.Statement): boolean =>
    ts.isVariableStatement(each)
      ? each.declarationList.declarations.some((declared) => declared.name.getText(source) === name)
      : (ts.isFunctionDeclaration(each) || ts.isClassDeclaration(each)) && each.name?.text === name;
  const found = source.statements.find(isNamed);
  if (found === undefined) throw new RangeError(`${source.fileName} has no ${name}`);
  return ts
    .getJSDocTags(found)
    .filter(({ tagName }) => tagName.text === "example")
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "");
}

const CLAIM = /^(\s*(?:if \(.*? instanceof \w+\) )?)(?!const |let |\/\/|\*)(\S.*?);? \/\/ (.+)$/;

/**
 * A module that runs examples, each by itself, and prints how each ended as JSON. A line `value // expected` claims that both are the same.
 * @param prelude what is in scope beside the exports of the package
 */
export function exampleModule(documented: readonly Documented[], prelude: string): string {
  const runs = documented.flatMap(({ name, examples }) =>
    examples.map((example) => {
      const lines = example
        .split("\n")
        .map((line) => line.replace(CLAIM, (_, before, value, expected) => `${before}__same((${value}), (${expected}));`));
      return `await __run(${JSON.stringify(name)}, async () => {\n${lines.join("\n")}\n});`;
    }),
  );
  const names = [...new Set(documented.map(({ name }) => name))].join(", ");
  const source = `import * as plimsoll from "plimsoll";
import { isDeepStrictEqual, inspect } from "node:util";
${prelude}
const { ${names} } = plimsoll;
const __outcomes: { name: string; claims: number; fault?: string }[] = [];
let __claims = 0;
function __same(value: unknown, expected: unknown): void {
  __claims++;
  if (!isDeepStrictEqual(value, expected)) throw new Error(inspect(value) + " is not " + inspect(expected));
}
async function __run(name: string, example: () => Promise<void>): Promise<void> {
  __claims = 0;
  try {
    await example();
    __outcomes.push({ name, claims: __claims });
  } catch (error) {
    __outcomes.push({ name, claims: __claims, fault: error instanceof Error ? error.stack ?? "" : String(error) });
  }
}
${runs.join("\n")}
console.log(JSON.stringify(__outcomes));
process.exit(0);
`;
  return source;
}

/** TypeScript as JavaScript. */
export function asJavaScript(source: string): string {
  return ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  }).outputText;
}
