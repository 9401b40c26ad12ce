// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockPyth} from "@pythnetwork/pyth-sdk-solidity/MockPyth.sol";

/// @dev Pyth's own mock, compiled with the tests.
contract PythMock is MockPyth {
    constructor(uint256 fee) MockPyth(60, fee) {}
}
