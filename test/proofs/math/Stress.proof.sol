// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Stress} from "../../../contracts/math/Stress.sol";
import {Proof} from "../Proof.sol";

contract StressProof is Proof {
    /// @notice P-70: No scenario moves a line farther than the whole range, each move has its opposite, and the two scenarios of a pair move alike.
    /// @custom:formula |move(k)| ≤ 30; Σ move(k) over 0–16 = 0; move(2j + 1) = move(2j + 2) for 0 ≤ j &lt; 7
    /// @custom:domain scenarios 0–16
    function check_P70_moves(uint8 scenario) external proof {
        _assume(scenario <= Stress.SCENARIOS);
        int256 move = Stress.move(scenario);
        assert(move >= -Stress.WHOLE_MOVE && move <= Stress.WHOLE_MOVE);
        if (scenario < 15 && scenario % 2 == 1) assert(Stress.move(uint256(scenario) + 1) == move);
        if (scenario >= 3 && scenario < 15) assert(Stress.move(((uint256(scenario) - 3) ^ 2) + 3) == -move);
        if (scenario >= 15) assert(Stress.move(31 - uint256(scenario)) == -move);
    }
}

contract StressReach is StressProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
