// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Expiry} from "../../ledger/options/Expiry.sol";
import {RiskWords} from "../../ledger/options/RiskWords.sol";
import {SeriesHolding} from "../../ledger/options/SeriesHolding.sol";
import {SeriesPositions} from "../../ledger/options/SeriesPositions.sol";
import {SeriesState} from "../../ledger/options/SeriesState.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {RiskArray, SeriesBook} from "../../math/options/RiskArray.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Instrument} from "../../types/Instrument.sol";
import {Lots} from "../../types/Lots.sol";
import {StaleCause} from "../../types/StaleCause.sol";
import {PositionWord} from "../../words/PositionWord.sol";
import {FreshSeries} from "./FreshSeries.sol";

/// @title All positions of an account on one underlying, from its list and the risk words into the sums of each series, in one pass
/// @dev What `SeriesHolding.write` and, for each of its positions, `RiskArray.addOption` and `SeriesHolding.weigh` do, its plain twins: no position is kept, and how
/// many lots of options a series has is in its sums.
library OpeningBooks {
    using SeriesState for SeriesState.Live;

    struct Books {
        SeriesBook[] books; // of the groups of the holding, one each
        StaleCause cause; // why the words of a series may not be used
        uint256 series; // the first of these in the list
    }

    /// @notice Writes into `h`, whose price, range and spot there are, the series that are not settled and what settled ones pay; and into `b` what there is of each.
    /// @dev Once words are stale no more are read: they bound nothing. A place is one that was set, so that indices need no checks; and a function that returned what
    /// is there would make and clear another first.
    /// @param position PositionWord of the account
    function write(
        Books memory b,
        SeriesHolding.Holding memory h,
        VaultState storage $,
        AccountId account,
        uint256 position
    ) internal view {
        uint256 count = PositionWord.seriesPositions(position);
        SeriesHolding.Group[] memory groups = SeriesHolding.roomForGroups(count);
        SeriesBook[] memory books = _roomForBooks(count);
        (h.groups, b.books) = (groups, books);
        mapping(uint256 place => uint256) storage list = $.seriesPositions[account][h.underlying];
        uint256[1 << 15] storage words = RiskWords.ofUnderlying($, h.underlying);
        mapping(uint256 series => uint256) storage seriesWords = $.series[h.underlying];
        mapping(uint256 series => uint256) storage surfaces = $.surfaces[h.underlying];
        uint256[8] memory places; // a byte for each series: where it is among the groups, plus one
        unchecked {
            // count < 2^16; what is behind the last position is zero
            for (uint256 i; i << 2 < count; ++i) {
                for (uint256 four = list[i]; four != 0; four >>= 64) {
                    Instrument instrument = Instrument.wrap(four & 0xffff);
                    uint256 place = SeriesHolding.placeOf(places, instrument.series());
                    if (place == 0) {
                        uint256 series = instrument.series();
                        place = FreshSeries.push(groups, books, series, seriesWords[series], surfaces[series], h.price, h.range);
                        if (place == 0) place = _open(b, h, $, four & SeriesPositions.ENTRY);
                        // a settled series is asked for anew by its next position: there are few, and they are paid out soon
                        if (place == 0) continue;
                        SeriesHolding.setPlace(places, series, place);
                    }
                    if (instrument.isFuture()) _addFuture(groups, books, place, SeriesPositions.lotsIn(four));
                    else if (b.cause == StaleCause.NONE)
                        _addOption(groups, books, place, four, RiskWords.read(words, instrument.wordKey()));
                }
            }
        }
    }

    /// @dev The series of a position: its place among the groups plus one; none where it has settled, and pays.
    function _open(Books memory b, SeriesHolding.Holding memory h, VaultState storage $, uint256 entry) private view returns (uint256) {
        Instrument instrument = Instrument.wrap(entry & 0xffff);
        SeriesHolding.Group memory group = SeriesHolding.opened(h, $, instrument.series());
        SeriesState.Live memory live = group.live;
        if (live.settled) {
            unchecked {
                // amounts of one account
                h.paid += Lots.wrap(SeriesPositions.lotsIn(entry)).times(Expiry.payoff(instrument, live.word, live.forward)).raw();
            }
            return 0;
        }
        if (b.cause == StaleCause.NONE) {
            b.cause = live.staleness(group.range);
            b.series = group.series;
        }
        _push(b.books, RiskArray.empty());
        return SeriesHolding.push(h.groups, group);
    }

    function _addFuture(SeriesHolding.Group[] memory groups, SeriesBook[] memory books, uint256 place, int256 lots) private pure {
        assembly ("memory-safe") {
            let at := add(mload(add(groups, shl(5, place))), 0xc0) // futures
            mstore(at, add(mload(at), lots))
            at := add(mload(add(books, shl(5, place))), 0x60) // forwards
            mstore(at, add(mload(at), lots))
        }
    }

    /// @dev Adds the option of `entry`, whose lots have 45 bits from bit 16 on, with its risk word: to the lanes of its side, to parity where the other
    /// side is stored, and to the weights of the short option minimum. Nothing wraps: see RiskArray; products of two prices and lots are below 2^239.
    function _addOption(
        SeriesHolding.Group[] memory groups,
        SeriesBook[] memory books,
        uint256 place,
        uint256 entry,
        uint256 word
    ) private pure {
        assembly ("memory-safe") {
            let group := mload(add(groups, shl(5, place)))
            let book := mload(add(books, shl(5, place)))
            let lots := sar(211, shl(195, entry))
            let below := sar(255, lots) // all ones where the lots are short: x ^ −1 − −1 is −x
            {
                let size := sub(xor(lots, below), below)
                let mask := mload(add(book, 0x40)) // every fourth lane
                let sums := mload(add(book, and(below, 0x20))) // longs, shorts
                mstore(sums, add(mload(sums), mul(and(word, mask), size)))
                sums := add(sums, 0x20)
                mstore(sums, add(mload(sums), mul(and(shr(15, word), mask), size)))
                sums := add(sums, 0x20)
                mstore(sums, add(mload(sums), mul(and(shr(30, word), mask), size)))
                sums := add(sums, 0x20)
                mstore(sums, add(mload(sums), mul(and(shr(45, word), mask), size)))
                sums := add(sums, 0x20)
                // lane 16, the side at bit 60, one at bit 120
                let last := or(or(and(shr(240, word), 0x7fff), and(shr(195, word), shl(60, 1))), shl(120, 1))
                mstore(sums, add(mload(sums), mul(last, size)))
            }
            // lowest strike 0x80, step 0xa0
            let strike := add(mload(add(group, 0x80)), mul(and(shr(1, entry), 0x7f), mload(add(group, 0xa0))))
            let right := and(entry, 1)
            if xor(right, shr(255, word)) {
                // a call adds its lots of the forward, a put takes them
                let sign := sub(right, 1)
                let forwards := sub(xor(lots, sign), sign)
                let at := add(book, 0x60)
                mstore(at, add(mload(at), forwards))
                at := add(book, 0x80)
                mstore(at, add(mload(at), mul(forwards, strike)))
            }
            let forward := mload(add(mload(add(group, 0x40)), 0x80)) // of the live series
            switch right
            case 0 {
                if lt(forward, strike) {
                    strike := forward
                }
                let at := add(group, 0x120) // puts
                mstore(at, add(mload(at), mul(lots, strike)))
            }
            default {
                let weight := mul(lots, forward)
                if gt(strike, forward) {
                    weight := mul(weight, forward)
                    weight := sdiv(sub(weight, and(below, sub(strike, 1))), strike) // rounded down
                }
                let at := add(group, 0x100) // calls
                mstore(at, add(mload(at), weight))
            }
        }
    }

    // ---------------------------------------------------------------- arrays with room

    function _roomForBooks(uint256 most) private pure returns (SeriesBook[] memory books) {
        assembly ("memory-safe") {
            books := mload(0x40)
            mstore(books, 0)
            mstore(0x40, add(books, shl(5, add(most, 1))))
        }
    }

    function _push(SeriesBook[] memory books, SeriesBook memory book) private pure {
        assembly ("memory-safe") {
            let count := add(mload(books), 1)
            mstore(books, count)
            mstore(add(books, shl(5, count)), book)
        }
    }
}
