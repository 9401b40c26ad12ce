#!/usr/bin/env bash
# json-bigint turns a number into a BigNumber when its text has more than 15 characters, also when it is a
# fraction. So a column of prices is numbers in one row and objects in the next, and + joins them as text; with
# useNativeBigInt one such price makes the whole document unreadable.
#
# A good guess goes wrong because the library is chosen for large integers, and one expects fractions, which no
# BigInt can hold, to be left alone or at least to be of one type.
#
# Hurt: readers of order books and candles: 1.5 + 1.0000000000000002 is text. Avoid it: ask for prices as
# strings, or use a reader with a hook for each field.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(json-bigint@1.0.0)
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

const JSONBig = require("json-bigint");

const text = '{ "prices": [1.5, 1234.123456789012] }';
const [first, second] = JSONBig.parse(text).prices;
show("type of 1.5", "number", "number", typeof first);
show("type of 1234.123456789012", "number", "object", typeof second);
show("their sum", "1235.623456789012", "1.51234.123456789012", first + second);
const native = JSONBig({ useNativeBigInt: true });
const refused = "throws Cannot convert 1234.123456789012 to a BigInt";
show("useNativeBigInt, the same document", "two numbers", refused, attempt(() => native.parse(text).prices));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
