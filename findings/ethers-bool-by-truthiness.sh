#!/usr/bin/env bash
# ethers 6 encodes a bool by JavaScript's truthiness, in the ABI and in EIP-712 alike: the string "false" is
# true, and a bool that was forgotten is false.
#
# A good guess goes wrong because every other type is checked: a forgotten uint256, bytes or address throws. So
# one believes that a message that could be signed was complete.
#
# Hurt: orders with a flag such as reduceOnly or postOnly whose value comes from JSON, a form or a query string
# ("false" is signed as true), and orders of an older version that lack the flag (signed as false without a
# word). Avoid it: check the type of every flag before signing.
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

const { AbiCoder, TypedDataEncoder } = require("ethers");

const last = (type, value) => attempt(() => AbiCoder.defaultAbiCoder().encode([type], [value]).at(-1));
show('ABI, bool "false"', "0, or an error", "1", last("bool", "false"));
show("ABI, bool undefined", "an error", "0", last("bool", undefined));
show("ABI, uint256 undefined", "an error", "throws invalid BigNumberish value", last("uint256", undefined));

const types = { Order: [{ name: "size", type: "int256" }, { name: "reduceOnly", type: "bool" }] };
const hash = (order) => TypedDataEncoder.hash({ name: "Exchange", chainId: 1 }, types, order);
const whole = { size: 5n, reduceOnly: false };
show("EIP-712, the flag is missing", "an error", hash(whole), attempt(() => hash({ size: 5n })));
const missing = attempt(() => hash({ reduceOnly: true })).slice(0, 6);
show("EIP-712, the size is missing", "an error", "throws", missing);
const text = attempt(() => hash({ ...whole, reduceOnly: "false" }));
show('EIP-712, the flag is "false"', "an error", hash({ ...whole, reduceOnly: true }), text);

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
