// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

/// @dev The risk words of a series in a slot each, as RiskWords has them, and as the code of one contract a series.
contract BlobHarness {
    mapping(uint256 series => mapping(uint256 index => uint256)) private _words;
    mapping(uint256 series => address) private _blobs;

    function writeSlots(uint256 series, uint256[] calldata words) external returns (uint256 spent) {
        spent = gasleft();
        mapping(uint256 index => uint256) storage slots = _words[series];
        for (uint256 i; i < words.length; ++i) slots[i] = words[i];
        spent -= gasleft();
    }

    function writeBlob(uint256 series, uint256[] calldata words) external returns (uint256 spent) {
        spent = gasleft();
        _blobs[series] = SSTORE2.write(abi.encodePacked(words));
        spent -= gasleft();
    }

    /// @dev Every word of each of `series`, cold where nothing has read them in the transaction.
    function readSlots(uint256[] calldata series, uint256 count) external view returns (uint256 sum, uint256 spent) {
        spent = gasleft();
        unchecked {
            for (uint256 i; i < series.length; ++i) {
                mapping(uint256 index => uint256) storage slots = _words[series[i]];
                for (uint256 index; index < count; ++index) sum += slots[index];
            }
        }
        spent -= gasleft();
    }

    function readBlobs(uint256[] calldata series, uint256 count) external view returns (uint256 sum, uint256 spent) {
        spent = gasleft();
        unchecked {
            for (uint256 i; i < series.length; ++i) {
                bytes memory blob = SSTORE2.read(_blobs[series[i]]);
                for (uint256 index; index < count; ++index) {
                    uint256 word;
                    assembly ("memory-safe") {
                        word := mload(add(add(blob, 0x20), shl(5, index)))
                    }
                    sum += word;
                }
            }
        }
        spent -= gasleft();
    }
}
