// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {RiskWord} from "../../words/RiskWord.sol";
import {BY_PRICE_WORDS} from "./LineSums.sol";
import {OptionStress} from "./OptionStress.sol";
import {RiskArray, SeriesBook} from "./RiskArray.sol";

/// @title What a book of options is worth at least at a price that its words have not seen, in a sixth of the gas and never more than SecantKernel says
/// @dev A lot moves by at most the price, so whatever a scenario's node has moved by, times all lots, is the most that its lanes can be too high: one amount for
/// all scenarios. To it come a unit for each short lot, what lines and chords can lose to the rounding of lanes on the way, and all that time and volatility can
/// have taken, at the highest price of the rows. The tests hold it to be at most the bound of SecantKernel in every scenario.
library CoarseBound {
    /// @dev `add` counts on the places.
    struct Sums {
        int256[BY_PRICE_WORDS] values; // lanes of longs less those of shorts, all with `BIAS` more, WAD
        int256 common; // that much all of them are too high
    }

    /// @dev Of one series.
    struct Book {
        uint256 gross; // lots
        int256 gain; // what lanes say that the book gains from −⅓ to +⅓ of the range, volatility up
        int256 doubt; // by how much it can be more or less than that
        uint256 step; // a thirtieth of the scan range that holds now, as a price
    }

    /// @dev Above every sum of lanes: what is long less what is short stays positive in its field.
    int256 private constant BIAS = 0x800000000000000; // 2^59
    /// @dev More than all that the tight bound and the charge on its deltas round away.
    uint256 private constant ROUNDING = 32;

    /// @notice Adds the bound of `book` to `s` and writes into `b` what its delta is taken from.
    /// @param anchor forward and `anchorRange` scan range that the words were made with, a thirtieth of the range not zero as a price
    /// @param forward and `range` that hold now
    /// @param weight what a lot can have lost of a unit of the forward, in the row where that is most, times 5·WAD²/2
    function add(
        Sums memory s,
        Book memory b,
        SeriesBook memory book,
        Price anchor,
        Ratio anchorRange,
        Price forward,
        Ratio range,
        uint256 weight
    ) internal pure {
        uint256 longs = RiskArray.lotsOf(book.longs);
        uint256 shorts = RiskArray.lotsOf(book.shorts);
        int256 unit = int256(RiskWord.unitUp(anchor));
        uint256 step = OptionStress.stepDown(anchor, anchorRange);
        b.step = OptionStress.stepDown(forward, range);
        b.gross = longs + shorts;
        b.gain = _addLanes(s, book, unit);
        unchecked {
            // prices are below 2^96, lots below 2^44, all lots times their price and all amounts below 2^127
            uint256 moved = _distance(forward.raw(), anchor.raw()) + 60 * _distance(b.step, step);
            // 0.4·F·weight, at +1 scan range: more than 0.65 of the mark and 0.35 of the upper extreme
            uint256 vega = (2 * (forward.raw() + 30 * b.step) * weight * b.gross) / 5e36;
            uint256 lost = b.gross * moved + (4 * b.gross * uint256(unit) * moved) / (10 * step) + vega + ROUNDING;
            s.common += int256(lost) + (int256(shorts) + BIAS) * unit;
            // of the book and of the opposite one, whose short lots are the long ones
            b.doubt = int256(2 * lost + b.gross * uint256(unit));
        }
    }

    /// @dev Seventeen lanes times the unit; returns lane 3 less lane 5.
    function _addLanes(Sums memory s, SeriesBook memory book, int256 unit) private pure returns (int256 gain) {
        assembly ("memory-safe") {
            // one field of four, 60 bits each
            function put(at, fields, by) {
                mstore(at, add(mload(at), mul(and(fields, 0xfffffffffffffff), by)))
            }
            let longs := mload(book)
            let shorts := mload(add(book, 0x20))
            let values := mload(s)
            // 2^59 in each field
            let bias := 0x800000000000000800000000000000800000000000000800000000000000
            let four := sub(add(mload(longs), bias), mload(shorts)) // 0, 4, 8, 12
            put(values, four, unit)
            put(add(values, 0x180), shr(60, four), unit)
            put(add(values, 0x1c0), shr(120, four), unit)
            put(add(values, 0x200), shr(180, four), unit)
            four := sub(add(mload(add(longs, 0x20)), bias), mload(add(shorts, 0x20))) // 1, 5, 9, 13
            gain := and(shr(60, four), 0xfffffffffffffff)
            put(add(values, 0x120), four, unit)
            put(add(values, 0xe0), shr(60, four), unit)
            put(add(values, 0xa0), shr(120, four), unit)
            put(add(values, 0x60), shr(180, four), unit)
            four := sub(add(mload(add(longs, 0x40)), bias), mload(add(shorts, 0x40))) // 2, 6, 10, 14
            put(add(values, 0x140), four, unit)
            put(add(values, 0x100), shr(60, four), unit)
            put(add(values, 0xc0), shr(120, four), unit)
            put(add(values, 0x80), shr(180, four), unit)
            four := sub(add(mload(add(longs, 0x60)), bias), mload(add(shorts, 0x60))) // 3, 7, 11, 15
            gain := mul(sub(and(four, 0xfffffffffffffff), gain), unit)
            put(add(values, 0x160), four, unit)
            put(add(values, 0x1a0), shr(60, four), unit)
            put(add(values, 0x1e0), shr(120, four), unit)
            put(add(values, 0x20), shr(180, four), unit)
            // 16; lots above it
            four := sub(add(and(mload(add(longs, 0x80)), 0xfffffffffffffff), bias), and(mload(add(shorts, 0x80)), 0xfffffffffffffff))
            put(add(values, 0x40), four, unit)
        }
    }

    function _distance(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            // prices
            return a > b ? a - b : b - a;
        }
    }
}
