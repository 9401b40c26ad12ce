#!/usr/bin/env bash
# jStat.percentile interpolates between neighbours everywhere but above the last but one value: there it returns
# the last but one until 100 % is reached. Of 1 to 10, every percentile from 89 % to 99.9 % is 9.
#
# A good guess goes wrong because 25 % of the same values is 3.25, as in a spreadsheet, and because
# jStat.quantiles beside it answers 10 for 95 %.
#
# Hurt: the upper tail is what losses, drawdowns and gas prices are asked for: the worst of a hundred losses is
# left out of a 99.5 % loss. Avoid it: negate the values and ask for the lower tail, or use d3-array's quantile.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(jstat@1.9.6 d3-array@3.2.5)
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
  const { jStat } = require("jstat");
  const { quantile } = await import("d3-array");

  const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  show("25 % of 1 to 10", quantile(values, 0.25), 3.25, jStat.percentile(values, 0.25));
  show("95 % of 1 to 10", quantile(values, 0.95).toFixed(2), 9, jStat.percentile(values, 0.95));
  show("99.9 % of 1 to 10", quantile(values, 0.999).toFixed(3), 9, jStat.percentile(values, 0.999));
  show("100 % of 1 to 10", 10, 10, jStat.percentile(values, 1));
  show("95 % of 1 to 10 by jStat.quantiles", "the same as jStat.percentile", 10, jStat.quantiles(values, [0.95])[0]);
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
