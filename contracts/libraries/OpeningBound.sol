// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad, minWad} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {LANES, RiskWord} from "../words/RiskWord.sol";
import {SeriesWord} from "../words/SeriesWord.sol";
import {Freshness} from "./Freshness.sol";
import {InterMonth} from "./InterMonth.sol";
import {RiskArray, SeriesBook} from "./RiskArray.sol";
import {OptionStress} from "./OptionStress.sol";
import {RiskWords} from "./RiskWords.sol";
import {Secant} from "./Secant.sol";
import {SeriesHolding} from "./SeriesHolding.sol";
import {SeriesState} from "./SeriesState.sol";
import {VegaBound} from "./VegaBound.sol";

/// @title What an underlying with options and dated futures adds to an account when it opens or withdraws: by cached words at the live price
/// @dev The first form of the margin rule needs a lower bound of V − IM at once: V(0) less the scan is the least V(k), so that the value at the mark
/// cancels and no bound is taken from another (docs/margin.md, "Opening and withdrawing").
library OpeningBound {
    using SeriesWord for uint256;
    using SeriesState for SeriesState.Live;

    struct Figures {
        Wad value; // lower bound of V of the underlying, without cash
        Wad surplus; // lower bound of V − IM, without cash and haircuts
        Wad notional; // gross, of all positions
        Wad settled; // of value, what counts as settled cash: futures, payoffs, and options as far as they are owed
        Freshness.Cause cause; // why words that were used may not be
        uint256 series; // whose
    }

    /// @dev The inter-month charge at the middle of what each delta can be, and how far they can be from there.
    struct Deltas {
        InterMonth.Exposures exposures;
        int256 doubt;
        bool needed; // one exposure alone hedges nothing
    }

    /// @notice Writes the figures of `h` at the scan range of the price.
    /// @param provision and `interMonth` ratios of the margin word
    function write(
        Figures memory f,
        VaultState storage $,
        SeriesHolding.Holding memory h,
        Ratio range,
        Ratio provision,
        Ratio interMonth
    ) internal view {
        SeriesBook[] memory books = _books($, h);
        int256[LANES] memory values;
        RiskArray.addLine(Wad.wrap(h.line), Wad.wrap(h.line), range, values);
        Deltas memory deltas;
        deltas.exposures = SeriesHolding.spotExposures(h);
        deltas.needed = deltas.exposures.count + h.groupCount > 1;
        int256 futures;
        for (uint256 i; i < h.groupCount; ++i) {
            SeriesHolding.Group memory group = h.groups[i];
            // casting is safe: a price is below 2^96
            futures += group.futures * int256(group.live.forward.raw());
            _addSeries(f, group, books[i], range, deltas, values);
        }
        (Wad scan, ) = RiskArray.worst(values);
        Wad surplus = Wad.wrap(values[0]) - maxWad(scan, SeriesHolding.shortOptionMinimumUp(h, range));
        Wad charges = InterMonth.chargeUp(deltas.exposures, interMonth);
        if (deltas.doubt != 0) charges = charges + Wad.wrap(deltas.doubt).partUp(InterMonth.slope(deltas.exposures, interMonth));
        Wad provisions;
        (provisions, f.notional) = SeriesHolding.provisionsUp(h, provision);
        charges = charges + provisions + SeriesHolding.sizeChargeUp(h);
        f.value = Wad.wrap(values[0] + h.paid);
        f.surplus = surplus + Wad.wrap(h.paid) - charges;
        f.settled = Wad.wrap(futures + h.paid) + minWad(Wad.wrap(values[0] - h.line - futures), ZERO);
    }

    function _books(VaultState storage $, SeriesHolding.Holding memory h) private view returns (SeriesBook[] memory books) {
        books = new SeriesBook[](h.groupCount);
        for (uint256 i; i < h.groupCount; ++i) {
            books[i] = RiskArray.empty();
        }
        for (uint256 i; i < h.positionCount; ++i) {
            SeriesHolding.Position memory p = h.positions[i];
            SeriesBook memory book = books[p.group];
            if (p.instrument.isFuture()) RiskArray.addFuture(book, Lots.wrap(p.lots));
            else
                RiskArray.addOption(
                    book,
                    RiskWords.read($, h.underlying, p.instrument.wordKey()),
                    p.instrument.isCall(),
                    Lots.wrap(p.lots),
                    p.strike
                );
        }
    }

    function _addSeries(
        Figures memory f,
        SeriesHolding.Group memory group,
        SeriesBook memory book,
        Ratio priceRange,
        Deltas memory deltas,
        int256[LANES] memory values
    ) private view {
        SeriesState.Live memory live = group.live;
        Ratio range = live.rangeUp(priceRange);
        Freshness.Cause cause = live.staleness(range);
        // the first is named
        if (cause != Freshness.Cause.NONE && f.cause == Freshness.Cause.NONE) (f.cause, f.series) = (cause, group.series);
        int256[LANES] memory own;
        if (group.gross != 0 && cause != Freshness.Cause.NEVER_REFRESHED) {
            VegaBound.Drift memory drift;
            VegaBound.write(drift, live);
            _bound(own, live, book, range, drift);
            if (deltas.needed) _addDelta(deltas, live, book, range, drift, own);
            unchecked {
                for (uint256 k; k < LANES; ++k) {
                    values[k] += own[k];
                }
            }
        } else if (deltas.needed) {
            InterMonth.add(deltas.exposures, SeriesHolding.tenor(live), SeriesHolding.deltaDown(live, 0, 1, book.forwards));
        }
        RiskArray.addLine(RiskArray.lineValue(book, live.forward), RiskArray.exposure(book, live.forward), range, values);
    }

    /// @dev Lower bounds of what the stored sides are worth now.
    function _bound(
        int256[LANES] memory values,
        SeriesState.Live memory live,
        SeriesBook memory book,
        Ratio range,
        VegaBound.Drift memory drift
    ) private pure {
        Price anchor = live.word.anchor();
        Secant.addBounds(book, RiskWord.unitUp(anchor), anchor, live.word.scanRange(), live.forward, range, values);
        VegaBound.take(drift, live.forward, range, RiskArray.lotsOf(book.longs), RiskArray.lotsOf(book.shorts), values);
    }

    /// @dev Bounds of the delta: those of the book from below, and of the opposite book.
    function _addDelta(
        Deltas memory deltas,
        SeriesState.Live memory live,
        SeriesBook memory book,
        Ratio range,
        VegaBound.Drift memory drift,
        int256[LANES] memory own
    ) private pure {
        int256[LANES] memory opposite;
        (book.longs, book.shorts) = (book.shorts, book.longs);
        _bound(opposite, live, book, range, drift);
        (book.longs, book.shorts) = (book.shorts, book.longs);
        uint256 step = OptionStress.stepDown(live.forward, range);
        int256 low = SeriesHolding.deltaDown(live, own[3] + opposite[5], step, book.forwards);
        int256 high = -SeriesHolding.deltaDown(live, opposite[3] + own[5], step, -book.forwards);
        InterMonth.add(deltas.exposures, SeriesHolding.tenor(live), (low + high) >> 1);
        deltas.doubt += (high - low + 3) / 2;
    }
}
