// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "../types/AccountId.sol";
import {Instrument} from "../types/Instrument.sol";
import {VaultState} from "../VaultStorage.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {PositionWord} from "../words/PositionWord.sol";

/// @title The only writer of positions in options and dated futures
/// @dev Four a slot, 64 bits each: the instrument in 16 and the lots, signed, in 48. They have no order: what is new comes last, and what is closed
/// gives its place to the last one. Sorted by series, as DESIGN has it, a new position would move all behind it, a slot for every
/// four; whoever adds up a book looks for the series of a position among the few of the account instead.
/// How many there are is in the word of the perpetual and, over all underlyings, in the header. What is behind the last one is zero.
library SeriesPositions {
    using HeaderWord for uint256;

    /// @dev Of an account that is not the fund's, over all underlyings: so many can be liquidated in one transaction.
    uint256 internal constant MOST = 127;
    /// @dev A size is below this: the sums of RiskArray have room for as many.
    uint256 internal constant SIZES = 1 << 37;

    /// @dev A position as it is stored: instrument and lots.
    uint256 internal constant ENTRY = type(uint64).max;

    /// @dev The words of one side of a fill, and where in the list its position is.
    struct Place {
        uint256 header;
        uint256 position; // PositionWord
        uint256 index; // into the list: its length, where there is none
        int256 lots; // now
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
                    (p.index, p.lots) = (i, lotsIn(four));
                    return;
                }
                four >>= 64;
            }
        }
        (p.index, p.lots) = (count, 0);
    }

    /// @notice Changes the size of what `p` found to `lots`, and the counts with it. The caller writes the header and the position of `p`.
    /// @param lots below 2^47 either way
    function set(Place memory p, VaultState storage $, AccountId account, uint256 underlying, Instrument instrument, int256 lots) internal {
        if (lots == p.lots) return;
        mapping(uint256 place => uint256) storage list = $.seriesPositions[account][underlying];
        uint256 count = PositionWord.seriesPositions(p.position);
        if (lots != 0) {
            _write(list, p.index, instrument.raw() | (uint256(uint48(uint256(lots))) << 16));
            if (p.lots == 0) _count(p, underlying, count + 1);
        } else {
            uint256 last = count - 1;
            uint256 moved = (list[last >> 2] >> ((last & 3) << 6)) & ENTRY;
            if (last != p.index) _write(list, p.index, moved);
            _write(list, last, 0);
            _count(p, underlying, last);
        }
        p.lots = lots;
    }

    // ---------------------------------------------------------------- the whole list

    /// @dev All positions of an account on one underlying, to be changed together.
    struct List {
        uint256[] instruments;
        int256[] lots; // zero: to be taken out
        uint256 count; // of the list; `index` makes room for more
        uint256 stored; // how many there were
        uint256[] table; // by instrument, the place plus one; see `index`
    }

    /// @notice Writes into `list` the positions of `account`, in their order.
    function read(List memory list, VaultState storage $, AccountId account, uint256 underlying) internal view {
        uint256 count = PositionWord.seriesPositions($.positions[account][underlying]);
        (list.count, list.stored) = (count, count);
        list.instruments = new uint256[](count);
        list.lots = new int256[](count);
        uint256 four;
        for (uint256 i; i < count; ++i) {
            if (i & 3 == 0) four = $.seriesPositions[account][underlying][i >> 2];
            (list.instruments[i], list.lots[i]) = (four & 0xffff, lotsIn(four));
            four >>= 64;
        }
    }

    /// @notice Makes `list` one in which instruments are found at once, with room for `more`.
    function index(List memory list, uint256 more) internal pure {
        uint256 room = list.count + more;
        uint256[] memory instruments = new uint256[](room);
        int256[] memory lots = new int256[](room);
        uint256 size = 1;
        while (size < 2 * room) size <<= 1;
        list.table = new uint256[](size);
        for (uint256 i; i < list.count; ++i) {
            (instruments[i], lots[i]) = (list.instruments[i], list.lots[i]);
            list.table[_slot(list, instruments[i])] = i + 1;
        }
        (list.instruments, list.lots) = (instruments, lots);
    }

    /// @notice Where `instrument` is in a list that was indexed; a new place where it is not.
    function placeOf(List memory list, uint256 instrument) internal pure returns (uint256 place) {
        uint256 slot = _slot(list, instrument);
        place = list.table[slot];
        if (place != 0) return place - 1;
        place = list.count++;
        list.instruments[place] = instrument;
        list.table[slot] = place + 1;
    }

    /// @dev Of `instrument`, or the first free one behind where it should be. There are twice as many as entries.
    function _slot(List memory list, uint256 instrument) private pure returns (uint256 slot) {
        uint256 mask = list.table.length - 1;
        slot = ((instrument * 0x9e3779b97f4a7c15) >> 32) & mask;
        for (;;) {
            uint256 place = list.table[slot];
            if (place == 0 || list.instruments[place - 1] == instrument) return slot;
            slot = (slot + 1) & mask;
        }
    }

    /// @notice Writes the list without what has no lots any more, the rest in its order, and the position with the count; returns the header with the
    /// counts, which the caller writes.
    function write(List memory list, VaultState storage $, AccountId account, uint256 underlying) internal returns (uint256) {
        mapping(uint256 place => uint256) storage stored = $.seriesPositions[account][underlying];
        uint256 kept;
        uint256 four;
        for (uint256 i; i < list.count; ++i) {
            if (list.lots[i] == 0) continue;
            four |= (list.instruments[i] | (uint256(uint48(uint256(list.lots[i]))) << 16)) << ((kept & 3) << 6);
            if (++kept & 3 != 0) continue;
            stored[(kept >> 2) - 1] = four;
            four = 0;
        }
        uint256 place = kept >> 2;
        if (four != 0) stored[place++] = four;
        for (; place << 2 < list.stored; ++place) {
            stored[place] = 0;
        }
        Place memory p = Place($.headers[account], $.positions[account][underlying], 0, 0);
        _count(p, underlying, kept);
        $.positions[account][underlying] = p.position;
        return p.header;
    }

    /// @dev The lots of the lowest entry of a word.
    function lotsIn(uint256 word) internal pure returns (int256) {
        // casting to int48 is safe: 48 bits hold the signed size
        return int48(uint48(word >> 16));
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
