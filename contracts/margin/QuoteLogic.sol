// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginVault, QuoteBasis, QuoteRequest} from "../interfaces/IMarginVault.sol";
import {IVaultSeries} from "../interfaces/IVaultSeries.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {RiskWords} from "../ledger/options/RiskWords.sol";
import {SeriesHolding} from "../ledger/options/SeriesHolding.sol";
import {SeriesMark} from "../ledger/options/SeriesMark.sol";
import {SeriesPositions} from "../ledger/options/SeriesPositions.sol";
import {SeriesState} from "../ledger/options/SeriesState.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {Funding} from "../math/Funding.sol";
import {RiskArray, LaneSums, SeriesBook} from "../math/options/RiskArray.sol";
import {PriceGuard} from "../math/PriceGuard.sol";
import {AccountId} from "../types/AccountId.sol";
import {FIRST_SERIES, Instrument, underlyingOf, withinUnderlying} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Position, positionOf} from "../types/Position.sol";
import {Price} from "../types/Price.sol";
import {Ratio, ZERO_RATIO, fromPpm} from "../types/Ratio.sol";
import {StaleCause} from "../types/StaleCause.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {MarginWord, TradingWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {SeriesWord} from "../words/SeriesWord.sol";
import {SurfaceWord} from "../words/SurfaceWord.sol";
import {Margin} from "./Margin.sol";
import {LiveQuoteLogic} from "./options/LiveQuoteLogic.sol";
import {OpeningBooks} from "./options/OpeningBooks.sol";
import {OpeningBound} from "./options/OpeningBound.sol";
import {Valuation} from "./Valuation.sol";

/// @title What an account on one underlying is worth and needs, and what it would need after it had given some lots: what a maker quotes by
/// @dev Linked: its code runs in the vault. With options or dated futures both are worked out from one gathering of the words: the books of the series that are
/// traded are changed in memory. The engine has it as `figuresOf` and `figuresAfter` of `pool/figures.ts`.
library QuoteLogic {
    using HeaderWord for uint256;
    using SeriesWord for uint256;
    using SurfaceWord for uint256;
    using SeriesState for SeriesState.Live;

    /// @dev The account on the underlying, and what is traded.
    struct Frame {
        AccountId account;
        uint256 underlying;
        uint256 priceWord;
        uint256 position; // PositionWord
        uint256 header;
        int256 index; // cumulative funding a lot, now
        Margin.Terms terms;
        uint24[] instruments;
        Lots[] given; // by the account
        uint256 held; // series positions after the trade
    }

    /// @notice As `IVaultBooks.quoteBasis` answers, encoded.
    function basis(VaultState storage $, QuoteRequest memory r) external view returns (bytes memory) {
        Frame memory f;
        QuoteBasis memory b;
        _open(f, b, $, r);
        _writeMarks(f, b, $, r);
        if (PositionWord.seriesPositions(f.position) == 0 && f.instruments[0] < FIRST_SERIES) _writePerpetual(f, b);
        else if (!_writeByWords(f, b, $)) _writeLive(f, b, $);
        return abi.encode(b);
    }

    function _open(Frame memory f, QuoteBasis memory b, VaultState storage $, QuoteRequest memory r) private view {
        (f.account, f.instruments, f.given) = (r.account, r.instruments, r.given);
        if (r.instruments.length == 0 || r.instruments.length != r.given.length) revert IMarginVault.NothingToDo();
        uint256 underlying = underlyingOf(r.instruments[0]);
        for (uint256 i; i < r.instruments.length; ++i) {
            uint24 named = r.instruments[i];
            // a perpetual stands alone, as in fills
            bool apart = i != 0 && (named < FIRST_SERIES || r.instruments[0] < FIRST_SERIES);
            if (apart || underlyingOf(named) != underlying) revert IMarginVault.ComboInvalid(r.instruments.length);
            // with what is held, below twice as much, it can still be added up
            if (r.given[i].abs() >= SeriesPositions.SIZES && named >= FIRST_SERIES) {
                revert IMarginVault.PositionCapExceeded(r.account, named, r.given[i], SeriesPositions.SIZES - 1);
            }
        }
        f.underlying = underlying;
        f.header = $.headers[r.account];
        // one bit more, and another underlying or a collateral is held
        if ((f.header.underlyings() | (1 << underlying)) != 1 << underlying || f.header.collaterals() != 0) {
            revert IMarginVault.HoldsMore(r.account, underlying);
        }
        f.priceWord = $.prices[underlying];
        if (PriceWord.price(f.priceWord).raw() == 0) revert IMarginVault.UnknownUnderlying(underlying);
        f.position = $.positions[r.account][underlying];
        f.held = PositionWord.seriesPositions(f.position);
        b.marginWord = $.marginParameters;
        b.priceWord = f.priceWord;
        b.tradingWord = $.tradings[underlying];
        Margin.write(f.terms, b.marginWord);
        f.index = Funding.indexNow($.fundings[underlying], f.priceWord, MarginWord.tradingAge(b.marginWord));
    }

    // ---------------------------------------------------------------- marks

    function _writeMarks(Frame memory f, QuoteBasis memory b, VaultState storage $, QuoteRequest memory r) private view {
        uint256 age = PriceWord.age(f.priceWord);
        bool good = PriceWord.isGood(f.priceWord, age, MarginWord.liquidationAge(b.marginWord));
        b.doubt = good ? ZERO_RATIO : PriceGuard.doubt($.guards[f.underlying], age);
        if (!good || PriceWord.time(f.priceWord) <= r.since) {
            Ratio most = fromPpm(TradingWord.fillBandPpm(b.tradingWord));
            b.part = b.doubt > r.wide ? b.doubt : r.wide;
            if (b.part > most) b.part = most;
        }
        uint256 count = f.instruments.length;
        (b.marks, b.referencePrices, b.moves) = (new Price[](count), new Price[](count), new Price[](count));
        if (f.instruments[0] < FIRST_SERIES) {
            b.marks[0] = b.referencePrices[0] = PriceWord.price(f.priceWord);
            return;
        }
        SeriesState.Live memory live;
        for (uint256 i; i < count; ++i) {
            Instrument instrument = withinUnderlying(f.instruments[i]);
            SeriesState.write(live, $, f.underlying, instrument.series(), PriceWord.price(f.priceWord));
            (b.marks[i], b.referencePrices[i]) = SeriesMark.write(live, $, f.underlying, instrument);
            if (live.settled) revert IVaultSeries.SeriesIsSettled(f.underlying, instrument.series());
            if (live.surface.published() == 0) revert IVaultSeries.SeriesHasNoSlice(f.underlying, instrument.series());
            if (b.part == ZERO_RATIO || instrument.isFuture()) continue;
            b.moves[i] = _moveUp(f, $, instrument, b.marks[i], b.part);
        }
    }

    /// @dev By how much the mark of an option moves at most when the price moves by `part` of itself either way, rounded up.
    function _moveUp(Frame memory f, VaultState storage $, Instrument instrument, Price mark, Ratio part) private view returns (Price) {
        uint256 price = PriceWord.price(f.priceWord).raw();
        uint256 move = (price * part.raw() + (1e18 - 1)) / 1e18;
        uint256 up = _distance(_markAt(f, $, instrument, price + move), mark);
        uint256 down = _distance(_markAt(f, $, instrument, price - move), mark);
        return Price.wrap((up > down ? up : down) + 1);
    }

    function _markAt(Frame memory f, VaultState storage $, Instrument instrument, uint256 price) private view returns (Price) {
        SeriesState.Live memory live;
        uint256 series = instrument.series();
        SeriesState.write(live, $, f.underlying, series, Price.wrap(price));
        uint256 strike = live.word.strike(instrument.strikeIndex()).raw();
        return SeriesMark.ofOption(live, $, f.underlying, series, strike, instrument.isCall());
    }

    function _distance(Price a, Price b) private pure returns (uint256) {
        return a > b ? a.raw() - b.raw() : b.raw() - a.raw();
    }

    // ---------------------------------------------------------------- the perpetual alone

    function _writePerpetual(Frame memory f, QuoteBasis memory b) private view {
        Valuation.Figures memory v;
        Valuation.add(v, f.priceWord, f.position, f.index, ZERO, f.terms);
        (b.equity, b.margin, b.byWords) = (f.header.cash() + v.settledCash, v.margin, true);
        v.margin = ZERO;
        Valuation.add(v, f.priceWord, _perpetualAfter(f), f.index, ZERO, f.terms);
        b.marginAfter = v.margin;
    }

    /// @dev Lots alone: no margin reads the rest.
    function _perpetualAfter(Frame memory f) private pure returns (uint256) {
        Lots lots = PositionWord.lots(f.position);
        if (f.instruments[0] < FIRST_SERIES) lots = lots - f.given[0];
        return PositionWord.pack(lots.raw(), 0, 0);
    }

    /// @dev At the held range, of an account that is left with nothing but a perpetual.
    function _marginOfPerpetual(Frame memory f, Lots lots) private view returns (Wad) {
        Valuation.Figures memory v;
        Valuation.add(v, f.priceWord, PositionWord.pack(lots.raw(), 0, 0), f.index, ZERO, f.terms);
        return v.margin;
    }

    // ---------------------------------------------------------------- by words

    /// @dev Returns whether the words of all series that are held before or after are fresh.
    function _writeByWords(Frame memory f, QuoteBasis memory b, VaultState storage $) private view returns (bool) {
        OpeningBound.Figures memory figures;
        OpeningBound.Gathered memory g;
        _writeHolding(f, g.holding);
        OpeningBooks.write(g.books, g.holding, $, f.account, f.position);
        if (g.books.cause != StaleCause.NONE) return false;
        Wad due = Ledger.payment(PositionWord.lots(f.position), f.index, PositionWord.fundingIndex(f.position));
        b.equity = f.header.cash() - due;
        if (PositionWord.seriesPositions(f.position) == 0) {
            b.equity = b.equity + PositionWord.lots(f.position).times(PriceWord.price(f.priceWord));
            b.margin = _marginOfPerpetual(f, PositionWord.lots(f.position));
        } else {
            OpeningBound.sum(figures, g, f.terms.provision, f.terms.interMonth);
            OpeningBound.writeTight(figures, g);
            b.equity = b.equity + figures.value;
            b.margin = figures.value - figures.surplus;
        }

        OpeningBound.Gathered memory next;
        next.holding = g.holding;
        if (!_trade(f, g.books, next, $)) return false;
        b.byWords = true;
        if (f.held == 0) {
            b.marginAfter = _marginOfPerpetual(f, PositionWord.lots(_perpetualAfter(f)));
            return true;
        }
        OpeningBound.sum(figures, next, f.terms.provision, f.terms.interMonth);
        OpeningBound.writeTight(figures, next);
        b.marginAfter = figures.value - figures.surplus;
        return true;
    }

    /// @dev What words are valued at: the wider range.
    function _writeHolding(Frame memory f, SeriesHolding.Holding memory h) private pure {
        h.price = PriceWord.price(f.priceWord);
        (h.range, h.depth) = (PriceWord.widerRange(f.priceWord), PriceWord.depth(f.priceWord));
        h.underlying = f.underlying;
        SeriesHolding.writeSpot(h, PositionWord.lots(f.position), ZERO);
    }

    /// @dev Puts what is given into the holding of `next`, which has the groups of `books` so far; false where the words of a series are stale.
    function _trade(
        Frame memory f,
        OpeningBooks.Books memory books,
        OpeningBound.Gathered memory next,
        VaultState storage $
    ) private view returns (bool) {
        SeriesHolding.Holding memory h = next.holding;
        if (f.instruments[0] < FIRST_SERIES) {
            SeriesHolding.writeSpot(h, PositionWord.lots(_perpetualAfter(f)), ZERO);
            next.books = books;
            return true;
        }
        SeriesHolding.Group[] memory groups = new SeriesHolding.Group[](h.groups.length + f.instruments.length);
        SeriesBook[] memory list = new SeriesBook[](groups.length);
        uint256 count = h.groups.length;
        for (uint256 i; i < count; ++i) {
            (groups[i], list[i]) = (h.groups[i], books.books[i]);
        }
        for (uint256 i; i < f.instruments.length; ++i) {
            Instrument instrument = withinUnderlying(f.instruments[i]);
            uint256 place;
            while (place < count && groups[place].series != instrument.series()) ++place;
            if (place == count) {
                SeriesHolding.Group memory group = SeriesHolding.opened(h, $, instrument.series());
                if (group.live.staleness(group.range) != StaleCause.NONE) return false;
                (groups[count], list[count++]) = (group, RiskArray.empty());
            }
            _move(f, groups[place], list[place], $, instrument, f.given[i]);
        }
        // a series of which nothing is left is no exposure
        uint256 kept;
        for (uint256 i; i < count; ++i) {
            SeriesBook memory book = list[i];
            if (groups[i].futures == 0 && RiskArray.lotsOf(book.longs) + RiskArray.lotsOf(book.shorts) == 0) continue;
            (groups[kept], list[kept++]) = (groups[i], book);
        }
        assembly ("memory-safe") {
            // never longer than they were made
            mstore(groups, kept)
            mstore(list, kept)
        }
        (h.groups, next.books.books) = (groups, list);
        return true;
    }

    /// @dev Takes what is held of an instrument out of its book, and puts in what will be.
    function _move(
        Frame memory f,
        SeriesHolding.Group memory group,
        SeriesBook memory book,
        VaultState storage $,
        Instrument instrument,
        Lots given
    ) private view {
        int256 before = _heldOf(f, $, instrument);
        int256 lots = _after(f, before, given);
        if (instrument.isFuture()) {
            group.futures += lots - before;
            book.forwards += lots - before;
            return;
        }
        uint256 word = RiskWords.read(RiskWords.ofUnderlying($, f.underlying), instrument.wordKey());
        Price strike = Price.wrap(group.base + instrument.strikeIndex() * group.step);
        if (before != 0) {
            SeriesBook memory taken = RiskArray.empty();
            RiskArray.addOption(taken, word, instrument.isCall(), Lots.wrap(before), strike);
            _takeOut(book.longs, taken.longs);
            _takeOut(book.shorts, taken.shorts);
            book.forwards -= taken.forwards;
            book.strikes -= taken.strikes;
            SeriesHolding.Group memory weighed;
            weighed.live = group.live;
            SeriesHolding.weigh(weighed, _positionOf(instrument, before, strike));
            group.calls -= weighed.calls;
            group.puts -= weighed.puts;
        }
        if (lots == 0) return;
        RiskArray.addOption(book, word, instrument.isCall(), Lots.wrap(lots), strike);
        SeriesHolding.weigh(group, _positionOf(instrument, lots, strike));
    }

    /// @dev No field is smaller than what was added to it before.
    function _takeOut(LaneSums memory sums, LaneSums memory taken) private pure {
        sums.first -= taken.first;
        sums.second -= taken.second;
        sums.third -= taken.third;
        sums.fourth -= taken.fourth;
        sums.last -= taken.last;
    }

    function _heldOf(Frame memory f, VaultState storage $, Instrument instrument) private view returns (int256) {
        SeriesPositions.Place memory place;
        SeriesPositions.find(place, $, f.account, f.underlying, instrument);
        return place.lots;
    }

    /// @dev What is left of an instrument of which `before` were held; counts the positions.
    function _after(Frame memory f, int256 before, Lots given) private pure returns (int256 lots) {
        lots = before - given.raw();
        if (before == 0 && lots != 0) ++f.held;
        else if (before != 0 && lots == 0) --f.held;
    }

    function _positionOf(Instrument instrument, int256 lots, Price strike) private pure returns (Position) {
        return positionOf(SeriesPositions.entryOf(instrument.raw(), lots, 0), 0, strike);
    }

    // ---------------------------------------------------------------- live

    /// @dev Where words are stale: both priced anew at the held range, so that what shrinks an inventory can be measured.
    function _writeLive(Frame memory f, QuoteBasis memory b, VaultState storage $) private view {
        Wad value;
        (value, b.margin, b.marginAfter) = LiveQuoteLogic.figures($, f.account, f.underlying, f.terms, f.instruments, f.given);
        Wad due = Ledger.payment(PositionWord.lots(f.position), f.index, PositionWord.fundingIndex(f.position));
        b.equity = f.header.cash() - due + value;
    }
}
