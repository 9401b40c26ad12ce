// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Positions in series that fills of the present trade have left smaller than is allowed
/// @dev A taker may come to a position, or out of it, by several fills, none of which says how the trade ends: what is small meanwhile is kept in transient slots, and none
/// may be left at the end. Empty between trades. Slots hold the name of the instrument above its lots.
library SmallPositions {
    /// @dev How many there are; they follow it. A slot of its own, out of reach of any counted layout (H-31).
    uint256 private constant SLOT = uint256(keccak256("plimsoll.transient.small-positions"));

    /// @notice The place of `instrument`, or the number of all where it is not among them.
    function find(uint256 instrument) internal view returns (uint256 place, bool found) {
        uint256 count = _read(0);
        for (; place < count; ++place) {
            if (_read(place + 1) >> 64 == instrument) return (place, true);
        }
    }

    /// @notice Adds `instrument`, or changes its lots.
    /// @param place as `find` has it
    function put(uint256 place, bool found, uint256 instrument, int256 lots) internal {
        if (!found) _write(0, place + 1);
        // casting to int64 is safe: sizes are below 2^48
        _write(place + 1, (instrument << 64) | uint64(int64(lots)));
    }

    /// @notice Takes the one at `place` away; the last one comes to its place.
    function remove(uint256 place) internal {
        uint256 last = _read(0);
        _write(place + 1, _read(last));
        _write(0, last - 1);
    }

    /// @notice The last one, where there is any.
    function any() internal view returns (bool found, uint256 instrument, int256 lots) {
        uint256 count = _read(0);
        if (count == 0) return (false, 0, 0);
        uint256 last = _read(count);
        // casting to int64 is safe: the low bits are the lots
        return (true, last >> 64, int64(uint64(last)));
    }

    function _read(uint256 offset) private view returns (uint256 value) {
        uint256 slot = SLOT + offset;
        assembly ("memory-safe") {
            value := tload(slot)
        }
    }

    function _write(uint256 offset, uint256 value) private {
        uint256 slot = SLOT + offset;
        assembly ("memory-safe") {
            tstore(slot, value)
        }
    }
}
