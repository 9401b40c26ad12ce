#!/usr/bin/env bash
# technicalindicators' Highest is 0 for negative values: the highest of -5 and -3 is 0. Lowest of the same
# values is right.
#
# A good guess goes wrong because the highest of a window is one of its values, and with prices, for which the
# library is made, it is. The search starts at zero.
#
# Hurt: peaks of profit and loss, of funding rates, spreads, a basis or a MACD below zero, and drawdowns
# measured from such a peak, which was never reached. Avoid it: the negative of Lowest of the negatives.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(technicalindicators@3.1.0)
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

const { Highest, Lowest } = require("technicalindicators");

const values = [-5, -3, -4, -1];
const pairs = values.slice(1).map((value, index) => [values[index], value]);
const highest = pairs.map((pair) => Math.max(...pair));
const lowest = pairs.map((pair) => Math.min(...pair));
const turned = values.map((value) => -value);
show("Highest of two of -5, -3, -4, -1", highest, [0, 0, 0], Highest.calculate({ values, period: 2 }));
show("Lowest of two of the same", lowest, [-5, -4, -4], Lowest.calculate({ values, period: 2 }));
const mended = Lowest.calculate({ values: turned, period: 2 }).map((value) => -value);
show("the negative of Lowest of the negatives", highest, [-3, -3, -1], mended);
const gains = [5, 3, 4, 1];
show("Highest of two of 5, 3, 4, 1", [5, 4, 4], [5, 4, 4], Highest.calculate({ values: gains, period: 2 }));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
