#!/usr/bin/env node
// The solvers as Halmos calls one: `solver.cjs FOLDER SECONDS QUERY.smt2`. Yices first, which decides most at once, then Z3, which decides some of what Yices does not.
const { spawnSync } = require("node:child_process");
const { join } = require("node:path");

const [folder, seconds, query] = process.argv.slice(2);
const solvers = [
  { command: join(folder, "yices-smt2"), args: ["--smt2-model-format", "--bvconst-in-decimal", query] },
  { command: join(folder, "z3"), args: [query] },
];
for (const { command, args } of solvers) {
  const { stdout } = spawnSync(command, args, {
    encoding: "utf8",
    timeout: Number(seconds) * 1000,
    killSignal: "SIGKILL",
    maxBuffer: 1 << 28,
  });
  if (/^(sat|unsat)\n/.test(stdout ?? "")) {
    process.stdout.write(stdout);
    process.exit(0);
  }
}
console.log("unknown");
