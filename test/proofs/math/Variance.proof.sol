// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Variance} from "../../../contracts/math/Variance.sol";
import {Proof} from "../Proof.sol";

contract VarianceProof is Proof {
    /// @notice P-68: A variance never exceeds the forty bits of its field, and the largest of three is none of them exceeded.
    /// @custom:formula blended ≤ 2^40 − 1; largest(a, b, c) ≥ a, b, c and is one of them
    /// @custom:bounds after one half-life of three days
    function check_P68_most(uint40 variance, uint120 observed, uint256 a, uint256 b, uint256 c) external proof {
        assert(Variance.blended(variance, observed, 3 days, 3 days) <= type(uint40).max);
        uint256 most = Variance.largest(a, b, c);
        assert(most >= a && most >= b && most >= c && (most == a || most == b || most == c));
    }

    /// @notice P-69: A return is clipped: in no time does it count more than eight deviations of the forecast, or the held range if that is more.
    /// @custom:formula r² ≤ max(64·σ²·τ, held²), as annualised: ⌊max(…)·year/(τ·10^8)⌋
    /// @custom:bounds an hour after a sample of one unit
    function check_P69_clipped(uint96 price, uint40 variance, uint32 held) external proof {
        _assume(price > 0);
        uint256 seen = Variance.annualised(price, 1e18, 1 hours, variance, held);
        unchecked {
            uint256 limit = (64 * uint256(variance) * 1 hours * 1e8) / 365 days;
            uint256 range = uint256(held) * held;
            if (range > limit) limit = range;
            assert(seen <= (limit * 365 days) / (1 hours * 1e8));
        }
    }
}

contract VarianceReach is VarianceProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
