// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ZooToken} from "./ZooToken.sol";

/// @title Moves nothing while paused.
contract PauseToken is ZooToken {
    bool public paused;

    error Paused();

    constructor(uint8 tokenDecimals) ZooToken("PAUSE", tokenDecimals) {}

    function setPaused(bool on) external {
        paused = on;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (paused) revert Paused();
        super._update(from, to, value);
    }
}
