#!/usr/bin/env bash
# Apache Arrow for JavaScript prints Decimal256 values with digits missing: 10^18 and
# 123456789012345678901234567890 come out as 0, 2^200 as its last 22 digits, without an error. Decimal128 prints
# right.
#
# A good guess goes wrong because both widths share one class and one method, small values (7) are right, and
# Decimal256 is what amounts of more than 38 digits need.
#
# Hurt: balances and liquidity of exports in Arrow or Parquet, read in a page or in Node. Avoid it: put the
# 32-bit words of the value together yourself, as below.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(apache-arrow@21.2.0)
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

const { Decimal, makeData, makeVector, Table, tableFromIPC, tableToIPC } = require("apache-arrow");

/** What a table with one decimal of the width gives back for the value, low words first. */
function readBack(value, bits) {
  const words = Uint32Array.from({ length: bits / 32 }, (_, i) => Number((value >> BigInt(32 * i)) & 0xffffffffn));
  const type = new Decimal(0, bits === 128 ? 38 : 76, bits);
  const vector = makeVector(makeData({ type, length: 1, nullCount: 0, data: words }));
  return tableFromIPC(tableToIPC(new Table({ value: vector }))).getChild("value").get(0);
}
const together = (words) => Array.from(words).reduceRight((sum, word) => sum * 2n ** 32n + BigInt(word), 0n);

show("7 in 256 bits", "7", "7", readBack(7n, 256));
for (const value of [10n ** 18n, 123456789012345678901234567890n, 2n ** 200n]) {
  if (value < 2n ** 127n) show(`${value} in 128 bits`, value, value, readBack(value, 128));
  show(`${value} in 256 bits: the text is the number`, true, false, String(readBack(value, 256)) === String(value));
  console.log(`    the text:     ${readBack(value, 256)}`);
  show(`${value} in 256 bits, words put together`, value, value, together(readBack(value, 256)));
}

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
