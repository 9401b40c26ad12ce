// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../types/Price.sol";
import {Ratio, fromPpb} from "../types/Ratio.sol";

/// @dev What every valuation of an underlying reads.
/// bits 0–95 price of a lot (WAD) | 96–135 publish time | 136–167 target scan range (ppb) | 168–199 held scan range (ppb) |
/// 200–239 depth in lots, for the size charge | 240–247 exponent of the lot: one lot is 10^-x of the underlying | 248–255 state
///                                                                                                  96+40+32+32+40+8+8 = 256
library PriceWord {
    /// @dev States. A word that was never posted is INVALID by its price of zero.
    uint256 internal constant NORMAL = 0;
    uint256 internal constant INVALID = 1; // the last post was outside the guard; the price is the last valid one
    uint256 internal constant GRACE = 2; // the sequencer was down or in its grace period at the last post

    function price(uint256 word) internal pure returns (Price) {
        return Price.wrap(word & type(uint96).max);
    }

    function time(uint256 word) internal pure returns (uint256) {
        return (word >> 96) & type(uint40).max;
    }

    /// @dev A publish time may be seconds ahead of the block's.
    function age(uint256 word) internal view returns (uint256) {
        unchecked {
            return block.timestamp > time(word) ? block.timestamp - time(word) : 0;
        }
    }

    /// @dev Good: normal, and at most `most` seconds old. What is not good is doubtful, whatever the cause.
    function isGood(uint256 word, uint256 age_, uint256 most) internal pure returns (bool) {
        return state(word) == NORMAL && age_ <= most;
    }

    function targetRange(uint256 word) internal pure returns (Ratio) {
        return fromPpb((word >> 136) & type(uint32).max);
    }

    function heldRange(uint256 word) internal pure returns (Ratio) {
        return fromPpb((word >> 168) & type(uint32).max);
    }

    /// @dev The larger of both: what new risk and withdrawals are measured at.
    function widerRange(uint256 word) internal pure returns (Ratio) {
        (Ratio target, Ratio held) = (targetRange(word), heldRange(word));
        return target > held ? target : held;
    }

    function depth(uint256 word) internal pure returns (uint256) {
        return (word >> 200) & type(uint40).max;
    }

    function lotExponent(uint256 word) internal pure returns (uint256) {
        return (word >> 240) & 0xff;
    }

    function state(uint256 word) internal pure returns (uint256) {
        return word >> 248;
    }

    function withState(uint256 word, uint256 newState) internal pure returns (uint256) {
        return (word & (type(uint256).max >> 8)) | (newState << 248);
    }

    function withDepth(uint256 word, uint40 newDepth) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint40).max) << 200)) | (uint256(newDepth) << 200);
    }

    /// @dev The ranges are in ppb; depth, exponent and state stay.
    function withPost(uint256 word, uint96 newPrice, uint40 newTime, uint32 target, uint32 held) internal pure returns (uint256) {
        return (word & ~uint256((1 << 200) - 1)) | newPrice | (uint256(newTime) << 96) | (uint256(target) << 136) | (uint256(held) << 168);
    }

    function first(uint40 newDepth, uint8 exponent) internal pure returns (uint256) {
        return (uint256(newDepth) << 200) | (uint256(exponent) << 240);
    }
}
