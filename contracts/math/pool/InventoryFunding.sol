// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lots} from "../../types/Lots.sol";
import {Funding} from "../Funding.sol";

/// @title Funding from the inventory of the pool
/// @dev rate = −rate_max·clamp(inventory / (θ·cap), ±1): of state alone, so that no path, no clock and no trade with oneself moves it.
library InventoryFunding {
    uint256 private constant PPM = 1e6;

    /// @dev Between two touches of the rate.
    uint256 internal constant INTERVAL = 1 hours;

    /// @dev The rate that longs pay shorts, ppb over eight hours, rounded toward zero: what the pool is short of, the others are long.
    /// @param inventory lots of the perpetual that the pool holds, below 2^47
    /// @param cap of the open interest, lots, below 2^44
    /// @param rateMost ppb over eight hours, below 2^32
    /// @param reach θ: the inventory at which the rate is largest, ppm of the cap, below 2^32
    function rate(Lots inventory, uint256 cap, uint256 rateMost, uint256 reach) internal pure returns (int256) {
        unchecked {
            uint256 full = cap * reach;
            if (full == 0) return 0;
            uint256 size = (inventory.abs() * PPM * rateMost) / full;
            if (size > rateMost) size = rateMost;
            // casting is safe: below 2^32
            return inventory.raw() > 0 ? -int256(size) : int256(size);
        }
    }

    /// @dev Whether nobody gains by moving the inventory for the sake of the rate: rate_max·τ/θ ≤ 2 × narrow half spread.
    /// @param narrow half spread, ppm, below 2^32
    function paysNobody(uint256 rateMost, uint256 reach, uint256 narrow) internal pure returns (bool) {
        return rateMost * INTERVAL * PPM <= 2 * narrow * 1000 * reach * Funding.PERIOD;
    }
}
