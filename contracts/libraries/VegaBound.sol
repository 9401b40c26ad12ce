// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../types/Price.sol";
import {LANES} from "../words/RiskWord.sol";
import {SeriesWord} from "../words/SeriesWord.sol";
import {SurfaceWord} from "../words/SurfaceWord.sol";
import {Black76} from "./Black76.sol";
import {Expiry} from "./Expiry.sol";
import {Lanes} from "./Lanes.sol";
import {OptionStress} from "./OptionStress.sol";
import {SeriesState} from "./SeriesState.sol";
import {VolatilityShock} from "./VolatilityShock.sol";

/// @title What time and volatility can have taken from a book of options since its words were made
/// @dev docs/margin.md, "Opening and withdrawing". For each unit of the deviation σ√T an option gains F·φ(d₁), at most 2/5·F whatever its strike; s is
/// the deviation of the row at the anchor with the highest implied volatility then. With u the part of the time that has passed, what is long can have lost
/// slide + u/2 + u²/2 of s, what is short can owe slide − 0.32·u of it more, and beyond a day to expiry the factor of the shock has grown by 0.31·u.
library VegaBound {
    using Lanes for int256[LANES];
    using SeriesWord for uint256;
    using SurfaceWord for uint256;

    uint256 private constant WAD = 1e18;

    struct Drift {
        uint256[3] deviations; // by row of OptionStress
        uint256 fall; // of the deviation, in the rows of the mark and up
        uint256 fallDown; // in the row down
        uint256 rise;
    }

    /// @notice Writes into `d` how far the deviations can be from those of the words.
    function write(Drift memory d, SeriesState.Live memory live) internal pure {
        uint256 then_ = Expiry.secondsLeftDown(live.word.expiry(), SeriesWord.time(live.word));
        uint256 now_ = live.varianceTime / WAD;
        uint256 passed = now_ < then_ ? ((then_ - now_) * WAD + (then_ - 1)) / then_ : 0;
        uint256 slide = live.surface.slide();
        // a window that gaps in the prices prolong has more variance left than the clock has it
        if (now_ > then_) then_ = now_;
        unchecked {
            // passed ≤ 1e18, slide < 2^60, volatilities < 2^63, roots < 2^66
            d.fall = slide + passed / 2 + (passed * passed) / (2 * WAD) + 2;
            uint256 known = (32 * passed) / 100;
            d.rise = slide + 1 > known ? slide + 1 - known : 0;
            uint256 root = Black76.rootOfSeconds(then_) + 1;
            uint256 factor = VolatilityShock.factor(then_);
            uint256 highest = live.surface.highestVolatility();
            uint256 kept = WAD - (3 * factor) / 10;
            d.deviations[OptionStress.ROW_MARK] = _deviationUp(highest, root);
            d.deviations[OptionStress.ROW_UP] = _deviationUp((highest * (2 * WAD + factor) + (2 * WAD - 1)) / (2 * WAD), root);
            d.deviations[OptionStress.ROW_DOWN] = _deviationUp((highest * kept + (WAD - 1)) / WAD, root);
            uint256 whole = 1_000 * kept;
            d.fallDown = d.fall + (then_ > VolatilityShock.LEAST_TIME ? (93 * passed * factor + (whole - 1)) / whole : 0);
        }
    }

    /// @notice Takes from `values` what can have been lost in each scenario.
    /// @param step a thirtieth of the scan range of the series, as a price
    /// @param longs lots, and `shorts`
    function take(Drift memory d, uint256 step, Price forward, int256 longs, int256 shorts, int256[LANES] memory values) internal pure {
        (uint256 mark, uint256 up, uint256 down) = _weights(d, longs, shorts);
        unchecked {
            // prices are below 2^96
            int256 live = int256(forward.raw());
            for (uint256 place; place < OptionStress.PLACES; ++place) {
                (uint256 scenario, , ) = OptionStress.scenariosAt(place);
                uint256 moved = uint256(live + OptionStress.moveAt(place) * int256(step));
                values.add(scenario, -int256(_changeUp(moved, up)));
                values.add(scenario + 1, -int256(_changeUp(moved, down)));
            }
            uint256 atMark = _changeUp(forward.raw(), mark);
            values.add(0, -int256(atMark));
            for (uint256 k = 15; k < LANES; ++k) {
                uint256 change = _changeUp(OptionStress.movedBy(live, step, OptionStress.undampedMove(k)), mark);
                values.add(k, -int256((65 * atMark + 35 * change + 99) / 100));
            }
        }
    }

    /// @notice What can have been lost in the scenarios 3 and 5 that a delta is taken from, rounded up.
    function ofDeltaUp(
        Drift memory d,
        uint256 step,
        Price forward,
        int256 longs,
        int256 shorts
    ) internal pure returns (int256 above, int256 below) {
        (, uint256 up, ) = _weights(d, longs, shorts);
        unchecked {
            // a third of the range is ten steps
            above = int256(_changeUp(forward.raw() + 10 * step, up));
            below = int256(_changeUp(forward.raw() - 10 * step, up));
        }
    }

    /// @dev Of a unit of the forward, in each row.
    function _weights(Drift memory d, int256 longs, int256 shorts) private pure returns (uint256 mark, uint256 up, uint256 down) {
        unchecked {
            // falls < 2^61, deviations < 2^63, twice the lots times their price < 2^128, as all amounts: products below 2^252; lots are not negative
            uint256 rises = d.rise * uint256(shorts);
            uint256 falls = d.fall * uint256(longs) + rises;
            mark = d.deviations[OptionStress.ROW_MARK] * falls;
            up = d.deviations[OptionStress.ROW_UP] * falls;
            down = d.deviations[OptionStress.ROW_DOWN] * (d.fallDown * uint256(longs) + rises);
        }
    }

    function _deviationUp(uint256 volatility, uint256 root) private pure returns (uint256) {
        unchecked {
            uint256 least = VolatilityShock.LEAST_VOLATILITY;
            return ((volatility > least ? volatility : least) * root + (WAD - 1)) / WAD;
        }
    }

    function _changeUp(uint256 forward, uint256 weight) private pure returns (uint256) {
        unchecked {
            uint256 whole = 5 * WAD * WAD;
            return (2 * forward * weight + (whole - 1)) / whole;
        }
    }
}
