// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Field} from "./Field.sol";

/// @dev From the forecast to the scan range.
/// bits 0–31 k, the multiple of σ·√horizon (ppm) | 32–63 horizon (seconds) | 64–95 floor of the range (ppb) | 96–127 cap of the range
/// (ppb) | 128–159 floor of σ (ppm a year) | 160 whether the underlying has series, so that a post that reads this word anyway
/// knows | 161–255 spare                                                                            32+32+32+32+32+1+95 = 256
library VolatilityWord {
    function multiplePpm(uint256 word) internal pure returns (uint256) {
        return word & type(uint32).max;
    }

    function horizon(uint256 word) internal pure returns (uint256) {
        return (word >> 32) & type(uint32).max;
    }

    function rangeFloorPpb(uint256 word) internal pure returns (uint256) {
        return (word >> 64) & type(uint32).max;
    }

    function rangeCapPpb(uint256 word) internal pure returns (uint256) {
        return (word >> 96) & type(uint32).max;
    }

    function sigmaFloorPpm(uint256 word) internal pure returns (uint256) {
        return (word >> 128) & type(uint32).max;
    }

    function hasSeries(uint256 word) internal pure returns (bool) {
        return (word >> 160) & 1 != 0;
    }

    function withSeries(uint256 word) internal pure returns (uint256) {
        return word | (1 << 160);
    }

    function withMultiple(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 0, 32, ppm);
    }

    function withHorizon(uint256 word, uint256 time) internal pure returns (uint256) {
        return Field.put(word, 32, 32, time);
    }

    function withRangeFloor(uint256 word, uint256 ppb) internal pure returns (uint256) {
        return Field.put(word, 64, 32, ppb);
    }

    function withRangeCap(uint256 word, uint256 ppb) internal pure returns (uint256) {
        return Field.put(word, 96, 32, ppb);
    }

    function withSigmaFloor(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 128, 32, ppm);
    }

    function pack(
        uint32 multiple,
        uint32 horizonSeconds,
        uint32 rangeFloor,
        uint32 rangeCap,
        uint32 sigmaFloor
    ) internal pure returns (uint256) {
        return
            multiple |
            (uint256(horizonSeconds) << 32) |
            (uint256(rangeFloor) << 64) |
            (uint256(rangeCap) << 96) |
            (uint256(sigmaFloor) << 128);
    }
}
