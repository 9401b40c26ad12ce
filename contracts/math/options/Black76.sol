// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title The price of a European call and put on a forward
/// @dev Black (1976): with x = ln(F/K), w = σ√T, d₁ = x/w + w/2 and d₂ = d₁ − w,
///   call = F·N(d₁) − K·N(d₂),  put = K·N(−d₂) − F·N(−d₁),  both times e^(−r·T) where they are paid for today.
/// For z ≥ 0 let N(−z) = e^(−z²/2)·R(z). Since K·e^(−d₂²/2) = F·e^(−d₁²/2) = G, there is one exponential a price: the option out of the
/// money is worth
///   G·|R(|d₁|) − R(|d₂|)|               where d₁ and d₂ have one sign
///   min(F, K) − G·(R(|d₁|) + R(|d₂|))   where they have not,
/// and the other one |F − K| more: parity holds to the unit, neither is negative, and far out both terms shrink together.
/// An error e of d₁ in both is a strike that is wrong by e·w of itself, and costs at most e·w·min(F, K).
///
/// R is the rational approximation of Hart, Computer Approximations (1968), as printed by West, Better approximations to cumulative
/// normal functions (Wilmott, 2005), who continues it by a fraction beyond 7.07; alone it is within 4.1e-17 of N at every z.
/// e^(−z²/2) is a power of two times the [6/6] Padé approximant of e^v, |v| ≤ ½·ln 2 (error 1.8e-19). The logarithm is
/// 2·artanh((F − K)/(F + K)) after doublings that bring F/K to 0.7–1.4: the ninth convergent of Gauss's fraction (error 7e-20), free of
/// cancellation near the money.
///
/// Forward, strike, call and put are amounts of one unit below 2^120, 18 decimals where the vault asks; all else has 18 decimals and is below
/// 2^128 if no bound is given. "n digits" are binary ones behind the point. Before discount both prices are rounded down but for what
/// the approximation errs: less than 1e-15 of the larger of F and K for σ 1–500 %, T one minute to two years, F/K 0.05–20.
/// Beyond that nothing reverts.
library Black76 {
    uint256 private constant WAD = 1e18;
    uint256 private constant YEAR = 365 days;

    /// @dev d₁ and d₂ have 56 binary digits; from 16 on e^(−d²/2) is below 1e-55.
    uint256 private constant FAR = 16 << 56;
    /// @dev 2^56/1e18, 128 digits.
    uint256 private constant FROM_WAD = 24519928653854221733733552434404946938;
    /// @dev 1/(2·ln 2), 128 digits.
    uint256 private constant HALF_LOG2_E = 245461841629398282873184673143046618761;
    /// @dev 1/(1e18·ln 2), 128 digits.
    int256 private constant LOG2_E_FROM_WAD = 490923683258796565746;
    /// @dev 1e18·ln 2, 128 digits.
    int256 private constant LN2 = 235865763225513294137944142764154484399253711888205176847;

    /// @notice Call and put before discount.
    /// @param logMoneyness x = ln(F/K), as `logMoneynessOf` gives it, or with ln(1 + m) added for a forward moved by m
    /// @param totalVolatility w = σ√T; zero gives what the options would pay now
    function undiscounted(
        uint256 forward,
        uint256 strike,
        int256 logMoneyness,
        uint256 totalVolatility
    ) internal pure returns (uint256 call, uint256 put) {
        unchecked {
            // w < 2^128, the factor < 2^125
            int256 width = int256((totalVolatility * FROM_WAD) >> 128);
            int256 d1;
            // |x| < 2^199; by the rule of the machine x/0 is 0: then d₁ = d₂ = 0, and there is no time value
            assembly ("memory-safe") {
                d1 := add(sdiv(shl(56, logMoneyness), totalVolatility), shr(1, width))
            }
            int256 d2 = d1 - width;
            // 0 or −1; (y ^ sign) − sign is y with that sign
            int256 sign1 = d1 >> 255;
            int256 sign2 = d2 >> 255;
            uint256 a = uint256((d1 ^ sign1) - sign1);
            uint256 b = uint256((d2 ^ sign2) - sign2);
            int256 value;
            if ((a | b) < FAR) {
                // a < 2^60, the factor < 2^128: d₁²/(2·ln 2) with 64 digits
                (uint256 mantissa, int256 halvings) = _powerOfTwo(int256((a * a * HALF_LOG2_E) >> 176));
                // d₁ > d₂: above zero where both have one sign, minus the sum of both where they have not; within 2^65
                int256 weight = ((int256(_ratio(b)) ^ sign2) - sign2) - ((int256(_ratio(a)) ^ sign1) - sign1);
                // forward < 2^120, mantissa < 2^65
                value = (int256(forward * mantissa) * weight) >> uint256(128 + halvings);
            }
            uint256 least = forward < strike ? forward : strike;
            if (sign1 != sign2) value += int256(least);
            // rounding may take it below
            if (value < 0) value = 0;
            call = uint256(value) + forward - least;
            put = uint256(value) + strike - least;
        }
    }

    /// @notice x = ln(F/K), rounded down; within 1.1 units.
    /// @dev Both are above zero.
    function logMoneynessOf(uint256 forward, uint256 strike) internal pure returns (int256) {
        unchecked {
            int256 doublings;
            // neither loop would end at zero
            while (5 * forward > 7 * strike) {
                strike <<= 1;
                ++doublings;
            }
            while (10 * forward < 7 * strike) {
                forward <<= 1;
                --doublings;
            }
            // forward and strike < 2^121; s, with 64 digits, within ±0.1765, u below 0.0312
            int256 s = (int256(forward - strike) << 64) / int256(forward + strike);
            uint256 u = uint256(s * s) >> 64;
            // 2·artanh(s)/s = n/d: signs alternate and no difference is negative; 64, 128 and 192 digits in turn
            uint256 n = (4376293587820395894283164225646296118127 - 6091840864775153312 * u) * u;
            n = (473034415855901676101377680406678048842659408065673813546429 - n) >> 128;
            n = (46858142230075896561363955201159785562719 - n * u) * u;
            n = 484432835515080029742374732946598001826819875729906917487307 - n;
            uint256 d = (19464151387877680110105027545097141695283 - (270552246414406757035 - u) * u) * u;
            d = (512928884663025913844867364296397884287221044890489677339502 - d) >> 128;
            d = 13130578317219069915547042391533786064278 - d * u;
            // n/d < 2^66, |s| < 2^62, 1e18 < 2^60; |doublings| < 2^8, LN2 < 2^188
            return (int256(_quotient(n, d)) * s * int256(WAD) + doublings * LN2) >> 128;
        }
    }

    /// @notice √T, rounded down, of a number of seconds.
    function rootOfSeconds(uint256 elapsed) internal pure returns (uint256) {
        unchecked {
            // elapsed < 2^136
            return FixedPointMathLib.sqrt((elapsed * WAD * WAD) / YEAR);
        }
    }

    /// @notice √T, rounded down, of a number of years.
    function rootOfYears(uint256 time) internal pure returns (uint256) {
        unchecked {
            // time < 2^196
            return FixedPointMathLib.sqrt(time * WAD);
        }
    }

    /// @notice w = σ√T, rounded down.
    function totalVolatilityOf(uint256 volatility, uint256 rootTime) internal pure returns (uint256) {
        unchecked {
            // both below 2^128
            return (volatility * rootTime) / WAD;
        }
    }

    /// @notice Call and put paid for today.
    /// @param time years to expiry
    /// @param rate continuously compounded, a year; |r·T| < 30
    function price(
        uint256 forward,
        uint256 strike,
        uint256 time,
        uint256 volatility,
        int256 rate
    ) internal pure returns (uint256 call, uint256 put) {
        uint256 total = totalVolatilityOf(volatility, rootOfYears(time));
        (call, put) = undiscounted(forward, strike, logMoneynessOf(forward, strike), total);
        unchecked {
            // rate and time are below 2^127
            if (rate != 0) (call, put) = discounted(call, put, (rate * int256(time)) / int256(WAD));
        }
    }

    /// @notice Both prices times e^(−interest), rounded down.
    /// @param interest r·T, within ±30
    function discounted(uint256 call, uint256 put, int256 interest) internal pure returns (uint256, uint256) {
        unchecked {
            // |interest| < 2^65, the factor < 2^69
            (uint256 mantissa, int256 halvings) = _powerOfTwo((interest * LOG2_E_FROM_WAD) >> 64);
            // amounts < 2^121, mantissa < 2^65, halvings above −45
            uint256 shift = uint256(64 + halvings);
            return ((call * mantissa) >> shift, (put * mantissa) >> shift);
        }
    }

    /// @dev R(z) = e^(z²/2)·N(−z) with 64 digits, of a z with 56, 0 ≤ z < 16. Numerator and denominator are divided by the first coefficient of
    /// the latter. Sums have 56, 112, 168 and 224 digits in turn, so that a shift serves three multiplications.
    function _ratio(uint256 z) private pure returns (uint256) {
        unchecked {
            uint256 n = (28747348857212273 * z + 41143395957025152832947849934733422) * z;
            n = (n + 26980732752871533805531235360985343209811076665936433) * z;
            n = (n + 10343999917740539626930689519775250210448526053760394589738159174582272) >> 168;
            n = (n * z + 6584000817242073021632923768027646857) * z;
            n = (n + 936388501998891327516965400078519978621270459431354227) * z;
            n += 67166833328294380142111850684657674820609433234301260852192453284855808;
            uint256 d = (z + 1431287664904573042) * z;
            d = (d + 943676185817339511093988499179288963) * z;
            d = (d + 367339445842475648668689738342115812248897407650441409) * z;
            d = (d + 90457130868604012900754233966582697767629126518030922902998808631705600) >> 168;
            d = (d * z + 37439611786819619451461018846282518378) * z;
            d = (d + 3360236584800827052851545663634034322303900874337658625) * z;
            // below 2^254, as z^7 < 2^28 and the sum is at most four times that
            d += 134333666656588760284223701369315349641218866468602521704384906569711616;
            return _quotient(n, d >> 64);
        }
    }

    /// @dev 2^(−t) = mantissa/2^64 · 2^(−halvings) of a signed t with 64 digits; the mantissa is within √½ and √2.
    function _powerOfTwo(int256 t) private pure returns (uint256 mantissa, int256 halvings) {
        unchecked {
            t += 1 << 63;
            halvings = t >> 64;
            // |v| ≤ ½: e^(v·ln 2) is (even + odd)/(even − odd), both positive; the powers of ln 2 are in the coefficients
            int256 v = (1 << 63) - (t & int256(uint256(type(uint64).max)));
            int256 u = (v * v) >> 64;
            // 64, 128 and 192 digits in turn; below 2^216
            int256 even = (u + 32251363969077190517226) * u + 111444694057059689131393070204381188696074484;
            even = even * u + 37653978376212898456018574774723707278025703676369690092068118528;
            int256 odd = (1117747100218923089307 * u + 10299676729868882174638775129668684727861639) * u;
            odd = ((odd + 13049874474168559108536964043853715449022919189689656892730633216) >> 64) * v;
            mantissa = _quotient(uint256(even + odd), uint256(even - odd) >> 64);
        }
    }

    /// @dev n/d rounded down, for a d that is never zero.
    function _quotient(uint256 n, uint256 d) private pure returns (uint256 quotient) {
        assembly ("memory-safe") {
            quotient := div(n, d)
        }
    }
}
