#!/usr/bin/env bash
# fast-check's array(…, { maxLength: 200 }) never draws more than ten elements, nor does string; only size:
# "max" makes maxLength the length that is reached.
#
# A good guess goes wrong because maxLength reads as the bound of what is drawn. It is a bound on what may be
# drawn; how long arrays get is decided by a size that is small unless it is set, whatever maxLength says.
#
# Hurt: property tests of books, baskets and histories of up to 200 entries: pages, caps, sorting and gas of
# long lists are never reached, and the test says 200. Avoid it: size: "max" beside maxLength, and a check of
# what was drawn.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(fast-check@4.11.0)
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

const { array, integer, sample, string } = require("fast-check");

const longest = (arbitrary) => Math.max(...sample(arbitrary, { numRuns: 5_000, seed: 1 }).map(({ length }) => length));
show("longest of 5,000 arrays, maxLength 200", 200, 10, longest(array(integer(), { maxLength: 200 })));
show("longest of 5,000 strings, maxLength 66", 66, 10, longest(string({ maxLength: 66 })));
show("longest of 5,000 arrays, maxLength 200, size max", 200, 200, longest(array(integer(), { maxLength: 200, size: "max" })));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
