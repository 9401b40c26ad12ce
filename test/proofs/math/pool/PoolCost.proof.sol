// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PoolCost} from "../../../../contracts/math/pool/PoolCost.sol";
import {Ratio} from "../../../../contracts/types/Ratio.sol";
import {Proof} from "../../Proof.sol";

contract PoolCostProof is Proof {
    /// @notice P-77: The pool never gives back more than it was charged: a rebate comes out of what the open inventory has paid, and what is left is that less the rebate.
    /// @custom:formula after ≤ before ⇒ −cost ≤ Q, left = backed Q + cost ≤ Q; after &gt; before ⇒ left = backed Q + cost, cost ≥ 0
    /// @custom:domain amounts below 2^96, a steepness of at most one
    function check_P77_rebate(uint96 charged, uint96 before, uint96 after_, int96 capital, uint64 steepness) external proof {
        _assume(steepness <= 1e18);
        (int256 cost, uint256 left) = PoolCost.moved(charged, before, after_, capital, Ratio.wrap(steepness));
        uint256 backed = PoolCost.backedDown(charged, before, capital, Ratio.wrap(steepness));
        assert(backed <= charged && int256(left) == int256(backed) + cost);
        if (after_ <= before) assert(cost <= 0 && uint256(-cost) <= charged && left <= charged);
        else assert(cost >= 0);
    }

    /// @notice P-78: The capital of the pool falls at once with what is free and never counts more than that.
    /// @custom:formula C′ ≤ E − Q; E ≤ Q ⇒ C′ = E − Q
    /// @custom:domain amounts below 2^96
    function check_P78_capital(uint96 charged, int96 capital, uint40 elapsed, int96 equity) external proof {
        int256 next = PoolCost.capitalAfter(charged, capital, elapsed, equity);
        int256 free = int256(equity) - int256(uint256(charged));
        assert(next <= free);
        if (free <= 0 || elapsed >= 1 days) assert(next == free);
    }
}

contract PoolCostReach is PoolCostProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
