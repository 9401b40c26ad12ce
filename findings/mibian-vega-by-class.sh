#!/usr/bin/env bash
# mibian's GK (currencies) and Me (shares with dividends) are one formula under two names and give one price
# and one delta, but GK's vega is a hundred times Me's, and its theta is another number too.
#
# A good guess goes wrong because volatilities, rates and rho are in percent in all three classes of the
# library, and vega per percent in BS and Me. GK leaves out the division by a hundred; its theta discounts the
# strike with the foreign rate.
#
# Hurt: books with options on coins or currencies beside options on shares: one position in GK outweighs a
# hundred in vega limits and hedges. Avoid it: Me with the foreign rate as a dividend, or a hundredth of GK's
# vega.
set -u

command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.10 or later" >&2; exit 2; }
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python is too old: 3.10 or later is needed" >&2; exit 2; }
python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing" >&2; exit 2; }

packages=(mibian==0.1.3 scipy==1.17.1 numpy==2.4.6)
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
import mibian

as_stated = True


def show(what, guess, stated, seen):
    global as_stated
    print(f"{what}\n    a good guess: {guess}\n    seen:         {seen}")
    if str(seen) != str(stated):
        as_stated = False
        print(f"    stated here:  {stated}")


# Price 100, strike 110, 5 % at home, 2 % abroad (2 of dividends), half a year, 30 %.
coin = mibian.GK([100, 110, 5, 2, 182.5], volatility=30)
share = mibian.Me([100, 110, 5, 2, 182.5], volatility=30)


def coin_price(days, volatility):
    return mibian.GK([100, 110, 5, 2, days], volatility=volatility).callPrice


point = f"{coin_price(182.5, 30.5) - coin_price(182.5, 29.5):.4f}, as its price moves with a point"
day = f"{coin_price(182, 30) - coin_price(183, 30):.5f}, as its price moves with a day"
show("price of the call, Me", "5.1874", "5.1874", f"{share.callPrice:.4f}")
show("price of the call, GK", "5.1874", "5.1874", f"{coin.callPrice:.4f}")
show("vega, Me", point, "0.2691", f"{share.vega:.4f}")
show("vega, GK", point, "26.9107", f"{coin.vega:.4f}")
show("theta of the call, Me", day, "-0.02460", f"{share.callTheta:.5f}")
show("theta of the call, GK", day, "-0.02467", f"{coin.callTheta:.5f}")

print("seen as stated" if as_stated else "this has changed")
sys.exit(0 if as_stated else 1)
END
env/bin/python find.py || exit 1
