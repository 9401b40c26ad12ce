// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @dev Funding and open interest of a perpetual.
/// bits 0–95 cumulative index (signed WAD a lot) | 96–127 rate over eight hours (signed ppb) | 128–167 time of the index |
/// 168–211 open interest (lots held long) | 212–255 cap of the open interest (lots)                          96+32+40+44+44 = 256
library FundingWord {
    using SafeCast for int256;
    using SafeCast for uint256;

    function index(uint256 word) internal pure returns (int256) {
        // casting to int96 is safe: the low 96 bits hold the signed index
        return int96(uint96(word));
    }

    function rate(uint256 word) internal pure returns (int256) {
        // casting to int32 is safe: 32 bits hold the signed rate
        return int32(uint32(word >> 96));
    }

    function time(uint256 word) internal pure returns (uint256) {
        return (word >> 128) & type(uint40).max;
    }

    function openInterest(uint256 word) internal pure returns (uint256) {
        return (word >> 168) & ((1 << 44) - 1);
    }

    function cap(uint256 word) internal pure returns (uint256) {
        return word >> 212;
    }

    /// @dev Reverts beyond 96 bits of the index.
    function withIndex(uint256 word, int256 newIndex, uint40 newTime) internal pure returns (uint256) {
        uint256 mask = type(uint96).max | (uint256(type(uint40).max) << 128);
        return (word & ~mask) | uint96(newIndex.toInt96()) | (uint256(newTime) << 128);
    }

    function withRate(uint256 word, int32 newRate) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint32).max) << 96)) | (uint256(uint32(newRate)) << 96);
    }

    /// @dev Open interest is at most the sum of the longs, 2^47 lots an account; beyond 2^44 in all the caps have long refused.
    function withOpenInterest(uint256 word, uint256 lots) internal pure returns (uint256) {
        if (lots >= 1 << 44) revert SafeCast.SafeCastOverflowedUintDowncast(44, lots);
        return (word & ~(((uint256(1) << 44) - 1) << 168)) | (lots << 168);
    }

    function withCap(uint256 word, uint256 lots) internal pure returns (uint256) {
        if (lots >= 1 << 44) revert SafeCast.SafeCastOverflowedUintDowncast(44, lots);
        return (word & ((uint256(1) << 212) - 1)) | (lots << 212);
    }
}
