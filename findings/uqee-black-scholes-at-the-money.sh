#!/usr/bin/env bash
# The npm package @uqee/black-scholes says that an option struck exactly at the price has a volatility of zero
# when the rate is zero, and that an option of more than 200 % has one of zero too. Struck one hundredth away it
# is right.
#
# A good guess goes wrong because its own price goes in: sigma(option(0.5)) should be 0.5 everywhere, and most
# of all at the money, where vega is largest. Zero is what the library returns for "not found", and at the money
# its intrinsic value is a zero divided by zero.
#
# Hurt: crypto options, which are valued on a forward (rate zero), struck at the money when listed. Avoid it:
# treat 0 as a failure, shift the strike by a millionth, and raise priceToSigmaBRight.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(@uqee/black-scholes@1.0.7)
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

const { BlackScholes } = require("@uqee/black-scholes");

const model = new BlackScholes();
const there = { rate: 0, time: 30 / 365, type: "call", strike: 100 };
const andBack = (underlying, sigma) => {
  const option = { ...there, underlying };
  return Math.abs(model.sigma({ ...option, price: model.option({ ...option, sigma }).price })).toFixed(2);
};
show("price of a call at volatility 0.5, at the money, and back", "0.50", "0.00", andBack(100, 0.5));
show("the same with the underlying at 100.01", "0.50", "0.50", andBack(100.01, 0.5));
show("volatility 2.5, underlying at 100.01", "2.50", "0.00", andBack(100.01, 2.5));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
