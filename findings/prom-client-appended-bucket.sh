#!/usr/bin/env bash
# prom-client takes the buckets of a histogram in the order given: with [0.1, 0.5, 1, 0.25], a bucket appended
# later, an observation of 0.7 counts as at most 0.25.
#
# A good guess goes wrong because one expects the bounds to be sorted or, as in the client for Python,
# refused. The count of each bucket is the sum of those before it in the list, and the export looks like any
# other.
#
# Hurt: alerts on the age of a price or the time to a liquidation: nearly all observations seem to lie below
# the last bound. Avoid it: sort the bounds as numbers: sort((a, b) => a - b).
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(prom-client@15.1.3)
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

const { Histogram } = require("prom-client");

const seconds = [0.05, 0.7, 0.8, 0.9];
async function upTo(bound, buckets) {
  const histogram = new Histogram({ name: "age", help: "age of a price", buckets, registers: [] });
  for (const value of seconds) histogram.observe(value);
  const { values } = await histogram.get();
  return values.find((entry) => entry.labels.le === bound).value;
}

(async () => {
  const counted = (bound) => seconds.filter((value) => value <= bound).length;
  const appended = [0.1, 0.5, 1, 0.25];
  const sorted = [0.1, 0.25, 0.5, 1];
  show("of 0.05, 0.7, 0.8, 0.9 at most 0.25, bounds sorted", counted(0.25), 1, await upTo(0.25, sorted));
  show("the same, 0.25 appended", counted(0.25), 4, await upTo(0.25, appended));
  show("at most 0.5, 0.25 appended", counted(0.5), 1, await upTo(0.5, appended));
  show("at most 1, 0.25 appended", counted(1), 4, await upTo(1, appended));

  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
})();
END
node find.cjs || exit 1
