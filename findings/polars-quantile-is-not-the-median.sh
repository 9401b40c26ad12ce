#!/usr/bin/env bash
# polars: the quantile 0.5 of 1, 2, 3, 4 is 3 and the median is 2.5. quantile takes the nearest value unless
# told to interpolate, median interpolates; the 95 % quantile of 1 to 10 is 10, where numpy and pandas say 9.55.
#
# A good guess goes wrong because the median is the quantile 0.5 by definition, and because pandas, numpy and R
# all interpolate unless told otherwise.
#
# Hurt: a risk report moved from pandas to polars: losses at 95 % jump to the worst day of a short window. Avoid
# it: quantile(q, interpolation="linear").
set -u

command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.10 or later" >&2; exit 2; }
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python is too old: 3.10 or later is needed" >&2; exit 2; }
python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing" >&2; exit 2; }

packages=(polars==2.1.0)
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
import polars as pl

as_stated = True


def show(what, guess, stated, seen):
    global as_stated
    print(f"{what}\n    a good guess: {guess}\n    seen:         {seen}")
    if str(seen) != str(stated):
        as_stated = False
        print(f"    stated here:  {stated}")


four = pl.Series([1, 2, 3, 4])
ten = pl.Series(range(1, 11))
show("median of 1 to 4", 2.5, 2.5, four.median())
show("quantile 0.5 of 1 to 4", 2.5, 3.0, four.quantile(0.5))
show("quantile 0.95 of 1 to 10", 9.55, 10.0, ten.quantile(0.95))
show("the same, linear", "9.55", "9.55", f"{ten.quantile(0.95, interpolation='linear'):.2f}")

print("seen as stated" if as_stated else "this has changed")
sys.exit(0 if as_stated else 1)
END
env/bin/python find.py || exit 1
