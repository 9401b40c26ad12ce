#!/usr/bin/env bash
# The average of two signed numbers is -2 in OpenZeppelin and -3 in Solady for -3 and -2; PRB-Math sides with
# OpenZeppelin. Of unsigned numbers all three agree.
#
# A good guess goes wrong because the functions have one name, one formula in their family (no overflow) and
# agree on every positive pair. OpenZeppelin rounds towards zero, Solady down.
#
# Hurt: funding rates, ticks and profit averaged on one side with one library and checked with the other;
# Solady's average of -1 and 0 is -1, so repeated averaging creeps down and never reaches zero. Avoid it: name
# the direction in a function of your own and test negative odd sums.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(@openzeppelin/contracts@5.7.0 solady@0.1.26 @prb/math@4.2.0 solc@0.8.37 @ethereumjs/evm@10.1.3 ethers@6.17.0)
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
  pragma solidity ^0.8.20;

  import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
  import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
  import {sd} from "@prb/math/src/SD59x18.sol";

  contract Find {
      function averages(int256 a, int256 b) external pure returns (int256, int256, int256) {
          return (SignedMath.average(a, b), FixedPointMathLib.avg(a, b), sd(a).avg(sd(b)).unwrap());
      }
  }`);
  console.log("OpenZeppelin, Solady, PRB-Math");
  show("average of 3 and 2", "2, 2, 2", "2, 2, 2", await call("averages", 3, 2));
  show("average of -3 and -2", "one answer from all", "-2, -3, -2", await call("averages", -3, -2));
  show("average of -1 and 0", "one answer from all", "0, -1, 0", await call("averages", -1, 0));
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
