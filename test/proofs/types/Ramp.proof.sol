// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ramp} from "../../../contracts/types/Ramp.sol";
import {Proof} from "../Proof.sol";

contract RampProof is Proof {
    function setUp() external {
        _atAnyTime();
    }

    function valueAt(uint256 from, uint256 to, uint256 end) external view returns (uint256) {
        return Ramp.valueNow(from, to, end);
    }

    /// @notice P-55: A ramp never leaves its ends: before it moves it is at the one, when it is over at the other, and between them in between.
    /// @custom:formula min(from, to) ≤ value ≤ max(from, to); = to once t ≥ end; = from while end − t ≥ 3 days
    /// @custom:domain an end three days after the epoch
    /// @custom:bounds values below 2^10
    function check_P55_ends(uint16 from, uint16 to, uint40 end) external proof {
        _assume(end >= 3 days && from < 1 << 10 && to < 1 << 10);
        uint256 time = block.timestamp;
        uint256 value = Ramp.valueNow(from, to, end);
        assert(value >= (from < to ? from : to) && value <= (from < to ? to : from));
        if (time >= end) assert(value == to);
        else if (end - time >= 3 days) assert(value == from);
    }

    /// @notice P-56: A ramp is monotone: later it is never farther from where it leads.
    /// @custom:formula t ≤ u ⇒ value(t) ≤ value(u) where from ≤ to, value(t) ≥ value(u) where from ≥ to
    /// @custom:domain an end three days after the epoch
    /// @custom:bounds values below 2^8, steps of at most 255 s
    function check_P56_monotone(uint8 from, uint8 to, uint40 end, uint40 time, uint8 later) external proof {
        _assume(end >= 3 days && time < type(uint40).max - 256);
        vm.warp(time);
        uint256 early = this.valueAt(from, to, end);
        vm.warp(uint256(time) + later);
        uint256 late = this.valueAt(from, to, end);
        assert(from <= to ? early <= late : early >= late);
    }
}

contract RampReach is RampProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
