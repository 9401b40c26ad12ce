// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ZooToken} from "./ZooToken.sol";

/// @title What a holder's hook implements.
interface ITransferHook {
    /// @notice Called before `from` sends, with the old balances.
    function tokensToSend(address from, address to, uint256 value) external;

    /// @notice Called after `to` received, with the new balances.
    function tokensReceived(address from, address to, uint256 value) external;
}

/// @title Calls the sender before and the receiver after a transfer, as ERC-777 does, so that either may re-enter.
contract HookToken is ZooToken {
    mapping(address holder => ITransferHook) public hooks;

    constructor(uint8 tokenDecimals) ZooToken("HOOK", tokenDecimals) {}

    /// @notice Sets who is called for the caller's transfers.
    function setHook(ITransferHook hook) external {
        hooks[msg.sender] = hook;
    }

    function _update(address from, address to, uint256 value) internal override {
        ITransferHook sending = hooks[from];
        if (address(sending) != address(0)) sending.tokensToSend(from, to, value);
        super._update(from, to, value);
        ITransferHook receiving = hooks[to];
        if (address(receiving) != address(0)) receiving.tokensReceived(from, to, value);
    }
}
