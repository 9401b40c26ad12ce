// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILiquidationBatch} from "../interfaces/ILiquidationBatch.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {AccountId} from "../types/AccountId.sol";

/// @title Many liquidations in one call
contract LiquidationBatch is ILiquidationBatch {
    /// @dev Calls of the batch and of the vault to its library get 63 of 64 parts of the gas each: who starved either has less than 2/64 left, and little
    /// more than that by what the vault does itself.
    uint256 private constant STARVED = 20;

    IMarginVault public immutable VAULT;

    constructor(IMarginVault vault) {
        VAULT = vault;
    }

    /// @inheritdoc ILiquidationBatch
    function liquidateBatch(AccountId[] calldata accounts, AccountId keeper) external returns (uint256 liquidated) {
        // asked together before, because a refused call forgets which slots it warmed: a healthy account would pay for all of them again
        bool[] memory sale = VAULT.mayBeLiquidated(accounts);
        for (uint256 i; i < accounts.length; ++i) {
            if (!sale[i]) continue;
            uint256 gasBefore = gasleft();
            try VAULT.liquidate(accounts[i], keeper) {
                ++liquidated;
            } catch (bytes memory reason) {
                // a node that estimates gas would otherwise find the least with which everything fails
                if (reason.length == 0 && gasleft() <= gasBefore / STARVED) revert LiquidationOutOfGas(accounts[i]);
                // casting to bytes4 is safe: a selector, or zeros where the revert had no data
                bytes4 selector = bytes4(reason);
                if (selector != IMarginVault.AccountHealthy.selector) emit LiquidationFailed(accounts[i], selector);
            }
        }
    }
}
