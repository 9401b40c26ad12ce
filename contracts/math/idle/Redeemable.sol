// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {RateGuard} from "./RateGuard.sol";

/// @title What of a strategy's shares could be redeemed at once, hour by hour
/// @dev bits 0–191 samples of the last 24 hours, eight bits each, by hour modulo 24, in 250ths of the cap of governance | 192–215 hour of the newest |
/// 216–223 a lower reading that waits to be read again | 224–255 when it was read, 0: none waits                       192+24+8+32 = 256
library Redeemable {
    uint256 internal constant PARTS = 250;

    uint256 private constant SAMPLES = 24;

    /// @dev After somebody has asked the strategy. What is more than the hour before counts at once, and lifts no sample of the same hour; what is less counts
    /// when it is read again, a minute to two hours later, at the higher of the two.
    /// @param shares of those that the vault holds, redeemable now, below 2^128
    /// @param cap of governance on the shares that the vault may hold, positive
    function sampled(uint256 word, uint256 shares, uint256 cap, uint256 now_) internal pure returns (uint256) {
        unchecked {
            uint256 hour = now_ / 1 hours;
            uint256 said = Math.min((shares * PARTS) / cap, PARTS);
            uint256 newest = _hour(word);
            uint256 missed = hour - newest;
            uint256 last = missed <= 1 ? (word >> (8 * (newest % SAMPLES))) & 0xff : 0;
            uint256 samples = uint192(word);
            if (missed >= SAMPLES) samples = 0;
            else for (uint256 h = newest + 1; h <= hour; ++h) samples &= ~(uint256(0xff) << (8 * (h % SAMPLES)));
            uint256 sample = last;
            uint256 waits;
            if (said >= last) {
                if (missed != 0) sample = said;
            } else {
                (sample, waits) = _lower(word, said, last, now_);
            }
            uint256 shift = 8 * (hour % SAMPLES);
            return (samples & ~(uint256(0xff) << shift)) | (sample << shift) | (hour << 192) | waits;
        }
    }

    /// @dev The least of the last 24 hourly samples, in shares, rounded down. An hour without one counts nothing.
    function leastDown(uint256 word, uint256 cap, uint256 now_) internal pure returns (uint256) {
        if (now_ / 1 hours > _hour(word) + 1) return 0;
        uint256 least = PARTS;
        for (uint256 i; i < SAMPLES; ++i) {
            least = Math.min(least, (word >> (8 * i)) & 0xff);
        }
        return (least * cap) / PARTS;
    }

    function _hour(uint256 word) private pure returns (uint256) {
        return (word >> 192) & type(uint24).max;
    }

    /// @return sample of the hour
    /// @return waits the fields of the reading that waits
    function _lower(uint256 word, uint256 said, uint256 last, uint256 now_) private pure returns (uint256 sample, uint256 waits) {
        unchecked {
            uint256 time = word >> 224;
            bool lives = time != 0 && now_ - time <= RateGuard.READING_LIFE;
            uint256 agreed = lives ? Math.max((word >> 216) & 0xff, said) : said;
            if (!lives || now_ - time < RateGuard.CONFIRMATION) return (last, (agreed << 216) | ((lives ? time : now_) << 224));
            sample = Math.min(agreed, last);
            if (said < sample) waits = (said << 216) | (now_ << 224);
        }
    }
}
