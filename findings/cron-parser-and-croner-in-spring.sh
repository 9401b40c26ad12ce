#!/usr/bin/env bash
# On the night when clocks go forward, the same cron line in the same zone runs at different moments in two
# libraries: "30 1 * * *" in London runs at 02:30 by cron-parser and at 02:00 by croner; "*/20 1 * * *" runs
# three times by cron-parser and not at all by croner.
#
# A good guess goes wrong because both document that they handle daylight saving time, and 01:30 does not exist
# that night: one expects one shared rule, skipped or moved.
#
# Hurt: a settlement computed by one service and checked by another, in a venue's local time. Avoid it: schedule
# in UTC, and keep local times out of the hours from one to three.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(cron-parser@5.10.6 croner@11.0.1)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
echo '{ "private": true }' >package.json
if ! npm install --prefer-offline --ignore-scripts --no-audit --no-fund "${packages[@]}" >install.log 2>&1; then
  tail -n 3 install.log >&2
  echo "npm could not install ${packages[*]}" >&2
  exit 2
fi
echo "${packages[*]}, Node $(node --version)"

cat >find.cjs <<'END'
let asStated = true;
function show(what, guess, stated, seen) {
  console.log(`${what}\n    a good guess: ${guess}\n    seen:         ${seen}`);
  if (String(seen) !== String(stated)) {
    asStated = false;
    console.log(`    stated here:  ${stated}`);
  }
}
function attempt(work) {
  try {
    return String(work());
  } catch (error) {
    return `throws ${String(error.shortMessage ?? error.message).split("\n")[0]}`;
  }
}

async function main() {
  const { CronExpressionParser } = require("cron-parser");
  const { Cron } = await import("croner");

  const from = new Date("2024-03-30T12:00:00Z");
  const zone = "Europe/London";
  const utc = (dates) => dates.map((date) => date.toISOString().slice(5, 16)).join(" ");
  const parser = (line) => {
    const dates = CronExpressionParser.parse(line, { currentDate: from, tz: zone });
    return utc([1, 2, 3].map(() => dates.next().toDate()));
  };
  const croner = (line) => utc(new Cron(line, { timezone: zone }).nextRuns(3, from));
  show('"30 1 * * *" by cron-parser, in UTC', "one answer from both", "03-31T01:30 04-01T00:30 04-02T00:30", parser("30 1 * * *"));
  show('"30 1 * * *" by croner, in UTC', "one answer from both", "03-31T01:00 04-01T00:30 04-02T00:30", croner("30 1 * * *"));
  show('"*/20 1 * * *" by cron-parser, in UTC', "one answer from both", "03-31T01:00 03-31T01:20 03-31T01:40", parser("*/20 1 * * *"));
  show('"*/20 1 * * *" by croner, in UTC', "one answer from both", "04-01T00:00 04-01T00:20 04-01T00:40", croner("*/20 1 * * *"));
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
