// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ratio} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";

/// @title The inter-month charge: what opposite positions of different tenors need, which no scenario of one price shows
/// @dev b of what is long against what is short, and for each stretch between two neighbouring tenors 2·b a year of it, up to a year, of what is long
/// on one side of it against what is short on the other (docs/margin.md). Deltas are market values that move with the price, WAD.
library InterMonth {
    uint256 private constant TENOR_MULTIPLE = 2;
    uint256 private constant YEAR = 365 days;
    int256 private constant WAD = 1e18;

    /// @dev By tenor, shortest first.
    struct Exposures {
        uint256[] tenors; // seconds
        int256[] deltas;
        uint256 count;
    }

    function made(uint256 most) internal pure returns (Exposures memory e) {
        e.tenors = new uint256[](most);
        e.deltas = new int256[](most);
    }

    /// @notice Adds an exposure in its place, behind those of its tenor.
    function add(Exposures memory e, uint256 tenor, int256 delta) internal pure {
        uint256 i = e.count++;
        for (; i > 0 && e.tenors[i - 1] > tenor; --i) {
            e.tenors[i] = e.tenors[i - 1];
            e.deltas[i] = e.deltas[i - 1];
        }
        (e.tenors[i], e.deltas[i]) = (tenor, delta);
    }

    /// @notice The charge, WAD.
    /// @param rate b
    function chargeUp(Exposures memory e, Ratio rate) internal pure returns (Wad) {
        if (e.count < 2) return Wad.wrap(0);
        int256 gross;
        int256 net;
        for (uint256 i; i < e.count; ++i) {
            gross += _abs(e.deltas[i]);
            net += e.deltas[i];
        }
        // casting is safe: ratios are below 2^72
        int256 twice = (gross - _abs(net)) * int256(rate.raw());
        int256 near;
        for (uint256 i = 1; i < e.count; ++i) {
            near += e.deltas[i - 1];
            uint256 stretch = tenorRate(e.tenors[i], rate) - tenorRate(e.tenors[i - 1], rate);
            if (stretch != 0) twice += (_abs(near) + _abs(net - near) - _abs(net)) * int256(stretch);
        }
        return Wad.wrap((twice + (2 * WAD - 1)) / (2 * WAD));
    }

    /// @notice What every unit of an error in a delta can change in the charge at most.
    function slope(Exposures memory e, Ratio rate) internal pure returns (Ratio) {
        return Ratio.wrap(rate.raw() + tenorRate(e.tenors[e.count - 1], rate) - tenorRate(e.tenors[0], rate));
    }

    /// @dev The part of the charge that grows with tenor, rounded down.
    function tenorRate(uint256 tenor, Ratio rate) internal pure returns (uint256) {
        return (TENOR_MULTIPLE * rate.raw() * (tenor < YEAR ? tenor : YEAR)) / YEAR;
    }

    function _abs(int256 a) private pure returns (int256) {
        return a < 0 ? -a : a;
    }
}
