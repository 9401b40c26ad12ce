// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The nonce behind each fill of the trade at work and what the fill counts there, for the vault to hand one back
/// @dev Transient: one word a fill, overwritten by the next trade and gone with the transaction.
library Proposed {
    /// @dev keccak256("plimsoll.orders.proposed") - 1; the words after it hold nonce (40 bits) and count (48).
    uint256 private constant SLOT = 0xe250068515d8cfd7810398b134cf1d24507d5c7899e7887065f30127492a3d81;

    function record(uint256 index, uint256 nonce, uint256 count) internal {
        assembly ("memory-safe") {
            tstore(add(SLOT, index), or(nonce, shl(40, count)))
        }
    }

    function at(uint256 index) internal view returns (uint256 nonce, uint256 count) {
        assembly ("memory-safe") {
            let word := tload(add(SLOT, index))
            nonce := and(word, 0xffffffffff)
            count := shr(40, word)
        }
    }
}
