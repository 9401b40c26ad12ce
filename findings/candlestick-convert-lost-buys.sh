#!/usr/bin/env bash
# candlestick-convert's batchTradeToExtCandle counts the first trade of each candle but the first in the volume,
# and not in the number of trades, the bought volume and the number of buys.
#
# A good guess goes wrong because volume is right, and the sums are right in the first candle. A candle with one
# trade, a buy, has volume 1, bought volume 0 and no trades.
#
# Hurt: order-flow imbalance, taker ratios and filters for candles without trades: on thin markets most buys
# vanish, and every candle leans towards selling. Avoid it: count the sides yourself.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(candlestick-convert@7.0.0)
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

const { batchTradeToExtCandle, TradeSide } = require("candlestick-convert");

const minute = 1_700_000_100_000;
const buy = (seconds) => ({ time: minute + 1000 * seconds, price: 10, quantity: 1, side: TradeSide.BUY });
const candles = batchTradeToExtCandle([buy(0), buy(10), buy(61), buy(71), buy(130)], 60, true);
const text = ({ volume, buyVolume, tx }) => `volume ${volume}, bought ${buyVolume}, trades ${tx}`;
const first = "volume 2, bought 2, trades 2";
show("two buys in the first minute", first, first, text(candles[0]));
show("two buys in the second minute", first, "volume 2, bought 1, trades 1", text(candles[1]));
show("one buy in the third minute", "volume 1, bought 1, trades 1", "volume 1, bought 0, trades 0", text(candles[2]));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
