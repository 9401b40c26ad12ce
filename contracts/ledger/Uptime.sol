// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";

/// @title Whether the sequencer is up, and has been for a grace period
/// @dev Asked when a price is used to raise risk, to pay out or to liquidate, and when one is posted: after an outage the first transactions would otherwise
/// trade at the price of before it. Asked at most once a transaction: what the feed said is kept in a transient word.
library Uptime {
    /// @dev A slot of its own, out of reach of any counted layout (H-31).
    bytes32 private constant SLOT = keccak256("plimsoll.transient.uptime");

    /// @dev An uptime feed answers 0 while the sequencer is up.
    int256 private constant ANSWER_UP = 0;

    // bits 0–7 one of these | 8–47 since when | 48–87 until when, of DOWN
    uint256 private constant UP = 1;
    uint256 private constant DOWN = 2;
    uint256 private constant OPEN_END = type(uint40).max;

    /// @notice Asks `feed`, unless this transaction has; without a feed there is no sequencer.
    function ask(address feed, uint256 grace) internal returns (bool up) {
        if (feed == address(0)) return true;
        uint256 said = _said();
        if (said == 0) {
            said = _read(feed, grace);
            bytes32 slot = SLOT;
            assembly ("memory-safe") {
                tstore(slot, said)
            }
        }
        return said == UP;
    }

    /// @notice Reverts with `SequencerNotUp` where the sequencer is down or in its grace period.
    function requireUp(address feed, uint256 grace) internal {
        if (!ask(feed, grace)) _revert(_said());
    }

    /// @notice As `requireUp`, for a view: what it asks is not kept.
    function requireUpNow(address feed, uint256 grace) internal view {
        if (feed == address(0)) return;
        uint256 said = _read(feed, grace);
        if (said != UP) _revert(said);
    }

    /// @notice As `ask`, for a view.
    function isUpNow(address feed, uint256 grace) internal view returns (bool) {
        return feed == address(0) || _read(feed, grace) == UP;
    }

    /// @notice Whether this transaction has asked, and was told that the sequencer is down or in its grace period.
    function isDown() internal view returns (bool) {
        return _said() > UP;
    }

    function _said() private view returns (uint256 said) {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            said := tload(slot)
        }
    }

    /// @dev A feed that fails, or was never written, cannot tell that the sequencer is up.
    function _read(address feed, uint256 grace) private view returns (uint256) {
        try IAggregatorV3(feed).latestRoundData() returns (uint80, int256 answer, uint256 startedAt, uint256, uint80) {
            if (answer != ANSWER_UP || startedAt == 0) return _pack(startedAt, OPEN_END);
            return block.timestamp < startedAt + grace ? _pack(startedAt, startedAt + grace) : UP;
        } catch {
            return _pack(0, OPEN_END);
        }
    }

    function _pack(uint256 since, uint256 until) private pure returns (uint256) {
        return DOWN | ((since & OPEN_END) << 8) | ((until & OPEN_END) << 48);
    }

    function _revert(uint256 said) private pure {
        revert IMarginVault.SequencerNotUp((said >> 8) & OPEN_END, said >> 48);
    }
}
