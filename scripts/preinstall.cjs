// npm under Node < 22 skips Hardhat's native package without an error: say so here, in one line, instead of failing later. npm tells which
// Node it runs on itself; the one that runs this file may already be the project's own.
const { execFileSync } = require("node:child_process");

const runner = process.env.npm_node_execpath;
const version = runner ? execFileSync(runner, ["--version"], { encoding: "utf8" }) : process.version;
const major = Number(/^v(\d+)\./.exec(version)[1]);
if (major < 22) {
  console.error(`npm runs on Node ${major}, Plimsoll needs 22 or later: npx -y -p node@24 -c 'npm ci && npm run demo'`);
  process.exit(1);
}
