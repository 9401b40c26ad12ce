#!/usr/bin/env bash
# eth-abi's encode_packed packs the elements of an array as it packs single values: [1, 2] of uint8[] is 2
# bytes. Solidity's abi.encodePacked, and ethers after it, give each element 32 bytes, 64 in all. A struct,
# which Solidity refuses, is packed as well.
#
# A good guess goes wrong because the function is named after Solidity's, single values of every type agree
# with it, and arrays of uint256, which tests like to use, do so too.
#
# Hurt: hashes of lists of addresses, sides or small numbers computed in Python for a contract to compare: the
# signature or leaf is never accepted, and an entry kept under the hash is never found. Avoid it: call such a
# list uint256[], or encode without packing.
set -u

for tool in node npm python3; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later and Python 3.10 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python is too old: 3.10 or later is needed" >&2; exit 2; }
python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing" >&2; exit 2; }

packages=(eth-abi==6.0.0)
reference=ethers@6.17.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
if ! { python3 -m venv env && env/bin/pip install --disable-pip-version-check "${packages[@]}"; } >install.log 2>&1; then
  tail -n 3 install.log >&2
  echo "pip could not install ${packages[*]}" >&2
  exit 2
fi
echo '{ "private": true }' >package.json
if ! npm install --prefer-offline --ignore-scripts --no-audit --no-fund "$reference" >install.log 2>&1; then
  tail -n 3 install.log >&2
  echo "npm could not install $reference" >&2
  exit 2
fi
echo "${packages[*]}, $reference, $(python3 --version), Node $(node --version)"

cat >reference.cjs <<'END'
const { solidityPacked } = require("ethers");
const [types, values] = JSON.parse(process.argv[2]);
try {
  process.stdout.write(solidityPacked(types, values).slice(2));
} catch {
  process.stdout.write("refused");
}
END

cat >find.py <<'END'
import json
import subprocess
import sys

from eth_abi.packed import encode_packed

as_stated = True


def show(what, guess, stated, seen):
    global as_stated
    print(f"{what}\n    a good guess: {guess}\n    seen:         {seen}")
    if str(seen) != str(stated):
        as_stated = False
        print(f"    stated here:  {stated}")


def by_ethers(type, value):
    command = ["node", "reference.cjs", json.dumps([[type], [value]])]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def by_eth_abi(type, value):
    return encode_packed([type], [value]).hex()


word = 64 * "0"
padded = word[:-1] + "1" + word[:-1] + "2"
show("uint8[] of 1 and 2, ethers", padded, padded, by_ethers("uint8[]", [1, 2]))
show("the same, eth-abi", padded, "0102", by_eth_abi("uint8[]", [1, 2]))
show("uint256[] of 1 and 2, eth-abi", padded, padded, by_eth_abi("uint256[]", [1, 2]))
owner = "0x" + 20 * "11"
show("address[] of one address, ethers", word[:24] + owner[2:], word[:24] + owner[2:], by_ethers("address[]", [owner]))
show("the same, eth-abi", word[:24] + owner[2:], owner[2:], by_eth_abi("address[]", [owner]))
show("the struct (uint8, uint8) of 1 and 2, ethers", "refused", "refused", by_ethers("(uint8,uint8)", [1, 2]))
show("the same, eth-abi", "refused", "0102", by_eth_abi("(uint8,uint8)", [1, 2]))

print("seen as stated" if as_stated else "this has changed")
sys.exit(0 if as_stated else 1)
END
env/bin/python find.py || exit 1
