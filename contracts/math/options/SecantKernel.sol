// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {RiskWord} from "../../words/RiskWord.sol";
import {BY_PRICE_WORDS} from "./LineSums.sol";
import {OptionStress} from "./OptionStress.sol";
import {SeriesBook} from "./RiskArray.sol";

/// @title What a book of options is worth at least at a price that its words have not seen, as a trade works it out
/// @dev To the unit what `Secant`, its plain twin in the tests, says of the book and of the opposite one, with what time and volatility can have taken. Values of
/// options are convex in the price of the forward. Lanes give them at nodes, the forwards of the scenarios at the anchor; at a live forward, and a live scan range,
/// each node has moved. What is long is worth at least the line through the node and the one behind it, prolonged; what is short is worth at most the chord to the
/// one ahead. Nodes of one row of OptionStress are joined: one volatility. Where there is none behind, or the move is farther than the one ahead, a lot moves by at
/// most the price: up a call, down a put. Everything that rounding of lanes can hide is in the bound: a unit for each short lot, and for each long lot the share
/// of a unit that the line is prolonged by.
/// Assembly counts on the places of `Frame`; what is at them is above it. Nothing wraps: prices are below 2^96, lots below 2^44, sums of lanes below 2^59.
library SecantKernel {
    /// @dev What a bound needs of a series, and lanes of its two sides by price.
    struct Frame {
        int256 unit; // 0x00, WAD
        int256 longLots; // 0x20
        int256 longCalls; // 0x40
        int256 shortLots; // 0x60
        int256 shortCalls; // 0x80
        int256 gap; // 0xa0, between the nodes of a row
        int256 moved; // 0xc0, of the forward
        int256 stepMoved; // 0xe0, of a thirtieth of the scan range
        uint256 markWeight; // 0x100, what a unit of the forward can have lost in the row of the mark, 1/(5·WAD²/2)
        uint256 upWeight; // 0x120
        uint256 downWeight; // 0x140
        uint256 oppositeWeight; // 0x160, of the opposite book in the row up
        uint256 step; // 0x180, a thirtieth of the scan range that holds now, as a price
        int256 forward; // 0x1a0
        int256 lowerMoved; // 0x1c0, of the lower extreme
        int256 toLower; // 0x1e0, from the mark to the lower extreme
        int256 above; // 0x200, bounds in scenarios 3 and 5, of the book and of the opposite one
        int256 below; // 0x220
        int256 oppositeAbove; // 0x240
        int256 oppositeBelow; // 0x260
        int256[34] lanes; // 0x280: longs at the mark and the extremes, shorts there; by price longs up, longs down, shorts up, shorts down
    }

    uint256 private constant FIELD = 0xfffffffffffffff; // 60 bits

    /// @notice Writes into `f` where the nodes are and what is at them; weights are the caller's.
    /// @param anchor forward and `anchorRange` scan range that the words were made with, a thirtieth of the range not zero as a price
    /// @param forward and `range` that hold now
    function write(Frame memory f, SeriesBook memory book, Price anchor, Ratio anchorRange, Price forward, Ratio range) internal pure {
        uint256 step = OptionStress.stepDown(anchor, anchorRange);
        uint256 stepNow = OptionStress.stepDown(forward, range);
        (int256 then_, int256 now_) = (int256(anchor.raw()), int256(forward.raw()));
        int256 lower = int256(OptionStress.movedBy(then_, step, -OptionStress.UNDAMPED_EXTREME_MOVE));
        unchecked {
            f.unit = int256(RiskWord.unitUp(anchor));
            f.gap = int256(10 * step);
            f.moved = now_ - then_;
            f.stepMoved = int256(stepNow) - int256(step);
            f.step = stepNow;
            f.forward = now_;
            f.lowerMoved = int256(OptionStress.movedBy(now_, stepNow, -OptionStress.UNDAMPED_EXTREME_MOVE)) - lower;
            f.toLower = then_ - lower;
        }
        assembly ("memory-safe") {
            let lanes := mload(add(f, 0x280))
            // longs, then shorts: their sums, where their lots go, their lanes at the mark, and those at −1 scan range
            function unpack(sums, lots, mark, at) {
                let word := mload(sums) // 0, 4, 8, 12
                mstore(mark, and(word, FIELD))
                mstore(add(at, 0x220), and(shr(60, word), FIELD))
                mstore(add(at, 0x2a0), and(shr(120, word), FIELD))
                mstore(add(at, 0x320), shr(180, word))
                word := mload(add(sums, 0x20)) // 1, 5, 9, 13
                mstore(add(at, 0x180), and(word, FIELD))
                mstore(add(at, 0x100), and(shr(60, word), FIELD))
                mstore(add(at, 0x80), and(shr(120, word), FIELD))
                mstore(at, shr(180, word))
                word := mload(add(sums, 0x40)) // 2, 6, 10, 14
                mstore(add(at, 0x1a0), and(word, FIELD))
                mstore(add(at, 0x120), and(shr(60, word), FIELD))
                mstore(add(at, 0xa0), and(shr(120, word), FIELD))
                mstore(add(at, 0x20), shr(180, word))
                word := mload(add(sums, 0x60)) // 3, 7, 11, 15
                mstore(add(at, 0x200), and(word, FIELD))
                mstore(add(at, 0x280), and(shr(60, word), FIELD))
                mstore(add(at, 0x300), and(shr(120, word), FIELD))
                mstore(add(mark, 0x20), shr(180, word))
                word := mload(add(sums, 0x80)) // 16, lots of calls, lots
                mstore(add(mark, 0x40), and(word, FIELD))
                mstore(add(lots, 0x20), and(shr(60, word), FIELD))
                mstore(lots, shr(120, word))
            }
            unpack(mload(book), add(f, 0x20), lanes, add(lanes, 0xc0))
            unpack(mload(add(book, 0x20)), add(f, 0x60), add(lanes, 0x60), add(lanes, 0x100))
        }
    }

    /// @notice Adds a lower bound of what the stored sides are worth at the mark and in each scenario to `values`, by price, and writes those of the delta.
    /// @dev At the anchor and its range it is the lanes less a unit for each short lot.
    function addBounds(Frame memory f, int256[BY_PRICE_WORDS] memory values) internal pure {
        _addRows(f, values);
        _addMarkRow(f, values);
        _writeOpposite(f);
    }

    /// @dev Both rows, from −1 scan range to +1.
    function _addRows(Frame memory f, int256[BY_PRICE_WORDS] memory values) private pure {
        assembly ("memory-safe") {
            // 2·forward·weight/(5·WAD²), rounded up
            function lostUp(forward, weight) -> lost {
                lost := div(add(mul(shl(1, forward), weight), 4999999999999999999999999999999999999), 5000000000000000000000000000000000000)
            }
            // (long − short)·unit + ⌊(long − long behind − rounding + short − short ahead)·scaled/gap⌋, the lanes of one row at, behind and ahead
            function bound(fr, at, behind, ahead, rounding, scaled) -> value {
                let long := mload(at)
                let short := mload(add(at, 0x40))
                let gap := mload(add(fr, 0xa0))
                value := mul(sub(sub(sub(add(long, short), mload(behind)), mload(add(ahead, 0x40))), rounding), scaled)
                value := sdiv(sub(value, and(sar(255, value), sub(gap, 1))), gap)
                value := add(mul(sub(long, short), mload(fr)), value)
            }
            let out := add(values, 0x60)
            let at := add(mload(add(f, 0x280)), 0xc0)
            let outermost := add(at, 0x300)
            let moved := sub(mload(add(f, 0xc0)), mul(30, mload(add(f, 0xe0))))
            let forward := sub(mload(add(f, 0x1a0)), mul(30, mload(add(f, 0x180))))
            for {
                let lowest := at
            } iszero(gt(at, outermost)) {
                at := add(at, 0x80)
            } {
                let distance := moved
                let behind := sub(at, 0x80)
                let ahead := add(at, 0x80)
                let first := lowest
                let last := outermost
                let up := iszero(slt(moved, 0))
                if iszero(up) {
                    distance := sub(0, moved)
                    behind := ahead
                    ahead := sub(at, 0x80)
                    first := outermost
                    last := lowest
                }
                let rounding := mload(add(f, 0x20))
                // a unit for each short lot, and the whole move of lots that have no node behind or ahead
                let lost := mul(mload(add(f, 0x60)), mload(f))
                if eq(at, first) {
                    behind := at
                    // puts lose when the price rises, calls when it falls
                    switch up
                    case 0 {
                        rounding := mload(add(f, 0x40))
                    }
                    default {
                        rounding := sub(rounding, mload(add(f, 0x40)))
                    }
                    lost := add(lost, mul(rounding, distance))
                    rounding := 0
                }
                if or(eq(at, last), sgt(distance, mload(add(f, 0xa0)))) {
                    ahead := at
                    let gaining := mload(add(f, 0x80))
                    if iszero(up) {
                        gaining := sub(mload(add(f, 0x60)), gaining)
                    }
                    lost := add(lost, mul(gaining, distance))
                }
                distance := mul(distance, mload(f)) // scaled
                let value := bound(f, at, behind, ahead, rounding, distance)
                value := sub(value, add(lost, lostUp(forward, mload(add(f, 0x120)))))
                mstore(out, add(mload(out), value))
                // −⅓ and +⅓
                if eq(sub(outermost, at), 0x200) {
                    mstore(add(f, 0x220), value)
                }
                if eq(sub(outermost, at), 0x100) {
                    mstore(add(f, 0x200), value)
                }
                out := add(out, 0x20)
                value := bound(f, add(at, 0x20), add(behind, 0x20), add(ahead, 0x20), rounding, distance)
                value := sub(value, add(lost, lostUp(forward, mload(add(f, 0x140)))))
                mstore(out, add(mload(out), value))
                out := add(out, 0x20)
                moved := add(moved, mul(10, mload(add(f, 0xe0))))
                forward := add(forward, mul(10, mload(add(f, 0x180))))
            }
        }
    }

    /// @dev The mark and the extremes. With c = 7/20 the value at an extreme is V(0) + (20/7)·(lane − V(0)); of what the node at the mark changes
    /// counts the whole in scenario 0 and 1 − c = 13/20 in the extremes, of what the extreme itself changes c.
    function _addMarkRow(Frame memory f, int256[BY_PRICE_WORDS] memory values) private pure {
        assembly ("memory-safe") {
            function floorOf(numerator, denominator) -> quotient {
                quotient := sdiv(sub(numerator, and(sar(255, numerator), sub(denominator, 1))), denominator)
            }
            function lostUp(forward, weight) -> lost {
                lost := div(add(mul(shl(1, forward), weight), 4999999999999999999999999999999999999), 5000000000000000000000000000000000000)
            }
            // of what a scenario loses at an extreme 35 hundredths count, and 65 of what the mark loses
            function dampedUp(atMark, atExtreme) -> lost {
                lost := div(add(add(mul(65, atMark), mul(35, atExtreme)), 99), 100)
            }
            // the damped lane of an extreme and 7/20 of how the extreme itself moved: outwards the mark is behind it, inwards ahead
            function ofExtreme(fr, place, moved, toMark, upper) -> bound {
                let lanes := mload(add(fr, 0x280))
                let long := mload(add(lanes, place))
                let short := mload(add(lanes, add(place, 0x60)))
                let up := iszero(slt(moved, 0))
                let distance := moved
                if iszero(up) {
                    distance := sub(0, moved)
                }
                let outwards := eq(up, upper)
                let change
                let steepest
                switch outwards
                case 0 {
                    // losing
                    steepest := mload(add(fr, 0x40))
                    if up {
                        steepest := sub(mload(add(fr, 0x20)), steepest)
                    }
                }
                default {
                    change := sub(sub(long, mload(lanes)), mload(add(fr, 0x20)))
                }
                switch or(outwards, sgt(distance, toMark))
                case 0 {
                    change := add(change, sub(short, mload(add(lanes, 0x60))))
                }
                default {
                    let gaining := mload(add(fr, 0x80))
                    if iszero(up) {
                        gaining := sub(mload(add(fr, 0x60)), gaining)
                    }
                    steepest := add(steepest, gaining)
                }
                bound := floorOf(mul(change, mul(distance, mload(fr))), toMark)
                bound := add(bound, floorOf(sub(0, mul(7, mul(steepest, distance))), 20))
                bound := add(bound, mul(sub(long, short), mload(fr)))
            }
            let lanes := mload(add(f, 0x280))
            let moved := mload(add(f, 0xc0))
            let distance := moved
            let behind := mload(add(f, 0x1e0))
            let ahead := mul(6, mload(add(f, 0xa0))) // the upper extreme is 60 steps away
            let longBehind := mload(add(lanes, 0x40))
            let shortAhead := mload(add(lanes, 0x80))
            let gaining := mload(add(f, 0x80))
            if slt(moved, 0) {
                distance := sub(0, moved)
                behind := ahead
                ahead := mload(add(f, 0x1e0))
                longBehind := mload(add(lanes, 0x20))
                shortAhead := mload(add(lanes, 0xa0))
                gaining := sub(mload(add(f, 0x60)), gaining)
            }
            let scaled := mul(mul(20, distance), mload(f))
            let shift := floorOf(mul(sub(sub(mload(lanes), longBehind), mload(add(f, 0x20))), scaled), mul(7, behind))
            let shortUnits := mul(mload(add(f, 0x60)), mload(f))
            let rounded := 0
            switch sgt(mul(20, distance), mul(7, ahead))
            case 0 {
                shift := add(shift, floorOf(mul(sub(mload(add(lanes, 0x60)), shortAhead), scaled), mul(7, ahead)))
                // on the chord the rounding of shorts counts for the part of it as well
                rounded := floorOf(sub(0, mul(13, mul(shortUnits, distance))), mul(7, ahead))
            }
            default {
                shift := sub(shift, mul(gaining, distance))
            }
            let weight := mload(add(f, 0x100))
            let lost := lostUp(mload(add(f, 0x1a0)), weight)
            {
                let value := mul(sub(mload(lanes), mload(add(lanes, 0x60))), mload(f))
                mstore(values, add(mload(values), sub(add(sub(value, shortUnits), shift), lost)))
            }
            shift := sub(add(floorOf(mul(shift, 13), 20), rounded), shortUnits)
            let away := mul(60, mload(add(f, 0x180)))
            let out := add(values, 0x20)
            {
                let value := ofExtreme(f, 0x20, add(moved, mul(60, mload(add(f, 0xe0)))), mul(6, mload(add(f, 0xa0))), 1)
                value := sub(value, dampedUp(lost, lostUp(add(mload(add(f, 0x1a0)), away), weight)))
                mstore(out, add(mload(out), add(value, shift)))
            }
            // the lower extreme is lifted to the least part of the forward (OptionStress)
            let lower := sub(mload(add(f, 0x1a0)), away)
            let least := div(add(mload(add(f, 0x1a0)), 1048575), 1048576)
            if slt(lower, least) {
                lower := least
            }
            out := add(values, 0x40)
            {
                let value := ofExtreme(f, 0x40, mload(add(f, 0x1c0)), mload(add(f, 0x1e0)), 0)
                value := sub(value, dampedUp(lost, lostUp(lower, weight)))
                mstore(out, add(mload(out), add(value, shift)))
            }
        }
    }

    /// @dev What the opposite book, whose longs are the shorts, is worth at least in the scenarios that a delta is taken from.
    function _writeOpposite(Frame memory f) private pure {
        assembly ("memory-safe") {
            function lostUp(forward, weight) -> lost {
                lost := div(add(mul(shl(1, forward), weight), 4999999999999999999999999999999999999), 5000000000000000000000000000000000000)
            }
            function bound(fr, at, moved) -> value {
                let behind := sub(at, 0x80)
                let ahead := add(at, 0x80)
                let gaining := mload(add(fr, 0x40))
                let distance := moved
                if slt(moved, 0) {
                    distance := sub(0, moved)
                    behind := ahead
                    ahead := sub(at, 0x80)
                    gaining := sub(mload(add(fr, 0x20)), gaining)
                }
                let gap := mload(add(fr, 0xa0))
                let lost
                if sgt(distance, gap) {
                    ahead := at
                    lost := mul(gaining, distance)
                }
                let long := mload(add(at, 0x40))
                let short := mload(at)
                value := sub(sub(sub(add(long, short), mload(add(behind, 0x40))), mload(ahead)), mload(add(fr, 0x60)))
                value := mul(value, mul(distance, mload(fr)))
                value := sdiv(sub(value, and(sar(255, value), sub(gap, 1))), gap)
                value := sub(add(value, mul(sub(sub(long, short), mload(add(fr, 0x20))), mload(fr))), lost)
            }
            let lanes := mload(add(f, 0x280))
            let third := mul(10, mload(add(f, 0x180)))
            let moved := mul(10, mload(add(f, 0xe0)))
            let value := bound(f, add(lanes, 0x2c0), add(mload(add(f, 0xc0)), moved))
            mstore(add(f, 0x240), sub(value, lostUp(add(mload(add(f, 0x1a0)), third), mload(add(f, 0x160)))))
            value := bound(f, add(lanes, 0x1c0), sub(mload(add(f, 0xc0)), moved))
            mstore(add(f, 0x260), sub(value, lostUp(sub(mload(add(f, 0x1a0)), third), mload(add(f, 0x160)))))
        }
    }
}
