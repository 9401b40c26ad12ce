// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Expiry} from "../../ledger/options/Expiry.sol";
import {SeriesHolding} from "../../ledger/options/SeriesHolding.sol";
import {SeriesState} from "../../ledger/options/SeriesState.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {Charges} from "../../math/Charges.sol";
import {CoarseBound} from "../../math/options/CoarseBound.sol";
import {InterMonth} from "../../math/options/InterMonth.sol";
import {BY_PRICE_WORDS, LineSums} from "../../math/options/LineSums.sol";
import {RiskArray, SeriesBook} from "../../math/options/RiskArray.sol";
import {SecantKernel} from "../../math/options/SecantKernel.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Lots} from "../../types/Lots.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {StaleCause} from "../../types/StaleCause.sol";
import {Wad, ZERO, maxWad, minWad} from "../../types/Wad.sol";
import {SeriesWord} from "../../words/SeriesWord.sol";
import {SurfaceWord} from "../../words/SurfaceWord.sol";
import {OpeningBooks} from "./OpeningBooks.sol";
import {VegaBound} from "./VegaBound.sol";

/// @title What an underlying with options and dated futures adds to an account when it opens or withdraws: by cached words at the live price
/// @dev The first form of the margin rule needs a lower bound of V − IM at once: V(0) less the scan is the least V(k), so that the value at the mark
/// cancels and no bound is taken from another (docs/margin.md, "Opening and withdrawing"). There are two: a coarse one is never above the tight one, so
/// that whoever passes by it passes by the other, and what is gathered for it serves both.
library OpeningBound {
    using SeriesWord for uint256;
    using SurfaceWord for uint256;

    struct Figures {
        Wad value; // lower bound of V of the underlying, without cash
        Wad surplus; // lower bound of V − IM, without cash and haircuts
        Wad notional; // gross, of all positions
        Wad settled; // of value, what counts as settled cash: futures, payoffs, and options as far as they are owed
        Wad gain; // unrealised, of dated futures; the caller knows what they cost
        StaleCause cause; // why words that were used may not be
        uint256 series; // whose
    }

    /// @dev What both bounds of an underlying have in common.
    struct Gathered {
        SeriesHolding.Holding holding;
        OpeningBooks.Books books;
        LineSums.Sums lines;
        Ratio interMonth;
        int256 futures; // market value of dated futures
        Wad charges; // but the scan and the inter-month charge
        Wad shortMinimum;
        bool coarse; // there is a coarse bound: no series with options is in its window
    }

    /// @dev The inter-month charge at the middle of what each delta can be, and how far they can be from there.
    struct Deltas {
        InterMonth.Exposures exposures;
        int256 doubt;
        bool needed; // one exposure alone hedges nothing
    }

    /// @notice Gathers what `account` has beside the spot of the holding of `g`, whose price and range there are, and writes what is exact into `f`;
    /// where words are stale, why and whose alone, for they bound nothing.
    /// @param position PositionWord of the account
    /// @param provision and `interMonth` ratios of the margin word
    function gather(
        Figures memory f,
        Gathered memory g,
        VaultState storage $,
        AccountId account,
        uint256 position,
        Ratio provision,
        Ratio interMonth
    ) internal view {
        SeriesHolding.Holding memory h = g.holding;
        OpeningBooks.Books memory b = g.books;
        OpeningBooks.write(b, h, $, account, position);
        if (b.cause != StaleCause.NONE) {
            (f.cause, f.series) = (b.cause, b.series);
            return;
        }
        sum(f, g, provision, interMonth);
    }

    /// @notice Writes what is exact of the books and the spot of `g`, whose words are fresh, into `f`, and what both bounds have in common into `g`.
    function sum(Figures memory f, Gathered memory g, Ratio provision, Ratio interMonth) internal view {
        SeriesHolding.Holding memory h = g.holding;
        OpeningBooks.Books memory b = g.books;
        (g.interMonth, g.coarse) = (interMonth, true);
        LineSums.add(g.lines, Wad.wrap(h.line), Wad.wrap(h.line), h.range);
        int256 notional = h.perpetual;
        Wad sizes = Charges.sizeUp(Lots.wrap(int256(h.lots)), h.price, h.depth);
        for (uint256 i; i < h.groups.length; ++i) {
            (int256 worth, Wad size) = _addLines(g, h.groups[i], b.books[i]);
            unchecked {
                // amounts of one account
                notional += worth;
            }
            sizes = sizes + size;
        }
        f.notional = Wad.wrap(notional);
        g.charges = Wad.wrap(h.perpetual).partUp(Charges.FUNDING_PROVISION) + (f.notional + h.collateral).partUp(provision) + sizes;
        g.shortMinimum = SeriesHolding.shortOptionMinimumUp(h);
    }

    /// @dev What is linear in a series; as `SeriesHolding.provisionsUp` and `sizeChargeUp` have it, in one pass.
    /// @return worth of all its lots, and their charge for size
    function _addLines(
        Gathered memory g,
        SeriesHolding.Group memory group,
        SeriesBook memory book
    ) private view returns (int256 worth, Wad size) {
        Price forward = group.live.forward;
        uint256 gross = RiskArray.lotsOf(book.longs) + RiskArray.lotsOf(book.shorts);
        group.gross = gross;
        if (gross != 0 && block.timestamp > Expiry.openingOf(group.expiry)) g.coarse = false;
        Wad exposure = RiskArray.exposure(book, forward);
        unchecked {
            // amounts of one account: prices are below 2^96, lots below 2^47
            g.futures += group.futures * int256(forward.raw());
            LineSums.add(g.lines, Wad.wrap(exposure.raw() - book.strikes), exposure, group.range);
            uint256 lots = Lots.wrap(group.futures).abs() + gross;
            size = Charges.sizeUp(Lots.wrap(int256(lots)), forward, group.live.surface.depth());
            worth = int256(lots * forward.raw());
        }
    }

    /// @notice Writes the figures of what was gathered, whose words are fresh, by the coarse bound.
    function writeCoarse(Figures memory f, Gathered memory g) internal pure {
        CoarseBound.Sums memory sums;
        CoarseBound.Book memory b;
        Deltas memory deltas;
        SeriesHolding.Group[] memory groups = g.holding.groups;
        _openDeltas(deltas, g.holding);
        for (uint256 i; i < groups.length; ++i) {
            SeriesHolding.Group memory group = groups[i];
            SeriesBook memory book = g.books.books[i];
            SeriesState.Live memory live = group.live;
            if (group.gross == 0) {
                _addFutures(deltas, live, book.forwards);
                continue;
            }
            uint256 weight = VegaBound.weightUp(live);
            CoarseBound.add(sums, b, book, live.word.anchor(), live.word.scanRange(), live.forward, group.range, weight);
            if (!deltas.needed) continue;
            InterMonth.add(deltas.exposures, SeriesHolding.tenor(live), SeriesHolding.deltaDown(live, b.gain, b.step, book.forwards));
            unchecked {
                // amounts of one account
                deltas.doubt += 4 - SeriesHolding.deltaDown(live, -b.doubt, b.step, 0);
            }
        }
        unchecked {
            // amounts of one account
            int256 mark = sums.values[0] - sums.common + g.lines.mark;
            int256 least = LineSums.least(g.lines, sums.values) - sums.common;
            _write(f, g, mark, least, deltas);
        }
    }

    /// @notice Writes the figures of what was gathered, whose words are fresh, by the tight bound.
    function writeTight(Figures memory f, Gathered memory g) internal pure {
        int256[BY_PRICE_WORDS] memory values;
        SecantKernel.Frame memory frame;
        VegaBound.Drift memory drift;
        Deltas memory deltas;
        SeriesHolding.Group[] memory groups = g.holding.groups;
        _openDeltas(deltas, g.holding);
        for (uint256 i; i < groups.length; ++i) {
            SeriesHolding.Group memory group = groups[i];
            SeriesBook memory book = g.books.books[i];
            SeriesState.Live memory live = group.live;
            if (group.gross == 0) {
                _addFutures(deltas, live, book.forwards);
                continue;
            }
            SecantKernel.write(frame, book, live.word.anchor(), live.word.scanRange(), live.forward, group.range);
            VegaBound.write(drift, live);
            (frame.markWeight, frame.upWeight, frame.downWeight) = VegaBound.weights(drift, frame.longLots, frame.shortLots);
            (, frame.oppositeWeight, ) = VegaBound.weights(drift, frame.shortLots, frame.longLots);
            SecantKernel.addBounds(frame, values);
            if (deltas.needed) _addDelta(deltas, live, frame, book.forwards);
        }
        unchecked {
            // amounts of one account
            _write(f, g, values[0] + g.lines.mark, LineSums.least(g.lines, values), deltas);
        }
    }

    /// @param mark lower bound of the value now but what is paid, and `least` of it over all scenarios
    function _write(Figures memory f, Gathered memory g, int256 mark, int256 least, Deltas memory deltas) private pure {
        Wad charges = g.charges + InterMonth.chargeUp(deltas.exposures, g.interMonth);
        if (deltas.doubt != 0) charges = charges + Wad.wrap(deltas.doubt).partUp(InterMonth.slope(deltas.exposures, g.interMonth));
        SeriesHolding.Holding memory h = g.holding;
        unchecked {
            // amounts of one account
            f.value = Wad.wrap(mark + h.paid);
            f.surplus = f.value - maxWad(Wad.wrap(mark - least), g.shortMinimum) - charges;
            f.settled = Wad.wrap(g.futures + h.paid) + minWad(Wad.wrap(mark - h.line - g.futures), ZERO);
        }
    }

    function _openDeltas(Deltas memory deltas, SeriesHolding.Holding memory h) private pure {
        deltas.exposures = SeriesHolding.spotExposures(h);
        unchecked {
            // counts
            deltas.needed = deltas.exposures.count + h.groups.length > 1;
        }
    }

    /// @dev A series without options.
    function _addFutures(Deltas memory deltas, SeriesState.Live memory live, int256 forwards) private pure {
        if (!deltas.needed) return;
        InterMonth.add(deltas.exposures, SeriesHolding.tenor(live), SeriesHolding.deltaDown(live, 0, 1, forwards));
    }

    /// @dev Bounds of the delta: from those of the book in scenarios 3 and 5 and of the opposite book, whose longs are the shorts.
    function _addDelta(Deltas memory deltas, SeriesState.Live memory live, SecantKernel.Frame memory frame, int256 forwards) private pure {
        unchecked {
            // amounts of one account
            int256 low = SeriesHolding.deltaDown(live, frame.above + frame.oppositeBelow, frame.step, forwards);
            int256 high = -SeriesHolding.deltaDown(live, frame.oppositeAbove + frame.below, frame.step, -forwards);
            InterMonth.add(deltas.exposures, SeriesHolding.tenor(live), (low + high) >> 1);
            deltas.doubt += (high - low + 3) / 2;
        }
    }
}
