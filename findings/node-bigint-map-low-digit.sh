#!/usr/bin/env bash
# A Map or Set of Node whose keys are bigints looks at the lowest 64 bits of a key alone: keys that agree in these
# and differ above stand in one list, and putting n of them in takes n² steps. The same numbers as strings, or
# shifted down, take n.
#
# A good guess goes wrong because a Map is specified to be faster than linear on average and a bigint is a plain
# value, so it seems to be hashed whole, as a string is. Nothing fails: with a thousand keys nobody notices.
#
# Hurt: identifiers of 256 bits as chains have them: an address in the upper 160 bits above an index of zero, ids
# of NFTs by contract, positions of a concentrated pool, amounts in multiples of 2^64. Ten thousand take seconds,
# a hundred thousand minutes. Avoid it: key by the hexadecimal string, or fold the upper bits into the lowest
# (id ^ id >> 96n can be undone).
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(node@24.21.0)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
echo '{ "private": true, "allowScripts": { "node": true } }' >package.json
if ! npm install --prefer-offline --no-audit --no-fund "${packages[@]}" >install.log 2>&1 || [ ! -x node_modules/node/bin/node ]; then
  tail -n 3 install.log >&2
  echo "npm could not install ${packages[*]}" >&2
  exit 2
fi
engine=node_modules/node/bin/node
echo "${packages[*]}, V8 $("$engine" -p process.versions.v8)"

cat >find.cjs <<'END'
let asStated = true;
function show(what, guess, stated, seen) {
  console.log(`${what}\n    a good guess: ${guess}\n    seen:         ${seen}`);
  if (String(seen) !== String(stated)) {
    asStated = false;
    console.log(`    stated here:  ${stated}`);
  }
}

// processor time, so that a busy machine changes nothing
const COUNT = 8000;
function milliseconds(keyOf, collection) {
  const keys = Array.from({ length: COUNT }, (_, i) => keyOf(BigInt(i + 1)));
  const started = process.cpuUsage();
  for (const key of keys) collection instanceof Map ? collection.set(key, 1) : collection.add(key);
  return process.cpuUsage(started).user / 1000;
}
const high = (i) => i << 64n;
const times = {
  low: milliseconds((i) => i, new Map()),
  text: milliseconds((i) => high(i).toString(16), new Map()),
  map: milliseconds(high, new Map()),
  set: milliseconds(high, new Set()),
};
console.log(`    milliseconds: ${Object.entries(times).map(([name, value]) => `${name} ${value.toFixed(1)}`).join(", ")}`);
const against = (time) => (time > 10 * Math.max(times.low, 1) ? "more than ten times as long" : "about as long");
const LONG = "more than ten times as long";
show("8,000 keys 1 << 64, 2 << 64, … in a Map, against 1, 2, …", "about as long", LONG, against(times.map));
show("the same in a Set", "about as long", LONG, against(times.set));
show("the same as hexadecimal strings in a Map", "about as long", "about as long", against(times.text));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
"$engine" find.cjs || exit 1
