// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ZooToken} from "./ZooToken.sol";

/// @title Burns a part of every transfer: the receiver gets less than was sent.
contract FeeOnTransferToken is ZooToken {
    uint256 public feePpm = 10_000;

    constructor(uint8 tokenDecimals) ZooToken("FEE", tokenDecimals) {}

    function setFee(uint256 ppm) external {
        feePpm = ppm;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, value);
        uint256 fee = (value * feePpm) / 1e6;
        super._update(from, address(0), fee);
        super._update(from, to, value - fee);
    }
}
