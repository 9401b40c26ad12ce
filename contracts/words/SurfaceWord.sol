// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @dev What the volatility feed said of a series, apart from the slice itself, and what the vault keeps beside it.
/// bits 0–31 basis: the forward over the price, less one (signed, 1e-9) | 32–71 publish time of the slice | 72–103 seconds of variance time
/// that its total variance is for | 104–127 number of the slice, below 2^23 | 128–143 highest implied volatility of a listed strike at the refresh (1e-3
/// a year, rounded up) | 144–159 how far volatilities can slide along the slice while the words hold (65,535ths of themselves, rounded up) |
/// 160–199 depth (lots) | 200–243 lots held of all its instruments, long and short: a series is done with when there are none | 244–255 highest implied volatility that a slice may
/// have (percent a year)                                                      32+40+32+24+16+16+40+44+12 = 256
library SurfaceWord {
    using SafeCast for uint256;
    using SafeCast for int256;

    /// @dev Up to 6,553 %: after a crash far strikes have more than a slice may have when it is posted.
    uint256 private constant HIGHEST_UNIT = 1e15;
    /// @dev WAD/65,535, rounded up: of no slice a volatility can slide by more than all of it.
    uint256 private constant SLIDE_UNIT = 15_259_021_896_697;
    uint256 private constant PERCENT = 1e16;
    /// @dev Numbers from here on are of slices that give way to the forecast (`SeriesState.epochOf`).
    uint256 internal constant EPOCHS = 1 << 23;
    uint256 private constant HELD_BITS = 44;

    /// @notice A series that is listed and has no slice yet. Reverts beyond the bits of each field.
    function listed(uint256 lots, uint256 volatilityCapPercent) internal pure returns (uint256) {
        if (volatilityCapPercent >> 12 != 0) revert SafeCast.SafeCastOverflowedUintDowncast(12, volatilityCapPercent);
        return (uint256(lots.toUint40()) << 160) | (volatilityCapPercent << 244);
    }

    /// @notice The word with another slice, and its number. Reverts beyond the bits of each field.
    function withSlice(uint256 word, int256 basisPpb, uint256 time, uint256 seconds_) internal pure returns (uint256) {
        uint256 next = (epoch(word) + 1) % EPOCHS;
        return
            ((word >> 128) << 128) |
            uint32(basisPpb.toInt32()) |
            (uint256(time.toUint40()) << 32) |
            (uint256(seconds_.toUint32()) << 72) |
            (next << 104);
    }

    /// @notice The word after a refresh. Reverts beyond the bits of each field.
    /// @param highest implied volatility, WAD
    /// @param slide_ a part of the volatility, WAD
    function withRefresh(uint256 word, uint256 highest, uint256 slide_) internal pure returns (uint256) {
        uint256 units = (highest + (HIGHEST_UNIT - 1)) / HIGHEST_UNIT;
        uint256 slides = (slide_ + (SLIDE_UNIT - 1)) / SLIDE_UNIT;
        return (word & ~(uint256(type(uint32).max) << 128)) | (uint256(units.toUint16()) << 128) | (uint256(slides.toUint16()) << 144);
    }

    /// @dev Reverts beyond 44 bits: so much the caps of open interest never let in.
    function withHeld(uint256 word, uint256 lots) internal pure returns (uint256) {
        if (lots >> HELD_BITS != 0) revert SafeCast.SafeCastOverflowedUintDowncast(44, lots);
        return (word & ~(((uint256(1) << HELD_BITS) - 1) << 200)) | (lots << 200);
    }

    /// @notice The forward over the price, less one, in 1e-9.
    function basis(uint256 word) internal pure returns (int256) {
        // casting to int32 is safe: the low 32 bits hold the signed basis
        return int32(uint32(word));
    }

    /// @notice Publish time of the slice, zero before the first.
    function published(uint256 word) internal pure returns (uint256) {
        return (word >> 32) & type(uint40).max;
    }

    function span(uint256 word) internal pure returns (uint256) {
        return (word >> 72) & type(uint32).max;
    }

    function epoch(uint256 word) internal pure returns (uint256) {
        return (word >> 104) & type(uint24).max;
    }

    /// @notice WAD a year, at least what any listed strike had at the refresh.
    function highestVolatility(uint256 word) internal pure returns (uint256) {
        unchecked {
            // 16 bits
            return ((word >> 128) & type(uint16).max) * HIGHEST_UNIT;
        }
    }

    /// @notice The part of itself by which the volatility of any listed strike can change along the slice while the words hold.
    function slide(uint256 word) internal pure returns (uint256) {
        unchecked {
            // 16 bits
            return ((word >> 144) & type(uint16).max) * SLIDE_UNIT;
        }
    }

    function depth(uint256 word) internal pure returns (uint256) {
        return (word >> 160) & type(uint40).max;
    }

    /// @notice Lots of all its instruments that accounts hold, long and short.
    function held(uint256 word) internal pure returns (uint256) {
        return (word >> 200) & ((1 << HELD_BITS) - 1);
    }

    function volatilityCap(uint256 word) internal pure returns (uint256) {
        unchecked {
            // 12 bits
            return (word >> 244) * PERCENT;
        }
    }
}
