// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ZooToken} from "./ZooToken.sol";

/// @title Refuses to move tokens of or to a blacklisted holder.
contract BlacklistToken is ZooToken {
    mapping(address holder => bool) public blacklisted;

    error Blacklisted(address holder);

    constructor(uint8 tokenDecimals) ZooToken("BLACKLIST", tokenDecimals) {}

    function setBlacklisted(address holder, bool on) external {
        blacklisted[holder] = on;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (blacklisted[from]) revert Blacklisted(from);
        if (blacklisted[to]) revert Blacklisted(to);
        super._update(from, to, value);
    }
}
