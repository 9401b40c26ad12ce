// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Lots} from "../types/Lots.sol";
import {Wad} from "../types/Wad.sol";

/// @dev The perpetual of one account on one underlying, and how many positions it has there in options and dated futures.
/// bits 0–47 lots (signed) | 48–143 funding index at the last touch (signed WAD a lot) | 144–239 entry cost (signed WAD, at most what 96 bits hold) |
/// 240–255 number of series positions                                                                       48+96+96+16 = 256
/// Without a perpetual the index and the entry cost are zero.
library PositionWord {
    using SafeCast for int256;

    function lots(uint256 word) internal pure returns (Lots) {
        // casting to int48 is safe: the low 48 bits hold the signed size
        return Lots.wrap(int48(uint48(word)));
    }

    function fundingIndex(uint256 word) internal pure returns (int256) {
        // casting to int96 is safe: 96 bits hold the signed index
        return int96(uint96(word >> 48));
    }

    function entryCost(uint256 word) internal pure returns (Wad) {
        // casting to int96 is safe: 96 bits hold the signed amount
        return Wad.wrap(int96(uint96(word >> 144)));
    }

    function seriesPositions(uint256 word) internal pure returns (uint256) {
        return word >> 240;
    }

    /// @dev `count` is below 2^16.
    function withSeriesPositions(uint256 word, uint256 count) internal pure returns (uint256) {
        return ((word << 16) >> 16) | (count << 240);
    }

    /// @dev Reverts beyond the bits of lots and index. The cost, which no margin reads, ends at 2^95: a position that is worth more, as that of a fund account in a
    /// currency of small units may be, must not be immune. No series positions.
    function pack(int256 size, int256 index, int256 cost) internal pure returns (uint256) {
        return uint256(uint48(size.toInt48())) | (uint256(uint96(index.toInt96())) << 48) | (uint256(uint96(_saturated(cost))) << 144);
    }

    function _saturated(int256 cost) private pure returns (int96) {
        if (cost > type(int96).max) return type(int96).max;
        // casting to int96 is safe: within its bounds
        return cost < type(int96).min ? type(int96).min : int96(cost);
    }
}
