// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A non-negative fraction in WAD: 1e18 is one. Every ratio of the vault is below 2^72.
type Ratio is uint256;

using {
    addRatio as +,
    subRatio as -,
    ratioBelow as <,
    ratioAbove as >,
    ratioAtMost as <=,
    ratioAtLeast as >=,
    sameRatio as ==
} for Ratio global;
using {raw, partDown, partUp} for Ratio global;

Ratio constant ZERO_RATIO = Ratio.wrap(0);
Ratio constant ONE = Ratio.wrap(1e18);

/// @dev Parts per million, the unit in which parameters are stored.
function fromPpm(uint256 ppm) pure returns (Ratio) {
    unchecked {
        // parameters are fields of at most 32 bits
        return Ratio.wrap(ppm * 1e12);
    }
}

/// @dev Parts per billion, the unit in which scan ranges are stored.
function fromPpb(uint256 ppb) pure returns (Ratio) {
    unchecked {
        return Ratio.wrap(ppb * 1e9);
    }
}

function raw(Ratio a) pure returns (uint256) {
    return Ratio.unwrap(a);
}

/// @dev floor(a · b).
function partDown(Ratio a, Ratio b) pure returns (Ratio) {
    unchecked {
        // both below 2^72
        return Ratio.wrap((Ratio.unwrap(a) * Ratio.unwrap(b)) / 1e18);
    }
}

/// @dev ceil(a · b).
function partUp(Ratio a, Ratio b) pure returns (Ratio) {
    unchecked {
        // both below 2^72
        return Ratio.wrap((Ratio.unwrap(a) * Ratio.unwrap(b) + (1e18 - 1)) / 1e18);
    }
}

function addRatio(Ratio a, Ratio b) pure returns (Ratio) {
    return Ratio.wrap(Ratio.unwrap(a) + Ratio.unwrap(b));
}

function subRatio(Ratio a, Ratio b) pure returns (Ratio) {
    return Ratio.wrap(Ratio.unwrap(a) - Ratio.unwrap(b));
}

function ratioBelow(Ratio a, Ratio b) pure returns (bool) {
    return Ratio.unwrap(a) < Ratio.unwrap(b);
}

function ratioAbove(Ratio a, Ratio b) pure returns (bool) {
    return Ratio.unwrap(a) > Ratio.unwrap(b);
}

function ratioAtMost(Ratio a, Ratio b) pure returns (bool) {
    return Ratio.unwrap(a) <= Ratio.unwrap(b);
}

function ratioAtLeast(Ratio a, Ratio b) pure returns (bool) {
    return Ratio.unwrap(a) >= Ratio.unwrap(b);
}

function sameRatio(Ratio a, Ratio b) pure returns (bool) {
    return Ratio.unwrap(a) == Ratio.unwrap(b);
}
