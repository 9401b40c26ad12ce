// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Which prices this transaction has used
/// @dev A post after a use in the same transaction, of a price or of a slice of a series, would let one caller trade at two prices of its choice (H-8).
/// One transient bit an underlying; cleared by the end of the transaction and by nothing else.
library PriceUse {
    /// @dev A slot of its own, out of reach of any counted layout (H-31).
    bytes32 private constant SLOT = keccak256("plimsoll.transient.price-use");

    function consume(uint256 underlying) internal {
        consumeAll(1 << underlying);
    }

    /// @param mask a bit an underlying
    function consumeAll(uint256 mask) internal {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            let used := tload(slot)
            if not(or(not(mask), used)) {
                tstore(slot, or(used, mask))
            }
        }
    }

    function consumed(uint256 underlying) internal view returns (bool used) {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            used := and(shr(underlying, tload(slot)), 1)
        }
    }
}
