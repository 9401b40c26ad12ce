#!/usr/bin/env bash
# fflate's gunzipSync, gunzip and decompressSync return the first member of a gzip file and drop the rest
# without an error; its streaming Gunzip, Node's zlib and pako return all members.
#
# A good guess goes wrong because a gzip file may have any number of members (appended logs, files put together
# with cat, blocked compression), and two interfaces of one library are expected to read the same file alike.
#
# Hurt: price archives appended to day by day: the first day is read, and the result is a valid shorter file.
# Avoid it: the class Gunzip, or another library.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(fflate@0.8.3 pako@3.0.3)
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

const { decompressSync, Gunzip, gunzipSync } = require("fflate");
const { ungzip } = require("pako");
const { gunzipSync: nodeGunzipSync, gzipSync } = require("node:zlib");

const days = ["monday,1\n", "tuesday,2\n", "wednesday,3\n"];
const file = new Uint8Array(Buffer.concat(days.map((day) => gzipSync(day))));
const lines = (bytes) => Buffer.from(bytes).toString().trim().split("\n").length;
show("lines by Node's zlib", 3, 3, lines(nodeGunzipSync(file)));
show("lines by pako", 3, 3, lines(ungzip(file)));
show("lines by fflate's gunzipSync", 3, 1, lines(gunzipSync(file)));
show("lines by fflate's decompressSync", 3, 1, lines(decompressSync(file)));
const parts = [];
new Gunzip((part) => parts.push(Buffer.from(part))).push(file, true);
show("lines by fflate's Gunzip", 3, 3, lines(Buffer.concat(parts)));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
