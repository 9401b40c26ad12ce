// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A parameter that moves to its new value in a straight line over three days
/// @dev Whatever can lower a health ramps, so that no account changes its status in the block of the change (I-23).
library Ramp {
    uint256 internal constant DURATION = 3 days;

    /// @dev The value now, in the unit of `from` and `to`, rounded down.
    function valueNow(uint256 from, uint256 to, uint256 end) internal view returns (uint256) {
        unchecked {
            // end is at least three days after the epoch and the values are below 2^32
            if (block.timestamp >= end) return to;
            uint256 left = end - block.timestamp;
            if (left >= DURATION) return from;
            return (from * left + to * (DURATION - left)) / DURATION;
        }
    }
}
