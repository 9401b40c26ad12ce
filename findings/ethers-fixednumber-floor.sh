#!/usr/bin/env bash
# ethers 6: FixedNumber.floor, ceiling and round do not do what they are called as soon as a number has a
# fraction and a sign, and ceiling not even without one: ceiling(1.2) is 1, floor(-1.5) is -1, round(-1.6) is
# -1.
#
# A good guess goes wrong because the class is the fixed-point type of the best known client, the three methods
# are documented by the usual mathematical names, and integers, which is what small tests use, come out right.
#
# Hurt: whoever rounds a margin, a fee or a number of lots up with ceiling (the result is short by up to a whole
# unit) or rounds losses, which are negative. Avoid it: keep the value as a bigint in the smallest unit and
# write the division with its direction yourself.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(ethers@6.17.0)
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

const { FixedNumber } = require("ethers");

const of = (text) => FixedNumber.fromString(text);
show("ceiling(1.2)", "2.0", "1.0", of("1.2").ceiling());
show("ceiling(2)", "2.0", "2.0", of("2").ceiling());
show("floor(-1.5)", "-2.0", "-1.0", of("-1.5").floor());
show("round(-1.6)", "-2.0", "-1.0", of("-1.6").round());
show("round(1.6)", "2.0", "2.0", of("1.6").round());

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
