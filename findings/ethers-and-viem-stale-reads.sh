#!/usr/bin/env bash
# Two reads one after the other, each awaited, reach the node once: ethers 6 answers every equal read within 250
# ms from a cache, balances too; viem answers the number of the block from a cache for four seconds, and asks
# the node again for balances.
#
# A good guess goes wrong because an awaited call of a JSON-RPC client reads as "ask the node now". So a test or
# a keeper on a fast chain sees the balance from before its own transaction, and with viem a block number that
# lags behind the balance that was read beside it.
#
# Hurt: tests on local chains, keepers on chains with blocks of a second or less. Avoid it: cacheTimeout: -1 for
# JsonRpcProvider, cacheTime: 0 for createPublicClient or getBlockNumber.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(ethers@6.17.0 viem@2.57.20)
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

const { createServer } = require("node:http");
const { JsonRpcProvider, Network } = require("ethers");
const { createPublicClient, http } = require("viem");

async function main() {
  let head = 100;
  const answers = { eth_chainId: () => "0x1", eth_blockNumber: () => head, eth_getBalance: () => head };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      const { id, method } = JSON.parse(body);
      if (method !== "eth_chainId") head += 1;
      const result = answers[method]();
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result: typeof result === "number" ? `0x${result.toString(16)}` : result }));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const address = `0x${"11".repeat(20)}`;
  const same = async (read) => String(await read()) === String(await read());

  const network = Network.from(1);
  const options = { staticNetwork: network, batchMaxCount: 1 };
  const provider = new JsonRpcProvider(url, network, options);
  await provider.send("eth_chainId", []);
  const uncached = new JsonRpcProvider(url, network, { ...options, cacheTimeout: -1 });
  const client = createPublicClient({ transport: http(url) });
  console.log("the node's block number and balance grow with each question; are two answers in a row equal?");
  show("ethers, getBalance", false, true, await same(() => provider.getBalance(address)));
  show("ethers, getBlockNumber", false, true, await same(() => provider.getBlockNumber()));
  show("ethers with cacheTimeout: -1, getBalance", false, false, await same(() => uncached.getBalance(address)));
  show("viem, getBalance", false, false, await same(() => client.getBalance({ address })));
  show("viem, getBlockNumber", false, true, await same(() => client.getBlockNumber()));
  provider.destroy();
  uncached.destroy();
  server.close();
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
