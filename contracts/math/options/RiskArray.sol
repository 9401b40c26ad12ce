// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lots} from "../../types/Lots.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";
import {LANES, RiskWord} from "../../words/RiskWord.sol";
import {Stress} from "../Stress.sol";
import {Lanes} from "./Lanes.sol";

/// @dev Seventeen sums of lanes and two of lots, four to a word. A field has 60 bits.
/// first: lanes 0, 4, 8, 12 at bits 0, 60, 120, 180 | second: 1, 5, 9, 13 | third: 2, 6, 10, 14 | fourth: 3, 7, 11, 15 |
/// last: lane 16 at bit 0, lots whose word is of the call at bit 60, all lots at bit 120
struct LaneSums {
    uint256 first;
    uint256 second;
    uint256 third;
    uint256 fourth;
    uint256 last;
}

/// @dev A book of options and dated futures on one series, ready to be valued in any scenario; it begins as `RiskArray.empty`. Longs and
/// shorts are apart because a bound treats them differently.
struct SeriesBook {
    LaneSums longs;
    LaneSums shorts;
    uint256 everyFourth; // the mask of the kernel: read from memory it costs 107 gas a position less than built each time
    int256 forwards; // lots of the forward: dated futures, and what parity adds
    int256 strikes; // what parity owes: lots times strike, WAD
}

/// @title From risk words and sizes to the value of a book in the mark and the sixteen scenarios
/// @dev One multiplication adds four lanes at once: a word masked to every fourth lane is four numbers 60 bits apart, and a size times it is
/// four products. No field can run into the next. A lane is below 2^15, the size of a position below 2^37 and an account has at most 127
/// positions in a series; the sum of |size| is below 127·2^37 < 2^44, so a field stays below 2^15·2^44 = 2^59. That holds too where the
/// lots of a call and a put of one strike are added before they come here: what is bounded is the sum of sizes. The top field of a word
/// begins at bit 180 and ends below 2^240.
library RiskArray {
    using Lanes for int256[LANES];

    uint256 private constant FIELD_BITS = 60;
    uint256 private constant FIELD = (1 << 60) - 1;
    /// @dev What `SeriesBook.everyFourth` is.
    uint256 internal constant EVERY_FOURTH = 0x7fff | (0x7fff << 60) | (0x7fff << 120) | (0x7fff << 180);
    uint256 private constant LOTS_OF_CALLS = 1 << 60;
    uint256 private constant LOTS = 1 << 120;

    function empty() internal pure returns (SeriesBook memory book) {
        book.everyFourth = EVERY_FOURTH;
    }

    /// @notice Adds a position in the stored side of `word`.
    function addStored(SeriesBook memory book, uint256 word, Lots lots) internal pure {
        unchecked {
            // see above; each term is at most four fields of 52 bits
            uint256 mask = book.everyFourth;
            LaneSums memory sums = lots.raw() < 0 ? book.shorts : book.longs;
            uint256 size = lots.abs();
            sums.first += (word & mask) * size;
            sums.second += ((word >> 15) & mask) * size;
            sums.third += ((word >> 30) & mask) * size;
            sums.fourth += ((word >> 45) & mask) * size;
            // the side, bit 255, comes to lie at bit 60
            sums.last += (((word >> 240) & RiskWord.LARGEST_LANE) | ((word >> 195) & LOTS_OF_CALLS) | LOTS) * size;
        }
    }

    /// @notice Adds a position in the call, or the put, of `strike`, whichever of them `word` stores.
    /// @dev call = put + (forward − strike) in every scenario, undiscounted; a damped extreme is a mean of two scenarios, and so is its parity.
    function addOption(SeriesBook memory book, uint256 word, bool call, Lots lots, Price strike) internal pure {
        addStored(book, word, lots);
        if (call == RiskWord.isCall(word)) return;
        unchecked {
            // |lots| < 2^37, strike < 2^96, 127 of them
            int256 longForward = call ? lots.raw() : -lots.raw();
            book.forwards += longForward;
            // casting to int256 is safe: a price is below 2^96
            book.strikes += longForward * int256(strike.raw());
        }
    }

    /// @notice Adds a position in the dated future of the series, which is worth the forward.
    function addFuture(SeriesBook memory book, Lots lots) internal pure {
        unchecked {
            // |lots| < 2^37
            book.forwards += lots.raw();
        }
    }

    /// @notice The sum of size times lane over the positions of `sums`, in units; `scenario` is at most 16.
    function lane(LaneSums memory sums, uint256 scenario) internal pure returns (uint256) {
        unchecked {
            if (scenario == 16) return sums.last & FIELD;
            uint256 group = scenario & 3;
            uint256 word =
                group == 0
                    ? sums.first
                    : group == 1
                        ? sums.second
                        : group == 2
                            ? sums.third
                            : sums.fourth;
            return (word >> (FIELD_BITS * (scenario >> 2))) & FIELD;
        }
    }

    /// @notice Writes all seventeen of `lane` into `out`.
    function unpack(LaneSums memory sums, int256[LANES] memory out) internal pure {
        _unpackFour(out, 0, sums.first);
        _unpackFour(out, 1, sums.second);
        _unpackFour(out, 2, sums.third);
        _unpackFour(out, 3, sums.fourth);
        // casting is safe: 60 bits
        out.set(16, int256(sums.last & FIELD));
    }

    function _unpackFour(int256[LANES] memory out, uint256 from, uint256 fields) private pure {
        unchecked {
            // casting is safe: fields of 60 bits
            out.set(from, int256(fields & FIELD));
            out.set(from + 4, int256((fields >> 60) & FIELD));
            out.set(from + 8, int256((fields >> 120) & FIELD));
            out.set(from + 12, int256(fields >> 180));
        }
    }

    /// @notice The lots of `sums`, of either side.
    function lotsOf(LaneSums memory sums) internal pure returns (uint256) {
        return sums.last >> 120;
    }

    /// @notice The lots of `sums` whose word is of the call.
    function lotsOfCalls(LaneSums memory sums) internal pure returns (uint256) {
        return (sums.last >> 60) & FIELD;
    }

    /// @notice What the lines of a book, parity and futures, are worth at the mark: A·F − B. They move with A·F, as `exposure` says.
    function lineValue(SeriesBook memory book, Price forward) internal pure returns (Wad) {
        unchecked {
            return Wad.wrap(exposure(book, forward).raw() - book.strikes);
        }
    }

    /// @notice The market value of the forwards of a book: what its lines add to the line of the perpetual in every scenario.
    function exposure(SeriesBook memory book, Price forward) internal pure returns (Wad) {
        unchecked {
            // |forwards| < 2^44 and casting to int256 is safe: a price is below 2^96
            return Wad.wrap(book.forwards * int256(forward.raw()));
        }
    }

    /// @notice Adds a line, worth `mark` now and moving with `line`, at the mark and in each scenario, rounded down.
    /// @dev The sum of all lines of an underlying, so that it is rounded once: perpetual, collateral, futures and parity.
    function addLine(Wad mark, Wad line, Ratio range, int256[LANES] memory values) internal pure {
        unchecked {
            int256 value = mark.raw();
            values.add(0, value);
            values.add(1, value);
            values.add(2, value);
            // |line| < 2^149, ppb < 2^32
            int256 perTenth = line.raw() * int256(range.raw() / 1e9);
            _addMoves(values, 3, value, 10 * perTenth);
            _addMoves(values, 7, value, 20 * perTenth);
            _addMoves(values, 11, value, Stress.WHOLE_MOVE * perTenth);
            (int256 rise, int256 fall) = _bothDown(Stress.EXTREME_MOVE * perTenth);
            values.add(15, value + rise);
            values.add(16, value + fall);
        }
    }

    /// @dev Scenarios `from` to `from` + 3: up and down by one size, each with two volatilities, which a line does not see.
    function _addMoves(int256[LANES] memory values, uint256 from, int256 value, int256 numerator) private pure {
        unchecked {
            (int256 rise, int256 fall) = _bothDown(numerator);
            rise += value;
            fall += value;
            values.add(from, rise);
            values.add(from + 1, rise);
            values.add(from + 2, fall);
            values.add(from + 3, fall);
        }
    }

    /// @dev floor of ±numerator in thirtieths of parts per billion.
    function _bothDown(int256 numerator) private pure returns (int256 rise, int256 fall) {
        unchecked {
            int256 scale = Stress.WHOLE_MOVE * 1e9;
            rise = numerator / scale;
            fall = -rise;
            if (rise * scale != numerator) {
                if (numerator < 0) --rise;
                else --fall;
            }
        }
    }

    /// @notice The largest loss from the mark, and in which scenario it is met first; zero and scenario 0 when there is none.
    function worst(int256[LANES] memory values) internal pure returns (Wad loss, uint256 scenario) {
        unchecked {
            // least ≤ values[0], both amounts of one account
            int256 least = values[0];
            for (uint256 k = 1; k < LANES; ++k) {
                int256 value = values.get(k);
                if (value < least) (least, scenario) = (value, k);
            }
            loss = Wad.wrap(values[0] - least);
        }
    }
}
