#!/usr/bin/env bash
# stats-lite's percentile goes below the lowest value: of thirty days, one of -20 % and the others of -1 %,
# the percentile 0.01 is -23.8 %, worse than any day. Of the fees 1, 100, 100, 100 the percentile 0.05 is
# -28.7.
#
# A good guess goes wrong because a percentile is one of the values or lies between two of them, and at the
# upper end it does: the percentile 0.99 of the same values, turned round, stops at the largest.
#
# Hurt: value at risk from a short window, floors for fees and prices (negative ones from positive data); how
# far off depends on the gap between the two lowest values. Avoid it: no percentile below 0.5 divided by the
# number of values, or turn the signs round and ask for the upper end.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(stats-lite@2.2.0)
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

const { percentile } = require("stats-lite");

const days = [-20, ...Array(29).fill(-1)];
const turned = days.map((day) => -day);
show("lowest of thirty days", -20, -20, Math.min(...days));
show("percentile 0.01 of the thirty days", "-20 to -1", "-23.80", percentile(days, 0.01).toFixed(2));
show("percentile 0.99 of the days turned round", "1 to 20", "20.00", percentile(turned, 0.99).toFixed(2));
const fees = [1, 100, 100, 100];
show("percentile 0.05 of the fees 1, 100, 100, 100", "1 to 100", "-28.70", percentile(fees, 0.05).toFixed(2));
show("percentile 0.95 of the same fees", 100, "100.00", percentile(fees, 0.95).toFixed(2));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
