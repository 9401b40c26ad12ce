// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FutureCost} from "../../../ledger/options/FutureCost.sol";
import {SeriesPositions} from "../../../ledger/options/SeriesPositions.sol";
import {SeriesState} from "../../../ledger/options/SeriesState.sol";
import {VaultState} from "../../../ledger/VaultStorage.sol";
import {FundAccounts} from "../../../margin/FundAccounts.sol";
import {PricedSeries} from "../../../margin/options/PricedSeries.sol";
import {AccountId} from "../../../types/AccountId.sol";
import {Instrument} from "../../../types/Instrument.sol";
import {Lots} from "../../../types/Lots.sol";
import {Ratio} from "../../../types/Ratio.sol";
import {FundingWord} from "../../../words/FundingWord.sol";
import {HeaderWord} from "../../../words/HeaderWord.sol";
import {PositionWord} from "../../../words/PositionWord.sol";
import {PriceWord} from "../../../words/PriceWord.sol";
import {SurfaceWord} from "../../../words/SurfaceWord.sol";

/// @title The plain twin of SeriesMoveLogic.move: position by position, each looked for and stored by itself
library PlainSeriesMove {
    using HeaderWord for uint256;
    using SurfaceWord for uint256;

    function move(
        VaultState storage $,
        address fund,
        AccountId from,
        AccountId to,
        uint256 underlying,
        Ratio part,
        uint256 least
    ) internal {
        AccountId ours = from.owner() == fund ? from : to;
        bool ran = $.headers[ours].underlyings() != 0;
        uint256[] memory given = _entries($, from, underlying);
        uint256[] memory kept = new uint256[](given.length);
        uint256 count;
        for (uint256 i; i < given.length; ++i) {
            int256 lots = PricedSeries.soldOf(SeriesPositions.lotsIn(given[i]), part, least);
            _receive($, to, underlying, given[i], lots);
            kept[count] = _give($, from, underlying, given[i], lots);
            if (SeriesPositions.lotsIn(kept[count]) != 0) ++count;
        }
        for (uint256 i; i < given.length; ++i) {
            _store($, from, underlying, i, i < count ? kept[i] : 0);
        }
        _count($, from, underlying, given.length, count);
        if (ours.owner() == fund) FundAccounts.keepClock($, $.headers[ours], underlying, ran);
    }

    function _entries(VaultState storage $, AccountId account, uint256 underlying) private view returns (uint256[] memory entries) {
        entries = new uint256[](PositionWord.seriesPositions($.positions[account][underlying]));
        for (uint256 i; i < entries.length; ++i) {
            entries[i] = ($.seriesPositions[account][underlying][i / 4] >> (64 * (i % 4))) & type(uint64).max;
        }
    }

    function _store(VaultState storage $, AccountId account, uint256 underlying, uint256 i, uint256 entry) private {
        uint256 word = $.seriesPositions[account][underlying][i / 4];
        $.seriesPositions[account][underlying][i / 4] = (word & ~(uint256(type(uint64).max) << (64 * (i % 4)))) | (entry << (64 * (i % 4)));
    }

    function _count(VaultState storage $, AccountId account, uint256 underlying, uint256 before, uint256 count) private {
        uint256 position = PositionWord.withSeriesPositions($.positions[account][underlying], count);
        uint256 header = $.headers[account];
        $.positions[account][underlying] = position;
        header = header.withSeriesPositions(header.seriesPositions() + count - before);
        $.headers[account] = header.withUnderlying(underlying, position != 0);
    }

    /// @dev Returns the entry without the lots.
    function _give(VaultState storage $, AccountId from, uint256 underlying, uint256 entry, int256 lots) private returns (uint256) {
        int256 before = SeriesPositions.lotsIn(entry);
        uint256 halvings = SeriesPositions.halvingsIn(entry);
        uint256 halved = SeriesPositions.halvingsAfter(before, halvings, before - lots, halvings);
        return _changed($, from, underlying, entry, before - lots, halved);
    }

    function _receive(VaultState storage $, AccountId to, uint256 underlying, uint256 given, int256 lots) private {
        if (lots == 0) return;
        uint256[] memory entries = _entries($, to, underlying);
        uint256 place;
        while (place < entries.length && entries[place] & 0xffff != given & 0xffff) ++place;
        uint256 entry = place < entries.length ? entries[place] : given & 0xffff;
        int256 before = SeriesPositions.lotsIn(entry);
        uint256 halved = SeriesPositions.halvingsAfter(
            before,
            SeriesPositions.halvingsIn(entry),
            before + lots,
            SeriesPositions.halvingsIn(given)
        );
        entry = _changed($, to, underlying, entry, before + lots, halved);
        if (before + lots != 0) {
            _store($, to, underlying, place, entry);
            if (place == entries.length) _count($, to, underlying, place, place + 1);
            return;
        }
        for (; place + 1 < entries.length; ++place) {
            _store($, to, underlying, place, entries[place + 1]);
        }
        _store($, to, underlying, place, 0);
        _count($, to, underlying, place + 1, place);
    }

    /// @dev Returns the entry with `lots`, after what the change means to the counts and to the cost of a dated future.
    function _changed(
        VaultState storage $,
        AccountId account,
        uint256 underlying,
        uint256 entry,
        int256 lots,
        uint256 halvings
    ) private returns (uint256) {
        Instrument instrument = Instrument.wrap(entry & 0xffff);
        int256 before = SeriesPositions.lotsIn(entry);
        uint256 word = $.fundings[underlying];
        uint256 counted = SeriesPositions.countedUp(before, SeriesPositions.halvingsIn(entry));
        $.fundings[underlying] = FundingWord.withOpenInterest(
            word,
            FundingWord.openInterest(word) + SeriesPositions.countedUp(lots, halvings) - counted
        );
        uint256 series = instrument.series();
        word = $.surfaces[underlying][series];
        $.surfaces[underlying][series] = word.withHeld(word.held() + Lots.wrap(lots).abs() - Lots.wrap(before).abs());
        if (instrument.isFuture()) {
            SeriesState.Live memory live;
            SeriesState.write(live, $, underlying, series, PriceWord.price($.prices[underlying]));
            int256 cost = $.futureCosts[account][underlying][series];
            $.futureCosts[account][underlying][series] = FutureCost.afterDown(cost, before, lots - before, live.forward);
        }
        return SeriesPositions.entryOf(instrument.raw(), lots, halvings);
    }
}
