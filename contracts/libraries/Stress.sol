// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";

/// @title The sixteen scenarios of SPAN
/// @dev Scenario 0 is the mark. 1–14 move the price by 0, +⅓, −⅓, +⅔, −⅔, +1, −1 scan ranges, each with volatility up (odd) and down
/// (even); 15 and 16 move it by ±X ranges, of which the fraction c of the loss counts. Linear positions do not see the volatility.
library Stress {
    uint256 internal constant SCENARIOS = 16;
    // X = 2 and c = 0.35: an extreme counts as 0.7 ranges. X·c ≤ 1 makes ±1 the worst of a line, on which `worstOfLineUp` relies.
    int256 internal constant EXTREME_MOVE = 21;
    int256 internal constant WHOLE_MOVE = 30;

    /// @dev X and c apart, for options, which are priced where the extreme is and damped afterwards. Extremes keep the volatility.
    int256 internal constant UNDAMPED_EXTREME_MOVE = 60;
    uint256 internal constant COUNTED_PERCENT = 35;

    /// @dev The least forward that an option is priced at, as a part of the forward: two ranges of 50 % would leave nothing to price on.
    uint256 internal constant LEAST_FORWARD_PART = 16;

    /// @dev Rows of scenarios that differ in the price alone: at the mark's volatility are 0, 15 and 16.
    uint256 internal constant ROW_MARK = 0;
    uint256 internal constant ROW_UP = 1;
    uint256 internal constant ROW_DOWN = 2;

    /// @notice The damped price move of `scenario`, in thirtieths of the scan range.
    function move(uint256 scenario) internal pure returns (int256) {
        if (scenario < 3) return 0;
        if (scenario > SCENARIOS) revert IMarginVault.UnknownScenario(scenario);
        if (scenario > 14) return scenario == 15 ? EXTREME_MOVE : -EXTREME_MOVE;
        unchecked {
            // 3–14 in pairs: +10, −10, +20, −20, +30, −30
            uint256 pair = (scenario - 3) / 2;
            int256 size = int256(pair / 2 + 1) * (WHOLE_MOVE / 3);
            return pair & 1 == 0 ? size : -size;
        }
    }

    /// @notice What a line of market value `line` loses in `scenario` at `range`, rounded up; negative: a gain.
    /// @dev Ranges are whole parts per billion.
    function lossOfLineUp(Wad line, Ratio range, uint256 scenario) internal pure returns (Wad) {
        unchecked {
            // |line| < 2^149, ppb < 2^32, |move| < 2^5: the product fits 186 bits
            int256 numerator = -line.raw() * int256(range.raw() / 1e9) * move(scenario);
            int256 denominator = WHOLE_MOVE * 1e9;
            int256 quotient = numerator / denominator;
            return Wad.wrap(numerator > 0 && numerator % denominator != 0 ? quotient + 1 : quotient);
        }
    }

    /// @notice The largest loss of a line over all scenarios, rounded up: the one-line form of
    /// max over k of `lossOfLineUp`, to which it is held by a test.
    function worstOfLineUp(Wad line, Ratio range) internal pure returns (Wad) {
        return line.abs().partUp(range);
    }

    /// @notice The price move of `scenario` before damping, in thirtieths of the scan range.
    function undampedMove(uint256 scenario) internal pure returns (int256) {
        if (scenario < 15 || scenario > SCENARIOS) return move(scenario);
        return scenario == 15 ? UNDAMPED_EXTREME_MOVE : -UNDAMPED_EXTREME_MOVE;
    }

    /// @notice Which volatility an option has in `scenario`.
    function row(uint256 scenario) internal pure returns (uint256) {
        if (scenario == 0 || scenario > 14) return ROW_MARK;
        return scenario & 1 == 1 ? ROW_UP : ROW_DOWN;
    }

    /// @notice A thirtieth of the scan range as a price, rounded down.
    function stepDown(Price forward, Ratio range) internal pure returns (uint256) {
        unchecked {
            // forward < 2^96, ppb < 2^32
            return (forward.raw() * (range.raw() / 1e9)) / (uint256(WHOLE_MOVE) * 1e9);
        }
    }

    /// @notice The forward that an option is priced at in `scenario`, extremes undamped.
    /// @dev Whole steps from the forward, so that the forwards of a row are evenly apart: they are at most 60 units of a price (1e-18) nearer
    /// than the range says. A range is at most 50 %; what falls below the least part of the forward, the lower extreme alone, is lifted.
    function forwardAt(Price forward, Ratio range, uint256 scenario) internal pure returns (Price) {
        unchecked {
            // casting to int256 is safe: prices below 2^96
            int256 price = int256(forward.raw()) + int256(stepDown(forward, range)) * undampedMove(scenario);
            int256 least = int256((forward.raw() + LEAST_FORWARD_PART - 1) / LEAST_FORWARD_PART);
            return Price.wrap(uint256(price < least ? least : price));
        }
    }

    /// @notice What counts of an extreme: the value at the mark, and the fraction c of what changes from there; rounded down.
    /// @dev Both below 2^128.
    function dampedDown(uint256 mark, uint256 extreme) internal pure returns (uint256) {
        unchecked {
            return (mark * (100 - COUNTED_PERCENT) + extreme * COUNTED_PERCENT) / 100;
        }
    }
}
