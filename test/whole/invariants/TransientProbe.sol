// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Tells whether two calls are one transaction.
contract TransientProbe {
    bool private transient _mark;

    function mark() external {
        _mark = true;
    }

    function marked() external view returns (bool) {
        return _mark;
    }
}
