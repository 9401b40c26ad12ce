#!/usr/bin/env bash
# Slither ends with a bare AssertionError, and names neither file nor line, where a struct of a library has an
# array whose length is a constant declared outside of any contract. The same struct in a contract, outside of
# both, or with a constant of the library itself is read, and so is such an array as a variable.
#
# A good guess goes wrong because the compiler takes all six alike, and because a constant at the top of a file
# is what Solidity offers to a length that several files share.
#
# Hurt: a whole project gets no report for one line, and the line has to be found by halving it. Avoid it: write
# the length as a number where Slither reads it, in the syntax tree of a build made for it, or in the library.
set -u

for tool in node npm python3; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 and Python 3.11 or later" >&2; exit 2; }
done
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=linux-amd64 ;;
  Linux-aarch64) platform=linux-arm64 ;;
  Darwin-arm64) platform=darwin-arm64 ;;
  Darwin-x86_64) platform=darwin-amd64 ;;
  *) echo "no forge is published for this machine" >&2; exit 2 ;;
esac

packages=(solc@0.8.37 "@foundry-rs/forge-$platform@1.7.1")
python=slither-analyzer==0.11.6
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
echo '{ "private": true }' >package.json
if ! npm install --prefer-offline --ignore-scripts --no-audit --no-fund "${packages[@]}" >install.log 2>&1 ||
  ! { python3 -m venv environment && environment/bin/pip install -q --disable-pip-version-check "$python"; } >install.log 2>&1; then
  tail -n 3 install.log >&2
  echo "${packages[*]} or $python could not be installed" >&2
  exit 2
fi
echo "${packages[*]}, $python, $(python3 --version)"

# the compiler as forge calls one
cat >compiler.cjs <<'END'
#!/usr/bin/env node
const solc = require("solc/soljson.js");
if (process.argv.includes("--version")) {
  const version = solc.cwrap("solidity_version", "string", [])().replace(/\.Emscripten.*$/, "");
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}.Linux.g++`);
} else {
  const input = require("node:fs").readFileSync(0, "utf8");
  process.stdout.write(solc.cwrap("solidity_compile", "string", ["string", "number", "number"])(input, 0, 0));
}
END
chmod +x compiler.cjs
printf '[profile.default]\nsrc = "src"\nout = "out"\noffline = true\nsolc = "%s/compiler.cjs"\n' "$folder" >foundry.toml
PATH="$folder/node_modules/@foundry-rs/forge-$platform/bin:$PATH"

failed=0
# what, as stated, source
try() {
  rm -rf src out cache && mkdir src
  printf '// SPDX-License-Identifier: MIT\npragma solidity ^0.8.0;\n%s\n' "$3" >src/Book.sol
  if ! forge build --build-info >build.log 2>&1; then
    tail -n 3 build.log >&2
    echo "the compiler refused: $1" >&2
    exit 2
  fi
  environment/bin/slither . --ignore-compile >slither.log 2>&1
  seen=$(grep -oE 'AssertionError|analyzed \([0-9]+ contracts' slither.log | tail -n 1)
  case "$seen" in analyzed*) seen=read ;; AssertionError) grep -q 'Book.sol' slither.log || seen="AssertionError, file not named" ;; esac
  printf '%s\n    a good guess: read\n    seen:         %s\n' "$1" "$seen"
  [ "$seen" = "$2" ] || { echo "    stated here:  $2"; failed=1; }
}

outside='uint256 constant LANES = 4;'
book='struct Book { uint256[LANES] values; }'
first='function first(Book memory book) internal pure returns (uint256) { return book.values[0]; }'
try 'constant outside, struct in a library' 'AssertionError, file not named' "$outside library Books { $book $first }"
try 'constant and struct in the library' read "library Books { uint256 internal constant LANES = 4; $book $first }"
try 'constant outside, struct in a contract' read "$outside contract Books { $book $first }"
try 'constant and struct outside' read "$outside $book library Books { $first }"
try 'constant outside, variable in storage' read "$outside contract Books { uint256[LANES] public values; }"
try 'constant outside, variable in memory of a library' read "$outside library Books { function first() internal pure returns (uint256) { uint256[LANES] memory values; return values[0]; } }"

[ "$failed" = 0 ] && echo "as stated" || { echo "not as stated any more" >&2; exit 1; }
