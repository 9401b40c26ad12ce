#!/usr/bin/env bash
# ta-math's exponential moving average starts at the mean of the first N prices, and gives it at the very first
# price: the value of the first bar depends on the bars after it.
#
# A good guess goes wrong because averages are seeded in two ways, with the first price, or with the mean of the
# first N given at the Nth bar; either looks back only. Here the whole warm-up knows the future.
#
# Hurt: backtests: a rule "buy when the price is below its average" buys the first bar before a jump that the
# average already holds. MACD and ATR of the library build on it. Avoid it: drop the first N values, or use
# another library.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(ta-math@1.0.49)
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

const exported = require("ta-math");
const indicators = exported.TA ?? exported.default ?? exported;

const calm = indicators.ema([10, 11, 12, 13], 3)[0];
const jump = indicators.ema([10, 11, 1000, 13], 3)[0];
show("average at the first bar of 10, 11, 12, 13", "10, or nothing yet", "11.00", calm.toFixed(2));
show("average at the first bar of 10, 11, 1000, 13", "10, or nothing yet", "340.33", jump.toFixed(2));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
