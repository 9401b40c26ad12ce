// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Expiry} from "../../ledger/options/Expiry.sol";
import {ScenarioPrices} from "../../ledger/options/ScenarioPrices.sol";
import {SeriesState} from "../../ledger/options/SeriesState.sol";
import {OptionStress} from "../../math/options/OptionStress.sol";
import {VolatilityShock} from "../../math/options/VolatilityShock.sol";
import {SeriesWord} from "../../words/SeriesWord.sol";
import {SurfaceWord} from "../../words/SurfaceWord.sol";

/// @title What time and volatility can have taken from a book of options since its words were made
/// @dev docs/margin.md, "Opening and withdrawing". For each unit of the deviation σ√T an option gains F·φ(d₁), at most 2/5·F whatever its strike. With T₀ the variance
/// time of the words, T that of now, v the slide and σ the highest implied volatility then, what is long can have lost σ·(√T₀ − (1 − v)·√T), what is short can owe
/// σ·((1 + v)·√T − √T₀) more. T₀ is by the clock, as words are priced; T may be more where a window waits for prices. Beyond a day to expiry the factor of the shock has
/// grown by at most 0.31·u of itself, u the part of the time that has passed: the row up by 0.18·u.
library VegaBound {
    using SeriesWord for uint256;
    using SurfaceWord for uint256;

    uint256 private constant WAD = 1e18;

    struct Drift {
        uint256[3] volatilities; // by row of OptionStress
        uint256 fall; // of √T, in the rows of the mark and up
        uint256 fallDown; // in the row down
        uint256 rise;
    }

    /// @notice Writes into `d` how far the deviations can be from those of the words.
    function write(Drift memory d, SeriesState.Live memory live) internal pure {
        uint256 then_ = Expiry.secondsLeftDown(live.word.expiry(), SeriesWord.time(live.word));
        uint256 now_ = live.varianceTime / WAD;
        uint256 slide = live.surface.slide();
        uint256 factor = VolatilityShock.factor(then_);
        uint256 highest = live.surface.highestVolatility();
        if (highest < VolatilityShock.LEAST_VOLATILITY) highest = VolatilityShock.LEAST_VOLATILITY;
        unchecked {
            // roots of two years < 2^61, slide < 2^61, volatilities < 2^63, factor < 2^62; the slide may be the whole and a little more
            uint256 before = ScenarioPrices.rootOf(then_ * WAD);
            uint256 root = ScenarioPrices.rootOf(live.varianceTime);
            uint256 passed = then_ > VolatilityShock.LEAST_TIME && now_ < then_ ? ((then_ - now_) * WAD + (then_ - 1)) / then_ : 0;
            uint256 kept = slide < WAD ? (root * (WAD - slide)) / WAD : 0;
            d.fall = before + 1 > kept ? before + 1 - kept : 0;
            uint256 slid = ((root + 1) * (WAD + slide) + (WAD - 1)) / WAD;
            uint256 grown = (slid * (100 * WAD + 18 * passed) + (100 * WAD - 1)) / (100 * WAD);
            d.rise = grown > before ? grown - before : 0;
            uint256 share = WAD - (3 * factor) / 10;
            uint256 whole = 1_000 * share * WAD;
            d.fallDown = d.fall + (93 * passed * factor * (before + 1) + (whole - 1)) / whole;
            d.volatilities[OptionStress.ROW_MARK] = highest;
            d.volatilities[OptionStress.ROW_UP] = (highest * (2 * WAD + factor) + (2 * WAD - 1)) / (2 * WAD);
            uint256 down = (highest * share + (WAD - 1)) / WAD;
            d.volatilities[OptionStress.ROW_DOWN] = down < VolatilityShock.LEAST_VOLATILITY ? VolatilityShock.LEAST_VOLATILITY : down;
        }
    }

    /// @notice What each row can have lost of a unit of the forward, times 5·WAD²/2.
    /// @param longs lots, and `shorts`
    function weights(Drift memory d, int256 longs, int256 shorts) internal pure returns (uint256 mark, uint256 up, uint256 down) {
        unchecked {
            // falls and rises of a root of two years < 2^62, volatilities < 2^64, twice the lots times their price < 2^128, as all amounts; lots are not negative
            uint256 rises = d.rise * uint256(shorts);
            uint256 falls = d.fall * uint256(longs) + rises;
            mark = d.volatilities[OptionStress.ROW_MARK] * falls;
            up = d.volatilities[OptionStress.ROW_UP] * falls;
            down = d.volatilities[OptionStress.ROW_DOWN] * (d.fallDown * uint256(longs) + rises);
        }
    }

    /// @notice At least what a lot, long or short, can have lost of a unit of the forward in any row, times 5·WAD²/2, without the root of now and the power of
    /// the shock. Before the window.
    /// @dev With u the part of the time that has passed 1 − √(1 − u) is at most u, so that √T has fallen by at most √T₀·(v + u), and risen, with the shock, by at
    /// most √T₀·(v + u) as well; the row down, whose shock falls with time, has less volatility than the row up has more.
    function weightUp(SeriesState.Live memory live) internal pure returns (uint256) {
        uint256 then_ = Expiry.secondsLeftDown(live.word.expiry(), SeriesWord.time(live.word));
        uint256 highest = live.surface.highestVolatility();
        if (highest < VolatilityShock.LEAST_VOLATILITY) highest = VolatilityShock.LEAST_VOLATILITY;
        unchecked {
            // as in `write`
            uint256 passed = ((then_ - live.varianceTime / WAD) * WAD) / then_ + 1;
            uint256 drift = (ScenarioPrices.rootOf(then_ * WAD) * (live.surface.slide() + passed)) / WAD + 16;
            return ((highest * (2 * WAD + _factorUp(then_))) / (2 * WAD) + 2) * drift;
        }
    }

    /// @dev The factor of the shock is less the longer there is to expiry: that of the powers of two of a day, rounded up.
    function _factorUp(uint256 time) private pure returns (uint256) {
        if (time >= 8 days)
            return
                time >= 30 days
                    ? 1.001e18
                    : time >= 16 days
                        ? 1.208e18
                        : 1.487e18;
        return
            time >= 4 days
                ? 1.831e18
                : time >= 2 days
                    ? 2.254e18
                    : 2.775e18;
    }
}
