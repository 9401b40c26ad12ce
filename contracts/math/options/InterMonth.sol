// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";

/// @title The inter-month charge: what opposite positions of different tenors need, which no scenario of one price shows
/// @dev b of what is long against what is short, and for each stretch between two neighbouring tenors 2·b a year of it, up to a year, of what is long
/// on one side of it against what is short on the other (docs/margin.md). Deltas are market values that move with the price, WAD.
library InterMonth {
    using DynamicArrayLib for uint256[];

    uint256 internal constant TENOR_MULTIPLE = 2;
    uint256 private constant YEAR = 365 days;
    int256 private constant WAD = 1e18;

    /// @dev By tenor, shortest first. A word each, without checks of the index: delta 0–215, signed | tenor 216–255, seconds             216+40 = 256
    struct Exposures {
        uint256[] words; // with room for more
        uint256 count;
    }

    uint256 private constant DELTA_BITS = 216;

    function made(uint256 most) internal pure returns (Exposures memory e) {
        e.words = new uint256[](most);
    }

    /// @notice Adds an exposure in its place, behind those of its tenor; there is room for it.
    function add(Exposures memory e, uint256 tenor, int256 delta) internal pure {
        unchecked {
            // tenors are below 2^40, amounts of one account below 2^149
            uint256[] memory words = e.words;
            uint256 i = e.count++;
            for (; i > 0; --i) {
                uint256 before = words.get(i - 1);
                if (before >> DELTA_BITS <= tenor) break;
                words.set(i, before);
            }
            words.set(i, (tenor << DELTA_BITS) | ((uint256(delta) << (256 - DELTA_BITS)) >> (256 - DELTA_BITS)));
        }
    }

    /// @notice The charge, WAD.
    /// @param rate b
    function chargeUp(Exposures memory e, Ratio rate) internal pure returns (Wad) {
        uint256 count = e.count;
        if (count < 2) return Wad.wrap(0);
        uint256[] memory words = e.words;
        unchecked {
            // amounts of one account below 2^149, ratios below 2^72
            int256 gross;
            int256 net;
            for (uint256 i; i < count; ++i) {
                int256 delta = _deltaIn(words.get(i));
                gross += _abs(delta);
                net += delta;
            }
            int256 left = _abs(net);
            int256 twice = (gross - left) * int256(rate.raw());
            int256 near;
            uint256 word = words.get(0);
            uint256 nearRate = tenorRate(word >> DELTA_BITS, rate);
            for (uint256 i = 1; i < count; ++i) {
                near += _deltaIn(word);
                word = words.get(i);
                uint256 farRate = tenorRate(word >> DELTA_BITS, rate);
                twice += (_abs(near) + _abs(net - near) - left) * int256(farRate - nearRate);
                nearRate = farRate;
            }
            return Wad.wrap((twice + (2 * WAD - 1)) / (2 * WAD));
        }
    }

    /// @notice What every unit of an error in a delta can change in the charge at most.
    function slope(Exposures memory e, Ratio rate) internal pure returns (Ratio) {
        unchecked {
            // by tenor
            uint256 last = tenorRate(e.words.get(e.count - 1) >> DELTA_BITS, rate);
            return Ratio.wrap(rate.raw() + last - tenorRate(e.words.get(0) >> DELTA_BITS, rate));
        }
    }

    /// @dev The part of the charge that grows with tenor, rounded down.
    function tenorRate(uint256 tenor, Ratio rate) internal pure returns (uint256) {
        unchecked {
            // ratios are below 2^72
            return (TENOR_MULTIPLE * rate.raw() * (tenor < YEAR ? tenor : YEAR)) / YEAR;
        }
    }

    function _deltaIn(uint256 word) private pure returns (int256) {
        // the shift back to the right restores the sign
        return int256(word << (256 - DELTA_BITS)) >> (256 - DELTA_BITS);
    }

    function _abs(int256 a) private pure returns (int256) {
        unchecked {
            // an amount, never the least that there is
            return a < 0 ? -a : a;
        }
    }
}
