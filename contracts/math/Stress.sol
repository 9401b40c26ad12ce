// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ratio} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";

/// @title The sixteen scenarios of SPAN
/// @dev Scenario 0 is the mark. 1–14 move the price by 0, +⅓, −⅓, +⅔, −⅔, +1, −1 scan ranges, each with volatility up (odd) and down
/// (even); 15 and 16 move it by ±X ranges, of which the fraction c of the loss counts. Linear positions do not see the volatility.
library Stress {
    uint256 internal constant SCENARIOS = 16;
    // X = 2 and c = 0.35: an extreme counts as 0.7 ranges. X·c ≤ 1 makes ±1 the worst of a line, on which `worstOfLineUp` relies.
    int256 internal constant EXTREME_MOVE = 21;
    int256 internal constant WHOLE_MOVE = 30;

    /// @notice The damped price move of `scenario`, in thirtieths of the scan range.
    function move(uint256 scenario) internal pure returns (int256) {
        if (scenario < 3) return 0;
        if (scenario > 14) return scenario == 15 ? EXTREME_MOVE : -EXTREME_MOVE;
        unchecked {
            // 3–14 in pairs: +10, −10, +20, −20, +30, −30
            uint256 pair = (scenario - 3) / 2;
            int256 size = int256(pair / 2 + 1) * (WHOLE_MOVE / 3);
            return pair & 1 == 0 ? size : -size;
        }
    }

    /// @notice The largest loss of a line over all scenarios, rounded up: that of the whole range. A test holds it to the sixteen.
    function worstOfLineUp(Wad line, Ratio range) internal pure returns (Wad) {
        return line.abs().partUp(range);
    }
}
