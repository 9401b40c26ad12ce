// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RateGuard} from "../../../../contracts/math/idle/RateGuard.sol";
import {TokenRate} from "../../../../contracts/types/TokenRate.sol";
import {Proof} from "../../Proof.sol";

contract RateGuardProof is Proof {
    /// @notice P-74: One reading lowers a rate by half a percent at most, and raises it never.
    /// @custom:formula without a reading that waits: rate′ ≤ rate, rate′ ≥ rate·0.995 − 1, and rate′ ≥ min(rate, said)
    /// @custom:bounds no reading waits; the rate has never moved
    function check_P74_oneReading(uint80 rate, uint256 said, uint24 bound, uint40 now_) external proof {
        TokenRate memory r;
        r.rate = rate;
        RateGuard.read(r, said, bound, now_);
        assert(r.rate <= rate);
        unchecked {
            assert((r.rate + 1) * 1e6 >= uint256(rate) * 995_000);
        }
        if (said >= rate) assert(r.rate == rate);
    }

    /// @notice P-75: Where risk rises a rate counts for no more than it is, and for nothing once nobody has read it for a day.
    /// @custom:formula openingDown ≤ rate for fall ≤ 1; age &gt; 1 day ⇒ 0
    /// @custom:domain a fall of at most one, a reading not after now
    function check_P75_opening(uint80 rate, uint24 fall, uint40 readTime, uint40 now_) external proof {
        _assume(fall <= 1e6 && readTime <= now_);
        uint256 counted = RateGuard.openingDown(rate, fall, readTime, now_);
        assert(counted <= rate);
        if (now_ - readTime > 1 days) assert(counted == 0);
    }
}

contract RateGuardReach is RateGuardProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
