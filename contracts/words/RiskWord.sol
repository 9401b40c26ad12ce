// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../types/Price.sol";

/// @dev The mark and the sixteen scenarios.
uint256 constant LANES = 17;

/// @dev The values of one lot of the option of a strike, at the mark and in the sixteen scenarios of Stress, in units of the series.
/// bits 15k–15k+14 lane k, k = 0 the mark, 1–14 the scenarios, 15 and 16 the extremes, already damped | 255 the side: 1 the call is stored,
/// 0 the put                                                                                                      17·15 + 1 = 256
/// The stored side is the one that is out of the money at the anchor: its values are small beside the price, so that 15 bits show most of
/// them. The other side follows by parity, in RiskArray. A lane is rounded down: what a long is worth at least, and less than one unit
/// below what a short owes. The side is in the word, so that whoever reads a word needs neither its strike nor its anchor to use it.
library RiskWord {
    uint256 internal constant LANE_BITS = 15;
    uint256 internal constant LARGEST_LANE = 0x7fff;
    uint256 internal constant CALL = 1 << 255;

    /// @notice Thrown when the value of a lot in `scenario` needs more than the 15 bits of a lane.
    error LaneSaturated(uint256 scenario, uint256 value, uint256 unit);

    /// @notice The unit of the lanes of a series, WAD: its anchor price over 2^15, rounded up, so that a value up to the anchor price fits.
    function unitUp(Price anchor) internal pure returns (uint256) {
        unchecked {
            // anchor < 2^96
            return (anchor.raw() + LARGEST_LANE) >> LANE_BITS;
        }
    }

    /// @notice Whether the call of a strike is stored: it is the side that is out of the money at the anchor, and at the money.
    function storesCall(Price anchorForward, Price strike) internal pure returns (bool) {
        return strike.raw() >= anchorForward.raw();
    }

    /// @notice The word of a strike; each value is rounded down to whole units.
    /// @param values of one lot (WAD), by scenario
    /// @param unit not zero
    function packDown(uint256[LANES] memory values, uint256 unit, bool call) internal pure returns (uint256 word) {
        if (call) word = CALL;
        for (uint256 scenario; scenario < LANES; ++scenario) {
            uint256 value = values[scenario];
            uint256 units = value / unit;
            if (units > LARGEST_LANE) revert LaneSaturated(scenario, value, unit);
            word |= units << (LANE_BITS * scenario);
        }
    }

    /// @notice What a lot is worth in `scenario`, in units; `scenario` is at most 16.
    function lane(uint256 word, uint256 scenario) internal pure returns (uint256) {
        unchecked {
            return (word >> (LANE_BITS * scenario)) & LARGEST_LANE;
        }
    }

    function isCall(uint256 word) internal pure returns (bool) {
        return word & CALL != 0;
    }
}
