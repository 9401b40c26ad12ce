#!/usr/bin/env bash
# Solady's powWad is not exact where the answer is obvious: 3 to the power of 1 is 2.999999999999999998, 2 cubed
# is 7.999999999999999989, the square root of 4 as a power is 1.999999999999999999, and 0 to the power of 0
# reverts. PRB-Math gives 3, 8 and 2 (and is worse in other places: 10 squared).
#
# A good guess goes wrong because whole exponents look like repeated multiplication, which is exact; powWad goes
# through a logarithm and an exponential, each of them rounded.
#
# Hurt: curves x^n whose neutral parameter is n = 1, tests that compare with whole numbers, and code that relies
# on pow(x, 1) >= x. Avoid it: rpow for whole exponents, and treat n = 0 and n = 1 apart.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(solady@0.1.26 @prb/math@4.2.0 solc@0.8.37 @ethereumjs/evm@10.1.3 ethers@6.17.0)
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

  import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
  import {ud} from "@prb/math/src/UD60x18.sol";

  contract Find {
      function solady(int256 x, int256 y) external pure returns (int256) {
          return FixedPointMathLib.powWad(x, y);
      }

      function whole(uint256 x, uint256 y) external pure returns (uint256) {
          return FixedPointMathLib.rpow(x, y, 1e18);
      }

      function prb(uint256 x, uint256 y) external pure returns (uint256) {
          return ud(x).pow(ud(y)).unwrap();
      }
  }`);
  const one = 10n ** 18n;
  show("3 ^ 1, Solady", "3000000000000000000", "2999999999999999998", await call("solady", 3n * one, one));
  show("3 ^ 1, PRB-Math", "3000000000000000000", "3000000000000000000", await call("prb", 3n * one, one));
  show("2 ^ 3, Solady", "8000000000000000000", "7999999999999999989", await call("solady", 2n * one, 3n * one));
  show("2 ^ 3, Solady's rpow", "8000000000000000000", "8000000000000000000", await call("whole", 2n * one, 3));
  show("4 ^ 0.5, Solady", "2000000000000000000", "1999999999999999999", await call("solady", 4n * one, one / 2n));
  show("10 ^ 2, PRB-Math", "100000000000000000000", "99999999999999998071", await call("prb", 10n * one, 2n * one));
  show("0 ^ 0, PRB-Math", "1000000000000000000", "1000000000000000000", await call("prb", 0, 0));
  show("0 ^ 0, Solady", "1000000000000000000", "reverts", (await call("solady", 0, 0)).slice(0, 7));
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
