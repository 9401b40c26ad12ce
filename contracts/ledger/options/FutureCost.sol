// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../../types/Price.sol";

/// @title What a position in a dated future has cost, of which its unrealised gain is known, as that of a perpetual is
library FutureCost {
    /// @notice Entry cost at average price, rounded down: a reduction takes its share, what crosses zero starts anew.
    /// @param cost of `before` lots
    /// @param price of a lot of the `change`
    function afterDown(int256 cost, int256 before, int256 change, Price price) internal pure returns (int256) {
        unchecked {
            // lots < 2^44, prices < 2^97: no product comes near 2^255
            int256 lots = before + change;
            int256 paid = change * int256(price.raw());
            if (lots == 0) return 0;
            if (before == 0 || before ^ change >= 0) return cost + paid;
            if (before ^ lots < 0) return lots * int256(price.raw());
            int256 left = cost * lots;
            int256 share = left / before;
            // division goes toward zero: one less where the exact quotient is negative
            return share * before != left && left ^ before < 0 ? share - 1 : share;
        }
    }
}
