// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ScenarioPrices} from "../../ledger/options/ScenarioPrices.sol";
import {SeriesHolding} from "../../ledger/options/SeriesHolding.sol";
import {SeriesPositions} from "../../ledger/options/SeriesPositions.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {AccountId} from "../../types/AccountId.sol";
import {FIRST_SERIES, Instrument, withinUnderlying} from "../../types/Instrument.sol";
import {Lots} from "../../types/Lots.sol";
import {Position, positionOf} from "../../types/Position.sol";
import {Price} from "../../types/Price.sol";
import {Wad, ZERO} from "../../types/Wad.sol";
import {PositionWord} from "../../words/PositionWord.sol";
import {PriceWord} from "../../words/PriceWord.sol";
import {Margin} from "../Margin.sol";
import {LiveMargin} from "./LiveMargin.sol";

/// @title What `QuoteLogic` works out where words are stale: everything priced anew, at the held range
/// @dev Linked: its code runs in the vault.
library LiveQuoteLogic {
    /// @dev The holding, and what is traded.
    struct Frame {
        AccountId account;
        SeriesHolding.Holding holding;
        LiveMargin.Figures figures;
        Margin.Terms terms;
        uint24[] instruments;
        Lots[] given;
    }

    /// @notice What `account` has on `underlying` without cash, what it needs, and what it would need after it had given lots of `instruments`.
    function figures(
        VaultState storage $,
        AccountId account,
        uint256 underlying,
        Margin.Terms memory terms,
        uint24[] memory instruments,
        Lots[] memory given
    ) external view returns (Wad value, Wad margin, Wad marginAfter) {
        Frame memory f;
        (f.account, f.terms, f.instruments, f.given) = (account, terms, instruments, given);
        SeriesHolding.Holding memory h = f.holding;
        uint256 priceWord = $.prices[underlying];
        uint256 position = $.positions[account][underlying];
        (h.price, h.range, h.depth) = (PriceWord.price(priceWord), PriceWord.heldRange(priceWord), PriceWord.depth(priceWord));
        SeriesHolding.write(h, $, account, underlying, position, ZERO);
        _value(f, $);
        (value, margin) = (f.figures.value, f.figures.margin);

        uint256[] memory entries = _entries(f);
        if (instruments[0] < FIRST_SERIES) SeriesHolding.writeSpot(h, PositionWord.lots(position) - given[0], ZERO);
        else _trade(f, entries, $);
        _regroup(h, entries, $);
        _value(f, $);
        marginAfter = f.figures.margin;
    }

    function _value(Frame memory f, VaultState storage $) private view {
        LiveMargin.Prices memory prices;
        LiveMargin.price(prices, $, f.holding, ScenarioPrices.ALL);
        LiveMargin.write(f.figures, f.holding, prices, f.terms.provision, f.terms.interMonth);
    }

    /// @dev Of what is held, with room for what is traded; zero is none.
    function _entries(Frame memory f) private pure returns (uint256[] memory entries) {
        Position[] memory positions = f.holding.positions;
        entries = new uint256[](positions.length + f.instruments.length);
        for (uint256 i; i < positions.length; ++i) {
            entries[i] = SeriesPositions.entryOf(positions[i].instrument().raw(), positions[i].lots(), 0);
        }
    }

    function _trade(Frame memory f, uint256[] memory entries, VaultState storage $) private view {
        uint256 count = f.holding.positions.length;
        SeriesPositions.Place memory held;
        for (uint256 i; i < f.instruments.length; ++i) {
            Instrument instrument = withinUnderlying(f.instruments[i]);
            SeriesPositions.find(held, $, f.account, f.holding.underlying, instrument);
            uint256 place;
            while (place < count && entries[place] & 0xffff != instrument.raw()) ++place;
            if (place == count) ++count;
            int256 lots = held.lots - f.given[i].raw();
            entries[place] = lots == 0 ? 0 : SeriesPositions.entryOf(instrument.raw(), lots, 0);
        }
    }

    /// @dev Makes groups and positions anew.
    function _regroup(SeriesHolding.Holding memory h, uint256[] memory entries, VaultState storage $) private view {
        SeriesHolding.Group[] memory groups = new SeriesHolding.Group[](entries.length);
        Position[] memory positions = new Position[](entries.length);
        uint256 count;
        uint256 kept;
        for (uint256 i; i < entries.length; ++i) {
            // taken out, or never there: no series has the number zero
            if (entries[i] == 0) continue;
            Instrument instrument = Instrument.wrap(entries[i] & 0xffff);
            uint256 place;
            while (place < count && groups[place].series != instrument.series()) ++place;
            if (place == count) groups[count++] = SeriesHolding.opened(h, $, instrument.series());
            SeriesHolding.Group memory group = groups[place];
            int256 lots = SeriesPositions.lotsIn(entries[i]);
            Price strike;
            if (instrument.isFuture()) group.futures += lots;
            else {
                strike = Price.wrap(group.base + instrument.strikeIndex() * group.step);
                group.gross += Lots.wrap(lots).abs();
            }
            positions[kept++] = positionOf(entries[i], place, strike);
        }
        assembly ("memory-safe") {
            // never longer than they were made
            mstore(groups, count)
            mstore(positions, kept)
        }
        (h.groups, h.positions) = (groups, positions);
    }
}
