// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Instrument} from "../../types/Instrument.sol";
import {LOTS_FIELD} from "../../types/Position.sol";
import {HeaderWord} from "../../words/HeaderWord.sol";
import {PositionWord} from "../../words/PositionWord.sol";
import {VaultState} from "../VaultStorage.sol";

/// @title The only writer of positions in options and dated futures
/// @dev Four a slot, 64 bits each: the instrument in 16, the lots, signed, in 45, and in 3 how often they are halved in open interest. They have no order: what is new comes last, and what is closed
/// gives its place to the last one. Sorted by series, as DESIGN has it, a new position would move all behind it, a slot for every
/// four; whoever adds up a book looks for the series of a position among the few of the account instead.
/// How many there are is in the word of the perpetual and, over all underlyings, in the header. What is behind the last one is zero.
library SeriesPositions {
    using DynamicArrayLib for uint256[];
    using HeaderWord for uint256;

    /// @dev Of an account that is not the fund's, over all underlyings: so many can be liquidated in one transaction.
    uint256 internal constant MOST = 127;
    /// @dev A size is below this: the sums of RiskArray have room for as many.
    uint256 internal constant SIZES = 1 << 37;

    /// @dev A position as it is stored: instrument, lots and halvings.
    uint256 internal constant ENTRY = type(uint64).max;

    /// @dev The words of one side of a fill, and where in the list its position is.
    struct Place {
        uint256 header;
        uint256 position; // PositionWord
        uint256 index; // into the list: its length, where there is none
        int256 lots; // now
        uint256 halvings; // now
    }

    /// @notice Writes into `p` where `account` holds `instrument`, and how much.
    function find(Place memory p, VaultState storage $, AccountId account, uint256 underlying, Instrument instrument) internal view {
        p.header = $.headers[account];
        p.position = $.positions[account][underlying];
        mapping(uint256 place => uint256) storage list = $.seriesPositions[account][underlying];
        uint256 count = PositionWord.seriesPositions(p.position);
        uint256 four;
        unchecked {
            // count < 2^16
            for (uint256 i; i < count; ++i) {
                if (i & 3 == 0) four = list[i >> 2];
                if (four & 0xffff == instrument.raw()) {
                    (p.index, p.lots, p.halvings) = (i, lotsIn(four), halvingsIn(four));
                    return;
                }
                four >>= 64;
            }
        }
        (p.index, p.lots, p.halvings) = (count, 0, 0);
    }

    /// @notice Changes the size of what `p` found to `lots`, and the counts with it. The caller writes the header and the position of `p`.
    /// @param lots below 2^44 either way
    /// @param halvings below 8
    function set(
        Place memory p,
        VaultState storage $,
        AccountId account,
        uint256 underlying,
        Instrument instrument,
        int256 lots,
        uint256 halvings
    ) internal {
        if (lots == p.lots) return;
        mapping(uint256 place => uint256) storage list = $.seriesPositions[account][underlying];
        uint256 count = PositionWord.seriesPositions(p.position);
        if (lots != 0) {
            _write(list, p.index, entryOf(instrument.raw(), lots, halvings));
            if (p.lots == 0) _count(p, underlying, count + 1);
        } else {
            uint256 last = count - 1;
            uint256 moved = (list[last >> 2] >> ((last & 3) << 6)) & ENTRY;
            if (last != p.index) _write(list, p.index, moved);
            _write(list, last, 0);
            _count(p, underlying, last);
        }
        (p.lots, p.halvings) = (lots, halvings);
    }

    /// @notice How often the lots of a position are halved in open interest when it goes from `before` lots, halved `halvings` times, to `afterwards`: what
    /// grows counts as what it risks now, where that is more, and what shrinks as it did.
    /// @param now_ of what is bought now
    function halvingsAfter(int256 before, uint256 halvings, int256 afterwards, uint256 now_) internal pure returns (uint256) {
        if (afterwards <= 0) return 0;
        if (before <= 0) return now_;
        return afterwards > before && now_ < halvings ? now_ : halvings;
    }

    /// @notice What a position counts in open interest: what is long, rounded up to whole lots.
    function countedUp(int256 lots, uint256 halvings) internal pure returns (uint256) {
        unchecked {
            // lots < 2^44
            return lots <= 0 ? 0 : (uint256(lots) + (1 << halvings) - 1) >> halvings;
        }
    }

    // ---------------------------------------------------------------- the whole list

    /// @dev All positions of an account on one underlying, to be changed together.
    struct List {
        uint256[] entries; // as they are stored, and room for more; without lots: to be taken out
        uint256 count; // of them
        uint256 stored; // how many there were
        uint256[] pages; // by series, where the places of its instruments are; see `index`
    }

    /// @notice Writes into `list` the positions of `account`, in their order, with room for `more`.
    function read(List memory list, VaultState storage $, AccountId account, uint256 underlying, uint256 more) internal view {
        mapping(uint256 place => uint256) storage stored = $.seriesPositions[account][underlying];
        uint256 count = PositionWord.seriesPositions($.positions[account][underlying]);
        (list.count, list.stored) = (count, count);
        unchecked {
            // counts < 2^16; the last word may hold three places that are empty
            uint256[] memory entries = new uint256[](count + more + 3);
            list.entries = entries;
            for (uint256 i; i < count; i += 4) {
                uint256 four = stored[i >> 2];
                entries.set(i, four & ENTRY);
                entries.set(i + 1, (four >> 64) & ENTRY);
                entries.set(i + 2, (four >> 128) & ENTRY);
                entries.set(i + 3, four >> 192);
            }
        }
    }

    /// @notice Makes `list` one in which instruments are found at once.
    function index(List memory list) internal pure {
        uint256[] memory entries = list.entries;
        uint256[] memory pages = new uint256[](256);
        list.pages = pages;
        uint256 count = list.count;
        unchecked {
            // counts < 2^16
            for (uint256 i; i < count;) {
                uint256 cell = _cellOf(pages, instrumentIn(entries.get(i++)));
                assembly ("memory-safe") {
                    mstore(cell, or(mload(cell), i)) // nothing was there
                }
            }
        }
    }

    /// @notice Where `instrument` is in a list that was indexed; a new place where it is not. There is room for it, and it is asked for once.
    function placeOf(List memory list, uint256 instrument) internal pure returns (uint256 place) {
        uint256 cell = _cellOf(list.pages, instrument);
        assembly ("memory-safe") {
            place := and(mload(cell), 0xffff)
        }
        unchecked {
            // counts < 2^16
            if (place != 0) return place - 1;
            place = list.count++;
        }
    }

    /// @dev The word whose last 16 bits are the place of `instrument`, plus one. A series gets its page with its first instrument: 256 places of two bytes.
    function _cellOf(uint256[] memory pages, uint256 instrument) private pure returns (uint256 cell) {
        assembly ("memory-safe") {
            let pointer := add(pages, shl(5, add(shr(8, instrument), 1)))
            cell := mload(pointer)
            if iszero(cell) {
                // the first word ends with the first place
                cell := mload(0x40)
                mstore(0x40, add(cell, 0x220))
                calldatacopy(cell, calldatasize(), 0x220) // zeros
                mstore(pointer, cell)
            }
            cell := add(cell, shl(1, and(instrument, 0xff)))
        }
    }

    /// @notice Writes the list without what has no lots any more, the rest in its order, and the position with the count; returns the header with the
    /// counts, which the caller writes.
    function write(List memory list, VaultState storage $, AccountId account, uint256 underlying) internal returns (uint256) {
        mapping(uint256 place => uint256) storage stored = $.seriesPositions[account][underlying];
        uint256[] memory entries = list.entries;
        uint256 kept;
        unchecked {
            // counts < 2^16
            uint256 four;
            uint256 count = list.count;
            for (uint256 i; i < count; ++i) {
                uint256 entry = entries.get(i);
                if (lotsIn(entry) == 0) continue;
                four |= entry << ((kept & 3) << 6);
                if (++kept & 3 != 0) continue;
                stored[(kept >> 2) - 1] = four;
                four = 0;
            }
            uint256 place = kept >> 2;
            if (four != 0) stored[place++] = four;
            for (; place << 2 < list.stored; ++place) {
                stored[place] = 0;
            }
        }
        Place memory p = Place($.headers[account], $.positions[account][underlying], 0, 0, 0);
        _count(p, underlying, kept);
        $.positions[account][underlying] = p.position;
        return p.header;
    }

    /// @dev The instrument of the lowest entry of a word.
    function instrumentIn(uint256 word) internal pure returns (uint256) {
        return word & 0xffff;
    }

    /// @param lots below 2^44 either way
    /// @param halvings below 8
    function entryOf(uint256 instrument, int256 lots, uint256 halvings) internal pure returns (uint256) {
        // the mask keeps the sign in 45 bits
        return instrument | ((uint256(lots) << 16) & LOTS_FIELD) | (halvings << 61);
    }

    /// @dev The lots of the lowest entry of a word.
    function lotsIn(uint256 word) internal pure returns (int256) {
        // the shift back to the right restores the sign of 45 bits
        return int256(word << 195) >> 211;
    }

    /// @dev How often the lots of the lowest entry of a word are halved in open interest.
    function halvingsIn(uint256 word) internal pure returns (uint256) {
        return (word >> 61) & 7;
    }

    function _write(mapping(uint256 place => uint256) storage list, uint256 index, uint256 entry) private {
        uint256 shift = (index & 3) << 6;
        list[index >> 2] = (list[index >> 2] & ~(ENTRY << shift)) | (entry << shift);
    }

    function _count(Place memory p, uint256 underlying, uint256 count) private pure {
        unchecked {
            // one more or one less
            uint256 all = p.header.seriesPositions() + count - PositionWord.seriesPositions(p.position);
            p.position = PositionWord.withSeriesPositions(p.position, count);
            p.header = p.header.withSeriesPositions(all).withUnderlying(underlying, p.position != 0);
        }
    }
}
