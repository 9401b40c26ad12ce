// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "../types/AccountId.sol";

/// @title Many liquidations in one call
/// @notice A convenience of keepers with no rights of its own: healthy accounts are skipped and a failure stays with its account.
interface ILiquidationBatch {
    /// @notice An account of the batch that the vault refused for another reason than its health; `reason` is the error's selector.
    event LiquidationFailed(AccountId indexed account, bytes4 reason);

    /// @notice Thrown when the sale of `account` may have failed only because the caller gave the batch too little gas.
    error LiquidationOutOfGas(AccountId account);

    /// @notice Calls `liquidateMany`, and then `liquidate` for each account that it leaves. An account that comes twice is healthy the second time, or sold again; the keeper's own is
    /// judged with the rewards of `liquidateMany`.
    /// @param keeper account that is credited the rewards
    /// @return liquidated how many accounts were sold, in part or whole
    function liquidateBatch(AccountId[] calldata accounts, AccountId keeper) external returns (uint256 liquidated);
}
