// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev How posts of an underlying are judged.
/// bits 0–7 number of sources | 8–15 dropped sources, a bit each | 16–55 until when the guardian's drop holds | 56–79 agreement band of
/// two sources (ppm) | 80–103 band against the last accepted price at one minute (ppm), widening with √time | 104–127 widest band (ppm) |
/// 128–255 spare                                                                                     8+8+40+24+24+24+128 = 256
library GuardWord {
    function sources(uint256 word) internal pure returns (uint256) {
        return word & 0xff;
    }

    /// @dev The sources that count at `now_`: a drop by the guardian lapses.
    function dropped(uint256 word, uint256 now_) internal pure returns (uint256) {
        return now_ < droppedUntil(word) ? (word >> 8) & 0xff : 0;
    }

    function droppedUntil(uint256 word) internal pure returns (uint256) {
        return (word >> 16) & type(uint40).max;
    }

    function agreementPpm(uint256 word) internal pure returns (uint256) {
        return (word >> 56) & type(uint24).max;
    }

    function bandPpm(uint256 word) internal pure returns (uint256) {
        return (word >> 80) & type(uint24).max;
    }

    function widestBandPpm(uint256 word) internal pure returns (uint256) {
        return (word >> 104) & type(uint24).max;
    }

    function withSources(uint256 word, uint8 count) internal pure returns (uint256) {
        return (word & ~uint256(0xff)) | count;
    }

    function withDropped(uint256 word, uint8 mask, uint40 until) internal pure returns (uint256) {
        return (word & ~(((uint256(1) << 48) - 1) << 8)) | (uint256(mask) << 8) | (uint256(until) << 16);
    }

    function withBands(uint256 word, uint24 agreement, uint24 band, uint24 widest) internal pure returns (uint256) {
        return (word & ((1 << 56) - 1)) | (uint256(agreement) << 56) | (uint256(band) << 80) | (uint256(widest) << 104);
    }
}
