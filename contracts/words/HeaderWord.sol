// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Wad} from "../types/Wad.sol";

/// @dev The first slot of an account.
/// bits 0–127 cash (signed WAD) | 128–159 underlyings held | 160–191 collateral tokens held | 192–207 modules, as the difference from
/// the deployment's default | 208–239 order epoch | 240 of the fund's main account: a deficit is outstanding, of others: settled cash
/// was declared short | 241–255 positions in options and dated futures, over all underlyings                                                                128+32+32+16+32+1+15 = 256
library HeaderWord {
    using SafeCast for int256;

    function cash(uint256 word) internal pure returns (Wad) {
        // casting to int128 is safe: the low 128 bits hold the signed amount
        return Wad.wrap(int128(uint128(word)));
    }

    function underlyings(uint256 word) internal pure returns (uint256) {
        return (word >> 128) & 0xffffffff;
    }

    function collaterals(uint256 word) internal pure returns (uint256) {
        return (word >> 160) & 0xffffffff;
    }

    /// @dev What an account holds besides cash, as bits in their places, and the bit beside the epoch: two words alike here hold things on the same underlyings.
    function holdings(uint256 word) internal pure returns (uint256) {
        return word & ((uint256(type(uint64).max) << 128) | (uint256(type(uint16).max) << 240));
    }

    /// @dev Whether `holdings` are one perpetual: neither collateral nor series, and no clock runs.
    function holdsOnePerpetual(uint256 word) internal pure returns (bool) {
        uint256 held = holdings(word) >> 128;
        unchecked {
            // a power of two below 2^32
            return held != 0 && held < 1 << 32 && held & (held - 1) == 0;
        }
    }

    function moduleDifference(uint256 word) internal pure returns (uint256) {
        return (word >> 192) & 0xffff;
    }

    function epoch(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 208);
    }

    /// @dev Reverts beyond 128 bits.
    function withCash(uint256 word, Wad amount) internal pure returns (uint256) {
        return (word & ~uint256(type(uint128).max)) | uint128(amount.raw().toInt128());
    }

    function withUnderlying(uint256 word, uint256 underlying, bool held) internal pure returns (uint256) {
        uint256 bit = 1 << (128 + underlying);
        return held ? word | bit : word & ~bit;
    }

    function withCollateral(uint256 word, uint256 token, bool held) internal pure returns (uint256) {
        uint256 bit = 1 << (160 + token);
        return held ? word | bit : word & ~bit;
    }

    function withModuleDifference(uint256 word, uint256 mask) internal pure returns (uint256) {
        return (word & ~(uint256(0xffff) << 192)) | ((mask & 0xffff) << 192);
    }

    /// @dev Of the fund's main account: whether its income has a deficit to refill first.
    function deficitOutstanding(uint256 word) internal pure returns (bool) {
        return (word >> 240) & 1 != 0;
    }

    function withDeficitOutstanding(uint256 word, bool outstanding) internal pure returns (uint256) {
        uint256 bit = 1 << 240;
        return outstanding ? word | bit : word & ~bit;
    }

    /// @dev Of an account that is not the fund's: whether the clock of the exchange discount was started and not stopped.
    function declaredShort(uint256 word) internal pure returns (bool) {
        return (word >> 240) & 1 != 0;
    }

    function withDeclaredShort(uint256 word, bool short) internal pure returns (uint256) {
        uint256 bit = 1 << 240;
        return short ? word | bit : word & ~bit;
    }

    /// @dev How many options and dated futures the account holds, over all underlyings.
    function seriesPositions(uint256 word) internal pure returns (uint256) {
        return word >> 241;
    }

    /// @dev `count` is below 2^15.
    function withSeriesPositions(uint256 word, uint256 count) internal pure returns (uint256) {
        return ((word << 15) >> 15) | (count << 241);
    }

    /// @dev The epoch counts modulo 2^32: it would take a block a second for 136 years to return.
    function nextEpoch(uint256 word) internal pure returns (uint256) {
        uint256 mask = uint256(type(uint32).max) << 208;
        unchecked {
            return (word & ~mask) | ((word + (1 << 208)) & mask);
        }
    }
}
