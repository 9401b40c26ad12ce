#!/usr/bin/env bash
# fast-check's double({ min: 0, max: 1e6 }) draws a value of one or more in less than one draw of eight; more
# than half of the draws are below 1e-100.
#
# A good guess goes wrong because a range from 0 to a million is read as a range of prices. The draws are spread
# over the numbers that a double can represent, and most of those between 0 and a million are unimaginably
# small.
#
# Hurt: property tests of prices, volatilities and statistics in floating point: most runs test underflow, and a
# bound that holds for tiny values passes. Avoid it: min: 0.01, or integers divided by a power of ten.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(fast-check@4.11.0)
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

const { double, integer, sample } = require("fast-check");

const share = (draws, test) => draws.filter(test).length / draws.length;
const draws = sample(double({ min: 0, max: 1e6, noNaN: true }), { numRuns: 20_000, seed: 1 });
const cents = sample(integer({ min: 0, max: 1e8 }).map((value) => value / 100), { numRuns: 20_000, seed: 1 });
const atLeastOne = (value) => value >= 1;
const percent = (values) => `${(100 * share(values, atLeastOne)).toFixed(1)} %`;
console.log(`draws of 1 or more: ${percent(draws)}, of cents: ${percent(cents)}`);
show("most draws are 1 or more", true, false, share(draws, atLeastOne) > 0.5);
show("less than an eighth is", false, true, share(draws, atLeastOne) < 0.125);
show("more than half are below 1e-100", false, true, share(draws, (value) => value < 1e-100) > 0.5);
show("most draws of cents are 1 or more", true, true, share(cents, atLeastOne) > 0.5);

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
