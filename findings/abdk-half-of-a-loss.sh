#!/usr/bin/env bash
# ABDKMath64x64 halves a negative number in two ways: mul by one half rounds down, div by two rounds towards
# zero. Of the smallest loss, -2^-64, mul makes -2^-64 and div makes 0.
#
# A good guess goes wrong because a library of one format is expected to round one way, and for positive numbers
# both do. toInt rounds down as well: -1.5 becomes -2, where Solidity's own division gives -1.
#
# Hurt: profit and loss split by a share in one place and by a count in another: the parts do not add up, and
# the sign of the difference depends on the sign of the number. Avoid it: one of the two everywhere, and tests
# of negative numbers.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(abdk-libraries-solidity@3.2.0 solc@0.8.37 @ethereumjs/evm@10.1.3 ethers@6.17.0)
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

const { createEVM } = require("@ethereumjs/evm");
const { Interface } = require("ethers");
const { readFileSync } = require("node:fs");
const solc = require("solc");

/** Compiles the contract Find, deploys it in an EVM of this process and returns a function that calls it. */
async function deploy(source) {
  const settings = { outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } };
  const input = { language: "Solidity", sources: { "Find.sol": { content: source } }, settings };
  const read = (path) => ({ contents: readFileSync(`node_modules/${path}`, "utf8") });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
  const error = (output.errors ?? []).find(({ severity }) => severity === "error");
  if (error) throw new Error(error.formattedMessage);
  const { abi, evm: compiled } = output.contracts["Find.sol"].Find;
  const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
  const evm = await createEVM();
  const { createdAddress } = await evm.runCall({ data: bytes(compiled.bytecode.object), gasLimit: 30_000_000n });
  const face = new Interface(abi);
  return async (name, ...values) => {
    const data = bytes(face.encodeFunctionData(name, values).slice(2));
    const { execResult } = await evm.runCall({ to: createdAddress, data, gasLimit: 30_000_000n });
    const answer = `0x${Buffer.from(execResult.returnValue).toString("hex")}`;
    if (execResult.exceptionError) return `reverts with ${face.parseError(answer)?.signature ?? answer.slice(0, 10)}`;
    return face.decodeFunctionResult(name, answer).join(", ");
  };
}

async function main() {
  const call = await deploy(`
  pragma solidity ^0.8.0;

  import {ABDKMath64x64} from "abdk-libraries-solidity/ABDKMath64x64.sol";

  contract Find {
      function half(int128 x) external pure returns (int128, int128) {
          return (ABDKMath64x64.mul(x, 1 << 63), ABDKMath64x64.div(x, 2 << 64));
      }

      function whole(int128 x) external pure returns (int64) {
          return ABDKMath64x64.toInt(x);
      }
  }`);
  console.log("in units of 2^-64: mul by one half, div by two");
  show("half of 3", "1, 1", "1, 1", await call("half", 3));
  show("half of -1", "equal, as for 3", "-1, 0", await call("half", -1));
  show("half of -3", "equal, as for 3", "-2, -1", await call("half", -3));
  show("toInt of -1.5", -1, -2, await call("whole", -(3n << 63n)));
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
