#!/usr/bin/env bash
# simple-statistics' cumulativeStdNormalProbability looks its answer up in a printed table of four digits that
# ends at 3.1 deviations: six deviations below the mean it says 0.001, a million times too much, and it is a
# staircase.
#
# A good guess goes wrong because the library has an error function and could compute the value, and its name
# and its documentation sound like a distribution function: one expects about seven digits.
#
# Hurt: value at risk, the chance of liquidation and every delta of an option far from the money: nothing is
# less likely than one in a thousand. Avoid it: jStat.normal.cdf or a function of your own with erfc.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(simple-statistics@7.12.1 jstat@1.9.6)
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

const { cumulativeStdNormalProbability } = require("simple-statistics");
const { jStat } = require("jstat");

const digits = (value) => value.toExponential(3);
for (const [z, stated] of [[-4, "1.000e-3"], [-6, "1.000e-3"]]) {
  show(`probability below ${z} deviations`, digits(jStat.normal.cdf(z, 0, 1)), stated, digits(cumulativeStdNormalProbability(z)));
}
const above = cumulativeStdNormalProbability(1.001);
show("probability below 1.001 deviations", jStat.normal.cdf(1.001, 0, 1).toFixed(6), "0.841300", above.toFixed(6));
show("is it more than below 1 deviation", true, false, above > cumulativeStdNormalProbability(1));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
