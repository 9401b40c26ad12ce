#!/usr/bin/env bash
# ml-matrix 6.15.1 calls a matrix of full rank whose third column is twice its second, in whole numbers, and its
# least squares answers with coefficients of 10^13 that cancel each other, without a word. The same package's
# singular values count two. Only a column of zeros is refused ("Matrix is rank deficient").
#
# A good guess goes wrong because the check is there and has the right name: isFullRank compares the diagonal of
# R with zero itself, and after a reflection a dependent column leaves 10^-15.
#
# Hurt: a regression on a dummy that is another's double, or on lags of a series that stood still, fits its own
# past to the last digit and forecasts nonsense. Avoid it: compare the smallest pivot of R with the largest, or
# ask SingularValueDecomposition for the rank.
set -u

for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install Node 20 or later" >&2; exit 2; }
done

package=ml-matrix@6.15.1
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

cat >find.mjs <<'END'
import { Matrix, QrDecomposition, SingularValueDecomposition, solve } from "ml-matrix";

const y = Matrix.columnVector([1, 2, 3, 4, 5, 6.5]);
let asStated = true;
function show(what, row, guess, stated) {
  const matrix = new Matrix(Array.from({ length: 6 }, (_, i) => row(i)));
  const isFull = new QrDecomposition(matrix).isFullRank();
  let answer;
  try {
    const largest = Math.max(...solve(matrix, y).to1DArray().map(Math.abs));
    answer = largest > 1e10 ? "coefficients beyond 10^10" : "coefficients below 10";
  } catch (error) {
    answer = `throws: ${error.message}`;
  }
  const seen = `full rank ${isFull}, rank by singular values ${new SingularValueDecomposition(matrix).rank}, ${answer}`;
  console.log(`${what}\n    a good guess: ${guess}\n    seen:         ${seen}`);
  if (seen === stated) return;
  asStated = false;
  console.log(`    stated here:  ${stated}`);
}
const deficient = "full rank false, rank by singular values 2, throws: Matrix is rank deficient";
show("1, x, x²", (x) => [1, x, x * x], "full rank true, rank by singular values 3, coefficients below 10",
  "full rank true, rank by singular values 3, coefficients below 10");
show("1, x, 0", (x) => [1, x, 0], deficient, deficient);
show("1, x, 2x", (x) => [1, x, 2 * x], deficient, "full rank true, rank by singular values 2, coefficients beyond 10^10");
show("x, x², x + x²", (x) => [x / 10, (x * x) / 7, x / 10 + (x * x) / 7], deficient,
  "full rank true, rank by singular values 2, coefficients beyond 10^10");
console.log(asStated ? "as stated" : "not as stated any more");
process.exit(asStated ? 0 : 1);
END
node find.mjs
