// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {Lock} from "../ledger/Lock.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountId} from "../types/AccountId.sol";

/// @title What the vault and its extension share: the storage, what is fixed at deployment, the lock
/// @dev The extension's code runs in the vault, so the state is the first and only thing that either stores.
abstract contract VaultBase {
    struct Construction {
        IAccessManager authority;
        IERC20Metadata settlementToken;
        address fund; // InsuranceFund, bound to this vault after its deployment
        uint16 defaultModules; // consent of a new account, a bit a module
        address uptimeFeed; // sequencer uptime, zero where there is no sequencer
        uint256 uptimeGrace; // seconds
        uint256 marginParameters; // MarginWord
        uint256 liquidationParameters; // LiquidationWord
        uint256 fundParameters; // FundParametersWord
    }

    IERC20Metadata internal immutable SETTLEMENT_TOKEN;
    address internal immutable FUND;
    uint16 internal immutable DEFAULT_MODULES;
    address internal immutable UPTIME_FEED;
    uint256 internal immutable UPTIME_GRACE;

    VaultState internal $;

    modifier locked() {
        if (Lock.held()) revert IMarginVault.Locked();
        Lock.take();
        _;
        Lock.release();
    }

    modifier whenUnlocked() {
        if (Lock.held()) revert IMarginVault.Locked();
        _;
    }

    constructor(Construction memory c) {
        SETTLEMENT_TOKEN = c.settlementToken;
        FUND = c.fund;
        DEFAULT_MODULES = c.defaultModules;
        UPTIME_FEED = c.uptimeFeed;
        UPTIME_GRACE = c.uptimeGrace;
    }

    function _mayAct(AccountId account, address signer, uint8 scope) internal view returns (bool) {
        if (signer == account.owner()) return true;
        uint256 word = $.operators[account][signer];
        return word & scope != 0 && block.timestamp < word >> 8;
    }

    /// @dev Ends the call with an answer that a library has encoded: to take it apart and encode it again would take code.
    function _answer(bytes memory encoded) internal pure {
        assembly ("memory-safe") {
            return(add(encoded, 0x20), mload(encoded))
        }
    }
}
