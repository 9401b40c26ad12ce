#!/usr/bin/env bash
# QuantLib's FloorTruncation rounds 2.349 to 2.35 and -2.349 to -2.34, its CeilingTruncation rounds 2.349 to
# 2.34 and -2.349 to -2.35: each goes the way of the other's name.
#
# A good guess goes wrong because floor and ceiling have one meaning in every language, and UpRounding and
# DownRounding beside them do what they are called. The two follow a standard in which floor rounds positive
# numbers to the nearest and cuts negative ones.
#
# Hurt: fees rounded down in the client's favour, margin rounded up, prices rounded to a tick on the safe
# side: the error is in favour of the other side. Avoid it: Python's decimal with ROUND_FLOOR and
# ROUND_CEILING.
set -u

command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.10 or later" >&2; exit 2; }
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python is too old: 3.10 or later is needed" >&2; exit 2; }
python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing" >&2; exit 2; }

packages=(QuantLib==1.44)
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
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import QuantLib as ql

as_stated = True


def show(what, guess, stated, seen):
    global as_stated
    print(f"{what}\n    a good guess: {guess}\n    seen:         {seen}")
    if str(seen) != str(stated):
        as_stated = False
        print(f"    stated here:  {stated}")


floor, ceiling = ql.FloorTruncation(2), ql.CeilingTruncation(2)


def exact(text, direction):
    return Decimal(text).quantize(Decimal("0.01"), direction)


for text, down, up in [("2.349", "2.35", "2.34"), ("-2.349", "-2.34", "-2.35")]:
    show(f"FloorTruncation of {text} to two digits", exact(text, ROUND_FLOOR), down, f"{floor(float(text)):.2f}")
    show(f"CeilingTruncation of {text}", exact(text, ROUND_CEILING), up, f"{ceiling(float(text)):.2f}")
show("CeilingTruncation of 2.341", exact("2.341", ROUND_CEILING), "2.34", f"{ceiling(2.341):.2f}")
show("UpRounding of 2.341", "2.35", "2.35", f"{ql.UpRounding(2)(2.341):.2f}")

print("seen as stated" if as_stated else "this has changed")
sys.exit(0 if as_stated else 1)
END
env/bin/python find.py || exit 1
