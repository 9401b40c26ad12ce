#!/usr/bin/env bash
# QuantLib: Period("7D") equals Period("1W"), and advance on a calendar with the one gives 11 November 2026,
# with the other 9 November. Days are counted in business days, weeks and months by the calendar, so 30D ends
# twelve days later than 1M.
#
# A good guess goes wrong because the two periods compare equal, a date plus either is the same date, and on
# NullCalendar, where one tries things first, both agree.
#
# Hurt: expiries, settlement dates and windows written in days ("30D", "7D"): a month becomes six weeks, and
# the option is priced for six. Avoid it: weeks and months, or date + days and adjust.
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
from datetime import date, timedelta

import QuantLib as ql

as_stated = True


def show(what, guess, stated, seen):
    global as_stated
    print(f"{what}\n    a good guess: {guess}\n    seen:         {seen}")
    if str(seen) != str(stated):
        as_stated = False
        print(f"    stated here:  {stated}")


start = ql.Date(2, 11, 2026)
calendar = ql.TARGET()


def after(days):
    return date(2026, 11, 2) + timedelta(days=days)


def advanced(on, period):
    return on.advance(start, ql.Period(period)).ISO()


show('Period("7D") == Period("1W")', True, True, ql.Period("7D") == ql.Period("1W"))
show("2 November 2026 + 7D", after(7), "2026-11-09", (start + ql.Period("7D")).ISO())
show("NullCalendar, advance by 7D", after(7), "2026-11-09", advanced(ql.NullCalendar(), "7D"))
show("TARGET, advance by 1W", after(7), "2026-11-09", advanced(calendar, "1W"))
show("TARGET, advance by 7D", after(7), "2026-11-11", advanced(calendar, "7D"))
show("TARGET, advance by 1M", after(30), "2026-12-02", advanced(calendar, "1M"))
show("TARGET, advance by 30D", after(30), "2026-12-14", advanced(calendar, "30D"))

print("seen as stated" if as_stated else "this has changed")
sys.exit(0 if as_stated else 1)
END
env/bin/python find.py || exit 1
