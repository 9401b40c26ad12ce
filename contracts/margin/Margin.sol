// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assessment, Book, Portfolio} from "../interfaces/IMarginVault.sol";
import {Charges} from "../math/Charges.sol";
import {Stress} from "../math/Stress.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio, ZERO_RATIO} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {LiveMargin} from "./options/LiveMargin.sol";
import {PortfolioLogic} from "./options/PortfolioLogic.sol";
import {PricedSeries} from "./options/PricedSeries.sol";

/// @title Initial margin by scenarios, per underlying; no credit between underlyings
/// @dev DESIGN section 6. All terms round up.
library Margin {
    /// @dev Parameters of the margin word at this block.
    struct Terms {
        Ratio maintenance; // μ
        Ratio provision; // on gross notional and collateral
        Ratio interMonth; // b
    }

    function terms(uint256 marginWord) internal view returns (Terms memory t) {
        write(t, marginWord);
    }

    function write(Terms memory t, uint256 marginWord) internal view {
        t.maintenance = MarginWord.maintenance(marginWord);
        t.provision = MarginWord.provision(marginWord);
        t.interMonth = MarginWord.interMonth(marginWord);
    }

    /// @notice The figures of a portfolio.
    /// @dev Underlyings with series are priced at the held range, whatever `opening` says: what opens is tested by `Valuation`.
    /// @param opening at the wider of the target and the held scan range (trades, withdrawals); otherwise at the held one (liquidation)
    function assess(Portfolio memory p, Terms memory t, bool opening) internal pure returns (Assessment memory) {
        LiveMargin.Figures[] memory none;
        return assess(p, t, opening, none);
    }

    /// @notice As the other, and puts into `series` the figures of each underlying that has some: an array beside the books, or an empty one.
    function assess(
        Portfolio memory p,
        Terms memory t,
        bool opening,
        LiveMargin.Figures[] memory series
    ) internal pure returns (Assessment memory a) {
        Wad value = p.cash;
        Wad haircuts;
        uint256 count = p.books.length;
        for (uint256 i; i < count; ++i) {
            Book memory book = p.books[i];
            haircuts = haircuts + book.haircut;
            if (book.series.length != 0) {
                LiveMargin.Figures memory f = withSeries(book, book.lots, book.collateral, ZERO_RATIO, t);
                (value, a.notional, a.margin) = (value + f.value, a.notional + f.notional, a.margin + f.margin);
                if (series.length != 0) series[i] = f;
                continue;
            }
            Wad line = book.lots.times(book.price);
            value = value + line + book.collateral;
            a.notional = a.notional + line.abs();
            a.margin = a.margin + requirement(book, t, opening);
        }
        a.value = value;
        a.equity = value - haircuts;
    }

    /// @notice How much more initial margin is at the wider of the target and the held scan range: of what has no series.
    function widening(Portfolio memory p) internal pure returns (Wad more) {
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            if (book.series.length != 0 || book.targetRange <= book.heldRange) continue;
            Wad stressed = book.lots.times(book.price) + book.collateral;
            more = more + scan(book, stressed, true) - scan(book, stressed, false);
        }
    }

    /// @notice One underlying with options or dated futures, live at the held range: `lots` and `collateral` beside what is left of the series without the
    /// share `sold`.
    function withSeries(
        Book memory book,
        Lots lots,
        Wad collateral,
        Ratio sold,
        Terms memory t
    ) internal pure returns (LiveMargin.Figures memory) {
        return
            PortfolioLogic.figures(
                book.series,
                PortfolioLogic.Spot(lots, collateral, book.price, book.depth),
                PricedSeries.Part(sold, 0, false),
                t.provision,
                t.interMonth
            );
    }

    /// @notice Cash and what counts like it: the mark value of linear positions, and of options as far as they are owed.
    function settledCash(Portfolio memory p, Terms memory t) internal pure returns (Wad cash) {
        cash = p.cash;
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            cash = cash + book.lots.times(book.price);
            if (book.series.length != 0) {
                cash = cash + withSeries(book, book.lots, book.collateral, ZERO_RATIO, t).settled;
            }
        }
    }

    /// @notice Initial margin of one underlying without series: scan, inter-month charge, provisions, size charge.
    function requirement(Book memory book, Terms memory t, bool opening) internal pure returns (Wad) {
        return requirementOf(book, book.lots, book.collateral, book.price, t, opening);
    }

    /// @notice As `requirement`, for other `lots`, `collateral` and `price` in the market of `book`.
    function requirementOf(
        Book memory book,
        Lots lots,
        Wad collateral,
        Price price,
        Terms memory t,
        bool opening
    ) internal pure returns (Wad) {
        Wad line = lots.times(price);
        return
            scan(book, line + collateral, opening) +
            Charges.lineUp(line, collateral, t.provision, t.interMonth) +
            Charges.sizeUp(lots, price, book.depth);
    }

    /// @notice `requirement` without the size charge: what a fraction of a portfolio needs exactly that fraction of.
    function homogeneous(Book memory book, Terms memory t, bool opening) internal pure returns (Wad) {
        if (book.series.length != 0) {
            LiveMargin.Figures memory f = withSeries(book, book.lots, book.collateral, ZERO_RATIO, t);
            return f.margin - f.sizeCharge;
        }
        Wad line = book.lots.times(book.price);
        return scan(book, line + book.collateral, opening) + Charges.lineUp(line, book.collateral, t.provision, t.interMonth);
    }

    /// @notice What `stressed`, a line and its collateral, loses in the worst scenario; never negative.
    function scan(Book memory book, Wad stressed, bool opening) internal pure returns (Wad) {
        Ratio range = opening && book.targetRange > book.heldRange ? book.targetRange : book.heldRange;
        return Stress.worstOfLineUp(stressed, range);
    }
}
