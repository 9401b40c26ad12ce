#!/usr/bin/env bash
# QuantLib values an option that expires today at zero, whatever it is worth: a call struck at 90 with the price
# at 100 has a value of 0 and a delta of 0 on its last day, the day before 10.0.
#
# A good guess goes wrong because an option in the money is expected to be worth its intrinsic value until it
# has been exercised. An instrument whose last date is the evaluation date counts as expired, and dates have no
# hours in the published packages.
#
# Hurt: margin and books valued on an expiry's morning: hedged options vanish while their hedges stay. Avoid it:
# Settings.instance().includeReferenceDateEvents = True, or intrinsic values by hand on the last day.
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
import QuantLib as ql

as_stated = True


def show(what, guess, stated, seen):
    global as_stated
    print(f"{what}\n    a good guess: {guess}\n    seen:         {seen}")
    if str(seen) != str(stated):
        as_stated = False
        print(f"    stated here:  {stated}")


today = ql.Date(29, 3, 2024)
ql.Settings.instance().evaluationDate = today


def call_of(expiry):
    days = ql.Actual365Fixed()
    rate = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, days))
    volatility = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.2, days))
    price = ql.QuoteHandle(ql.SimpleQuote(100.0))
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, 90.0), ql.EuropeanExercise(expiry))
    option.setPricingEngine(ql.AnalyticEuropeanEngine(ql.BlackScholesProcess(price, rate, volatility)))
    return option


def text(option):
    return f"{option.NPV():.2f}, {option.delta():.2f}"


show("value and delta, a day before expiry", "10.00, 1.00", "10.00, 1.00", text(call_of(today + 1)))
show("value and delta on the day of expiry", "10.00, 1.00", "0.00, 0.00", text(call_of(today)))
ql.Settings.instance().includeReferenceDateEvents = True
value = call_of(today).NPV()
show("value on the day of expiry, includeReferenceDateEvents", "10.00", "10.00", f"{value:.2f}")

print("seen as stated" if as_stated else "this has changed")
sys.exit(0 if as_stated else 1)
END
env/bin/python find.py || exit 1
