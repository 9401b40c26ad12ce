#!/usr/bin/env bash
# PythAggregatorV3, Pyth's adapter to Chainlink's interface, answers getRoundData and getAnswer of any round,
# past, future or invented, with the current price, under the round's number that was asked for.
#
# A good guess goes wrong because latestRound() moves with each update and getRoundData(round) returns that
# round with answeredInRound equal to it, just as a feed with rounds does; one expects a round's own data or a
# revert.
#
# Hurt: whatever looks a price up after the fact: settlement at an expiry by round, time-weighted averages over
# rounds, "the round before moved less than 10 %" (it never moved). Avoid it: compare updatedAt with the time of
# the round, and take prices of a fixed time from parsePriceFeedUpdates.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(@pythnetwork/pyth-sdk-solidity@4.3.1 solc@0.8.37 @ethereumjs/evm@10.1.3 ethers@6.17.0)
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

  import {MockPyth} from "@pythnetwork/pyth-sdk-solidity/MockPyth.sol";
  import {PythAggregatorV3} from "@pythnetwork/pyth-sdk-solidity/PythAggregatorV3.sol";

  contract Find {
      bytes32 constant FEED = bytes32(uint256(1));
      MockPyth immutable pyth = new MockPyth(60, 0);
      PythAggregatorV3 immutable aggregator = new PythAggregatorV3(address(pyth), FEED);

      function post(int64 price, uint64 time) external returns (uint256) {
          bytes[] memory updates = new bytes[](1);
          updates[0] = pyth.createPriceFeedUpdateData(FEED, price, 1, -8, price, 1, time, time - 1);
          pyth.updatePriceFeeds(updates);
          return aggregator.latestRound();
      }

      function round(uint80 id) external view returns (uint80, int256, uint256) {
          (uint80 roundId, int256 answer, , uint256 updatedAt, ) = aggregator.getRoundData(id);
          return (roundId, answer, updatedAt);
      }
  }`);
  const first = await call("post", 100, 1000);
  show("round of the price 100: id, answer, time", "1000, 100, 1000", "1000, 100, 1000", await call("round", first));
  await call("post", 200, 2000);
  show("the same round after the price 200 came", "1000, 100, 1000", "1000, 200, 2000", await call("round", first));
  show("round 9999, which never was", "a revert", "9999, 200, 2000", await call("round", 9999));
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
