// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Stress} from "../Stress.sol";

/// @title The scenarios of Stress as an option sees them: where it is priced, at which volatility, and what counts of an extreme
/// @dev Apart from Stress, so that code without options does not depend on it.
library OptionStress {
    /// @dev X and c apart, for options, which are priced where the extreme is and damped afterwards. Extremes keep the volatility.
    int256 internal constant UNDAMPED_EXTREME_MOVE = 60;
    uint256 internal constant COUNTED_PERCENT = 35;

    /// @dev The least forward that an option is priced at, as a part of the forward: two ranges of 50 % would leave nothing to price on.
    uint256 internal constant LEAST_FORWARD_PART = 1 << 20;

    /// @dev Rows of scenarios that differ in the price alone: at the mark's volatility are 0, 15 and 16.
    uint256 internal constant ROW_MARK = 0;
    uint256 internal constant ROW_UP = 1;
    uint256 internal constant ROW_DOWN = 2;

    /// @dev The scenarios of the row up by price, a byte each, from −1 scan range to +1, between two `NONE`; the next number is the same price in the row down.
    uint256 internal constant BY_PRICE = 0xff0b07030105090dff;
    uint256 internal constant NONE = 0xff;
    uint256 internal constant PLACES = 7;

    /// @notice The price move of `scenario` before damping, in thirtieths of the scan range.
    function undampedMove(uint256 scenario) internal pure returns (int256) {
        if (scenario < 15 || scenario > Stress.SCENARIOS) return Stress.move(scenario);
        return scenario == 15 ? UNDAMPED_EXTREME_MOVE : -UNDAMPED_EXTREME_MOVE;
    }

    /// @notice Which volatility an option has in `scenario`.
    function row(uint256 scenario) internal pure returns (uint256) {
        if (scenario == 0 || scenario > 14) return ROW_MARK;
        return scenario & 1 == 1 ? ROW_UP : ROW_DOWN;
    }

    /// @notice The move of the place in `BY_PRICE`, in thirtieths of the scan range.
    function moveAt(uint256 place) internal pure returns (int256) {
        unchecked {
            // seven places
            return int256(10 * place) - Stress.WHOLE_MOVE;
        }
    }

    /// @notice The scenario of the row up at a place of `BY_PRICE`, and those below and above it or `NONE`.
    function scenariosAt(uint256 place) internal pure returns (uint256 scenario, uint256 lower, uint256 upper) {
        unchecked {
            // seven places
            uint256 from = BY_PRICE >> (8 * place);
            return ((from >> 8) & 0xff, from & 0xff, (from >> 16) & 0xff);
        }
    }

    /// @notice A thirtieth of the scan range as a price, rounded down.
    function stepDown(Price forward, Ratio range) internal pure returns (uint256) {
        unchecked {
            // forward < 2^96, ppb < 2^32
            return (forward.raw() * (range.raw() / 1e9)) / (uint256(Stress.WHOLE_MOVE) * 1e9);
        }
    }

    /// @notice The forward that an option is priced at in `scenario`, extremes undamped.
    /// @dev Whole steps from the forward, so that the forwards of a row are evenly apart: they are at most 60 units of a price (1e-18) nearer
    /// than the range says. A range is at most 50 %; what falls below the least part of the forward, the lower extreme alone, is lifted, so
    /// little that side and parity go on agreeing (at a sixteenth they did not, and the opening bound failed: docs/margin.md).
    function forwardAt(Price forward, Ratio range, uint256 scenario) internal pure returns (Price) {
        // casting to int256 is safe: prices below 2^96
        return Price.wrap(movedBy(int256(forward.raw()), stepDown(forward, range), undampedMove(scenario)));
    }

    /// @notice `forward` moved by `move` steps, as `forwardAt` has it.
    function movedBy(int256 forward, uint256 step, int256 move) internal pure returns (uint256) {
        unchecked {
            // prices below 2^96
            int256 price = forward + int256(step) * move;
            int256 least = (forward + int256(LEAST_FORWARD_PART - 1)) / int256(LEAST_FORWARD_PART);
            return uint256(price < least ? least : price);
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
