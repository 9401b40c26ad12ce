#!/usr/bin/env bash
# seedrandom's Alea generator seeded with 1, 2, 3 … starts on a ladder: the first draws of the seeds 1 to 6 lie
# 0.068 apart each, so they are not random against each other. The library's main generator has no such pattern.
#
# A good guess goes wrong because Alea is advertised as the generator that takes any seed and mixes it;
# numbering the paths of a simulation and seeding each with its number is the usual way to make a run
# repeatable.
#
# Hurt: simulations whose paths draw their start, their regime or their first shock from a seed that counts: the
# spread of results is far too small. Avoid it: throw the first draws away, or seed one generator for all paths.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(seedrandom@3.0.5)
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

const seedrandom = require("seedrandom");

const steps = (generator) => {
  const first = [1, 2, 3, 4, 5, 6].map((seed) => generator(seed)());
  console.log(`    first draws:  ${first.map((value) => value.toFixed(4)).join(" ")}`);
  return first.slice(1).map((value, i) => Math.round(1000 * ((((first[i] - value) % 1) + 1) % 1)));
};
const different = (values) => new Set(values).size;
show("steps between the first draws of seeds 1 to 6, to a thousandth: different ones, main generator", 5, 5, different(steps(seedrandom)));
show("the same, Alea", 5, 1, different(steps(seedrandom.alea)));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
