// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ratio} from "../../../contracts/types/Ratio.sol";
import {Proof} from "../Proof.sol";

contract RatioProof is Proof {
    /// @notice P-57: Parts of ratios round in the direction of their name: down is at most the exact part, up at least, and they differ by at most a unit.
    /// @custom:formula down·10^18 ≤ a·b ≤ up·10^18, up − down ≤ 1
    /// @custom:bounds a &lt; 2^16, b &lt; 2^72
    function check_P57_parts(uint16 a, uint72 b) external proof {
        uint256 down = Ratio.wrap(a).partDown(Ratio.wrap(b)).raw();
        uint256 up = Ratio.wrap(a).partUp(Ratio.wrap(b)).raw();
        unchecked {
            uint256 exact = uint256(a) * b;
            assert(down * 1e18 <= exact && up * 1e18 >= exact && up - down <= 1);
        }
    }
}

contract RatioReach is RatioProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
