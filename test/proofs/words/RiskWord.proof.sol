// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../../../contracts/types/Price.sol";
import {LANES, RiskWord} from "../../../contracts/words/RiskWord.sol";
import {Proof} from "../Proof.sol";

contract RiskWordProof is Proof {
    /// @notice P-36: Risk word: every lane reads back what was packed, and the side stays apart from the lanes.
    /// @custom:formula lane(packDown(v, 1, call), k) = v_k for each k ≤ 16, isCall = call
    /// @custom:domain values below 2^15: more reverts
    /// @custom:bounds values in units (u = 1)
    function check_P36_lanes(uint16[17] memory values, bool call) external proof {
        uint256[LANES] memory wide;
        for (uint256 k; k < LANES; ++k) {
            wide[k] = values[k];
            _assume(values[k] <= RiskWord.LARGEST_LANE);
        }
        uint256 word = RiskWord.packDown(wide, 1, call);
        for (uint256 k; k < LANES; ++k) assert(RiskWord.lane(word, k) == values[k]);
        assert(RiskWord.isCall(word) == call);
    }

    /// @notice P-37: The unit of a series holds any value up to its anchor in fifteen bits, and is less than one more than the exact part of it.
    /// @custom:formula 2^15·(u − 1) &lt; anchor ≤ 2^15·u
    function check_P37_unit(uint96 anchor) external proof {
        uint256 unit = RiskWord.unitUp(Price.wrap(anchor));
        assert(unit << 15 >= anchor);
        assert(anchor == 0 ? unit == 0 : (unit - 1) << 15 < anchor);
    }

    /// @notice P-38: The stored side of a strike is the one that is out of the money at the anchor, and at the money the call.
    /// @custom:formula storesCall(F, K) ⇔ K ≥ F
    function check_P38_side(uint96 forward, uint96 strike) external proof {
        assert(RiskWord.storesCall(Price.wrap(forward), Price.wrap(strike)) == (strike >= forward));
    }
}

contract RiskWordReach is RiskWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
