#!/usr/bin/env bash
# Pyth's MockPyth stores the price that parsePriceFeedUpdates reads, also with storeUpdatesIfFresh: false. The
# interface of the same package says of this method that it "will not store the price updates on-chain".
#
# A good guess goes wrong because the method is the one for a price at a fixed time, such as an expiry, which
# must leave the current price alone; a mock from the vendor is expected to keep the vendor's contract.
#
# Hurt: tests. A contract that parses a price and then reads getPriceNoOlderThan passes on the mock and finds an
# old price, or none, on a network; a settlement price looks as if it moved the mark. Avoid it: in tests read
# the stored price before and after, or override parsePriceFeedUpdatesWithConfig.
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

  contract Find {
      bytes32 constant FEED = bytes32(uint256(1));
      MockPyth immutable pyth = new MockPyth(60, 0);

      function update(int64 price, uint64 time) internal view returns (bytes[] memory updates) {
          updates = new bytes[](1);
          updates[0] = pyth.createPriceFeedUpdateData(FEED, price, 1, -8, price, 1, time, time - 1);
      }

      function post(int64 price, uint64 time) external {
          pyth.updatePriceFeeds(update(price, time));
      }

      function parse(int64 price, uint64 time) external returns (int64) {
          bytes32[] memory feeds = new bytes32[](1);
          feeds[0] = FEED;
          return pyth.parsePriceFeedUpdates(update(price, time), feeds, time, time)[0].price.price;
      }

      function parseWithoutStoring(int64 price, uint64 time) external {
          bytes32[] memory feeds = new bytes32[](1);
          feeds[0] = FEED;
          pyth.parsePriceFeedUpdatesWithConfig(update(price, time), feeds, time, time, false, false, false);
      }

      function stored() external view returns (int64) {
          return pyth.getPriceUnsafe(FEED).price;
      }
  }`);
  await call("post", 100, 1000);
  show("stored after posting 100", 100, 100, await call("stored"));
  await call("parse", 200, 2000);
  show("stored after parsing 200 of a later time", 100, 200, await call("stored"));
  await call("parseWithoutStoring", 300, 3000);
  show("stored after parsing 300 with storeUpdatesIfFresh: false", 100, 300, await call("stored"));
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
