// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO, minWad} from "../types/Wad.sol";

/// @title What initial margin adds to the scan
/// @dev DESIGN section 6. All terms round up.
library Charges {
    /// @dev Eight hours of the highest funding rate.
    Ratio internal constant FUNDING_PROVISION = Ratio.wrap(0.0075e18);

    /// @notice Inter-month charge and provisions of a line of market value `line` beside `collateral` on the same underlying.
    function lineUp(Wad line, Wad collateral, Ratio provision, Ratio interMonth) internal pure returns (Wad charges) {
        Wad gross = line.abs();
        charges = (gross + collateral).partUp(provision) + gross.partUp(FUNDING_PROVISION);
        // b·½(Σ|Δ| − |ΣΔ|) over the perpetual and the collateral: the part of a short that only the collateral hedges
        if (collateral != ZERO && line.isNegative()) charges = charges + minWad(gross, collateral).partUp(interMonth);
    }

    /// @notice Convex in size: gross notional times the share of the depth that the position is.
    function sizeUp(Lots lots, Price price, uint256 depth) internal pure returns (Wad) {
        if (lots.isZero()) return ZERO;
        unchecked {
            // lots < 2^47, price < 2^96; a depth of zero is refused at listing
            uint256 numerator = lots.abs() * lots.abs() * price.raw();
            return Wad.wrap(int256((numerator + depth - 1) / depth));
        }
    }
}
