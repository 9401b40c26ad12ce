#!/usr/bin/env bash
# DuckDB casts 2.5 to the integer 3 when it is a decimal or a literal, and to 2 when it is a double. round() of
# the same double is 3.
#
# A good guess goes wrong because one engine is expected to have one rule: decimals round half away from zero,
# doubles half to even, and a literal with a point is a decimal, so what one tries in the prompt is not what
# happens to a column.
#
# Hurt: lots and ticks computed with ::INT or ::BIGINT from a CSV, whose prices are read as doubles, and checked
# against a decimal column. Avoid it: round(), floor() or ceil() before the cast.
set -u

command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.10 or later" >&2; exit 2; }
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python is too old: 3.10 or later is needed" >&2; exit 2; }
python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing" >&2; exit 2; }

packages=(duckdb==2.0.1)
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
import duckdb

as_stated = True


def show(what, guess, stated, seen):
    global as_stated
    print(f"{what}\n    a good guess: {guess}\n    seen:         {seen}")
    if str(seen) != str(stated):
        as_stated = False
        print(f"    stated here:  {stated}")


def one(expression):
    return duckdb.sql(f"select {expression}").fetchall()[0][0]


show("2.5::INT", 3, 3, one("2.5::INT"))
show("2.5::DECIMAL(5,1)::INT", 3, 3, one("2.5::DECIMAL(5,1)::INT"))
show("2.5::DOUBLE::INT", 3, 2, one("2.5::DOUBLE::INT"))
show("'2.5'::INT", 3, 3, one("'2.5'::INT"))
show("round(2.5::DOUBLE)", 3.0, 3.0, one("round(2.5::DOUBLE)"))
show("-0.5::DOUBLE::INT", -1, 0, one("(-0.5)::DOUBLE::INT"))

print("seen as stated" if as_stated else "this has changed")
sys.exit(0 if as_stated else 1)
END
env/bin/python find.py || exit 1
