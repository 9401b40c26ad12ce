#!/usr/bin/env bash
# ethers 6 reads the header "Retry-After: 30" as 30 milliseconds. HTTP gives the number in seconds.
#
# A good guess goes wrong because ethers does look at the header, so one believes that a node that says when to
# come back is obeyed. It is asked again at once instead.
#
# Hurt: keepers and indexers on a metered node. Avoid it: give FetchRequest a retryFunc that waits itself, or
# send requests through a client of your own.
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

const { createServer } = require("node:http");
const { JsonRpcProvider, Network } = require("ethers");

async function main() {
  let refusals = 3;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      if (refusals-- > 0) {
        response.writeHead(429, { "retry-after": "30" });
        return response.end();
      }
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(body).id, result: "0x10" }));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const network = Network.from(1);
  const options = { staticNetwork: network, batchMaxCount: 1 };
  const provider = new JsonRpcProvider(`http://127.0.0.1:${server.address().port}`, network, options);
  const start = Date.now();
  await provider.send("eth_blockNumber", []);
  const milliseconds = Date.now() - start;
  console.log(`three refusals with "Retry-After: 30" took ${milliseconds} ms`);
  show("waited at least the 90 seconds that were asked for", true, false, milliseconds >= 90_000);
  show("waited less than 20 seconds", false, true, milliseconds < 20_000);
  provider.destroy();
  server.close();
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
