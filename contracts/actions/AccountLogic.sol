// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountId} from "../types/AccountId.sol";
import {SCOPE_CANCEL, SCOPE_DEPOSIT, SCOPE_TRADE, SCOPE_TRANSFER, SCOPE_WITHDRAW} from "../types/Action.sol";
import {HeaderWord} from "../words/HeaderWord.sol";

/// @title What an owner sets once: operators, consent to modules, a permit
/// @dev Linked: its code runs in the vault, which has authorised the actor.
library AccountLogic {
    using HeaderWord for uint256;

    uint8 private constant ALL_SCOPES = SCOPE_TRADE | SCOPE_DEPOSIT | SCOPE_WITHDRAW | SCOPE_TRANSFER | SCOPE_CANCEL;

    function setOperator(VaultState storage $, AccountId account, bytes calldata data) external {
        (address operator, uint8 scope, uint40 expiry) = abi.decode(data, (address, uint8, uint40));
        if (scope & ~ALL_SCOPES != 0) revert IMarginVault.ScopeInvalid(scope);
        $.operators[account][operator] = scope == 0 ? 0 : scope | (uint256(expiry) << 8);
        emit IMarginVault.OperatorSet(account, operator, scope, expiry);
    }

    function setModules(VaultState storage $, AccountId account, bytes calldata data, uint16 defaultModules) external {
        uint16 mask = abi.decode(data, (uint16));
        $.headers[account] = $.headers[account].withModuleDifference(mask ^ defaultModules);
        emit IMarginVault.ModulesSet(account, mask);
    }

    /// @notice Asks `asset` to take the permit of a DepositWithPermit.
    /// @dev One that was front-run, or that the token does not know, is not an error: the transfer that follows decides.
    function permit(address asset, address actor, bytes calldata data) external {
        (, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) = abi.decode(
            data,
            (uint8, uint256, uint256, uint8, bytes32, bytes32)
        );
        try IERC20Permit(asset).permit(actor, address(this), amount, deadline, v, r, s) {} catch {}
    }
}
