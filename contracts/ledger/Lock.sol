// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The system-wide lock: one transient bit in the vault (I-21)
/// @dev While it is set, every entry that changes state and every valuing view of the vault reverts, for modules and fund as for everyone.
library Lock {
    // keccak256("plimsoll.lock") - 1; nothing else is kept in this slot
    bytes32 private constant SLOT = 0xea659e563586e5e6a277996704b4fe1996d3d93d34870a1c067f7ec805e40173;

    function held() internal view returns (bool set) {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            set := tload(slot)
        }
    }

    function take() internal {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            tstore(slot, 1)
        }
    }

    function release() internal {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            tstore(slot, 0)
        }
    }
}
