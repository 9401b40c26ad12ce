// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RiskWords} from "../../../ledger/options/RiskWords.sol";
import {SeriesHolding} from "../../../ledger/options/SeriesHolding.sol";
import {SeriesState} from "../../../ledger/options/SeriesState.sol";
import {VaultState} from "../../../ledger/VaultStorage.sol";
import {VegaBound} from "../../../margin/options/VegaBound.sol";
import {InterMonth} from "../../../math/options/InterMonth.sol";
import {RiskArray, SeriesBook} from "../../../math/options/RiskArray.sol";
import {Instrument} from "../../../types/Instrument.sol";
import {Lots} from "../../../types/Lots.sol";
import {Position, positionAt} from "../../../types/Position.sol";
import {Ratio} from "../../../types/Ratio.sol";
import {StaleCause} from "../../../types/StaleCause.sol";
import {Wad, ZERO, maxWad, minWad} from "../../../types/Wad.sol";
import {LANES} from "../../../words/RiskWord.sol";
import {SeriesWord} from "../../../words/SeriesWord.sol";
import {Secant} from "./Secant.sol";
import {VegaTaken} from "./VegaTaken.sol";

/// @title The plain twin of OpeningBound: what an underlying with options and dated futures adds to an account when it opens or withdraws: by cached words at the live price
/// @dev Position by position and scenario by scenario. The first form of the margin rule needs a lower bound of V − IM at once: V(0) less the scan is the least V(k), so that the value at the mark
/// cancels and no bound is taken from another (docs/margin.md, "Opening and withdrawing").
library PlainOpeningBound {
    using SeriesWord for uint256;
    using SeriesState for SeriesState.Live;

    struct Figures {
        Wad value; // lower bound of V of the underlying, without cash
        Wad surplus; // lower bound of V − IM, without cash and haircuts
        Wad notional; // gross, of all positions
        Wad settled; // of value, what counts as settled cash: futures, payoffs, and options as far as they are owed
        Wad gain; // unrealised, of dated futures; the caller knows what they cost
        StaleCause cause; // why words that were used may not be
        uint256 series; // whose
    }

    /// @dev The inter-month charge at the middle of what each delta can be, and how far they can be from there.
    struct Deltas {
        InterMonth.Exposures exposures;
        int256 doubt;
        bool needed; // one exposure alone hedges nothing
    }

    /// @notice Writes the figures of `h`; where words are stale, why and whose alone, for they bound nothing.
    /// @param provision and `interMonth` ratios of the margin word
    function write(
        Figures memory f,
        VaultState storage $,
        SeriesHolding.Holding memory h,
        Ratio provision,
        Ratio interMonth
    ) internal view {
        (f.cause, f.series) = _staleness(h.groups);
        if (f.cause != StaleCause.NONE) return;
        SeriesBook[] memory books = _books($, h);
        int256[LANES] memory values;
        RiskArray.addLine(Wad.wrap(h.line), Wad.wrap(h.line), h.range, values);
        Deltas memory deltas;
        deltas.exposures = SeriesHolding.spotExposures(h);
        unchecked {
            // amounts of one account, all of them: prices are below 2^96, lots below 2^47
            deltas.needed = deltas.exposures.count + books.length > 1;
            int256 futures;
            SeriesHolding.Group[] memory groups = h.groups;
            for (uint256 i; i < books.length; ++i) {
                SeriesHolding.Group memory group = groups[i];
                futures += group.futures * int256(group.live.forward.raw());
                _addSeries(group, books[i], deltas, values);
            }
            (Wad scan, ) = RiskArray.worst(values);
            Wad charges = InterMonth.chargeUp(deltas.exposures, interMonth);
            if (deltas.doubt != 0) charges = charges + Wad.wrap(deltas.doubt).partUp(InterMonth.slope(deltas.exposures, interMonth));
            Wad provisions;
            (provisions, f.notional) = SeriesHolding.provisionsUp(h, provision);
            charges = charges + provisions + SeriesHolding.sizeChargeUp(h);
            int256 value = values[0] + h.paid;
            f.value = Wad.wrap(value);
            f.surplus = Wad.wrap(value) - maxWad(scan, SeriesHolding.shortOptionMinimumUp(h)) - charges;
            f.settled = Wad.wrap(futures + h.paid) + minWad(Wad.wrap(values[0] - h.line - futures), ZERO);
        }
    }

    /// @dev Of the first series whose words are stale.
    function _staleness(SeriesHolding.Group[] memory groups) private view returns (StaleCause, uint256) {
        for (uint256 i; i < groups.length; ++i) {
            StaleCause cause = groups[i].live.staleness(groups[i].range);
            if (cause != StaleCause.NONE) return (cause, groups[i].series);
        }
        return (StaleCause.NONE, 0);
    }

    /// @dev Of each series; and all positions are weighed for the short option minimum.
    function _books(VaultState storage $, SeriesHolding.Holding memory h) private view returns (SeriesBook[] memory books) {
        SeriesHolding.Group[] memory groups = h.groups;
        books = new SeriesBook[](groups.length);
        uint256[1 << 15] storage words = RiskWords.ofUnderlying($, h.underlying);
        Position[] memory positions = h.positions;
        unchecked {
            // as many as an array has
            for (uint256 i; i < books.length; ++i) {
                books[i].everyFourth = RiskArray.EVERY_FOURTH;
            }
            SeriesBook memory book;
            SeriesHolding.Group memory group;
            for (uint256 i; i < positions.length; ++i) {
                Position p = positionAt(positions, i);
                uint256 place = p.group();
                // without checks of the index: there is a book for each group, and a group for each position
                assembly ("memory-safe") {
                    let from := shl(5, add(place, 1))
                    book := mload(add(books, from))
                    group := mload(add(groups, from))
                }
                SeriesHolding.weigh(group, p);
                Instrument instrument = p.instrument();
                Lots lots = Lots.wrap(p.lots());
                if (instrument.isFuture()) RiskArray.addFuture(book, lots);
                else RiskArray.addOption(book, RiskWords.read(words, instrument.wordKey()), instrument.isCall(), lots, p.strike());
            }
        }
    }

    function _addSeries(
        SeriesHolding.Group memory group,
        SeriesBook memory book,
        Deltas memory deltas,
        int256[LANES] memory values
    ) private view {
        SeriesState.Live memory live = group.live;
        Ratio range = group.range;
        if (group.gross != 0) {
            VegaBound.Drift memory drift;
            VegaBound.write(drift, live);
            Secant.Nodes memory nodes;
            Secant.write(nodes, book, live.word.anchor(), live.word.scanRange(), live.forward, range);
            Secant.addBounds(nodes, values);
            VegaTaken.take(drift, nodes.step, live.forward, nodes.longLots, nodes.shortLots, values);
            if (deltas.needed) _addDelta(deltas, live, nodes, book.forwards, drift);
        } else if (deltas.needed) {
            InterMonth.add(deltas.exposures, SeriesHolding.tenor(live), SeriesHolding.deltaDown(live, 0, 1, book.forwards));
        }
        RiskArray.addLine(RiskArray.lineValue(book, live.forward), RiskArray.exposure(book, live.forward), range, values);
    }

    /// @dev Bounds of the delta: from those of the book in scenarios 3 and 5 and of the opposite book, whose longs are the shorts.
    function _addDelta(
        Deltas memory deltas,
        SeriesState.Live memory live,
        Secant.Nodes memory nodes,
        int256 forwards,
        VegaBound.Drift memory drift
    ) private pure {
        (int256 above, int256 below) = _ofDelta(live, nodes, drift);
        Secant.reverse(nodes);
        (int256 oppositeAbove, int256 oppositeBelow) = _ofDelta(live, nodes, drift);
        unchecked {
            // amounts of one account
            int256 low = SeriesHolding.deltaDown(live, above + oppositeBelow, nodes.step, forwards);
            int256 high = -SeriesHolding.deltaDown(live, oppositeAbove + below, nodes.step, -forwards);
            InterMonth.add(deltas.exposures, SeriesHolding.tenor(live), (low + high) >> 1);
            deltas.doubt += (high - low + 3) / 2;
        }
    }

    function _ofDelta(
        SeriesState.Live memory live,
        Secant.Nodes memory nodes,
        VegaBound.Drift memory drift
    ) private pure returns (int256 above, int256 below) {
        (above, below) = Secant.boundsOfDelta(nodes);
        (int256 lostAbove, int256 lostBelow) = VegaTaken.ofDeltaUp(drift, nodes.step, live.forward, nodes.longLots, nodes.shortLots);
        unchecked {
            // amounts of one account
            (above, below) = (above - lostAbove, below - lostBelow);
        }
    }
}
