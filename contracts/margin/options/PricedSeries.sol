// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SeriesHolding} from "../../ledger/options/SeriesHolding.sol";
import {Slice} from "../../math/Slice.sol";
import {Lots} from "../../types/Lots.sol";
import {Position, positionAt} from "../../types/Position.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {LiveMargin} from "./LiveMargin.sol";

/// @title Options and dated futures of one underlying, priced, in one piece of memory: so they are passed on and valued in parts without pricing again
/// @dev Words of 32 bytes. Word 0: series 0–15 | scenarios that were priced 32–63. Word 1: scan range of the price. Then six words a series (number 0–31
/// and expiry from 32 on, forward, price that moves, variance time, SurfaceWord, scan range), the positions and the prices of their strikes, each as an
/// array in memory has them: how many, and one word each. Bytes, because the compiler copies them whole from call to call, and arrays one by one.
library PricedSeries {
    /// @dev Which lots of what is packed are valued: those that are left without the share `sold` of every position, rounded up, and without all of it where fewer
    /// than `least` would be left; or those that are sold.
    struct Part {
        Ratio sold;
        uint256 least;
        bool taken;
    }

    uint256 private constant HEAD = 2;
    uint256 private constant PER_SERIES = 6;

    function pack(SeriesHolding.Holding memory h, LiveMargin.Prices memory prices) internal pure returns (bytes memory packed) {
        SeriesHolding.Group[] memory groups = h.groups;
        (Position[] memory positions, uint256[] memory values) = (h.positions, prices.values);
        packed = new bytes(0x20 * (HEAD + PER_SERIES * groups.length + 2 + positions.length + values.length));
        uint256 pointer = _start(packed);
        pointer = _put(pointer, groups.length | (prices.scenarios << 32));
        pointer = _put(pointer, h.range.raw());
        for (uint256 i; i < groups.length; ++i) {
            SeriesHolding.Group memory group = groups[i];
            pointer = _put(pointer, group.series | (group.expiry << 32));
            pointer = _put(pointer, group.live.forward.raw());
            pointer = _put(pointer, group.live.moving);
            pointer = _put(pointer, group.live.varianceTime);
            pointer = _put(pointer, group.live.surface);
            pointer = _put(pointer, group.range.raw());
        }
        assembly ("memory-safe") {
            let size := shl(5, add(mload(positions), 1))
            mcopy(pointer, positions, size)
            mcopy(add(pointer, size), values, shl(5, add(mload(values), 1)))
        }
    }

    /// @notice How many positions are packed.
    function count(bytes memory packed) internal pure returns (uint256 positions) {
        if (packed.length == 0) return 0;
        uint256 pointer = _start(packed);
        uint256 word;
        (word, ) = _take(pointer);
        (positions, ) = _take(pointer + 0x20 * (HEAD + PER_SERIES * (word & 0xffff)));
    }

    /// @notice The position at `index`, one of `count`.
    function positionIn(bytes memory packed, uint256 index) internal pure returns (Position position) {
        (uint256 word, ) = _take(_placeOf(packed, index));
        return Position.wrap(word);
    }

    /// @notice Puts other lots in the position at `index`, one of `count`.
    function setLots(bytes memory packed, uint256 index, int256 lots) internal pure {
        uint256 pointer = _placeOf(packed, index);
        (uint256 word, ) = _take(pointer);
        _put(pointer, Position.unwrap(Position.wrap(word).withLots(lots)));
    }

    /// @dev Where the word of a position is.
    function _placeOf(bytes memory packed, uint256 index) private pure returns (uint256) {
        uint256 pointer = _start(packed);
        (uint256 word, ) = _take(pointer);
        return pointer + 0x20 * (HEAD + PER_SERIES * (word & 0xffff) + 1 + index);
    }

    /// @notice Writes into `h` and `prices` `part` of what `pack` has packed.
    /// @dev The arrays are those in `packed`, whose lots are lowered: it is unpacked once.
    function unpack(bytes memory packed, Part memory part, SeriesHolding.Holding memory h, LiveMargin.Prices memory prices) internal pure {
        uint256 pointer = _start(packed);
        uint256 word;
        (word, pointer) = _take(pointer);
        prices.scenarios = word >> 32;
        SeriesHolding.Group[] memory groups = new SeriesHolding.Group[](word & 0xffff);
        (word, pointer) = _take(pointer);
        h.range = Ratio.wrap(word);
        SeriesHolding.Group memory group;
        for (uint256 i; i < groups.length; ++i) {
            group = groups[i];
            (word, pointer) = _take(pointer);
            (group.series, group.expiry) = (word & type(uint32).max, word >> 32);
            (word, pointer) = _take(pointer);
            group.live.forward = Price.wrap(word);
            (group.live.moving, pointer) = _take(pointer);
            (group.live.varianceTime, pointer) = _take(pointer);
            (group.live.surface, pointer) = _take(pointer);
            (word, pointer) = _take(pointer);
            group.range = Ratio.wrap(word);
        }
        Position[] memory positions;
        uint256[] memory values;
        assembly ("memory-safe") {
            positions := pointer
            values := add(pointer, shl(5, add(mload(positions), 1)))
        }
        (h.groups, h.positions, prices.values) = (groups, positions, values);
        bool whole = part.sold.raw() == 0 && !part.taken;
        unchecked {
            // fewer than 2^16 positions, lots < 2^47
            for (uint256 i; i < positions.length; ++i) {
                Position p = positionAt(positions, i);
                int256 lots = p.lots();
                if (!whole) {
                    int256 taken = soldOf(lots, part.sold, part.least);
                    lots = part.taken ? taken : lots - taken;
                    positions[i] = p.withLots(lots);
                }
                uint256 place = p.group();
                // without the check of the index: a position has the place of a group
                assembly ("memory-safe") {
                    group := mload(add(groups, shl(5, add(place, 1))))
                }
                if (p.instrument().isFuture()) group.futures += lots;
                else group.gross += Lots.wrap(lots).abs();
            }
        }
    }

    /// @notice ⌈part·|lots|⌉ with the sign of `lots`.
    function shareUp(int256 lots, Ratio part) internal pure returns (int256) {
        unchecked {
            // lots < 2^47, a part of at most 1e18
            uint256 size = (Lots.wrap(lots).abs() * part.raw() + (1e18 - 1)) / 1e18;
            return lots < 0 ? -int256(size) : int256(size);
        }
    }

    /// @notice What a sale takes of `lots`, with their sign: `part` of them rounded up, all where fewer than `least` would be left.
    function soldOf(int256 lots, Ratio part, uint256 least) internal pure returns (int256) {
        uint256 size = Slice.soldUp(Lots.wrap(lots).abs(), part.raw(), least);
        // casting is safe: lots < 2^47
        return lots < 0 ? -int256(size) : int256(size);
    }

    /// @dev Where the first word is. `pack` made as many as it puts, and `unpack` takes as many as it put.
    function _start(bytes memory packed) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(packed, 0x20)
        }
    }

    function _put(uint256 pointer, uint256 word) private pure returns (uint256 next) {
        assembly ("memory-safe") {
            mstore(pointer, word)
            next := add(pointer, 0x20)
        }
    }

    function _take(uint256 pointer) private pure returns (uint256 word, uint256 next) {
        assembly ("memory-safe") {
            word := mload(pointer)
            next := add(pointer, 0x20)
        }
    }
}
