// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId, toAccountId} from "../../../contracts/types/AccountId.sol";
import {Proof} from "../Proof.sol";

contract AccountIdProof is Proof {
    /// @notice P-50: An account is its owner and its index, without loss, and no two of them are one account.
    /// @custom:formula owner, subAccount(toAccountId(o, i)) = (o, i); toAccountId(owner(a), subAccount(a)) = a
    function check_P50_account(address wallet, uint96 index, uint256 any) external proof {
        AccountId id = toAccountId(wallet, index);
        assert(id.owner() == wallet && id.subAccount() == index);
        AccountId back = AccountId.wrap(any);
        assert(toAccountId(back.owner(), back.subAccount()) == back);
    }
}

contract AccountIdReach is AccountIdProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
