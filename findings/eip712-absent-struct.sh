#!/usr/bin/env bash
# MetaMask's eth-sig-util (V4) signs a message whose nested struct is absent or null: it puts 32 zero bytes
# where the hash of the struct belongs. ethers and viem throw.
#
# A good guess goes wrong because an absent number, bytes or array in the same message is refused, and because
# zero bytes look like the hash of a struct of zeros. They are not: no Solidity code that hashes a struct
# arrives at them, so the wallet returns a signature that no contract can accept.
#
# Hurt: orders with an optional part (a trigger, a permit, a referral). Avoid it: fill the struct in before
# signing, and check the signature with a second library.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(@metamask/eth-sig-util@8.2.0 ethers@6.17.0)
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

const { TypedDataEncoder } = require("ethers");
const { TypedDataUtils } = require("@metamask/eth-sig-util");

const types = {
  Order: [{ name: "trigger", type: "Trigger" }, { name: "size", type: "uint256" }],
  Trigger: [{ name: "price", type: "uint256" }],
};
const hash = (message) => Buffer.from(TypedDataUtils.hashStruct("Order", message, types, "V4")).toString("hex");
const absent = attempt(() => hash({ size: 5 }));
const zero = attempt(() => hash({ trigger: { price: 0 }, size: 5 }));
show("MetaMask, trigger absent", "an error", "a hash", /^[0-9a-f]{64}$/.test(absent) ? "a hash" : absent);
show("MetaMask, trigger null: the same hash", "an error", true, attempt(() => hash({ trigger: null, size: 5 }) === absent));
show("that hash is the one of a trigger of zeros", true, false, absent === zero);
show("MetaMask, size absent", "an error", "throws", attempt(() => hash({ trigger: { price: 0 } })).slice(0, 6));
const ethers = attempt(() => TypedDataEncoder.from(types).hash({ size: 5 })).slice(0, 6);
show("ethers, trigger absent", "an error", "throws", ethers);
const byEthers = attempt(() => TypedDataEncoder.from(types).hash({ trigger: { price: 0 }, size: 5 }).slice(2));
show("ethers, trigger of zeros", zero, zero, byEthers);

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
