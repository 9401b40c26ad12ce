// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ramp} from "../types/Ramp.sol";
import {Field} from "./Field.sol";

/// @dev How posts of an underlying are judged.
/// bits 0–7 number of sources | 8–15 dropped sources, a bit each | 16–55 until when the guardian's drop holds | 56–79 agreement band of
/// two sources (ppm) | 80–103 band against the last accepted price at one minute (ppm), widening with √time | 104–127 widest band (ppm) |
/// 128–167 depth from (lots) | 168–207 depth to | 208–247 end of its ramp | 248–255 spare     8+8+40+24+24+24+40+40+40+8 = 256
/// Valuations read the depth in the price word; each post takes over what the ramp here has reached.
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

    /// @dev The depth that a post at this time writes into the price word, which holds `present`.
    function depthAtPost(uint256 word, uint256 present) internal view returns (uint256) {
        uint256 end = Field.get(word, 208, 40);
        return end == 0 ? present : Ramp.valueNow(Field.get(word, 128, 40), Field.get(word, 168, 40), end);
    }

    /// @dev A ramp of the depth; all zero ends one.
    function withDepthRamp(uint256 word, uint256 from, uint256 to, uint256 end) internal pure returns (uint256) {
        return Field.put(Field.put(Field.put(word, 128, 40, from), 168, 40, to), 208, 40, end);
    }

    function withAgreementBand(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 56, 24, ppm);
    }

    function withBand(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 80, 24, ppm);
    }

    function withWidestBand(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 104, 24, ppm);
    }

    function withSources(uint256 word, uint8 count) internal pure returns (uint256) {
        return (word & ~uint256(0xff)) | count;
    }

    function withDropped(uint256 word, uint8 mask, uint40 until) internal pure returns (uint256) {
        return (word & ~(((uint256(1) << 48) - 1) << 8)) | (uint256(mask) << 8) | (uint256(until) << 16);
    }

    function withBands(uint256 word, uint24 agreement, uint24 band, uint24 widest) internal pure returns (uint256) {
        return withWidestBand(withBand(withAgreementBand(word, agreement), band), widest);
    }
}
