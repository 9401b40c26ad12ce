// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What a read-back asks of a multisig, and no more.
contract Multisig {
    uint256 public immutable getThreshold;

    constructor(uint256 threshold) {
        getThreshold = threshold;
    }

    function getOwners() external view returns (address[] memory owners) {
        owners = new address[](3);
        for (uint256 i; i < 3; ++i) {
            owners[i] = address(uint160(uint256(keccak256(abi.encode(address(this), i)))));
        }
    }
}
