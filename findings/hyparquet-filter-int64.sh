#!/usr/bin/env bash
# hyparquet reads INT64 columns as bigint, and its filter { block: { $eq: 2 } } then matches nothing, though
# $gte and $lte with the same number 2 match the row. No error, no rows.
#
# A good guess goes wrong because ranges work with plain numbers, so one believes that equality does; an empty
# answer looks like "there is nothing at this block".
#
# Hurt: readers of block numbers, timestamps in microseconds and order ids from Parquet. Avoid it: 2n in $eq,
# $in and $ne, or ask for the range from 2 to 2.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
  echo "Node is too old: 20 or later is needed" >&2
  exit 2
}

packages=(hyparquet@1.33.0 hyparquet-writer@0.17.0)
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

async function main() {
  const { parquetReadObjects } = await import("hyparquet");
  const { parquetWriteBuffer } = await import("hyparquet-writer");

  const file = parquetWriteBuffer({ columnData: [{ name: "block", data: [1n, 2n, 3n] }] });
  const blocks = async (filter) => {
    const rows = await parquetReadObjects({ file, filter: { block: filter } });
    return rows.map(({ block }) => block).join() || "none";
  };
  show("blocks from 2 to 2, as numbers", "2", "2", await blocks({ $gte: 2, $lte: 2 }));
  show("blocks equal to 2, as a number", "2", "none", await blocks({ $eq: 2 }));
  show("blocks among [2], as a number", "2", "none", await blocks({ $in: [2] }));
  show("blocks other than 2, as a number", "1,3", "1,2,3", await blocks({ $ne: 2 }));
  show("blocks equal to 2n", "2", "2", await blocks({ $eq: 2n }));
}

main().then(() => {
  console.log(asStated ? "seen as stated" : "this has changed");
  process.exitCode = asStated ? 0 : 1;
});
END
node find.cjs || exit 1
