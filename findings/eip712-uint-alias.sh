#!/usr/bin/env bash
# EIP-712: a field of the type "uint" has two hashes in two libraries. ethers quietly hashes it as uint256,
# MetaMask's eth-sig-util as "uint".
#
# A good guess goes wrong because Solidity and every ABI codec take uint for uint256, so one expects the same of
# typed data. EIP-712 knows no aliases. A signature made through a wallet then fails in a contract although the
# same types, hashed by ethers in the tests, pass.
#
# Hurt: whoever copies field types from Solidity into the types of a message. Avoid it: write uint256 and
# int256.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(ethers@6.17.0 @metamask/eth-sig-util@8.2.0)
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

const domain = { name: "Exchange", chainId: 1 };
const message = { size: 5 };
const EIP712Domain = [{ name: "name", type: "string" }, { name: "chainId", type: "uint256" }];
const order = (type) => ({ Order: [{ name: "size", type }] });
const libraries = {
  ethers: (type) => TypedDataEncoder.hash(domain, order(type), message),
  metamask: (type) => {
    const data = { domain, types: { EIP712Domain, ...order(type) }, primaryType: "Order", message };
    return `0x${Buffer.from(TypedDataUtils.eip712Hash(data, "V4")).toString("hex")}`;
  },
};
const right = libraries.ethers("uint256");
for (const [name, hash] of Object.entries(libraries)) show(`uint256, ${name}`, right, right, attempt(() => hash("uint256")));
show("uint, ethers: as uint256", "one answer from both", true, attempt(() => libraries.ethers("uint") === right));
show("uint, MetaMask: as uint256", "one answer from both", false, attempt(() => libraries.metamask("uint") === right));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
