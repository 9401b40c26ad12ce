// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {LANES, RiskWord} from "../words/RiskWord.sol";
import {OptionStress} from "./OptionStress.sol";
import {RiskArray, SeriesBook} from "./RiskArray.sol";
import {Stress} from "./Stress.sol";

/// @title What a book of options is worth at least at a price that its words have not seen
/// @dev Values of options are convex in the price of the forward. Lanes give them at nodes, the forwards of the scenarios at the anchor; at
/// a live forward, and a live scan range, each node has moved. What is long is worth at least the line through the node and the one behind
/// it, prolonged; what is short is worth at most the chord to the one ahead. Nodes of one row of OptionStress are joined: one volatility.
/// Where there is none behind, or the move is farther than the one ahead, a lot moves by at most the price: up a call, down a put.
/// Everything that rounding of lanes can hide is in the bound: a unit for each short lot, and for each long lot the share of a unit that
/// the line is prolonged by. It does not cover what time and volatility do since the anchor.
library Secant {
    /// @dev Scenarios of the row up from −1 to +1 scan range, a byte each; one more is the same in the row down.
    uint256 private constant ROW = 0x0b07030105090d;
    uint256 private constant LAST_PLACE = 6;
    /// @dev Of scenarios 5 and 3, −⅓ and +⅓ of the range.
    uint256 private constant PLACE_BELOW = 2;
    uint256 private constant PLACE_ABOVE = 4;

    /// @dev Sums of lanes in units, lots, and where the nodes are.
    struct Nodes {
        uint256[LANES] longs;
        uint256[LANES] shorts;
        uint256 unit; // WAD
        uint256 longLots;
        uint256 longCalls;
        uint256 shortLots;
        uint256 shortCalls;
        uint256 gap; // between the nodes of a row
        uint256 step; // a thirtieth of the scan range that holds now, as a price
        int256 moved; // of the forward
        int256 stepMoved; // of a thirtieth of the scan range
        int256 lowerMoved; // of the lower extreme
        uint256 toLower; // from the mark to the lower extreme
    }

    /// @notice The nodes of a book.
    /// @param anchor forward and `anchorRange` scan range that the words were made with, a thirtieth of the range not zero as a price
    /// @param forward and `range` that hold now
    function nodesOf(
        SeriesBook memory book,
        Price anchor,
        Ratio anchorRange,
        Price forward,
        Ratio range
    ) internal pure returns (Nodes memory n) {
        n.longs = RiskArray.lanes(book.longs);
        n.shorts = RiskArray.lanes(book.shorts);
        n.unit = RiskWord.unitUp(anchor);
        n.longLots = RiskArray.lotsOf(book.longs);
        n.longCalls = RiskArray.lotsOfCalls(book.longs);
        n.shortLots = RiskArray.lotsOf(book.shorts);
        n.shortCalls = RiskArray.lotsOfCalls(book.shorts);
        n.step = OptionStress.stepDown(forward, range);
        uint256 lower = OptionStress.forwardAt(anchor, anchorRange, 16).raw();
        unchecked {
            // prices are below 2^96
            uint256 step = OptionStress.stepDown(anchor, anchorRange);
            n.gap = 10 * step;
            n.moved = int256(forward.raw()) - int256(anchor.raw());
            n.stepMoved = int256(n.step) - int256(step);
            n.lowerMoved = int256(OptionStress.forwardAt(forward, range, 16).raw()) - int256(lower);
            n.toLower = anchor.raw() - lower;
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
        for (uint256 place; place <= LAST_PLACE; ++place) {
            _addPlace(n, place, values);
        }
        _addMarkRow(n, values);
    }

    /// @notice As `addBounds`, in the scenarios 3 and 5 that a delta is taken from; of 4 and 6 too, which nobody looks at.
    function addBoundsOfDelta(Nodes memory n, int256[LANES] memory values) internal pure {
        _addPlace(n, PLACE_BELOW, values);
        _addPlace(n, PLACE_ABOVE, values);
    }

    /// @dev A place of the rows up and down.
    function _addPlace(Nodes memory n, uint256 place, int256[LANES] memory values) private pure {
        unchecked {
            int256 moved = n.moved + (10 * int256(place) - Stress.WHOLE_MOVE) * n.stepMoved;
            uint256 scenario = (ROW >> (8 * place)) & 0xff;
            bool up = moved >= 0;
            uint256 distance = uint256(up ? moved : -moved);
            bool inside = place != 0 && place != LAST_PLACE && distance <= n.gap;
            if (inside) {
                // the scenarios of the neighbours; a difference of sums is below 2^61, distance·unit below 2^179
                uint256 lower = (ROW >> (8 * place - 8)) & 0xff;
                uint256 upper = (ROW >> (8 * place + 8)) & 0xff;
                (uint256 behind, uint256 ahead) = up ? (lower, upper) : (upper, lower);
                distance *= n.unit;
                _addInside(n, scenario, behind, ahead, distance, values);
                _addInside(n, scenario + 1, behind + 1, ahead + 1, distance, values);
            } else {
                _addOutside(n, place, scenario, up, distance, values);
                _addOutside(n, place, scenario + 1, up, distance, values);
            }
        }
    }

    /// @dev A node with neighbours on both sides: as far as the line is prolonged for longs, shorts are on the chord.
    function _addInside(
        Nodes memory n,
        uint256 scenario,
        uint256 behind,
        uint256 ahead,
        uint256 scaled,
        int256[LANES] memory values
    ) private pure {
        unchecked {
            int256 bound;
            int256 change;
            {
                uint256[LANES] memory longs = n.longs;
                bound = _at(longs, scenario);
                change = bound - _at(longs, behind) - int256(n.longLots);
            }
            {
                uint256[LANES] memory shorts = n.shorts;
                int256 short = _at(shorts, scenario);
                bound -= short;
                change += short - _at(shorts, ahead);
            }
            bound = (bound - int256(n.shortLots)) * int256(n.unit) + _floor(change * int256(scaled), int256(n.gap));
            assembly ("memory-safe") {
                // scenario is at most 16
                let slot := add(values, shl(5, scenario))
                mstore(slot, add(mload(slot), bound))
            }
        }
    }

    /// @dev An outer node, or a move beyond the next one.
    function _addOutside(
        Nodes memory n,
        uint256 place,
        uint256 scenario,
        bool up,
        uint256 distance,
        int256[LANES] memory values
    ) private pure {
        unchecked {
            int256 long = _at(n.longs, scenario);
            int256 short = _at(n.shorts, scenario);
            int256 bound = (long - short - int256(n.shortLots)) * int256(n.unit);
            if (distance != 0) {
                int256 change;
                int256 scaled = int256(distance * n.unit);
                uint256 steepest; // lots that lose by the whole move
                uint256 parity = scenario & 1 == 1 ? 0 : 1; // of the row
                if (place == (up ? 0 : LAST_PLACE)) steepest = _losing(n, up);
                else change = long - _at(n.longs, ((ROW >> (8 * (up ? place - 1 : place + 1))) & 0xff) + parity) - int256(n.longLots);
                if (place == (up ? LAST_PLACE : 0) || distance > n.gap) steepest += _gaining(n, up);
                else change += short - _at(n.shorts, ((ROW >> (8 * (up ? place + 1 : place - 1))) & 0xff) + parity);
                bound += _floor(change * scaled, int256(n.gap)) - int256(steepest * distance);
            }
            values[scenario] += bound;
        }
    }

    /// @dev The mark and the extremes. With c = 7/20 the value at an extreme is V(0) + (20/7)·(lane − V(0)); of what the node at the mark changes
    /// counts the whole in scenario 0 and 1 − c = 13/20 in the extremes, of what the extreme itself changes c.
    function _addMarkRow(Nodes memory n, int256[LANES] memory values) private pure {
        unchecked {
            uint256 toLower = n.toLower;
            // the upper extreme is 60 steps away
            uint256 toUpper = 6 * n.gap;
            bool up = n.moved >= 0;
            uint256 distance = uint256(up ? n.moved : -n.moved);
            (uint256 behind, uint256 ahead) = up ? (toLower, toUpper) : (toUpper, toLower);
            int256 shift = _shiftOfMark(n, up, distance, behind, ahead);
            int256 shortUnits = int256(n.shortLots * n.unit);
            values[0] += (_at(n.longs, 0) - _at(n.shorts, 0)) * int256(n.unit) - shortUnits + shift;
            shift = _floor(shift * 13, 20);
            // on the chord the rounding of shorts counts for the part of it as well
            if (20 * distance <= 7 * ahead) shift += _floor(-13 * shortUnits * int256(distance), int256(7 * ahead));
            shift -= shortUnits;
            values[15] += _boundOfExtreme(n, 15, n.moved + OptionStress.UNDAMPED_EXTREME_MOVE * n.stepMoved, toUpper) + shift;
            values[16] += _boundOfExtreme(n, 16, n.lowerMoved, toLower) + shift;
        }
    }

    /// @dev By how much the book at the mark is worth more, at least, than its lanes there say.
    function _shiftOfMark(Nodes memory n, bool up, uint256 distance, uint256 behind, uint256 ahead) private pure returns (int256 shift) {
        unchecked {
            int256 scaled = 20 * int256(distance * n.unit);
            shift = _floor((_at(n.longs, 0) - _at(n.longs, up ? 16 : 15) - int256(n.longLots)) * scaled, int256(7 * behind));
            if (20 * distance > 7 * ahead) shift -= int256(_gaining(n, up) * distance);
            else shift += _floor((_at(n.shorts, 0) - _at(n.shorts, up ? 15 : 16)) * scaled, int256(7 * ahead));
        }
    }

    /// @dev The damped lane of an extreme and 7/20 of how the extreme itself moved: outwards the mark is behind it, inwards ahead.
    function _boundOfExtreme(Nodes memory n, uint256 scenario, int256 moved, uint256 toMark) private pure returns (int256 bound) {
        unchecked {
            bool up = moved >= 0;
            uint256 distance = uint256(up ? moved : -moved);
            bool outwards = up == (scenario == 15);
            int256 long = _at(n.longs, scenario);
            int256 short = _at(n.shorts, scenario);
            int256 change;
            uint256 steepest;
            if (outwards) change = long - _at(n.longs, 0) - int256(n.longLots);
            else steepest = _losing(n, up);
            if (outwards || distance > toMark) steepest += _gaining(n, up);
            else change += short - _at(n.shorts, 0);
            bound = (long - short) * int256(n.unit);
            bound += _floor(change * int256(distance * n.unit), int256(toMark)) + _floor(-7 * int256(steepest * distance), 20);
        }
    }

    /// @dev Long lots that lose when the price moves: puts up, calls down.
    function _losing(Nodes memory n, bool up) private pure returns (uint256) {
        unchecked {
            return up ? n.longLots - n.longCalls : n.longCalls;
        }
    }

    /// @dev Short lots whose buyer gains when the price moves: calls up, puts down.
    function _gaining(Nodes memory n, bool up) private pure returns (uint256) {
        unchecked {
            return up ? n.shortCalls : n.shortLots - n.shortCalls;
        }
    }

    /// @dev Without the check of the index, which is below 17 wherever this is called: that costs a quarter of the bound.
    function _at(uint256[LANES] memory sums, uint256 scenario) private pure returns (int256 sum) {
        assembly ("memory-safe") {
            sum := mload(add(sums, shl(5, scenario)))
        }
    }

    function _floor(int256 numerator, int256 denominator) private pure returns (int256 quotient) {
        unchecked {
            // the sign shifted down is all ones or none: no branch
            quotient = (numerator - ((numerator >> 255) & (denominator - 1))) / denominator;
        }
    }
}
