// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ZooToken} from "./ZooToken.sol";

/// @title Answers false instead of reverting while it refuses, and moves nothing.
contract FalseReturnToken is ZooToken {
    bool public refusing;

    constructor(uint8 tokenDecimals) ZooToken("FALSE RETURN", tokenDecimals) {}

    function setRefusing(bool on) external {
        refusing = on;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return !refusing && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return !refusing && super.transferFrom(from, to, value);
    }
}
