#!/usr/bin/env bash
# csv-parse with cast: true turns every hexadecimal value, 0x and digits, into the number 0: addresses, hashes
# of transactions, amounts in hexadecimal.
#
# A good guess goes wrong because one expects such a value to stay text or to become its number: the test for
# "is a number" accepts hexadecimal, and the conversion after it reads only the digit before the x. All other
# columns are right, so a file of trades looks fine until it is grouped by address.
#
# Hurt: whoever reads trades, transfers or price updates of a chain with prices cast to numbers. Avoid it: cast
# with a function that names the numeric columns.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(csv-parse@7.0.3)
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

const { parse } = require("csv-parse/sync");

const address = (end) => `0x${end.padStart(40, "0")}`;
const text = `trader,price,amount\n${address("ab")},1234.5,0x10\n${address("cd")},1.5e3,007\n`;
const rows = parse(text, { columns: true, cast: true });
const is = (value) => `${typeof value} ${value}`;
show("price 1234.5", "number 1234.5", "number 1234.5", is(rows[0].price));
show("trader 0x…ab", "string 0x…ab", "number 0", is(rows[0].trader));
show("amount 0x10", "string 0x10, or number 16", "number 0", is(rows[0].amount));
show("number of different traders", 2, 1, new Set(rows.map(({ trader }) => trader)).size);

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
