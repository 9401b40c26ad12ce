#!/usr/bin/env bash
# money-math rounds negative amounts the wrong way and past the next cent: -20.00 / 3.00 is -6.65, -12.99 *
# 0.33 is -4.27, and half of a loss of one cent, -0.01 / 2.00, is a gain of one cent.
#
# A good guess goes wrong because amounts without a sign are right to the cent (6.67 and 4.29), the library
# knows negative amounts (isNegative, subtract), and whichever way a half is rounded, the error is thought to
# be half a cent at most. It is up to two cents, and always towards a gain.
#
# Hurt: losses, refunds, fees and negative funding booked as a share or a product: each is too small, and
# debit and credit of one payment do not cancel. Avoid it: compute with the amount without its sign and put
# the sign back.
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

show("div 20.00 by 3.00", "6.67", "6.67", money.div("20.00", "3.00"));
show("div -20.00 by 3.00", "-6.67", "-6.65", money.div("-20.00", "3.00"));
show("mul 12.99 by 0.33", "4.29", "4.29", money.mul("12.99", "0.33"));
show("mul -12.99 by 0.33", "-4.29", "-4.27", money.mul("-12.99", "0.33"));
show("div -0.01 by 2.00", "-0.01 or 0.00", "0.01", money.div("-0.01", "2.00"));

// Products of whole cents and hundredths are exact in whole numbers, so the error is known to a hundredth of a cent.
const amount = (cents) => `-${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
let wrong = 0;
let worst = 0;
for (let cents = 1; cents <= 1000; cents++) {
  const error = 100 * Number(money.mul(amount(cents), "0.33").replace(".", "")) + cents * 33;
  if (Math.abs(error) > 50) wrong++;
  worst = Math.max(worst, error);
}
show("of -0.01 to -10.00 times 0.33, off by more than half a cent", 0, 500, wrong);
show("the largest error, in cents", "0.5", "1.99", (worst / 100).toFixed(2));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
