#!/usr/bin/env bash
# The npm package implied-volatility stops at the first volatility whose price lies in the same cent as the
# quote, but only when the quote itself is a whole number of cents. Of three neighbouring quotes the one in the
# middle, 0.0800, is given 110.0 % where its neighbours get 102.9 % and 103.8 %.
#
# A good guess goes wrong because a bisection of a hundred steps is expected to be exact for every quote, and is
# for most. Prices in coin, as on options exchanges that quote in the underlying, are small and often whole
# hundredths.
#
# Hurt: volatility surfaces made from such quotes: bumps of several points, and butterflies that look like
# arbitrage. Avoid it: scale the quote, the spot and the strike by a million, where a cent no longer matters, or
# solve for the volatility yourself.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(implied-volatility@1.0.0)
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

const { getImpliedVolatility } = require("implied-volatility");

const percent = (quote) => (100 * getImpliedVolatility(quote, 1, 1.1, 30 / 365, 0, "call")).toFixed(1);
show("call of 30 days struck at 1.1, quoted at 0.0795 coins", "102.9", "102.9", percent(0.0795));
show("the same at 0.0800", "103.4", "110.0", percent(0.08));
show("the same at 0.0805", "103.8", "103.8", percent(0.0805));
show("the same at 0.0300", "57.3", "60.0", percent(0.03));
show("the same at 0.0305", "57.8", "57.8", percent(0.0305));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
