// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Settlement tokens (WAD) for one lot, an integer below 2^96: marks and trades are exact.
type Price is uint256;

using {raw} for Price global;
using {samePrice as ==, priceBelow as <, priceAbove as >} for Price global;

function raw(Price a) pure returns (uint256) {
    return Price.unwrap(a);
}

function samePrice(Price a, Price b) pure returns (bool) {
    return Price.unwrap(a) == Price.unwrap(b);
}

function priceBelow(Price a, Price b) pure returns (bool) {
    return Price.unwrap(a) < Price.unwrap(b);
}

function priceAbove(Price a, Price b) pure returns (bool) {
    return Price.unwrap(a) > Price.unwrap(b);
}
