// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";

/// @dev What the risk words of a series were made with, and its strikes.
/// bits 0–53 mantissa of the anchor | 54–59 its power of two | 60–91 time of the refresh | 92–115 scan range (1e-7) | 116–139 epoch of the
/// volatility slice | 140–183 lowest strike (quanta) | 184–211 step between strikes (quanta) | 212–216 decimals of the quantum: 10^x (WAD) |
/// 217–223 number of strikes | 224–255 expiry                                    54+6+32+24+24+44+28+5+7+32 = 256
/// The anchor is the forward that the words were priced at, of a lot. It is rounded before anything is priced, down to 54 significant binary
/// digits (1.1e-16 of itself), and the scan range up to whole units: the words are then exactly those of what is stored here, and so are
/// their unit and the nodes of the bound. What the live forward is more is a move since the anchor like any other. Strikes are prices of a
/// lot, evenly apart and exact: base + index·step, in a power of ten because that is how they are quoted. Before the first refresh the
/// anchor, its time, range and epoch are zero.
library SeriesWord {
    uint256 internal constant ANCHOR_DIGITS = 54;
    /// @dev The unit of the scan range, as a ratio.
    uint256 internal constant RANGE_UNIT = 1e11;
    uint256 private constant TIMES = type(uint32).max;
    /// @dev The fields that a refresh writes: bits 0–139.
    uint256 private constant REFRESHED = (1 << 140) - 1;

    /// @notice Thrown when a series has no strike, a strike of zero or no step.
    error MalformedSeries(uint256 base, uint256 step, uint256 count);

    /// @notice Thrown when a strike does not fit the 96 bits of a price.
    error StrikeTooHigh(uint256 strike);

    /// @notice Thrown when a series has no strike of that index.
    error UnknownStrike(uint256 index, uint256 count);

    /// @notice The word of a series that is listed and not yet refreshed. Reverts beyond the bits of each field.
    /// @param base lowest strike, in quanta
    /// @param step between strikes, in quanta
    /// @param decimals one quantum is 10^decimals units of a price (1e-18)
    function listed(uint256 expiry_, uint256 base, uint256 step, uint256 decimals, uint256 count) internal pure returns (uint256 word) {
        if (base == 0 || step == 0 || count == 0) revert MalformedSeries(base, step, count);
        word =
            (_narrow(base, 44) << 140) |
            (_narrow(step, 28) << 184) |
            (_narrow(decimals, 5) << 212) |
            (_narrow(count, 7) << 217) |
            (_narrow(expiry_, 32) << 224);
        uint256 highest = strike(word, count - 1).raw();
        if (highest > type(uint96).max) revert StrikeTooHigh(highest);
    }

    /// @notice The word after a refresh. Reverts beyond the bits of each field.
    /// @param forward as `forwardDown` leaves it; what it is more is cut
    /// @param range as `rangeUp` leaves it; what it is more is cut
    function refreshed(uint256 word, Price forward, Ratio range, uint256 time_, uint256 epoch_) internal pure returns (uint256) {
        uint256 power = _power(forward.raw());
        return
            (word & ~REFRESHED) |
            _narrow(forward.raw() >> power, ANCHOR_DIGITS) |
            (power << 54) |
            (_narrow(time_, 32) << 60) |
            (_narrow(range.raw() / RANGE_UNIT, 24) << 92) |
            (_narrow(epoch_, 24) << 116);
    }

    /// @notice A forward that an anchor holds to the unit: at most one part in 2^53 lower.
    /// @dev A forward below 2^96.
    function forwardDown(Price forward) internal pure returns (Price) {
        uint256 power = _power(forward.raw());
        return Price.wrap((forward.raw() >> power) << power);
    }

    /// @notice A scan range that the word holds to the unit: at most 1e-7 higher.
    function rangeUp(Ratio range) internal pure returns (Ratio) {
        unchecked {
            // range < 2^72
            return Ratio.wrap(((range.raw() + (RANGE_UNIT - 1)) / RANGE_UNIT) * RANGE_UNIT);
        }
    }

    /// @notice The forward of a lot that the words were priced at; zero before the first refresh.
    function anchor(uint256 word) internal pure returns (Price) {
        return Price.wrap((word & ((1 << ANCHOR_DIGITS) - 1)) << ((word >> 54) & 0x3f));
    }

    function time(uint256 word) internal pure returns (uint256) {
        return (word >> 60) & TIMES;
    }

    function scanRange(uint256 word) internal pure returns (Ratio) {
        unchecked {
            // 24 bits
            return Ratio.wrap(((word >> 92) & type(uint24).max) * RANGE_UNIT);
        }
    }

    /// @notice The number of the slice that the words were priced with, modulo 2^24: it is only compared.
    function epoch(uint256 word) internal pure returns (uint256) {
        return (word >> 116) & type(uint24).max;
    }

    /// @notice The price of a lot that the option of `index` is struck at. Without a check of the index, for which there is `requireListed`.
    function strike(uint256 word, uint256 index) internal pure returns (Price) {
        unchecked {
            // base < 2^44, step < 2^28, index < 2^7, the quantum < 2^103; what is listed is below 2^96
            (uint256 base, uint256 step) = strikes(word);
            return Price.wrap(base + index * step);
        }
    }

    /// @notice The lowest strike and the step from one to the next, prices of a lot: for who asks for many strikes.
    function strikes(uint256 word) internal pure returns (uint256 base, uint256 step) {
        unchecked {
            // the quantum < 2^103; what is listed is below 2^96
            uint256 quantum = 10 ** ((word >> 212) & 0x1f);
            base = ((word >> 140) & ((1 << 44) - 1)) * quantum;
            step = ((word >> 184) & ((1 << 28) - 1)) * quantum;
        }
    }

    function strikeCount(uint256 word) internal pure returns (uint256) {
        return (word >> 217) & 0x7f;
    }

    function requireListed(uint256 word, uint256 index) internal pure {
        if (index >= strikeCount(word)) revert UnknownStrike(index, strikeCount(word));
    }

    function expiry(uint256 word) internal pure returns (uint256) {
        return word >> 224;
    }

    /// @dev By how many binary digits a forward is longer than a mantissa: at most 42.
    function _power(uint256 forward) private pure returns (uint256) {
        unchecked {
            uint256 beyond = FixedPointMathLib.log2(forward) + 1;
            return beyond > ANCHOR_DIGITS ? beyond - ANCHOR_DIGITS : 0;
        }
    }

    function _narrow(uint256 value, uint256 width) private pure returns (uint256) {
        // casting to uint8 is safe: widths of this word
        if (value >> width != 0) revert SafeCast.SafeCastOverflowedUintDowncast(uint8(width), value);
        return value;
    }
}
