// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ScanRange} from "../../../contracts/math/ScanRange.sol";
import {Proof} from "../Proof.sol";

contract ScanRangeProof is Proof {
    /// @notice P-67: The held range moves toward its target and never past it, and a rise counts an hour at most.
    /// @custom:formula r ≤ r′ ≤ target where target &gt; r, target ≤ r′ ≤ r else; r′ ≤ r + ⌊r/10·min(t, 1 h)/1 day⌋
    /// @custom:domain ranges below 2^32, times below 2^40
    function check_P67_held(uint32 held, uint32 target, uint40 elapsed) external proof {
        uint256 next = ScanRange.held(held, target, elapsed);
        if (target > held) assert(next >= held && next <= target);
        else assert(next <= held && next >= target);
        uint256 rise = (uint256(held) * ScanRange.RISE_PER_DAY * (elapsed < 1 hours ? elapsed : 1 hours)) / (1e9 * 1 days);
        assert(next <= uint256(held) + rise);
    }
}

contract ScanRangeReach is ScanRangeProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
