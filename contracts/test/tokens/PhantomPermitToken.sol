// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ZooToken} from "./ZooToken.sol";

/// @title Knows no permit, but swallows any unknown call without an error, as wrapped ether's fallback does.
contract PhantomPermitToken is ZooToken {
    constructor(uint8 tokenDecimals) ZooToken("PHANTOM PERMIT", tokenDecimals) {}

    fallback() external payable {}

    receive() external payable {}
}
