// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assessment, Book, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {FutureCost} from "../ledger/options/FutureCost.sol";
import {SeriesHolding} from "../ledger/options/SeriesHolding.sol";
import {SeriesMark} from "../ledger/options/SeriesMark.sol";
import {SeriesPositions} from "../ledger/options/SeriesPositions.sol";
import {SeriesState} from "../ledger/options/SeriesState.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {FundAccounts} from "../margin/FundAccounts.sol";
import {Margin} from "../margin/Margin.sol";
import {LiveMargin} from "../margin/options/LiveMargin.sol";
import {PricedSeries} from "../margin/options/PricedSeries.sol";
import {Portfolios} from "../margin/Portfolios.sol";
import {Takeover} from "../margin/Takeover.sol";
import {WaterLines} from "../margin/WaterLines.sol";
import {Bankruptcy} from "../math/pool/Bankruptcy.sol";
import {Closing} from "../math/pool/Closing.sol";
import {AccountId, toAccountId} from "../types/AccountId.sol";
import {Instrument} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Position} from "../types/Position.sol";
import {Price} from "../types/Price.sol";
import {Ratio, ZERO_RATIO} from "../types/Ratio.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {SurfaceWord} from "../words/SurfaceWord.sol";
import {ExchangeLogic} from "./ExchangeLogic.sol";
import {FundLogic} from "./FundLogic.sol";
import {SeriesMoveLogic} from "./SeriesMoveLogic.sol";

/// @title Closes what a fund account holds beyond its margin against the accounts with the most leverage
/// @dev Linked: its code runs in the vault. docs/deleveraging.md. What an account would have afterwards is worked out before anything of it is written, so that nothing is
/// ever undone. The engine has it as `actions/deleverage.ts`.
library DeleverageLogic {
    using HeaderWord for uint256;
    using SurfaceWord for uint256;
    using SeriesState for SeriesState.Live;

    /// @dev One instrument that the fund account is short of room for.
    struct Lack {
        Instrument instrument; // 0: the perpetual
        int256 lots; // still to be closed, signed as the fund account holds them
        Price price; // of a lot, at which it is closed
        Price mark;
        Price notional; // gross, of a lot: an option counts its forward
    }

    /// @dev What is closed against.
    struct Shortage {
        address fund;
        AccountId account; // the fund's
        uint256 underlying;
        uint256 marginWord;
        Margin.Terms terms;
        Ratio level; // λ now
        Lack[] lacks;
    }

    /// @dev An account that may be closed. Lists beside the lacks.
    struct Winner {
        AccountId account;
        Portfolio portfolio;
        Assessment figures;
        Wad scan; // over all underlyings
        uint256 book; // the one of the underlying
        Wad value; // of that book, without cash
        Wad margin; // of that book
        uint256[] places; // of a position in a series: among those that are packed
        int256[] lots; // held opposite, signed; then what of them is closed
    }

    // ---------------------------------------------------------------- entries

    /// @notice As `IVaultBooks.deleverage`.
    function deleverage(VaultState storage $, address fund, address caller, uint8 underlying, AccountId[] calldata accounts) external {
        Shortage memory s;
        (s.fund, s.underlying, s.marginWord) = (fund, underlying, $.marginParameters);
        AccountId account = FundAccounts.accountOf(fund, underlying);
        s.account = account;
        if ($.headers[account].seriesPositions() != 0) SeriesMoveLogic.payExpired($, account);
        Portfolio memory p = Portfolios.value($, account, s.marginWord);
        Takeover.requireFresh(p, s.marginWord);
        Margin.write(s.terms, s.marginWord);
        Assessment memory a = Margin.assess(p, s.terms, false);
        bool empty = $.headers[account].underlyings() == 0;
        if (empty || a.equity >= a.margin) {
            if ($.waterLines[underlying] != 0) return WaterLines.clear($, underlying);
            if (empty) revert IMarginVault.FundAccountEmpty(underlying);
            revert IMarginVault.FundAccountSolvent(underlying, a.value);
        }
        Wad lacking = a.margin - a.equity;
        Wad drawn = FundAccounts.draw($, fund, underlying, lacking);
        if (drawn < lacking) {
            s.level = WaterLines.keep($, underlying);
            _writeLacks(s, $, p.books[0], a.value + drawn, Closing.shortPartUp(a.value + drawn, a.equity + drawn, a.margin));
            Wad notional;
            for (uint256 i; i < accounts.length; ++i) {
                notional = notional + _close($, s, accounts[i]);
            }
            _pay($, s, toAccountId(caller, 0), notional);
            FundAccounts.keepClock($, $.headers[account], underlying, true);
        }
        // what it is short of now, what is left below zero without a position, and whether the shortage is over
        if (($.watched >> underlying) & 1 != 0) FundLogic.topUp($, fund, underlying);
        else WaterLines.clear($, underlying);
    }

    /// @notice As `IVaultBooks.deleveragingOf`.
    function standing(VaultState storage $, AccountId account, uint256 underlying) external view returns (Ratio leverage, Ratio level) {
        Winner memory w;
        uint256 marginWord = $.marginParameters;
        w.account = account;
        w.portfolio = Portfolios.portfolio($, account, marginWord);
        _assess(w, Margin.terms(marginWord), underlying);
        (level, ) = WaterLines.levelNow($, underlying);
        return (Closing.leverageDown(w.figures.equity, w.scan), level);
    }

    function _pay(VaultState storage $, Shortage memory s, AccountId caller, Wad notional) private {
        Wad paid = FundAccounts.payBounty($, s.fund, notional.partDown(Closing.CALLER_PART), notional);
        if (paid == ZERO) return;
        Ledger.credit($, caller, paid);
        // casting is safe: an underlying was a uint8, and a payment is not negative
        emit IMarginVault.DeleveragePaid(caller, uint8(s.underlying), uint256(paid.raw()));
    }

    // ---------------------------------------------------------------- what is lacking

    /// @dev What has to go of the fund account's `book`, and at what price, where it is worth `value`.
    function _writeLacks(Shortage memory s, VaultState storage $, Book memory book, Wad value, Ratio part) private view {
        uint256 positions = PricedSeries.count(book.series);
        s.lacks = new Lack[](positions + 1);
        int256[] memory lots = new int256[](positions + 1);
        int256[] memory losses = _losses(book);
        uint256 count;
        if (!book.lots.isZero()) {
            s.lacks[0] = Lack(Instrument.wrap(0), 0, book.price, book.price, book.price);
            (lots[0], count) = (book.lots.raw(), 1);
        }
        for (uint256 i; i < positions; ++i) {
            Position p = PricedSeries.positionIn(book.series, i);
            if (!_writeLack(s.lacks[count], s, $, p.instrument(), book.price)) continue;
            (lots[count], losses[count]) = (p.lots(), losses[i + 1]);
            ++count;
        }
        uint256[] memory prices = new uint256[](count);
        Lack[] memory lacks = s.lacks;
        assembly ("memory-safe") {
            // never longer than they were made
            mstore(lacks, count)
            mstore(lots, count)
            mstore(losses, count)
        }
        for (uint256 i; i < count; ++i) {
            prices[i] = lacks[i].mark.raw();
        }
        Bankruptcy.write(prices, lots, losses, value);
        for (uint256 i; i < count; ++i) {
            (lacks[i].price, lacks[i].lots) = (Price.wrap(prices[i]), PricedSeries.shareUp(lots[i], part));
        }
    }

    /// @dev Mark and notional of an instrument of a series; false where it cannot be marked.
    function _writeLack(
        Lack memory lack,
        Shortage memory s,
        VaultState storage $,
        Instrument instrument,
        Price price
    ) private view returns (bool) {
        SeriesState.Live memory live;
        SeriesState.write(live, $, s.underlying, instrument.series(), price);
        if (live.settled || live.surface.published() == 0) return false;
        (lack.mark, ) = SeriesMark.write(live, $, s.underlying, instrument);
        (lack.instrument, lack.notional) = (instrument, live.forward);
        return true;
    }

    /// @dev What the perpetual, and then each position in a series, loses by itself in the worst scenario of the book; a gain is negative.
    function _losses(Book memory book) private pure returns (int256[] memory losses) {
        if (book.series.length != 0) {
            SeriesHolding.Holding memory h;
            LiveMargin.Prices memory prices;
            h.price = book.price;
            SeriesHolding.writeSpot(h, book.lots, book.collateral);
            // whole: nothing is written into what is packed
            PricedSeries.unpack(book.series, PricedSeries.Part(ZERO_RATIO, 0, false), h, prices);
            return LiveMargin.losses(h, prices);
        }
        losses = new int256[](1);
        Wad line = book.lots.times(book.price);
        Wad stressed = line + book.collateral;
        if (stressed == ZERO) return losses;
        if (stressed.isNegative() == line.isNegative()) losses[0] = line.abs().partUp(book.heldRange).raw();
        else losses[0] = -line.abs().partDown(book.heldRange).raw();
    }

    // ---------------------------------------------------------------- one account

    /// @dev Closes `account` against what is lacking, or leaves everything as it is; returns the gross notional that was closed.
    function _close(VaultState storage $, Shortage memory s, AccountId account) private returns (Wad notional) {
        Winner memory w;
        w.account = account;
        if (!_mayLieOpposite($, s, account)) return notional;
        w.portfolio = Portfolios.value($, account, s.marginWord);
        _assess(w, s.terms, s.underlying);
        if (w.book == w.portfolio.books.length) return notional;
        (Wad matched, Wad conceded) = _match(w, s);
        Ratio part = Closing.partDownTo(w.figures.equity, w.scan, matched, conceded, s.level);
        if (part == ZERO_RATIO || !_cut(w, s, part)) return notional;
        for (uint256 i; i < w.lots.length; ++i) {
            if (w.lots[i] != 0) notional = notional + _move($, s, w, i);
        }
        if ($.headers[account].declaredShort()) ExchangeLogic.review($, account);
    }

    /// @dev Without pricing anything: who holds no series, and no perpetual opposite, is passed by at once.
    function _mayLieOpposite(VaultState storage $, Shortage memory s, AccountId account) private view returns (bool) {
        uint256 position = $.positions[account][s.underlying];
        if (PositionWord.seriesPositions(position) != 0) return true;
        Lack[] memory lacks = s.lacks;
        return lacks.length != 0 && lacks[0].instrument.raw() == 0 && _opposite(PositionWord.lots(position).raw(), lacks[0].lots);
    }

    function _opposite(int256 held, int256 lacking) private pure returns (bool) {
        return held != 0 && lacking != 0 && held ^ lacking < 0;
    }

    /// @dev Figures and scan of an account, and what it has on `underlying`.
    function _assess(Winner memory w, Margin.Terms memory terms, uint256 underlying) private pure {
        Book[] memory books = w.portfolio.books;
        LiveMargin.Figures[] memory series = new LiveMargin.Figures[](books.length);
        w.figures = Margin.assess(w.portfolio, terms, false, series);
        w.book = books.length;
        for (uint256 i; i < books.length; ++i) {
            Book memory book = books[i];
            bool dated = book.series.length != 0;
            Wad stressed = book.lots.times(book.price) + book.collateral;
            w.scan = w.scan + (dated ? series[i].scan : Margin.scan(book, stressed, false));
            if (book.underlying != underlying) continue;
            w.book = i;
            (w.value, w.margin) = dated ? (series[i].value, series[i].margin) : (stressed, Margin.requirement(book, terms, false));
        }
    }

    /// @dev Finds what lies opposite: what it loses in the worst scenario of the account, and what closing all of it takes below the mark.
    function _match(Winner memory w, Shortage memory s) private pure returns (Wad matched, Wad conceded) {
        Lack[] memory lacks = s.lacks;
        Book memory book = w.portfolio.books[w.book];
        int256[] memory losses = _losses(book);
        (w.places, w.lots) = (new uint256[](lacks.length), new int256[](lacks.length));
        for (uint256 i; i < lacks.length; ++i) {
            Lack memory lack = lacks[i];
            (int256 held, uint256 place) = _heldOf(book, lack.instrument);
            if (!_opposite(held, lack.lots)) continue;
            (w.lots[i], w.places[i]) = (held, place);
            matched = matched + Wad.wrap(losses[lack.instrument.raw() == 0 ? 0 : place + 1]);
            Price distance = Price.wrap(lack.price > lack.mark ? lack.price.raw() - lack.mark.raw() : lack.mark.raw() - lack.price.raw());
            conceded = conceded + Lots.wrap(held).times(distance).abs();
        }
    }

    function _heldOf(Book memory book, Instrument instrument) private pure returns (int256 lots, uint256 place) {
        if (instrument.raw() == 0) return (book.lots.raw(), 0);
        uint256 count = PricedSeries.count(book.series);
        for (; place < count; ++place) {
            Position p = PricedSeries.positionIn(book.series, place);
            if (p.instrument().raw() == instrument.raw()) return (p.lots(), place);
        }
    }

    /// @dev Leaves in `w.lots` what `part` of them comes to, and says whether the account's health does not fall by it.
    function _cut(Winner memory w, Shortage memory s, Ratio part) private pure returns (bool) {
        Book memory book = w.portfolio.books[w.book];
        Lots perpetual = book.lots;
        Wad received;
        for (uint256 i; i < w.lots.length; ++i) {
            int256 held = w.lots[i];
            if (held == 0) continue;
            Lack memory lack = s.lacks[i];
            int256 lots = Closing.lotsOfPart(held, part, lack.lots);
            w.lots[i] = lots;
            received = received + Lots.wrap(lots).times(lack.price);
            if (lack.instrument.raw() == 0) perpetual = perpetual - Lots.wrap(lots);
            else PricedSeries.setLots(book.series, w.places[i], held - lots);
        }
        (Wad value, Wad margin) = _figuresOf(book, perpetual, s.terms);
        Assessment memory a = w.figures;
        return Closing.keepsHealth(a.equity, w.value - value - received, a.margin, a.margin - w.margin + margin);
    }

    /// @dev What a book is worth without cash and needs, with `lots` of the perpetual.
    function _figuresOf(Book memory book, Lots lots, Margin.Terms memory terms) private pure returns (Wad value, Wad margin) {
        if (book.series.length != 0) {
            LiveMargin.Figures memory f = Margin.withSeries(book, lots, book.collateral, ZERO_RATIO, terms);
            return (f.value, f.margin);
        }
        return (lots.times(book.price) + book.collateral, Margin.requirementOf(book, lots, book.collateral, book.price, terms, false));
    }

    /// @dev Moves what is closed of one instrument to the fund account; returns its gross notional.
    function _move(VaultState storage $, Shortage memory s, Winner memory w, uint256 i) private returns (Wad) {
        Lack memory lack = s.lacks[i];
        Lots lots = Lots.wrap(w.lots[i]);
        Wad paid = lots.times(lack.price);
        if (lack.instrument.raw() == 0) {
            FundAccounts.transfer($, s.fund, w.account, s.account, w.portfolio.books[w.book], lots, paid);
        } else {
            int256 change = _moveSeries($, s, w.account, lack, -lots) + _moveSeries($, s, s.account, lack, lots);
            uint256 funding = $.fundings[s.underlying];
            // casting is safe: open interest < 2^44
            uint256 counted = uint256(int256(FundingWord.openInterest(funding)) + change);
            $.fundings[s.underlying] = FundingWord.withOpenInterest(funding, counted);
            uint256 series = lack.instrument.series();
            uint256 surface = $.surfaces[s.underlying][series];
            // two sides have met
            $.surfaces[s.underlying][series] = surface.withHeld(surface.held() - 2 * lots.abs());
        }
        lack.lots += lots.raw();
        // casting is safe: 8 bits of the underlying and 16 of the instrument
        uint24 named = uint24(s.underlying | (lack.instrument.raw() << 8));
        emit IMarginVault.Deleveraged(w.account, named, lots.raw(), lack.price.raw(), s.level.raw());
        return lots.times(lack.notional).abs();
    }

    /// @dev One side: `change` brings the position nearer to zero, and what it costs comes out of the cash. Returns the change of what it counts in open interest.
    function _moveSeries(
        VaultState storage $,
        Shortage memory s,
        AccountId account,
        Lack memory lack,
        Lots change
    ) private returns (int256) {
        Instrument instrument = lack.instrument;
        SeriesPositions.Place memory side;
        SeriesPositions.find(side, $, account, s.underlying, instrument);
        (int256 before, uint256 halvings) = (side.lots, side.halvings);
        int256 lots = before + change.raw();
        SeriesPositions.set(side, $, account, s.underlying, instrument, lots, SeriesPositions.halvingsAfter(before, halvings, lots, 0));
        $.headers[account] = side.header.withCash(side.header.cash() - change.times(lack.price));
        $.positions[account][s.underlying] = side.position;
        if (instrument.isFuture()) {
            mapping(uint256 series => int256) storage costs = $.futureCosts[account][s.underlying];
            uint256 series = instrument.series();
            costs[series] = FutureCost.afterDown(costs[series], before, change.raw(), lack.price);
        }
        // casting is safe: lots < 2^44
        return int256(SeriesPositions.countedUp(side.lots, side.halvings)) - int256(SeriesPositions.countedUp(before, halvings));
    }
}
