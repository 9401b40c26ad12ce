#!/usr/bin/env node
// The npm package solc as forge calls a compiler: `--version` and `--standard-json`.
const solc = require("solc/soljson.js");

const version = solc.cwrap("solidity_version", "string", [])();
if (process.argv.includes("--version")) {
  // forge parses the suffix of a native build
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version.replace(/\.Emscripten.*$/, "")}.Linux.g++`);
} else {
  const input = require("node:fs").readFileSync(0, "utf8");
  const compile = solc.cwrap("solidity_compile", "string", ["string", "number", "number"]);
  process.stdout.write(compile(input, 0, 0));
}
