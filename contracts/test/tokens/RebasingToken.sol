// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ZooToken} from "./ZooToken.sol";

/// @title Balances shrink by what the issuer says, without a transfer.
contract RebasingToken is ZooToken {
    constructor(uint8 tokenDecimals) ZooToken("REBASING", tokenDecimals) {}

    /// @notice Takes `value` units away from `holder`.
    function shrink(address holder, uint256 value) external {
        _burn(holder, value);
    }
}
