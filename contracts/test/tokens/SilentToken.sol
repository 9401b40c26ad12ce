// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ZooToken} from "./ZooToken.sol";

/// @title Answers true while it moves nothing: only a look at the balances can tell.
contract SilentToken is ZooToken {
    bool public silent;

    constructor(uint8 tokenDecimals) ZooToken("SILENT", tokenDecimals) {}

    function setSilent(bool on) external {
        silent = on;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return silent || super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return silent || super.transferFrom(from, to, value);
    }
}
