// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WaterLine} from "../../../../contracts/math/pool/WaterLine.sol";
import {Ratio} from "../../../../contracts/types/Ratio.sol";
import {Proof} from "../../Proof.sol";

contract WaterLineProof is Proof {
    /// @notice P-79: The level above which accounts are closed never rises, falls by at most one part in a hundred a step, and not within a step.
    /// @custom:formula λ′ ≤ λ, λ′·100 ≥ λ·99 for one step, λ′ = λ before 12 s; time′ ≤ now
    /// @custom:bounds one step: less than 24 s
    function check_P79_level(uint128 level, uint40 time, uint8 elapsed) external proof {
        _assume(elapsed < 24);
        (Ratio next, uint256 counted) = WaterLine.levelAt(Ratio.wrap(level), time, uint256(time) + elapsed);
        assert(next.raw() <= level && counted >= time && counted <= uint256(time) + elapsed);
        unchecked {
            assert(next.raw() * 100 >= uint256(level) * 99);
        }
        if (elapsed < 12) assert(next.raw() == level);
    }
}

contract WaterLineReach is WaterLineProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
