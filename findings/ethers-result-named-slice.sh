#!/usr/bin/env bash
# ethers 6: a return value named slice, map, at or length cannot be read by its name. The result gives the
# method of the array (or the number of results) instead, without a word, while the value beside it named total
# is readable.
#
# A good guess goes wrong because results are documented as readable by name, and getValue("slice") and
# toObject() do know the name.
#
# Hurt: contracts of volatility slices, of maps of markets and of lengths of queues; JSON of the result has a
# function where a number should be. Avoid it: getValue(name), positions, or other names in the contract.
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

const { AbiCoder, Interface } = require("ethers");

const face = new Interface(["function market() view returns (uint256 slice, uint256 map, uint256 length, uint256 total)"]);
const data = AbiCoder.defaultAbiCoder().encode(["uint256", "uint256", "uint256", "uint256"], [11, 22, 33, 44]);
const result = face.decodeFunctionResult("market", data);
show("result.total", "bigint 44", "bigint 44", `${typeof result.total} ${result.total}`);
show("result.slice", "bigint 11", "function", typeof result.slice);
show("result.map", "bigint 22", "function", typeof result.map);
show("result.length", "bigint 33", "number 4", `${typeof result.length} ${result.length}`);
show('result.getValue("slice")', "bigint 11", "bigint 11", `${typeof result.getValue("slice")} ${result.getValue("slice")}`);

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
