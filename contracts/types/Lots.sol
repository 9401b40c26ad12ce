// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "./Price.sol";
import {Wad} from "./Wad.sol";

/// @dev A signed size in whole lots: positive is long. Stored sizes are below 2^47.
type Lots is int256;

using {addLots as +, subLots as -, negLots as -, sameLots as ==, otherLots as !=} for Lots global;
using {raw, abs, times, isZero} for Lots global;

Lots constant NO_LOTS = Lots.wrap(0);

function raw(Lots a) pure returns (int256) {
    return Lots.unwrap(a);
}

function abs(Lots a) pure returns (uint256) {
    unchecked {
        return Lots.unwrap(a) < 0 ? uint256(-Lots.unwrap(a)) : uint256(Lots.unwrap(a));
    }
}

function isZero(Lots a) pure returns (bool) {
    return Lots.unwrap(a) == 0;
}

/// @dev The value of a size at a price: exact, |lots| < 2^47 and price < 2^96.
function times(Lots a, Price price) pure returns (Wad) {
    unchecked {
        return Wad.wrap(Lots.unwrap(a) * int256(Price.unwrap(price)));
    }
}

function addLots(Lots a, Lots b) pure returns (Lots) {
    unchecked {
        return Lots.wrap(Lots.unwrap(a) + Lots.unwrap(b));
    }
}

function subLots(Lots a, Lots b) pure returns (Lots) {
    unchecked {
        return Lots.wrap(Lots.unwrap(a) - Lots.unwrap(b));
    }
}

function negLots(Lots a) pure returns (Lots) {
    unchecked {
        return Lots.wrap(-Lots.unwrap(a));
    }
}

function sameLots(Lots a, Lots b) pure returns (bool) {
    return Lots.unwrap(a) == Lots.unwrap(b);
}

function otherLots(Lots a, Lots b) pure returns (bool) {
    return Lots.unwrap(a) != Lots.unwrap(b);
}
