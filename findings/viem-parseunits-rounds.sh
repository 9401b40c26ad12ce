#!/usr/bin/env bash
# viem's parseUnits rounds digits that the token does not have, half away from zero: 0.9999995 of a token with
# six decimals becomes a whole token. ethers refuses the same text.
#
# A good guess goes wrong both ways: one expects a refusal, as in ethers, or, from a conversion into whole
# units, digits cut off. The result can be more than the user typed and more than the user has, and negative
# amounts grow as well.
#
# Hurt: forms that offer the whole balance and a service that checks with ethers what a page made with viem.
# Avoid it: refuse text with more digits than decimals before parseUnits sees it.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(viem@2.57.20 ethers@6.17.0)
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

const viem = require("viem");
const ethers = require("ethers");

show('viem, parseUnits("0.9999995", 6)', "an error, or 999999", "1000000", attempt(() => viem.parseUnits("0.9999995", 6)));
show('viem, parseUnits("-0.0000005", 6)', "an error, or 0", "-1", attempt(() => viem.parseUnits("-0.0000005", 6)));
show('viem, parseUnits("2.5", 0)', "an error, or 2", "3", attempt(() => viem.parseUnits("2.5", 0)));
const refused = attempt(() => ethers.parseUnits("0.9999995", 6));
show('ethers, parseUnits("0.9999995", 6)', "an error", "throws too many decimals for format", refused);

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
