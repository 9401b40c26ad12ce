#!/usr/bin/env bash
# Solidity computes (maker ? 150 : 200) + 100 in eight bits and reverts with an overflow, although the result
# goes into a uint256. 200 + 100 and the same numbers in variables of uint256 are fine.
#
# A good guess goes wrong because literals elsewhere have no size: 200 + 100 is exact, and the result's type is
# thought to decide. The two literals of a conditional take the smallest type that holds both, uint8.
#
# Hurt: fees, caps and steps chosen by a flag in basis points or percent: the branch with the small number
# works, the other reverts at run time, and the compiler does not warn. Avoid it: uint256(200) in one branch.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(solc@0.8.37 @ethereumjs/evm@10.1.3 ethers@6.17.0)
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

  contract Find {
      function literal() external pure returns (uint256) {
          return 200 + 100;
      }

      function conditional(bool maker) external pure returns (uint256) {
          return (maker ? 150 : 200) + 100;
      }

      function widened(bool maker) external pure returns (uint256) {
          return (maker ? 150 : uint256(200)) + 100;
      }
  }`);
  const overflow = "reverts with Panic(uint256)";
  show("200 + 100", 300, 300, await call("literal"));
  show("(maker ? 150 : 200) + 100, maker", 250, 250, await call("conditional", true));
  show("(maker ? 150 : 200) + 100, not maker", 300, overflow, await call("conditional", false));
  show("(maker ? 150 : uint256(200)) + 100, not maker", 300, 300, await call("widened", false));
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
