// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VaultState} from "../VaultStorage.sol";

/// @title Where the risk words are kept
/// @dev All reading and writing goes through here, so that words may one day be kept otherwise. A key is `Instrument.wordKey`, 15 bits: all words of an underlying are
/// at consecutive slots, so that no hash has to be worked out for each.
library RiskWords {
    /// @notice All words of an underlying: for who reads many of them.
    function ofUnderlying(VaultState storage $, uint256 underlying) internal view returns (uint256[1 << 15] storage words) {
        return $.risks[underlying];
    }

    /// @param words as `ofUnderlying` gives them
    /// @param wordKey below 2^15, as all are: without a check of the index
    function read(uint256[1 << 15] storage words, uint256 wordKey) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(add(words.slot, wordKey))
        }
    }

    function write(VaultState storage $, uint256 underlying, uint256 wordKey, uint256 word) internal {
        $.risks[underlying][wordKey] = word;
    }

    /// @notice The key of the word of a strike.
    function keyOf(uint256 series, uint256 index) internal pure returns (uint256) {
        return (series << 7) | index;
    }
}
