// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InventoryFunding} from "../../../../contracts/math/pool/InventoryFunding.sol";
import {Lots} from "../../../../contracts/types/Lots.sol";
import {Proof} from "../../Proof.sol";

contract InventoryFundingProof is Proof {
    /// @notice P-76: Funding from the inventory of the pool never exceeds the highest rate and always runs against the inventory.
    /// @custom:formula |rate| ≤ rate_max; inventory &gt; 0 ⇒ rate ≤ 0; inventory ≤ 0 ⇒ rate ≥ 0
    /// @custom:domain a cap below 2^44
    function check_P76_inventory(int48 inventory, uint256 cap, uint32 most, uint32 reach) external proof {
        _assume(cap < 1 << 44);
        int256 rate = InventoryFunding.rate(Lots.wrap(inventory), cap, most, reach);
        assert(inventory > 0 ? rate <= 0 && rate >= -int256(uint256(most)) : rate >= 0 && rate <= int256(uint256(most)));
    }
}

contract InventoryFundingReach is InventoryFundingProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
