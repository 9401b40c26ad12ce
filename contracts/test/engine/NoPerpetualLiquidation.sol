// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VaultState} from "../../ledger/VaultStorage.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Ratio, ZERO_RATIO} from "../../types/Ratio.sol";

/// @dev In the place of `PerpetualLiquidationLogic`: says of nobody anything, so that the plain twin sells all.
library NoPerpetualLiquidation {
    function liquidateMany(
        VaultState storage,
        address,
        AccountId[] calldata accounts,
        AccountId
    ) external pure returns (uint256, AccountId[] memory) {
        return (0, accounts);
    }

    function liquidate(VaultState storage, address, AccountId, AccountId) external pure returns (Ratio) {
        return ZERO_RATIO;
    }
}
