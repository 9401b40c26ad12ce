#!/usr/bin/env bash
# DuckDB refuses to multiply two DECIMAL(38,18) whose product is 100 or more: the result has the scale 36, which
# leaves two digits before the point. 9 times 11 works, 3000 times 1.5 is out of range, and the average of such
# a column is a double.
#
# A good guess goes wrong because DECIMAL(38,18) is the obvious type for amounts of 18 decimals, sums of it are
# exact, and a price times a size of 4500 has room to spare in 38 digits.
#
# Hurt: notional, margin and fees over chain data: a query that passed on small rows fails on the first real
# one. Avoid it: cast one factor to DECIMAL(18,6) or so, or keep whole units in HUGEINT.
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
    try:
        return duckdb.sql(f"select {expression}").fetchall()[0][0]
    except duckdb.Error as error:
        return type(error).__name__


def product(a, b):
    return f"{a}::DECIMAL(38,18) * {b}::DECIMAL(38,18)"


show("type of the product", "DECIMAL(38,18)", "DECIMAL(38,36)", one(f"typeof({product(1, 1)})"))
show("9 * 11 = 99", True, True, one(f"{product(9, 11)} = 99"))
show("10 * 10", "100", "OutOfRangeException", one(product(10, 10)))
show("3000 * 1.5", "4500", "OutOfRangeException", one(product(3000, 1.5)))
show("type of the average", "DECIMAL(38,18)", "DOUBLE", one("typeof(avg(x)) from (values (1::DECIMAL(38,18))) t(x)"))
show("3000 * 1.5, one factor DECIMAL(18,6): = 4500", True, True, one("3000::DECIMAL(18,6) * 1.5::DECIMAL(18,6) = 4500"))

print("seen as stated" if as_stated else "this has changed")
sys.exit(0 if as_stated else 1)
END
env/bin/python find.py || exit 1
