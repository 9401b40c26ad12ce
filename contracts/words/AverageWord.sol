// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Price} from "../types/Price.sol";

/// @dev The average that a series settles on, as far as it is known.
/// bits 0–111 sum of price times seconds (WAD·s) | 112–127 seconds in the sum | 128–159 time of the last post | 160–255 its price of a lot
///                                                                                                          112+16+32+96 = 256
/// The seconds end at the length of the window; a price below 2^96 times that fits 107 bits. Whoever has reached the end stays as it is: a
/// full word is the settlement price, written once. Zero before the first post.
library AverageWord {
    function sum(uint256 word) internal pure returns (uint256) {
        return word & type(uint112).max;
    }

    function secondsIn(uint256 word) internal pure returns (uint256) {
        return (word >> 112) & type(uint16).max;
    }

    function lastTime(uint256 word) internal pure returns (uint256) {
        return (word >> 128) & type(uint32).max;
    }

    function lastPrice(uint256 word) internal pure returns (Price) {
        return Price.wrap(word >> 160);
    }

    /// @notice Reverts beyond the bits of each field.
    function pack(uint256 sum_, uint256 seconds_, uint256 time, Price price) internal pure returns (uint256) {
        return
            SafeCast.toUint112(sum_) |
            (uint256(SafeCast.toUint16(seconds_)) << 112) |
            (uint256(SafeCast.toUint32(time)) << 128) |
            (uint256(SafeCast.toUint96(price.raw())) << 160);
    }
}
