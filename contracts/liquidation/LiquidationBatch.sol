// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILiquidationBatch} from "../interfaces/ILiquidationBatch.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {AccountId} from "../types/AccountId.sol";

/// @title Many liquidations in one call
contract LiquidationBatch is ILiquidationBatch {
    /// @dev Calls of the batch, and of the vault to its library and of that to others, get 63 of 64 parts of the gas each: who starved any of them has little more
    /// than 3/64 left. Four calls below the batch are the most; a fifth would need a larger part.
    uint256 private constant STARVED = 16;

    IMarginVault public immutable VAULT;

    constructor(IMarginVault vault) {
        VAULT = vault;
    }

    /// @inheritdoc ILiquidationBatch
    function liquidateBatch(AccountId[] calldata accounts, AccountId keeper) external returns (uint256 liquidated) {
        AccountId[] memory rest = accounts;
        // a failure here, as of one whose amounts do not fit, is nobody's: then each is asked for by itself
        try VAULT.liquidateMany(accounts, keeper) returns (uint256 sold, AccountId[] memory left) {
            (liquidated, rest) = (sold, left);
        } catch {}
        if (rest.length == 0) return liquidated;
        // asked together before, because a refused call forgets which slots it warmed: a healthy account would pay for all of them again
        bool[] memory sale = VAULT.mayBeLiquidated(rest);
        for (uint256 i; i < rest.length; ++i) {
            if (!sale[i]) continue;
            uint256 gasBefore = gasleft();
            try VAULT.liquidate(rest[i], keeper) {
                ++liquidated;
            } catch (bytes memory reason) {
                // a node that estimates gas would otherwise find the least with which everything fails
                if (reason.length == 0 && gasleft() <= gasBefore / STARVED) revert LiquidationOutOfGas(rest[i]);
                // casting to bytes4 is safe: a selector, or zeros where the revert had no data
                bytes4 selector = bytes4(reason);
                if (selector != IMarginVault.AccountHealthy.selector) emit LiquidationFailed(rest[i], selector);
            }
        }
    }
}
