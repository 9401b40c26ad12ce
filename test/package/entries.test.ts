import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { expect } from "chai";
import { BUNDLED, importsOf, reached } from "../../scripts/lib/packageFiles.ts";
import { projectRoot } from "../../scripts/lib/run.ts";

/** The packages and parts of Node that a file reaches once it is JavaScript. */
const packagesOf = (entry: string): string[] => {
  const found = [...reached([entry])].flatMap(([file, text]) =>
    file === BUNDLED ? [] : importsOf(text).filter((specifier) => !specifier.startsWith(".")),
  );
  return [...new Set(found)].sort();
};

describe("entries of the package", function () {
  this.timeout(120_000);

  it("default: a browser is given nothing of Node", () => {
    expect(packagesOf("src/package/browser.ts")).to.deep.equal(["ethers", "p-retry", "zod/mini"]);
  });

  it("behavior: what reaches Node is found", () => {
    expect(packagesOf("src/package/index.ts").filter((name) => isBuiltin(name))).to.include("node:sqlite");
  });

  it("default: whatever is imported is a dependency, and every dependency is imported", () => {
    const { dependencies } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    const names = ["cli", "index", "browser", "hardhat.config"].flatMap((name) => packagesOf(`src/package/${name}.ts`));
    const packages = names.filter((name) => !isBuiltin(name)).map((name) => (/^(@[^/]+\/)?[^/]+/.exec(name) ?? [""])[0]);
    expect(Object.keys(dependencies).sort()).to.deep.equal([...new Set(packages)].sort());
  });

  it("default: Hardhat is loaded by what runs a chain alone", () => {
    // what is imported by the way, not what `await import` loads when it is called
    const eager = (text: string): string => text.replace(/\bimport\s*\(/g, "loaded(");
    const names = [...reached(["src/package/cli.ts", "src/cli/main.ts"], eager).values()].flatMap((text) => importsOf(eager(text)));
    expect(names.filter((name) => /hardhat|ignition/.test(name))).to.deep.equal([]);
  });

  it("default: the page makes no contract call of its own: it has the SDK, and nothing else of the project", () => {
    const own = globSync("app/src/**/*.{ts,tsx}", { cwd: projectRoot });
    const imported = own.flatMap((file) => importsOf(readFileSync(join(projectRoot, file), "utf8")));
    expect(own.length).to.be.greaterThan(10);
    const packages = [...new Set(imported.filter((name) => !name.startsWith(".")).map((name) => name.replace(/\/(client|dist).*/, "")))];
    expect(packages.sort()).to.deep.equal(["@tanstack/react-virtual", "react", "react-dom", "uplot"]);
    const outside = imported.filter((name) => /\/src\//.test(name));
    expect([...new Set(outside.map((name) => name.replace(/^(\.\.\/)+/, "")))]).to.deep.equal(["src/package/browser.ts"]);
  });
});
