// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ZooToken} from "./ZooToken.sol";

/// @title Reverts on a transfer of nothing.
contract ZeroRevertToken is ZooToken {
    error NothingMoved();

    constructor(uint8 tokenDecimals) ZooToken("ZERO REVERT", tokenDecimals) {}

    function _update(address from, address to, uint256 value) internal override {
        if (value == 0) revert NothingMoved();
        super._update(from, to, value);
    }
}
