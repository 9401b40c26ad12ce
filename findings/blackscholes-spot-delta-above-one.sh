#!/usr/bin/env bash
# The Python package blackscholes gives a call a spot_delta of 1.103: it multiplies delta by the interest
# until expiry. Its dual_delta of a call, the change with the strike, is positive.
#
# A good guess goes wrong because the price, delta, vega, theta and rho are right, the two are documented as
# "discounted for interest rates" and "1st derivative of option price with respect to the strike price", and a
# call never gains more than its underlying. What the package calls delta (and documents as the forward's) is
# the spot's.
#
# Hurt: hedges by spot_delta: too large by the interest until expiry, ten percent for two years at five;
# strike ladders and spreads by dual_delta. Avoid it: delta, and minus dual_delta for calls.
set -u

command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.10 or later" >&2; exit 2; }
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python is too old: 3.10 or later is needed" >&2; exit 2; }
python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing" >&2; exit 2; }

packages=(blackscholes==0.2.2)
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
from blackscholes import BlackScholesCall, BlackScholesPut

as_stated = True


def show(what, guess, stated, seen):
    global as_stated
    print(f"{what}\n    a good guess: {guess}\n    seen:         {seen}")
    if str(seen) != str(stated):
        as_stated = False
        print(f"    stated here:  {stated}")


def price(kind, spot=100.0, strike=50.0):
    return kind(S=spot, K=strike, T=2.0, r=0.05, sigma=0.2).price()


def by_spot(kind, strike):
    return (price(kind, 100.01, strike) - price(kind, 99.99, strike)) / 0.02


def by_strike(kind, strike):
    return (price(kind, 100.0, strike + 0.01) - price(kind, 100.0, strike - 0.01)) / 0.02


call = BlackScholesCall(S=100.0, K=50.0, T=2.0, r=0.05, sigma=0.2)
put = BlackScholesPut(S=100.0, K=250.0, T=2.0, r=0.05, sigma=0.2)
moved = f"{by_spot(BlackScholesCall, 50.0):.3f}, as its price moves"
show("call struck at 50, price 100: delta", moved, "0.998", f"{call.delta():.3f}")
show("the same: spot_delta", moved, "1.103", f"{call.spot_delta():.3f}")
moved = f"{by_spot(BlackScholesPut, 250.0):.3f}, as its price moves"
show("put struck at 250: spot_delta", moved, "-1.102", f"{put.spot_delta():.3f}")
moved = f"{by_strike(BlackScholesCall, 50.0):.3f}, as its price moves"
show("call struck at 50: dual_delta", moved, "0.901", f"{call.dual_delta():.3f}")
moved = f"{by_strike(BlackScholesPut, 250.0):.3f}, as its price moves"
show("put struck at 250: dual_delta", moved, "0.904", f"{put.dual_delta():.3f}")

print("seen as stated" if as_stated else "this has changed")
sys.exit(0 if as_stated else 1)
END
env/bin/python find.py || exit 1
