#!/usr/bin/env bash
# simple-statistics' probit, the inverse of the normal distribution, is short by 0.2 to 0.4 % in the tails, and
# at probability zero it turns back: -3.7 deviations, less than for one in ten thousand millions.
#
# A good guess goes wrong because an inverse is expected to give the textbook's -2.326 at one percent and to
# fall as the probability falls; at zero one expects minus infinity.
#
# Hurt: value at risk by quantile (short by a quarter of a percent) and drawing normal numbers from uniform
# ones: a draw of exactly zero, or of a zero after rounding, is an ordinary day. Avoid it: jStat.normal.inv
# within (0, 1), and refuse 0 and 1.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(simple-statistics@7.12.1)
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

const { probit } = require("simple-statistics");

show("probit(0.01)", "-2.3263", "-2.3214", probit(0.01).toFixed(4));
show("probit(0.000001)", "-4.7534", "-4.7405", probit(1e-6).toFixed(4));
show("probit(0.0000000001)", "-6.3613", "-6.3558", probit(1e-10).toFixed(4));
show("probit(0)", "-Infinity", "-3.7061", probit(0).toFixed(4));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
