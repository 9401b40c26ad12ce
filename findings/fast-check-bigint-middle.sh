#!/usr/bin/env bash
# fast-check's bigInt({ max: 2n ** 256n - 1n }) draws nearly no value of 9 to 240 bits: of 20,000 draws all but
# a few have at most 8 bits or at least 241.
#
# A good guess goes wrong because the library is known to lean towards small values, so one expects amounts of
# money, 10^18 to 10^26, among the draws. It leans towards the few values at either end and is uniform between,
# and uniform over 256 bits means huge.
#
# Hurt: property tests of token amounts, prices and shares: overflow and zero are tested, what users have never
# is. Avoid it: draw the number of bits first, then a value of so many bits.
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

const { bigInt, integer, sample } = require("fast-check");

const middling = (draws) => draws.filter((value) => value >= 2n ** 8n && value < 2n ** 240n).length;
const whole = bigInt({ min: 0n, max: 2n ** 256n - 1n });
const byLength = integer({ min: 1, max: 256 }).chain((bits) => bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }));
const plain = middling(sample(whole, { numRuns: 20_000, seed: 1 }));
const mixed = middling(sample(byLength, { numRuns: 20_000, seed: 1 }));
console.log(`draws of 9 to 240 bits among 20,000: ${plain} as it is, ${mixed} with the length drawn first`);
show("at least one draw in a hundred has 9 to 240 bits", true, false, plain >= 200);
show("with the length drawn first, half of them have", true, true, mixed >= 10_000);

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
