#!/usr/bin/env bash
# The npm package financial, a port of numpy-financial, finds no return for large losses: 100 that become 50
# have an internal rate of return of Infinity, and 100 that become 20 after four years one of -167 %.
#
# A good guess goes wrong because small losses and all gains are right (-40 % for 60), and because the package
# says NaN where it finds nothing (two payments out). The search runs past -100 %, where the value of money
# changes its sign; there it meets a root that means nothing, or none.
#
# Hurt: ranking of strategies and vaults: the worst one is the best. A guess near the answer helps at -50 %,
# not at -80 %. Avoid it: refuse what is not above -1 and finite, and halve an interval from -1 upwards
# yourself.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(financial@0.2.4)
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

const { irr, npv } = require("financial");

// One payment out and one back: the return is known without a search.
const known = (back, years) => `${(100 * ((back / 100) ** (1 / years) - 1)).toFixed(1)} %`;
const percent = (rate) => (Number.isFinite(rate) ? `${(100 * rate).toFixed(1)} %` : String(rate));
show("100 become 60 in a year", known(60, 1), "-40.0 %", percent(irr([-100, 60])));
show("100 become 50 in a year", known(50, 1), "Infinity", percent(irr([-100, 50])));
show("value of the same payments at -50 %, by the package", 0, 0, npv(-0.5, [-100, 50]));
show("100 become 10 in a year", known(10, 1), "Infinity", percent(irr([-100, 10])));
show("the same with a guess of -50 %", known(10, 1), "Infinity", percent(irr([-100, 10], -0.5)));
show("100 and 100 more, both out", "NaN", "NaN", percent(irr([-100, -100])));
show("100 become 20 in four years", known(20, 4), "-166.9 %", percent(irr([-100, 0, 0, 0, 20])));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
