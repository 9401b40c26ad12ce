// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../../../types/Price.sol";
import {Ratio} from "../../../types/Ratio.sol";
import {LANES, RiskWord} from "../../../words/RiskWord.sol";
import {Lanes} from "../../../math/options/Lanes.sol";
import {OptionStress} from "../../../math/options/OptionStress.sol";
import {RiskArray, SeriesBook} from "../../../math/options/RiskArray.sol";

/// @title What a book of options is worth at least at a price that its words have not seen
/// @dev Values of options are convex in the price of the forward. Lanes give them at nodes, the forwards of the scenarios at the anchor; at
/// a live forward, and a live scan range, each node has moved. What is long is worth at least the line through the node and the one behind
/// it, prolonged; what is short is worth at most the chord to the one ahead. Nodes of one row of OptionStress are joined: one volatility.
/// Where there is none behind, or the move is farther than the one ahead, a lot moves by at most the price: up a call, down a put.
/// Everything that rounding of lanes can hide is in the bound: a unit for each short lot, and for each long lot the share of a unit that
/// the line is prolonged by. It does not cover what time and volatility do since the anchor.
library Secant {
    using Lanes for int256[LANES];

    /// @dev Of scenarios 5 and 3, −⅓ and +⅓ of the range.
    uint256 private constant PLACE_BELOW = 2;
    uint256 private constant PLACE_ABOVE = 4;

    /// @dev Sums of lanes in units, lots, and where the nodes are.
    struct Nodes {
        int256[LANES] longs;
        int256[LANES] shorts;
        int256 unit; // WAD
        int256 longLots;
        int256 longCalls;
        int256 shortLots;
        int256 shortCalls;
        int256 gap; // between the nodes of a row
        uint256 step; // a thirtieth of the scan range that holds now, as a price
        int256 moved; // of the forward
        int256 stepMoved; // of a thirtieth of the scan range
        int256 lowerMoved; // of the lower extreme
        int256 toLower; // from the mark to the lower extreme
    }

    /// @dev How the nodes of one price in both rows have moved. Where there is no node behind or ahead the scenario itself stands for it: no difference.
    struct Move {
        uint256 scenario; // of the row up, and so `behind` and `ahead`
        uint256 behind;
        uint256 ahead;
        int256 scaled; // distance times unit
        int256 rounding; // of the lanes, by which the line from behind can be too steep
        int256 lost; // a unit for each short lot, and the whole move of lots that have no node behind or ahead
    }

    /// @notice Writes into `n` the nodes of a book.
    /// @param anchor forward and `anchorRange` scan range that the words were made with, a thirtieth of the range not zero as a price
    /// @param forward and `range` that hold now
    function write(Nodes memory n, SeriesBook memory book, Price anchor, Ratio anchorRange, Price forward, Ratio range) internal pure {
        RiskArray.unpack(book.longs, n.longs);
        RiskArray.unpack(book.shorts, n.shorts);
        uint256 lower = OptionStress.forwardAt(anchor, anchorRange, 16).raw();
        unchecked {
            // prices are below 2^96, lots below 2^44
            n.unit = int256(RiskWord.unitUp(anchor));
            n.longLots = int256(RiskArray.lotsOf(book.longs));
            n.longCalls = int256(RiskArray.lotsOfCalls(book.longs));
            n.shortLots = int256(RiskArray.lotsOf(book.shorts));
            n.shortCalls = int256(RiskArray.lotsOfCalls(book.shorts));
            n.step = OptionStress.stepDown(forward, range);
            int256 step = int256(OptionStress.stepDown(anchor, anchorRange));
            n.gap = 10 * step;
            n.moved = int256(forward.raw()) - int256(anchor.raw());
            n.stepMoved = int256(n.step) - step;
            n.lowerMoved = int256(OptionStress.forwardAt(forward, range, 16).raw()) - int256(lower);
            n.toLower = int256(anchor.raw() - lower);
        }
    }

    /// @notice Makes of `n` the nodes of the opposite book.
    function reverse(Nodes memory n) internal pure {
        (n.longs, n.shorts) = (n.shorts, n.longs);
        (n.longLots, n.shortLots) = (n.shortLots, n.longLots);
        (n.longCalls, n.shortCalls) = (n.shortCalls, n.longCalls);
    }

    /// @notice Adds a lower bound of what the stored sides are worth at the mark and in each scenario (WAD).
    /// @dev At the anchor and its range it is the lanes less a unit for each short lot.
    function addBounds(Nodes memory n, int256[LANES] memory values) internal pure {
        Move memory m;
        unchecked {
            for (uint256 place; place < OptionStress.PLACES; ++place) {
                _writeMove(m, n, place);
                values.add(m.scenario, _boundOf(n, m, 0));
                values.add(m.scenario + 1, _boundOf(n, m, 1));
            }
        }
        _addMarkRow(n, values);
    }

    /// @notice The bounds of `addBounds` in the scenarios 3 and 5 that a delta is taken from.
    function boundsOfDelta(Nodes memory n) internal pure returns (int256 above, int256 below) {
        Move memory m;
        _writeMove(m, n, PLACE_ABOVE);
        above = _boundOf(n, m, 0);
        _writeMove(m, n, PLACE_BELOW);
        below = _boundOf(n, m, 0);
    }

    function _writeMove(Move memory m, Nodes memory n, uint256 place) private pure {
        unchecked {
            // prices are below 2^96, lots below 2^44
            (uint256 scenario, uint256 behind, uint256 ahead) = OptionStress.scenariosAt(place);
            int256 distance = n.moved + OptionStress.moveAt(place) * n.stepMoved;
            bool up = distance >= 0;
            if (!up) (behind, ahead, distance) = (ahead, behind, -distance);
            int256 unit = n.unit;
            (m.scenario, m.scaled) = (scenario, distance * unit);
            int256 steepest; // lots that lose by the whole move
            if (behind == OptionStress.NONE) (behind, m.rounding, steepest) = (scenario, 0, _losing(n, up));
            else m.rounding = n.longLots;
            if (ahead == OptionStress.NONE || distance > n.gap) {
                ahead = scenario;
                steepest += _gaining(n, up);
            }
            (m.behind, m.ahead) = (behind, ahead);
            m.lost = n.shortLots * unit + steepest * distance;
        }
    }

    /// @dev As far as the line from behind is prolonged for longs, shorts are on the chord to what is ahead. Row 0 is up, 1 down.
    function _boundOf(Nodes memory n, Move memory m, uint256 row) private pure returns (int256) {
        unchecked {
            // a difference of sums is below 2^61, distance·unit below 2^179
            (int256[LANES] memory longs, int256[LANES] memory shorts) = (n.longs, n.shorts);
            uint256 scenario = m.scenario + row;
            (int256 long, int256 short) = (longs.get(scenario), shorts.get(scenario));
            int256 change = long + short - longs.get(m.behind + row) - shorts.get(m.ahead + row) - m.rounding;
            return (long - short) * n.unit + _floor(change * m.scaled, n.gap) - m.lost;
        }
    }

    /// @dev The mark and the extremes. With c = 7/20 the value at an extreme is V(0) + (20/7)·(lane − V(0)); of what the node at the mark changes
    /// counts the whole in scenario 0 and 1 − c = 13/20 in the extremes, of what the extreme itself changes c.
    function _addMarkRow(Nodes memory n, int256[LANES] memory values) private pure {
        unchecked {
            int256 toLower = n.toLower;
            // the upper extreme is 60 steps away
            int256 toUpper = 6 * n.gap;
            bool up = n.moved >= 0;
            int256 distance = up ? n.moved : -n.moved;
            (int256 behind, int256 ahead) = up ? (toLower, toUpper) : (toUpper, toLower);
            int256 shift = _shiftOfMark(n, up, distance, behind, ahead);
            int256 shortUnits = n.shortLots * n.unit;
            values.add(0, (n.longs.get(0) - n.shorts.get(0)) * n.unit - shortUnits + shift);
            shift = _floor(shift * 13, 20);
            // on the chord the rounding of shorts counts for the part of it as well
            if (20 * distance <= 7 * ahead) shift += _floor(-13 * shortUnits * distance, 7 * ahead);
            shift -= shortUnits;
            values.add(15, _boundOfExtreme(n, 15, n.moved + OptionStress.UNDAMPED_EXTREME_MOVE * n.stepMoved, toUpper) + shift);
            values.add(16, _boundOfExtreme(n, 16, n.lowerMoved, toLower) + shift);
        }
    }

    /// @dev By how much the book at the mark is worth more, at least, than its lanes there say.
    function _shiftOfMark(Nodes memory n, bool up, int256 distance, int256 behind, int256 ahead) private pure returns (int256 shift) {
        unchecked {
            int256 scaled = 20 * distance * n.unit;
            shift = _floor((n.longs.get(0) - n.longs.get(up ? 16 : 15) - n.longLots) * scaled, 7 * behind);
            if (20 * distance > 7 * ahead) shift -= _gaining(n, up) * distance;
            else shift += _floor((n.shorts.get(0) - n.shorts.get(up ? 15 : 16)) * scaled, 7 * ahead);
        }
    }

    /// @dev The damped lane of an extreme and 7/20 of how the extreme itself moved: outwards the mark is behind it, inwards ahead.
    function _boundOfExtreme(Nodes memory n, uint256 scenario, int256 moved, int256 toMark) private pure returns (int256 bound) {
        unchecked {
            bool up = moved >= 0;
            int256 distance = up ? moved : -moved;
            bool outwards = up == (scenario == 15);
            int256 long = n.longs.get(scenario);
            int256 short = n.shorts.get(scenario);
            int256 change;
            int256 steepest;
            if (outwards) change = long - n.longs.get(0) - n.longLots;
            else steepest = _losing(n, up);
            if (outwards || distance > toMark) steepest += _gaining(n, up);
            else change += short - n.shorts.get(0);
            bound = (long - short) * n.unit;
            bound += _floor(change * (distance * n.unit), toMark) + _floor(-7 * steepest * distance, 20);
        }
    }

    /// @dev Long lots that lose when the price moves: puts up, calls down.
    function _losing(Nodes memory n, bool up) private pure returns (int256) {
        unchecked {
            return up ? n.longLots - n.longCalls : n.longCalls;
        }
    }

    /// @dev Short lots whose buyer gains when the price moves: calls up, puts down.
    function _gaining(Nodes memory n, bool up) private pure returns (int256) {
        unchecked {
            return up ? n.shortCalls : n.shortLots - n.shortCalls;
        }
    }

    function _floor(int256 numerator, int256 denominator) private pure returns (int256 quotient) {
        unchecked {
            // the sign shifted down is all ones or none: no branch
            quotient = (numerator - ((numerator >> 255) & (denominator - 1))) / denominator;
        }
    }
}
