#!/usr/bin/env bash
# candlestick-convert opens a candle made from trades at the close of the candle before, but leaves that open
# out of the high and the low: it returns candles that open at 12 and have a high of 9.
#
# A good guess goes wrong twice: the open is expected to be the first trade, and whatever it is, low ≤ open ≤
# high is expected to hold. The first candle, which tests look at, is right.
#
# Hurt: everything that believes the order of a candle: Garman-Klass and Parkinson volatilities, true ranges,
# simulators that walk a price through open, low, high, close, chart libraries that refuse the row. Avoid it:
# take open, high and low from the first trade yourself, or widen high and low to the open.
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

const { batchTicksToCandle } = require("candlestick-convert");

const minute = 1_700_000_100_000;
const trade = (seconds, price) => ({ time: minute + 1000 * seconds, price, quantity: 1 });
const trades = [trade(0, 10), trade(50, 12), trade(61, 9), trade(70, 9.5), trade(130, 15)];
const [first, second] = batchTicksToCandle(trades, 60, true);
const text = ({ open, high, low, close }) => `open ${open}, high ${high}, low ${low}, close ${close}`;
show("trades at 10 and 12", "open 10, high 12, low 10, close 12", "open 10, high 12, low 10, close 12", text(first));
show("then, a minute later, at 9 and 9.5", "open 9, high 9.5, low 9, close 9.5", "open 12, high 9.5, low 9, close 9.5", text(second));

console.log(asStated ? "seen as stated" : "this has changed");
process.exitCode = asStated ? 0 : 1;
END
node find.cjs || exit 1
