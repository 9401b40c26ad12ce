#!/usr/bin/env bash
# nlopt-js 0.1.1, once loaded, decides how the whole process ends: an error that nobody catches ends it with
# code 7 instead of 1, and a program that listens for uncaught errors or unhandled rejections to note them
# and go on is ended all the same, right after its own listener has run.
#
# A good guess goes wrong because a library of pure numbers, asked to find a minimum, has nothing to do with
# errors elsewhere, and because two listeners on one event are thought to stand beside each other.
#
# Hurt: a long run that survives a lost connection ends at the first one after its first fit, and whoever
# starts it tells failures apart by a code that has changed. Avoid it: note the listeners before the import,
# and take off what has come when `ready` has resolved.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done

package=nlopt-js@0.1.1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
echo '{ "private": true, "type": "module" }' >package.json
if ! npm install --prefer-offline --ignore-scripts --no-audit --no-fund "$package" >install.log 2>&1; then
  tail -n 3 install.log >&2
  echo "npm could not install $package" >&2
  exit 2
fi
echo "$package, Node $(node --version)"

cat >program.mjs <<'END'
const [how, event] = process.argv.slice(2);
if (event !== undefined) process.on(event, () => console.log("noted"));
const events = ["uncaughtException", "unhandledRejection"];
const before = events.map((each) => process.rawListeners(each));
if (how !== "alone") {
  const { default: nlopt } = await import("nlopt-js");
  await nlopt.ready;
}
if (how === "taken off")
  for (const [i, each] of events.entries())
    for (const listener of process.rawListeners(each))
      if (!before[i].includes(listener)) process.removeListener(each, listener);
if (event === "unhandledRejection") Promise.reject(new Error("of the program"));
else setTimeout(() => { throw new Error("of the program"); }, 0);
setTimeout(() => console.log("goes on"), 100);
END

failed=0
# what, a good guess, as stated, arguments
try() {
  local what=$1 guess=$2 stated=$3 seen
  shift 3
  seen=$(node program.mjs "$@" 2>/dev/null | grep -E '^(noted|goes on)$' | paste -sd, - | sed 's/,/, /g'; echo "code ${PIPESTATUS[0]}")
  seen=$(echo "$seen" | grep . | paste -sd, - | sed 's/,\([^ ]\)/, \1/g')
  printf '%s\n    a good guess: %s\n    seen:         %s\n' "$what" "$guess" "$seen"
  [ "$seen" = "$stated" ] || { echo "    stated here:  $stated"; failed=1; }
}
try 'an error that nobody catches, without the package' 'code 1' 'code 1' alone
try 'the same once it is loaded' 'code 1' 'code 7' loaded
try 'one that the program listens for, without the package' 'noted, goes on, code 0' 'noted, goes on, code 0' alone uncaughtException
try 'the same once it is loaded' 'noted, goes on, code 0' 'noted, code 7' loaded uncaughtException
try 'a rejection that the program listens for, without the package' 'noted, goes on, code 0' 'noted, goes on, code 0' alone unhandledRejection
try 'the same once it is loaded' 'noted, goes on, code 0' 'noted, code 7' loaded unhandledRejection
try 'and with the listeners that came taken off' 'noted, goes on, code 0' 'noted, goes on, code 0' 'taken off' unhandledRejection

[ "$failed" = 0 ] && echo "as stated" || { echo "not as stated any more" >&2; exit 1; }
