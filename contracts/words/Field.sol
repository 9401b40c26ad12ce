// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Writes one field of a packed word. Callers pass the position that the word's own comment documents.
library Field {
    /// @dev Values beyond `width` bits are cut; what is written through Bounds fits, which a test reads back for every parameter.
    function put(uint256 word, uint256 offset, uint256 width, uint256 value) internal pure returns (uint256) {
        uint256 mask = (uint256(1) << width) - 1;
        return (word & ~(mask << offset)) | ((value & mask) << offset);
    }

    function get(uint256 word, uint256 offset, uint256 width) internal pure returns (uint256) {
        return (word >> offset) & ((uint256(1) << width) - 1);
    }
}
