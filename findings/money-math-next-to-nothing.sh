#!/usr/bin/env bash
# money-math's floatToAmount turns a float next to nothing into real money: 0.0000001 becomes 10.00, and what
# a float leaves of 0.3-0.1-0.2, a few quadrillionths of a cent below zero, becomes -2.77.
#
# A good guess goes wrong because the function is the library's way in from floats, rounds to the cent, and
# turns 0.000001 into 0.00. Smaller numbers print with an exponent, the exponent is dropped, and what remains
# are the leading digits.
#
# Hurt: a balance that should be zero after payments in floats, dust of a coin in dollars, funding of a
# second: any amount from 1.00 to 10.00 appears out of nothing. Avoid it: toFixed(2) before the library sees
# the number.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(money-math@2.6.3)
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

const money = require("money-math");

show("floatToAmount of 0.000001", "0.00", "0.00", money.floatToAmount(0.000001));
show("floatToAmount of 0.0000001", "0.00", "10.00", money.floatToAmount(0.0000001));
show("floatToAmount of 0.00000042", "0.00", "4.20", money.floatToAmount(0.00000042));
const left = 0.3 - 0.1 - 0.2;
show("0.3 - 0.1 - 0.2 as a float", "0 or next to it", "-2.7755575615628914e-17", left);
show("floatToAmount of it", "0.00", "-2.77", money.floatToAmount(left));
show("0.3 - 0.1 - 0.2 through toFixed(2)", "0.00 or -0.00", "-0.00", left.toFixed(2));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
