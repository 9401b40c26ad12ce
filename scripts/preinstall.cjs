// npm under Node < 22 skips Hardhat's native package without an error: say so here, in one line, instead of failing later. The
// agent string names the Node that npm itself runs on; the one that runs this file may already be the project's own.
const agent = process.env.npm_config_user_agent || "";
const match = /(?:^| )node\/v(\d+)\./.exec(agent) || /^v(\d+)\./.exec(process.version);
const major = Number(match[1]);
if (major < 22) {
  console.error(`npm runs on Node ${major}, Plimsoll needs 22 or later: npx -y -p node@24 -c 'npm ci && npm run demo'`);
  process.exit(1);
}
