// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Variance} from "../Variance.sol";

/// @title How far implied volatility moves in the scenarios
/// @dev With T the seconds to expiry, at least a day, f = (30 d / T)^p, p = 0.3 up to 30 days and 0.13 beyond: up σ·(1 + 0.5·f), down
/// σ·(1 − 0.3·f). Short volatility moves more than long: f is 2.774 at a day, 1 at 30 days, 0.722 at a year. The power is
/// 2^(−p·log2(T / 30 d)): a logarithm of our own and the decay of the variance forecast. Only integers and division: the engine mirrors it
/// bit for bit. Volatilities are a year in WAD: 60 % is 0.6e18.
library VolatilityShock {
    /// @dev What Black-76 prices. A shock that would lead beyond ends there: upward only where the implied volatility is already above
    /// 209 % (a day to expiry), 333 % (30 days) or 367 % (a year), downward only where it is below 6 %, 1.5 % and 1.3 %.
    uint256 internal constant MOST_VOLATILITY = 5e18;
    uint256 internal constant LEAST_VOLATILITY = 0.01e18;

    uint256 internal constant PIVOT = 30 days;
    uint256 internal constant LEAST_TIME = 1 days;
    uint256 internal constant UP = 0.5e18;
    uint256 internal constant DOWN = 0.3e18;
    uint256 internal constant SHORT_POWER = 0.3e18;
    uint256 internal constant LONG_POWER = 0.13e18;

    uint256 private constant WAD = 1e18;

    /// @dev One, ln 2 and √2 inside the logarithm.
    uint256 private constant FINE = 1e27;
    uint256 private constant LN2 = 693_147_180_559_945_309_417_232_121;
    uint256 private constant SQRT2 = 1_414_213_562_373_095_048_801_688_724;

    /// @notice f, WAD, within 4e-15.
    /// @param time seconds to expiry, below 2^40
    function factor(uint256 time) internal pure returns (uint256) {
        unchecked {
            if (time < LEAST_TIME) time = LEAST_TIME;
            // log2 ≤ 4.91 for T ≥ 1 d, below 19 for T < 2^40
            if (time > PIVOT) return Variance.decay((LONG_POWER * log2((time * WAD) / PIVOT)) / WAD, WAD);
            return (WAD * WAD) / Variance.decay((SHORT_POWER * log2((PIVOT * WAD) / time)) / WAD, WAD);
        }
    }

    /// @notice Volatility in the scenarios up, at most the most that is priced, never below `volatility`; rounded down.
    function up(uint256 volatility, uint256 f) internal pure returns (uint256) {
        unchecked {
            // volatility below 2^128, f below 2^62
            uint256 shocked = (volatility * (WAD * WAD + UP * f)) / (WAD * WAD);
            if (shocked <= MOST_VOLATILITY) return shocked;
            return volatility > MOST_VOLATILITY ? volatility : MOST_VOLATILITY;
        }
    }

    /// @notice Volatility in the scenarios down, at least the least that is priced, never above `volatility`; rounded down.
    function down(uint256 volatility, uint256 f) internal pure returns (uint256) {
        unchecked {
            // f ≤ 2.78: no less than 0.16 of the volatility is left
            uint256 shocked = (volatility * (WAD * WAD - DOWN * f)) / (WAD * WAD);
            if (shocked >= LEAST_VOLATILITY) return shocked;
            return volatility < LEAST_VOLATILITY ? volatility : LEAST_VOLATILITY;
        }
    }

    /// @notice The volatilities of the three rows of OptionStress: at the mark, up and down.
    function rows(uint256 volatility, uint256 time) internal pure returns (uint256[3] memory) {
        uint256 f = factor(time);
        return [volatility, up(volatility, f), down(volatility, f)];
    }

    /// @dev log2 of `x` ≥ 1 in WAD, from below, within 2 units. With x = m·2^n, m within √½ and √2, and s = |m − 1|/(m + 1) < 0.172, it is
    /// n ± 2·artanh(s)/ln 2 by the series s·(1 + s²/3 + … + s²²/23), of which s²⁴/25 < 2e-20 is the first term left out.
    function log2(uint256 x) internal pure returns (uint256) {
        unchecked {
            // x < 2^128
            uint256 m = x * 1e9;
            uint256 whole;
            while (m > SQRT2) {
                m >>= 1;
                ++whole;
            }
            bool above = m >= FINE;
            uint256 s = ((above ? m - FINE : FINE - m) * FINE) / (m + FINE);
            uint256 square = (s * s) / FINE;
            uint256 sum = ((FINE / 23) * square) / FINE;
            sum = ((FINE / 21 + sum) * square) / FINE;
            sum = ((FINE / 19 + sum) * square) / FINE;
            sum = ((FINE / 17 + sum) * square) / FINE;
            sum = ((FINE / 15 + sum) * square) / FINE;
            sum = ((FINE / 13 + sum) * square) / FINE;
            sum = ((FINE / 11 + sum) * square) / FINE;
            sum = ((FINE / 9 + sum) * square) / FINE;
            sum = ((FINE / 7 + sum) * square) / FINE;
            sum = ((FINE / 5 + sum) * square) / FINE;
            sum = ((FINE / 3 + sum) * square) / FINE;
            // s < 2^88, sum < 2^86, WAD < 2^60
            uint256 numerator = 2 * s * (FINE + sum) * WAD;
            uint256 denominator = FINE * LN2;
            return above ? whole * WAD + numerator / denominator : whole * WAD - (numerator + denominator - 1) / denominator;
        }
    }
}
