// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Instrument} from "./Instrument.sol";
import {Price} from "./Price.sol";

/// @dev An option or a dated future that an account holds, as it is handed on in memory.
/// 0–15 instrument | 16–60 lots, signed | 61–63 how often they are halved in open interest | 64–79 place of its series among those of the holding |
/// 80–95 place of its strike among those that are priced (LiveMargin) | 96–191 strike of an option                    16+45+3+16+16+96 = 192
/// The first 64 bits are those of storage (SeriesPositions).
type Position is uint256;

using {instrument, lots, group, place, strike, withLots, withPlace} for Position global;

uint256 constant LOTS_FIELD = ((1 << 45) - 1) << 16;

/// @param entry of SeriesPositions, 64 bits
function positionOf(uint256 entry, uint256 group_, Price strike_) pure returns (Position) {
    // fewer than 2^16 series, a price below 2^96
    return Position.wrap(entry | (group_ << 64) | (strike_.raw() << 96));
}

/// @dev The position at `index`, which is one of `list`: without the check.
function positionAt(Position[] memory list, uint256 index) pure returns (Position a) {
    assembly ("memory-safe") {
        a := mload(add(list, shl(5, add(index, 1))))
    }
}

function instrument(Position a) pure returns (Instrument) {
    return Instrument.wrap(Position.unwrap(a) & 0xffff);
}

function lots(Position a) pure returns (int256) {
    // the shift back to the right restores the sign of 45 bits
    return int256(Position.unwrap(a) << 195) >> 211;
}

function group(Position a) pure returns (uint256) {
    return (Position.unwrap(a) >> 64) & 0xffff;
}

function place(Position a) pure returns (uint256) {
    return (Position.unwrap(a) >> 80) & 0xffff;
}

function strike(Position a) pure returns (Price) {
    return Price.wrap(Position.unwrap(a) >> 96);
}

function withLots(Position a, int256 lots_) pure returns (Position) {
    // the mask keeps the sign in 45 bits; lots < 2^44
    return Position.wrap((Position.unwrap(a) & ~LOTS_FIELD) | ((uint256(lots_) << 16) & LOTS_FIELD));
}

/// @dev Of a position that had none.
function withPlace(Position a, uint256 place_) pure returns (Position) {
    // fewer than 2^16 positions
    return Position.wrap(Position.unwrap(a) | (place_ << 80));
}
