import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { Failure } from "../../src/sdk/failure.ts";
import { resolved } from "./importGraph.ts";
import { buildPage, isPageBuilt, PAGE } from "./page.ts";
import { projectRoot, run } from "./run.ts";

const ENTRIES = ["src/package/cli.ts", "src/package/index.ts", "src/package/browser.ts", "src/package/hardhat.config.ts"];
/** Files that are read where they lie. */
const DATA = ["deploy/parameters/local.json5"];

/** Files that hold what they import, once they are JavaScript: of large packages the part that is used. */
export const BUNDLED = "src/report/echarts.ts";

const texts = new Map<string, string>();

/** TypeScript as JavaScript, with the names that its imports have then. */
function compiled(fileName: string): string {
  const known = texts.get(fileName);
  if (known !== undefined) return known;
  const source = readFileSync(join(projectRoot, fileName), "utf8");
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  const text = ts.transpileModule(source, { fileName, compilerOptions }).outputText;
  texts.set(fileName, text);
  return text;
}

/** What a text imports: literally, in any form of import. */
export function importsOf(text: string): string[] {
  return ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
}

/**
 * Every file that `entries` reach once they are JavaScript, which knows no imports of types, with its text.
 * @param seen what of a text is looked at
 */
export function reached(entries: readonly string[], seen: (text: string) => string = (text) => text): Map<string, string> {
  const found = new Map<string, string>();
  const open = [...entries];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    const text = compiled(file);
    found.set(file, text);
    open.push(...importsOf(seen(text)).flatMap((specifier) => resolved(file as string, specifier)?.replace(/\.js$/, ".ts") ?? []));
  }
  return found;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Declarations of what can be imported; TypeScript leaves the names of imports in them as they are. */
async function writeDeclarations(out: string): Promise<void> {
  const { code, output } = await run("tsc", ["-p", "tsconfig.package.json", "--outDir", out]);
  if (code !== 0) throw new Failure(`the declarations cannot be made: ${output.split("\n")[0]}`, "npm run typecheck");
  for (const entry of readdirSync(out, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".d.ts")) continue;
    const text = readFileSync(join(out, entry), "utf8");
    writeFileSync(join(out, entry), text.replace(/(from |import\()"(\.[^"]+)\.ts"/g, '$1"$2.js"'));
  }
}

/** Writes the file that holds the part of ECharts that is used. */
async function writeBundle(out: string): Promise<void> {
  const { build } = await import("vite");
  const licence = "Apache ECharts 6.1.0 (Apache-2.0, Copyright 2017-2026 The Apache Software Foundation), with zrender (BSD-3-Clause)";
  await build({
    root: projectRoot,
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true },
    build: {
      ssr: BUNDLED,
      outDir: join(out, dirname(BUNDLED)),
      emptyOutDir: false,
      copyPublicDir: false,
      minify: true,
      target: "es2023",
      rolldownOptions: { output: { entryFileNames: "echarts.js", postBanner: `/*! ${licence} */` } },
    },
  });
}

type Artifact = { readonly contractName: string; readonly sourceName: string; readonly bytecode: string } & Readonly<
  Record<string, unknown>
>;

/** Contracts with their ABIs and code, and interfaces; of libraries what is deployed, of those for tests the token of the local chain. */
function writeArtifacts(out: string): void {
  for (const folder of ["contracts", "@openzeppelin"]) {
    const root = join(projectRoot, "artifacts", folder);
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".json")) continue;
      const { buildInfoId: _, ...artifact } = JSON.parse(readFileSync(join(entry.parentPath, entry.name), "utf8")) as Artifact;
      const { contractName, sourceName, bytecode, abi } = artifact;
      if (sourceName.startsWith("contracts/test/") && contractName !== "FaucetToken") continue;
      const isInlined = bytecode.length < 200 && (abi as readonly { readonly type: string }[]).every(({ type }) => type === "error");
      if (!isInlined) write(join(out, "artifacts", sourceName, `${contractName}.json`), JSON.stringify(artifact));
    }
  }
}

const MANIFEST = join(projectRoot, "package.json");
const KEPT = join(projectRoot, "dist", "package.checkout.json");

/** The manifest of the package: that of the checkout without what only the checkout needs. */
export function packageManifest(): string {
  const {
    private: _private,
    allowScripts: _allowScripts,
    scripts: _scripts,
    devDependencies: _devDependencies,
    ...manifest
  } = JSON.parse(readFileSync(MANIFEST, "utf8")) as Readonly<Record<string, unknown>>;
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Puts the manifest of the package in the place of the checkout's: npm packs what lies there. */
export function putManifest(): void {
  const manifest = packageManifest();
  copyFileSync(MANIFEST, KEPT);
  writeFileSync(MANIFEST, manifest);
}

/** Puts the manifest of the checkout back, also after a run that was ended in between. */
export function restoreManifest(): void {
  if (!existsSync(KEPT)) return;
  copyFileSync(KEPT, MANIFEST);
  rmSync(KEPT);
}

/** A folder with nothing in it but the built page, as it is now. */
async function emptyBesidePage(out: string): Promise<void> {
  if (!isPageBuilt()) await buildPage();
  const page = join(out, "app");
  for (const name of existsSync(out) ? readdirSync(out) : []) {
    if (join(out, name) !== PAGE) rmSync(join(out, name), { recursive: true });
  }
  if (page !== PAGE) cpSync(PAGE, page, { recursive: true });
}

/**
 * Writes what the package holds beside its manifest. The contracts are to be compiled.
 * @param out the folder; dist of the checkout by default
 * @param declarations left out where nothing is type-checked: they take as long as all else
 */
export async function writePackageFiles(out = join(projectRoot, "dist"), declarations = true): Promise<void> {
  await emptyBesidePage(out);
  for (const [file, text] of reached(ENTRIES)) if (file !== BUNDLED) write(join(out, file.replace(/\.ts$/, ".js")), text);
  await writeBundle(out);
  if (declarations) await writeDeclarations(out);
  writeArtifacts(out);
  for (const file of DATA) write(join(out, file), readFileSync(join(projectRoot, file), "utf8"));
  chmodSync(join(out, "src", "package", "cli.js"), 0o755);
}

/** Packs what `npm pack` does, without touching the checkout; the name of the file in `folder`. */
export async function packInto(folder: string, declarations: boolean): Promise<string> {
  const stage = join(folder, "stage");
  await writePackageFiles(join(stage, "dist"), declarations);
  writeFileSync(join(stage, "package.json"), packageManifest());
  copyFileSync(join(projectRoot, "README.md"), join(stage, "README.md"));
  cpSync(join(projectRoot, "monitoring"), join(stage, "monitoring"), { recursive: true });
  const { code, output } = await run("npm", ["pack", "--silent", "--pack-destination", folder], { directory: stage });
  if (code !== 0) throw new Failure(`npm pack: ${output}`);
  return output.trim();
}
