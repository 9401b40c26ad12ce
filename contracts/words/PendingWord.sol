// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A price beyond the guard that waits for its confirmation by the same source.
/// bits 0–95 price of a lot (WAD) | 96–135 when it was recorded | 136–143 the source's index plus one, 0: nothing pending | 144–255 spare
///                                                                                                           96+40+8+112 = 256
library PendingWord {
    function price(uint256 word) internal pure returns (uint256) {
        return word & type(uint96).max;
    }

    function time(uint256 word) internal pure returns (uint256) {
        return (word >> 96) & type(uint40).max;
    }

    function source(uint256 word) internal pure returns (uint256) {
        return (word >> 136) & 0xff;
    }

    function pack(uint96 pendingPrice, uint40 recorded, uint8 sourcePlusOne) internal pure returns (uint256) {
        return pendingPrice | (uint256(recorded) << 96) | (uint256(sourcePlusOne) << 136);
    }
}
