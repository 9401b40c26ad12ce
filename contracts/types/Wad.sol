// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ratio} from "./Ratio.sol";

/// @dev A signed amount of the settlement token with 18 decimals.
/// Amounts of one account are below 2^148 (lots < 2^47, prices < 2^96, at most 32 underlyings), so sums and differences
/// of them cannot overflow 256 bits; what is stored is narrowed with a checked cast.
type Wad is int256;

using {
    addWad as +,
    subWad as -,
    negWad as -,
    sameWad as ==,
    otherWad as !=,
    wadBelow as <,
    wadAbove as >,
    wadAtMost as <=,
    wadAtLeast as >=
} for Wad global;
using {raw, abs, partDown, partUp, isNegative} for Wad global;

Wad constant ZERO = Wad.wrap(0);

function raw(Wad a) pure returns (int256) {
    return Wad.unwrap(a);
}

function abs(Wad a) pure returns (Wad) {
    unchecked {
        return Wad.wrap(Wad.unwrap(a) < 0 ? -Wad.unwrap(a) : Wad.unwrap(a));
    }
}

function isNegative(Wad a) pure returns (bool) {
    return Wad.unwrap(a) < 0;
}

/// @dev floor(a · part) of a non-negative amount; a negative amount counts as zero.
function partDown(Wad a, Ratio part) pure returns (Wad) {
    unchecked {
        // a < 2^148 and part < 2^72: the product fits 220 bits
        return Wad.unwrap(a) <= 0 ? Wad.wrap(0) : Wad.wrap(int256((uint256(Wad.unwrap(a)) * Ratio.unwrap(part)) / 1e18));
    }
}

/// @dev ceil(a · part) of a non-negative amount; a negative amount counts as zero.
function partUp(Wad a, Ratio part) pure returns (Wad) {
    unchecked {
        // a < 2^148 and part < 2^72: the product fits 220 bits
        return Wad.unwrap(a) <= 0 ? Wad.wrap(0) : Wad.wrap(int256((uint256(Wad.unwrap(a)) * Ratio.unwrap(part) + (1e18 - 1)) / 1e18));
    }
}

function maxWad(Wad a, Wad b) pure returns (Wad) {
    return Wad.unwrap(a) > Wad.unwrap(b) ? a : b;
}

function minWad(Wad a, Wad b) pure returns (Wad) {
    return Wad.unwrap(a) < Wad.unwrap(b) ? a : b;
}

function addWad(Wad a, Wad b) pure returns (Wad) {
    unchecked {
        return Wad.wrap(Wad.unwrap(a) + Wad.unwrap(b));
    }
}

function subWad(Wad a, Wad b) pure returns (Wad) {
    unchecked {
        return Wad.wrap(Wad.unwrap(a) - Wad.unwrap(b));
    }
}

function negWad(Wad a) pure returns (Wad) {
    unchecked {
        return Wad.wrap(-Wad.unwrap(a));
    }
}

function sameWad(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) == Wad.unwrap(b);
}

function otherWad(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) != Wad.unwrap(b);
}

function wadBelow(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) < Wad.unwrap(b);
}

function wadAbove(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) > Wad.unwrap(b);
}

function wadAtMost(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) <= Wad.unwrap(b);
}

function wadAtLeast(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) >= Wad.unwrap(b);
}
