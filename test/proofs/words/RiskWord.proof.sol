// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../../../contracts/types/Price.sol";
import {LANES, RiskWord} from "../../../contracts/words/RiskWord.sol";
import {Proof} from "../Proof.sol";

contract RiskWordProof is Proof {
    /// @notice P-36: Risk word: every lane reads back what was packed, rounded down by less than a unit, and the side stays apart from the lanes; a value that no lane holds is refused.
    /// @custom:formula lane(packDown(v, u, call), k) = ⌊v_k/u⌋ for each k ≤ 16, isCall = call; reverts exactly if a ⌊v_k/u⌋ ≥ 2^15
    /// @custom:bounds values in units (u = 1) below 2^15; the division by the unit is that of the next property
    function check_P36_lanes(uint16[17] memory values, bool call) external proof {
        // the unit of an anchor of 2^15: the quotient is the value
        uint256[LANES] memory wide;
        bool fits = true;
        for (uint256 k; k < LANES; ++k) {
            wide[k] = values[k];
            if (values[k] > RiskWord.LARGEST_LANE) fits = false;
        }
        _assume(fits);
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
