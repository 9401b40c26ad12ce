// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VegaBound} from "../../../margin/options/VegaBound.sol";
import {Lanes} from "../../../math/options/Lanes.sol";
import {OptionStress} from "../../../math/options/OptionStress.sol";
import {Price} from "../../../types/Price.sol";
import {LANES} from "../../../words/RiskWord.sol";

/// @title What time and volatility can have taken from a book, scenario by scenario: the plain twin of what SecantKernel takes
library VegaTaken {
    using Lanes for int256[LANES];

    uint256 private constant WAD = 1e18;

    /// @notice Takes from `values` what can have been lost in each scenario.
    /// @param step a thirtieth of the scan range of the series, as a price
    /// @param longs lots, and `shorts`
    function take(
        VegaBound.Drift memory d,
        uint256 step,
        Price forward,
        int256 longs,
        int256 shorts,
        int256[LANES] memory values
    ) internal pure {
        (uint256 mark, uint256 up, uint256 down) = VegaBound.weights(d, longs, shorts);
        unchecked {
            // prices are below 2^96
            int256 live = int256(forward.raw());
            for (uint256 place; place < OptionStress.PLACES; ++place) {
                (uint256 scenario, , ) = OptionStress.scenariosAt(place);
                uint256 moved = uint256(live + OptionStress.moveAt(place) * int256(step));
                values.add(scenario, -int256(_changeUp(moved, up)));
                values.add(scenario + 1, -int256(_changeUp(moved, down)));
            }
            uint256 atMark = _changeUp(forward.raw(), mark);
            values.add(0, -int256(atMark));
            for (uint256 k = 15; k < LANES; ++k) {
                uint256 change = _changeUp(OptionStress.movedBy(live, step, OptionStress.undampedMove(k)), mark);
                values.add(k, -int256((65 * atMark + 35 * change + 99) / 100));
            }
        }
    }

    /// @notice What can have been lost in the scenarios 3 and 5 that a delta is taken from, rounded up.
    function ofDeltaUp(
        VegaBound.Drift memory d,
        uint256 step,
        Price forward,
        int256 longs,
        int256 shorts
    ) internal pure returns (int256 above, int256 below) {
        (, uint256 up, ) = VegaBound.weights(d, longs, shorts);
        unchecked {
            // a third of the range is ten steps
            above = int256(_changeUp(forward.raw() + 10 * step, up));
            below = int256(_changeUp(forward.raw() - 10 * step, up));
        }
    }

    function _changeUp(uint256 forward, uint256 weight) private pure returns (uint256) {
        unchecked {
            uint256 whole = 5 * WAD * WAD;
            return (2 * forward * weight + (whole - 1)) / whole;
        }
    }
}
