// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";

/// @dev Seventeen amounts by price: the mark, the upper and the lower extreme, and from −1 scan range to +1, a third each, the row up and the row down of
/// OptionStress side by side.
uint256 constant BY_PRICE_WORDS = 17;

/// @title What all lines of an underlying are worth: perpetual, collateral, futures and parity of each series
/// @dev As `RiskArray.addLine` line by line, its plain twin: both rows see the same, so that nine sums do for seventeen.
library LineSums {
    /// @dev At the mark, and what counts on top of it at each move; `add` and `least` count on the places.
    struct Sums {
        int256 mark;
        int256 lowest; // −1 scan range
        int256 lower; // −⅔
        int256 low; // −⅓
        int256 high; // +⅓
        int256 higher;
        int256 highest;
        int256 upperExtreme;
        int256 lowerExtreme;
    }

    /// @notice Adds a line, worth `mark` now and moving with `line`, each of its moves rounded down.
    function add(Sums memory s, Wad mark, Wad line, Ratio range) internal pure {
        assembly ("memory-safe") {
            // |line| < 2^149, ppb < 2^32; thirtieths of parts per billion, floored: the shift is all ones where the move is a loss
            let moved := mul(line, div(range, 1000000000))
            mstore(s, add(mload(s), mark))
            function floorOf(numerator) -> quotient {
                quotient := sdiv(sub(numerator, and(sar(255, numerator), 29999999999)), 30000000000)
            }
            function put(at, amount) {
                mstore(at, add(mload(at), amount))
            }
            let part := mul(30, moved)
            put(add(s, 0x20), floorOf(sub(0, part)))
            put(add(s, 0xc0), floorOf(part))
            part := mul(20, moved)
            put(add(s, 0x40), floorOf(sub(0, part)))
            put(add(s, 0xa0), floorOf(part))
            part := mul(10, moved)
            put(add(s, 0x60), floorOf(sub(0, part)))
            put(add(s, 0x80), floorOf(part))
            part := mul(21, moved)
            put(add(s, 0xe0), floorOf(part))
            put(add(s, 0x100), floorOf(sub(0, part)))
        }
    }

    /// @notice The least over mark and scenarios of `values`, by price, and the lines together.
    function least(Sums memory s, int256[BY_PRICE_WORDS] memory values) internal pure returns (int256 found) {
        assembly ("memory-safe") {
            function lower(a, b) -> c {
                c := xor(b, mul(xor(a, b), slt(a, b)))
            }
            found := mload(values)
            found := lower(add(mload(add(values, 0x20)), mload(add(s, 0xe0))), found)
            found := lower(add(mload(add(values, 0x40)), mload(add(s, 0x100))), found)
            // both rows of −1, −⅔ and −⅓; of the mark; of +⅓, +⅔ and +1
            function rows(at, move, so) -> c {
                c := lower(add(lower(mload(at), mload(add(at, 0x20))), move), so)
            }
            found := rows(add(values, 0x60), mload(add(s, 0x20)), found)
            found := rows(add(values, 0xa0), mload(add(s, 0x40)), found)
            found := rows(add(values, 0xe0), mload(add(s, 0x60)), found)
            found := rows(add(values, 0x120), 0, found)
            found := rows(add(values, 0x160), mload(add(s, 0x80)), found)
            found := rows(add(values, 0x1a0), mload(add(s, 0xa0)), found)
            found := rows(add(values, 0x1e0), mload(add(s, 0xc0)), found)
            found := add(found, mload(s))
        }
    }
}
