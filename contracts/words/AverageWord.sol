// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Price} from "../types/Price.sol";

/// @dev The average that a series settles on, as far as it is known.
/// bits 0–107 sum of price times seconds (WAD·s) | 108–119 seconds in the sum | 120–127 seconds from the publish time of the last post to its
/// block, at most the longest hold | 128–159 publish time of the last post | 160–255 its price of a lot       108+12+8+32+96 = 256
/// The seconds end at the length of the window; a price below 2^96 times that fits 107 bits. Whoever has reached the end stays as it is: a
/// full word is the settlement price, written once. Zero before the first post.
library AverageWord {
    function sum(uint256 word) internal pure returns (uint256) {
        return word & ((1 << 108) - 1);
    }

    function secondsIn(uint256 word) internal pure returns (uint256) {
        return (word >> 108) & 0xfff;
    }

    function delay(uint256 word) internal pure returns (uint256) {
        return (word >> 120) & type(uint8).max;
    }

    function lastTime(uint256 word) internal pure returns (uint256) {
        return (word >> 128) & type(uint32).max;
    }

    function lastPrice(uint256 word) internal pure returns (Price) {
        return Price.wrap(word >> 160);
    }

    /// @notice Reverts beyond the bits of each field.
    function pack(uint256 sum_, uint256 seconds_, uint256 delay_, uint256 time, Price price) internal pure returns (uint256) {
        if (sum_ >> 108 != 0) revert SafeCast.SafeCastOverflowedUintDowncast(108, sum_);
        if (seconds_ >> 12 != 0) revert SafeCast.SafeCastOverflowedUintDowncast(12, seconds_);
        return
            sum_ |
            (seconds_ << 108) |
            (uint256(SafeCast.toUint8(delay_)) << 120) |
            (uint256(SafeCast.toUint32(time)) << 128) |
            (uint256(SafeCast.toUint96(price.raw())) << 160);
    }
}
