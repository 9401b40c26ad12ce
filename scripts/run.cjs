// npm scripts come through here, for any Node reads this file: `node scripts/run.cjs NAME.ts …` runs scripts/NAME.ts, or says in one line what is missing.
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

const root = join(__dirname, "..");
const [name, ...rest] = process.argv.slice(2);
const [major] = process.versions.node.split(".").map(Number);
const fail = (message) => {
  console.error(message);
  process.exit(1);
};
if (!existsSync(join(root, "node_modules", "hardhat"))) fail("nothing is installed: npx -y -p node@24 -c 'npm ci'");
if (major < 24) {
  fail(
    `this is Node ${process.versions.node}, and the Node 24 of the project is not there, because npm ran no install scripts: npx -y -p node@24 -c 'npm ci --ignore-scripts=false', or run it with Node 24`,
  );
}
const script = join(root, "scripts", name);
process.argv = [process.argv[0], script, ...rest];
import(pathToFileURL(script).href);
