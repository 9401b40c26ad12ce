// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SeriesHolding} from "../../ledger/options/SeriesHolding.sol";
import {SeriesBook} from "../../math/options/RiskArray.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";

/// @title A series as it stands now, where nothing is out of the ordinary: its words are fresh, its feed is not silent, its window has not opened
/// @dev What `SeriesHolding.opened`, `SeriesState.staleness` and `RiskArray.empty` say of such a one, its plain twins, in one block. All others are left to them.
library FreshSeries {
    /// @notice Adds the series of `word` and `surface` to `groups` and its empty book to `books`; returns its place, from one on, and zero where it is left to others.
    /// @param price of a lot of the underlying, and `range`, its scan range
    function push(
        SeriesHolding.Group[] memory groups,
        SeriesBook[] memory books,
        uint256 series,
        uint256 word,
        uint256 surface,
        Price price,
        Ratio range
    ) internal view returns (uint256 place) {
        assembly ("memory-safe") {
            // nothing wraps: prices are below 2^96, ranges below 2^72, times below 2^40; a basis is above −1e9
            let moving := div(mul(price, add(1000000000, signextend(3, surface))), 1000000000)
            if iszero(moving) {
                moving := 1
            }
            let power := and(shr(54, word), 0x3f)
            let anchor := shl(power, and(word, 0x3fffffffffffff))
            // what is near the anchor has as many binary digits as it, or one more or less; 54 of them count
            power := add(power, iszero(iszero(shr(add(power, 54), moving))))
            power := sub(power, and(iszero(iszero(power)), iszero(shr(add(power, 53), moving))))
            let forward := shl(power, shr(power, moving))
            let fresh := and(iszero(shr(add(power, 54), moving)), or(iszero(power), iszero(iszero(shr(add(power, 53), moving)))))
            {
                // it has moved by at most one part in 200
                let moved := sub(forward, anchor)
                moved := xor(moved, mul(xor(moved, sub(anchor, forward)), slt(moved, 0)))
                fresh := and(fresh, and(iszero(iszero(anchor)), iszero(gt(mul(moved, 200), anchor))))
            }
            {
                // the range, in whole units of the word, has not risen, and fallen by at most one part in 100
                range := mul(div(add(range, 99999999999), 100000000000), 100000000000)
                let scan := mul(and(shr(92, word), 0xffffff), 100000000000)
                fresh := and(fresh, and(iszero(gt(range, scan)), iszero(gt(mul(sub(scan, range), 100), scan))))
            }
            // the slice is that of the refresh and at most an hour old
            fresh := and(fresh, eq(and(shr(116, word), 0xffffff), and(shr(104, surface), 0xffffff)))
            fresh := and(fresh, iszero(gt(timestamp(), add(and(shr(32, surface), 0xffffffffff), 3600))))
            {
                // its window has not opened, and of its variance time a fiftieth has passed at most, one minute at least and fifteen at most
                let made := and(shr(60, word), 0xffffffff)
                let life := div(sub(sub(shr(224, word), made), 1200), 50)
                if lt(life, 60) {
                    life := 60
                }
                if gt(life, 900) {
                    life := 900
                }
                fresh := and(fresh, and(iszero(gt(add(timestamp(), 1800), shr(224, word))), iszero(gt(timestamp(), add(made, life)))))
            }
            if fresh {
                // group, series as it is live, book and its two sides, one behind the other
                let group := mload(0x40)
                mstore(0x40, add(group, 0x420))
                calldatacopy(group, calldatasize(), 0x420) // zeros
                let at := add(group, 0x140)
                mstore(group, series)
                mstore(add(group, 0x20), shr(224, word)) // expiry
                mstore(add(group, 0x40), at)
                mstore(add(group, 0x60), range)
                let quantum := exp(10, and(shr(212, word), 0x1f))
                mstore(add(group, 0x80), mul(and(shr(140, word), 0xfffffffffff), quantum))
                mstore(add(group, 0xa0), mul(and(shr(184, word), 0xfffffff), quantum))
                mstore(at, word)
                mstore(add(at, 0x20), surface)
                mstore(add(at, 0x80), forward)
                mstore(add(at, 0xa0), moving)
                // until the window opens, and a third of it
                mstore(add(at, 0xc0), mul(sub(shr(224, word), add(timestamp(), 1200)), 1000000000000000000))
                at := add(group, 0x240)
                mstore(at, add(group, 0x2e0))
                mstore(add(at, 0x20), add(group, 0x380))
                // RiskArray.EVERY_FOURTH
                mstore(add(at, 0x40), 0x7fff000000000007fff000000000007fff000000000007fff)
                place := add(mload(groups), 1)
                mstore(groups, place)
                mstore(add(groups, shl(5, place)), group)
                mstore(books, place)
                mstore(add(books, shl(5, place)), at)
            }
        }
    }
}
