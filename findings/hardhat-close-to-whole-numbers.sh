#!/usr/bin/env bash
# Hardhat 3's matchers for chains replace chai's closeTo for plain numbers as well: once any file of a run has
# made a network, a fraction beside a fraction throws "is not an integer" instead of being compared.
#
# A good guess goes wrong because the matchers are said to add bigint, and because greaterThan, within and the
# rest go on taking fractions: one believes that what chai could compare before it can still compare.
#
# Hurt: a test of statistics or of a chart passes alone and fails in the whole run, by the order of files and
# with no network in its own file. Avoid it: compare the absolute difference with at.most.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 22.10 or later" >&2; exit 2; }
done
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 10) ? 0 : 1)' || {
  echo "Node is too old: Hardhat 3 needs 22.10 or later" >&2
  exit 2
}

packages=(
  hardhat@3.18.0
  @nomicfoundation/hardhat-ethers@4.2.0
  @nomicfoundation/hardhat-ethers-chai-matchers@3.0.11
  chai@6.3.0
  ethers@6.17.0
)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
echo '{ "private": true, "type": "module" }' >package.json
if ! npm install --prefer-offline --ignore-scripts --no-audit --no-fund "${packages[@]}" >install.log 2>&1; then
  tail -n 3 install.log >&2
  echo "npm could not install ${packages[*]}" >&2
  exit 2
fi
echo "${packages[*]}, Node $(node --version)"

cat >find.mjs <<'END'
import ethersPlugin from "@nomicfoundation/hardhat-ethers";
import matchersPlugin from "@nomicfoundation/hardhat-ethers-chai-matchers";
import { expect } from "chai";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";

let asStated = true;
function show(what, guess, stated, seen) {
  console.log(`${what}\n    a good guess: ${guess}\n    seen:         ${seen}`);
  if (seen !== stated) {
    asStated = false;
    console.log(`    stated here:  ${stated}`);
  }
}
function attempt(work) {
  try {
    work();
    return "passes";
  } catch (error) {
    return `throws ${error.constructor.name}: ${String(error.message).split("\n")[0]}`;
  }
}

const near = () => expect(0.98).to.be.closeTo(1, 0.05);
show("0.98 close to 1 by 0.05, before", "passes", "passes", attempt(near));

const hre = await createHardhatRuntimeEnvironment({ plugins: [ethersPlugin, matchersPlugin] });
show("after the plugin is loaded", "passes", "passes", attempt(near));
const connection = await hre.network.create();
show("after a network was made", "passes", "throws InvalidParameterError: 0.98 is not an integer", attempt(near));
show(
  "approximately, the same by another name",
  "passes",
  "throws InvalidParameterError: 0.98 is not an integer",
  attempt(() => expect(0.98).to.be.approximately(1, 0.05)),
);
show("0.98 greater than 0.95", "passes", "passes", attempt(() => expect(0.98).to.be.greaterThan(0.95)));
show("0.98 within 0.95 and 1", "passes", "passes", attempt(() => expect(0.98).to.be.within(0.95, 1)));
await connection.close();

console.log(asStated ? "seen as stated" : "this has changed");
process.exit(asStated ? 0 : 1);
END
node find.mjs || exit 1
