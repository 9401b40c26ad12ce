// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {Expiry} from "../ledger/options/Expiry.sol";
import {FutureCost} from "../ledger/options/FutureCost.sol";
import {SeriesPositions} from "../ledger/options/SeriesPositions.sol";
import {SeriesState} from "../ledger/options/SeriesState.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {FundAccounts} from "../margin/FundAccounts.sol";
import {PricedSeries} from "../margin/options/PricedSeries.sol";
import {AccountId} from "../types/AccountId.sol";
import {Instrument, underlyingOf, withinUnderlying} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {SurfaceWord} from "../words/SurfaceWord.sol";

/// @title What an account holds of options and dated futures: read, paid at expiry, moved by a sale
/// @dev Linked: its code runs in the vault.
library SeriesMoveLogic {
    using DynamicArrayLib for uint256[];
    using SurfaceWord for uint256;
    using HeaderWord for uint256;

    // ---------------------------------------------------------------- lists

    /// @notice The lots that `account` holds of an option or a dated future, as a Fill names it.
    function lotsOf(VaultState storage $, AccountId account, uint24 named) external view returns (Lots) {
        SeriesPositions.Place memory side;
        SeriesPositions.find(side, $, account, underlyingOf(named), withinUnderlying(named));
        return Lots.wrap(side.lots);
    }

    /// @notice As `IMarginVault.seriesPositionsOf` answers, encoded.
    function positionsOf(VaultState storage $, AccountId account, uint256 underlying) external view returns (bytes memory) {
        SeriesPositions.List memory list;
        SeriesPositions.read(list, $, account, underlying, 0);
        uint256[] memory instruments = new uint256[](list.count);
        int256[] memory lots = new int256[](list.count);
        uint256[] memory halvings = new uint256[](list.count);
        int256[] memory costs = new int256[](list.count);
        for (uint256 i; i < list.count; ++i) {
            uint256 entry = list.entries[i];
            Instrument instrument = Instrument.wrap(SeriesPositions.instrumentIn(entry));
            (instruments[i], lots[i], halvings[i]) = (instrument.raw(), SeriesPositions.lotsIn(entry), SeriesPositions.halvingsIn(entry));
            if (instrument.isFuture()) costs[i] = $.futureCosts[account][underlying][instrument.series()];
        }
        return abi.encode(instruments, lots, halvings, costs);
    }

    // ---------------------------------------------------------------- expiry

    /// @notice Pays what `account` holds in a settled series, and removes it: as `IMarginVault.settleExpired` says.
    function settleExpired(VaultState storage $, AccountId account, uint256 underlying, uint256 series) external {
        SeriesState.Live memory live;
        SeriesState.write(live, $, underlying, series, Price.wrap(0));
        if (!live.settled) revert IMarginVault.SeriesNotSettled(underlying, series);
        if (!_pay($, account, underlying, series, live)) revert IMarginVault.NothingToDo();
    }

    /// @notice Pays everything that `account` holds in series that have settled.
    function payExpired(VaultState storage $, AccountId account) external {
        for (uint256 left = $.headers[account].underlyings(); left != 0; left &= left - 1) {
            uint256 underlying = LibBit.ffs(left);
            SeriesPositions.List memory list;
            SeriesPositions.read(list, $, account, underlying, 0);
            uint256 seen;
            for (uint256 i; i < list.count; ++i) {
                uint256 series = SeriesPositions.instrumentIn(list.entries.get(i)) >> 8;
                if ((seen >> series) & 1 != 0) continue;
                seen |= 1 << series;
                SeriesState.Live memory live;
                SeriesState.write(live, $, underlying, series, Price.wrap(0));
                if (live.settled) _pay($, account, underlying, series, live);
            }
        }
    }

    /// @dev Credits the payoffs of what `account` holds in a settled series and takes it out of the list; says whether there was any.
    function _pay(
        VaultState storage $,
        AccountId account,
        uint256 underlying,
        uint256 series,
        SeriesState.Live memory live
    ) private returns (bool found) {
        SeriesPositions.List memory list;
        SeriesPositions.read(list, $, account, underlying, 0);
        Wad paid;
        uint256 longs;
        uint256 held;
        for (uint256 i; i < list.count; ++i) {
            Instrument instrument = Instrument.wrap(SeriesPositions.instrumentIn(list.entries[i]));
            if (instrument.series() != series) continue;
            found = true;
            int256 lots = SeriesPositions.lotsIn(list.entries[i]);
            paid = paid + Lots.wrap(lots).times(Expiry.payoff(instrument, live.word, live.forward));
            longs += SeriesPositions.countedUp(lots, SeriesPositions.halvingsIn(list.entries[i]));
            held += Lots.wrap(lots).abs();
            list.entries[i] = instrument.raw();
            if (instrument.isFuture()) delete $.futureCosts[account][underlying][series];
        }
        if (!found) return false;
        uint256 header = SeriesPositions.write(list, $, account, underlying);
        $.headers[account] = header.withCash(header.cash() + paid);
        if (longs != 0) {
            uint256 funding = $.fundings[underlying];
            $.fundings[underlying] = FundingWord.withOpenInterest(funding, FundingWord.openInterest(funding) - longs);
        }
        uint256 surface = $.surfaces[underlying][series];
        $.surfaces[underlying][series] = surface.withHeld(surface.held() - held);
        emit IMarginVault.SeriesPaid(account, uint8(underlying), uint8(series), paid.raw());
    }

    // ---------------------------------------------------------------- sales

    /// @dev A sale of a share of everything that one account holds of series on an underlying.
    struct Transfer {
        AccountId from;
        AccountId to;
        uint256 underlying;
        bool limited; // the receiver is not the fund's
        Ratio part;
        uint256 least;
        SeriesPositions.List giver;
        SeriesPositions.List receiver;
        int256 openInterest; // its change
        int256[] held; // by series, the change of what is held; empty where no long has met a short
        uint256[] moved; // what has moved, four positions a word as they are stored
        uint256 sold; // how many
    }

    /// @notice Moves the share `part` of every option and dated future that `from` holds on `underlying`, rounded up to whole lots, and all where
    /// fewer than `least` would be left, to `to`; keeps open interest and the clock of a fund account. The caller moves the cash, and says in the log what moved:
    /// four positions a word as they are stored, none halved.
    /// @dev Settled series have been paid.
    function move(
        VaultState storage $,
        address fund,
        AccountId from,
        AccountId to,
        uint256 underlying,
        Ratio part,
        uint256 least
    ) external returns (uint256[] memory moved) {
        Transfer memory t;
        (t.from, t.to, t.underlying, t.limited, t.part, t.least) = (from, to, underlying, to.owner() != fund, part, least);
        SeriesPositions.read(t.giver, $, from, underlying, 0);
        uint256 count = t.giver.count;
        SeriesPositions.read(t.receiver, $, to, underlying, count);
        SeriesPositions.index(t.receiver);
        t.moved = new uint256[]((count + 3) >> 2);
        for (uint256 i; i < count; ++i) {
            _moveLots($, t, i);
        }
        _countMoved($, t);
        AccountId ours = t.limited ? from : to;
        bool ran = $.headers[ours].underlyings() != 0;
        $.headers[from] = SeriesPositions.write(t.giver, $, from, underlying);
        uint256 header = SeriesPositions.write(t.receiver, $, to, underlying);
        $.headers[to] = header;
        if (t.limited && header.seriesPositions() > SeriesPositions.MOST) {
            revert IMarginVault.TooManySeriesPositions(to, SeriesPositions.MOST);
        }
        if (t.limited && LibBit.popCount(header.underlyings()) > Ledger.MAX_UNDERLYINGS) {
            revert IMarginVault.TooManyUnderlyings(to, Ledger.MAX_UNDERLYINGS);
        }
        if (ours.owner() == fund) FundAccounts.keepClock($, $.headers[ours], underlying, ran);
        moved = t.moved;
        uint256 words = (t.sold + 3) >> 2;
        assembly ("memory-safe") {
            mstore(moved, words) // never more than it was made for
        }
    }

    /// @dev What of the position `i` of the giver is sold.
    function _moveLots(VaultState storage $, Transfer memory t, uint256 i) private {
        unchecked {
            // lots < 2^47, at most 2^16 positions
            (uint256[] memory given, uint256[] memory received) = (t.giver.entries, t.receiver.entries);
            uint256 entry = given.get(i);
            int256 gave = SeriesPositions.lotsIn(entry);
            int256 lots = PricedSeries.soldOf(gave, t.part, t.least);
            if (lots == 0) return;
            uint256 instrument = SeriesPositions.instrumentIn(entry);
            uint256 place = SeriesPositions.placeOf(t.receiver, instrument);
            uint256 other = received.get(place);
            int256 had = SeriesPositions.lotsIn(other);
            int256 has = had + lots;
            // shorts count nothing
            (uint256 givers, uint256 receivers) = gave > 0 || had > 0 ? _count(t, entry, other, lots) : (uint256(0), uint256(0));
            given.set(i, SeriesPositions.entryOf(instrument, gave - lots, givers));
            received.set(place, SeriesPositions.entryOf(instrument, has, receivers));
            if (had != 0 && had ^ lots < 0) _meet(t, instrument >> 8, had, lots);
            if (Instrument.wrap(instrument).isFuture()) _moveCost($, t, instrument >> 8, gave, had, lots);
            if (t.limited && Lots.wrap(has).abs() >= SeriesPositions.SIZES) {
                // casting is safe: 8 bits of the underlying and 16 of the instrument
                uint24 named = uint24(t.underlying | (instrument << 8));
                revert IMarginVault.PositionCapExceeded(t.to, named, Lots.wrap(has), SeriesPositions.SIZES - 1);
            }
            uint256 sold = t.sold++;
            uint256 four = t.moved.get(sold >> 2) | (SeriesPositions.entryOf(instrument, lots, 0) << ((sold & 3) << 6));
            t.moved.set(sold >> 2, four);
        }
    }

    /// @dev Keeps open interest, and returns how often the lots of both are halved in it after a move of `lots` from `entry` to `other`.
    function _count(Transfer memory t, uint256 entry, uint256 other, int256 lots) private pure returns (uint256 givers, uint256 receivers) {
        unchecked {
            // lots < 2^47
            (int256 gave, int256 had) = (SeriesPositions.lotsIn(entry), SeriesPositions.lotsIn(other));
            (uint256 counts, uint256 counted) = (SeriesPositions.halvingsIn(entry), SeriesPositions.halvingsIn(other));
            t.openInterest -= _counted(gave, counts) + _counted(had, counted);
            givers = SeriesPositions.halvingsAfter(gave, counts, gave - lots, counts);
            receivers = SeriesPositions.halvingsAfter(had, counted, had + lots, counts);
            t.openInterest += _counted(gave - lots, givers) + _counted(had + lots, receivers);
        }
    }

    /// @dev Of a series less is held where a long meets a short.
    function _meet(Transfer memory t, uint256 series, int256 had, int256 lots) private pure {
        if (t.held.length == 0) t.held = new int256[](256);
        t.held[series] += _size(had + lots) - _size(had) - _size(lots);
    }

    /// @dev Open interest and what is held of each series after a move, where two sides have met.
    function _countMoved(VaultState storage $, Transfer memory t) private {
        uint256 underlying = t.underlying;
        if (t.openInterest != 0) {
            uint256 funding = $.fundings[underlying];
            uint256 lots = uint256(int256(FundingWord.openInterest(funding)) + t.openInterest);
            $.fundings[underlying] = FundingWord.withOpenInterest(funding, lots);
        }
        if (t.held.length == 0) return;
        for (uint256 i; i < t.giver.count; ++i) {
            uint256 series = SeriesPositions.instrumentIn(t.giver.entries[i]) >> 8;
            int256 change = t.held[series];
            if (change == 0) continue;
            t.held[series] = 0;
            uint256 surface = $.surfaces[underlying][series];
            $.surfaces[underlying][series] = surface.withHeld(uint256(int256(surface.held()) + change));
        }
    }

    function _size(int256 lots) private pure returns (int256) {
        unchecked {
            // lots < 2^48
            return lots < 0 ? -lots : lots;
        }
    }

    function _counted(int256 lots, uint256 halvings) private pure returns (int256) {
        // casting is safe: lots < 2^44
        return int256(SeriesPositions.countedUp(lots, halvings));
    }

    /// @dev Of a dated future, which changes hands at the mark.
    function _moveCost(VaultState storage $, Transfer memory t, uint256 series, int256 gave, int256 had, int256 lots) private {
        SeriesState.Live memory live;
        SeriesState.write(live, $, t.underlying, series, PriceWord.price($.prices[t.underlying]));
        int256 cost = $.futureCosts[t.from][t.underlying][series];
        $.futureCosts[t.from][t.underlying][series] = FutureCost.afterDown(cost, gave, -lots, live.forward);
        cost = $.futureCosts[t.to][t.underlying][series];
        $.futureCosts[t.to][t.underlying][series] = FutureCost.afterDown(cost, had, lots, live.forward);
    }
}
