#!/usr/bin/env bash
# Apache Arrow for JavaScript gives decimals without their scale: 0.07 of the type Decimal(18, 2) is 7 as a
# number and as text, 1234.5 of Decimal(38, 18) is 1234500000000000000000, and + joins them as text.
#
# A good guess goes wrong because the column knows its scale (it prints as Decimal[18e+2]), and timestamps and
# dates of the same table are converted. The same file in Python gives 0.07.
#
# Hurt: readers of prices from Parquet, DuckDB or Snowflake through Arrow: a factor of 10^scale that differs
# from column to column. Avoid it: valueOf(scale) for small numbers, else the text and the column's type.scale.
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

/** A column of one 128-bit decimal, as the format stores it: the unscaled value, low words first. */
function column(unscaled, precision, scale) {
  const words = Uint32Array.from([0, 1, 2, 3], (i) => Number((unscaled >> BigInt(32 * i)) & 0xffffffffn));
  return makeVector(makeData({ type: new Decimal(scale, precision, 128), length: 1, nullCount: 0, data: words }));
}
const written = new Table({ cents: column(7n, 18, 2), price: column(12345n * 10n ** 17n, 38, 18) });
const read = tableFromIPC(tableToIPC(written));
const cents = read.getChild("cents");
show("the column's type", "Decimal[18e+2]", "Decimal[18e+2]", cents.type);
show("0.07 as a number", 0.07, 7, Number(cents.get(0)));
show("0.07 as text", "0.07", "7", String(cents.get(0)));
show("0.07 > 1", false, true, cents.get(0) > 1);
show("0.07 with the scale passed by hand", 0.07, 0.07, cents.get(0).valueOf(cents.type.scale));
show("1234.5 as text", "1234.5", "1234500000000000000000", String(read.getChild("price").get(0)));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
