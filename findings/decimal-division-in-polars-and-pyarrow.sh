#!/usr/bin/env bash
# 200.00 / 3.00 as decimals is 66.67 in polars and 66.6666 in pyarrow: polars keeps the scale of its inputs and
# rounds, pyarrow adds digits and cuts. The mean of 1.00 and 1.01 is 1.01 in pyarrow and 1.005 in polars.
#
# A good guess goes wrong because both hold the column in the same Arrow memory, and decimals are chosen so that
# results do not depend on the library. Neither warns of lost digits.
#
# Hurt: prices as a quotient of two amounts of two decimals (0.33 for a third), reports checked by a second
# pipeline. Avoid it: cast to a wider scale before dividing, and round once at the end.
set -u

command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.10 or later" >&2; exit 2; }
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python is too old: 3.10 or later is needed" >&2; exit 2; }
python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing" >&2; exit 2; }

packages=(polars==2.1.0 pyarrow==26.0.1)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
if ! { python3 -m venv env && env/bin/pip install --disable-pip-version-check "${packages[@]}"; } >install.log 2>&1; then
  tail -n 3 install.log >&2
  echo "pip could not install ${packages[*]}" >&2
  exit 2
fi
echo "${packages[*]}, $(python3 --version)"

cat >find.py <<'END'
import sys
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

as_stated = True


def show(what, guess, stated, seen):
    global as_stated
    print(f"{what}\n    a good guess: {guess}\n    seen:         {seen}")
    if str(seen) != str(stated):
        as_stated = False
        print(f"    stated here:  {stated}")


def polars_quotient(a, b):
    return (pl.Series([Decimal(a)]) / pl.Series([Decimal(b)]))[0]


def pyarrow_quotient(a, b):
    return pc.divide(pa.array([Decimal(a)]), pa.array([Decimal(b)]))[0].as_py()


prices = [Decimal("1.00"), Decimal("1.01")]
show("200.00 / 3.00, polars", "one answer from both", "66.67", polars_quotient("200.00", "3.00"))
show("200.00 / 3.00, pyarrow", "one answer from both", "66.6666", pyarrow_quotient("200.00", "3.00"))
show("1.00 / 3.00, polars", "0.333…", "0.33", polars_quotient("1.00", "3.00"))
show("mean of 1.00 and 1.01, polars", 1.005, 1.005, pl.Series(prices).mean())
show("mean of 1.00 and 1.01, pyarrow", 1.005, "1.01", pc.mean(pa.array(prices)).as_py())

print("seen as stated" if as_stated else "this has changed")
sys.exit(0 if as_stated else 1)
END
env/bin/python find.py || exit 1
