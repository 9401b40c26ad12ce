#!/usr/bin/env bash
# decimal.js rounds a whole-number quotient to 20 digits: divToInt of 10^30 by 7 ends in ten zeros, and
# toHexadecimal of 28 digits is another number. floor, abs, negated, and bignumber.js's idiv keep every digit.
#
# A good guess goes wrong because the documented precision of 20 is thought to be about fractions: the integer
# part of an integer division has none, and a conversion to another base is not arithmetic. A balance in wei has
# 20 digits from 100 tokens on.
#
# Hurt: whoever counts lots or shares of amounts in wei, or turns a Decimal into calldata with toHexadecimal.
# Avoid it: Decimal.set({ precision: 80 }), or bigint for amounts.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(decimal.js@10.6.0 bignumber.js@11.1.5)
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

const { Decimal } = require("decimal.js");
const { BigNumber } = require("bignumber.js");

const amount = "1000000000000000000000000000007";
const lots = (BigInt(amount) / 7n).toString();
show(`${amount} / 7, whole, decimal.js`, lots, "142857142857142857140000000000", new Decimal(amount).divToInt(7).toFixed());
show(`${amount} / 7, whole, bignumber.js`, lots, lots, new BigNumber(amount).idiv(7).toFixed());
const long = "1234567890123456789012345";
show("floor of 25 digits and a half, decimal.js", long, long, new Decimal(`${long}.5`).floor().toFixed());
const wei = "1234567890123456789012345678";
show(`${wei} in hexadecimal, decimal.js`, `0x${BigInt(wei).toString(16)}`, "0x3fd35eb6d797a91be38f000", new Decimal(wei).toHexadecimal());

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
