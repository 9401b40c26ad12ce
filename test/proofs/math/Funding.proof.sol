// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Funding} from "../../../contracts/math/Funding.sol";
import {FundingWord} from "../../../contracts/words/FundingWord.sol";
import {PriceWord} from "../../../contracts/words/PriceWord.sol";
import {Proof} from "../Proof.sol";

contract FundingProof is Proof {
    function setUp() external {
        _atAnyTime();
    }

    /// @notice P-60: Whatever rate is proposed, what becomes of it stays within the highest either way, moves no farther than the time allows, and not past what was proposed.
    /// @custom:formula |r′| ≤ 0.75 %, |r′ − r| ≤ ⌊0.1 %·t/1 h⌋, and r′ lies between r and clamp(proposed)
    /// @custom:domain a present rate within the highest, as all were
    function check_P60_bounded(int256 proposed, int32 current, uint256 elapsed) external proof {
        _assume(current >= -Funding.RATE_MAX && current <= Funding.RATE_MAX);
        int256 next = Funding.bounded(proposed, current, elapsed);
        assert(next >= -Funding.RATE_MAX && next <= Funding.RATE_MAX);
        int256 wanted =
            proposed > Funding.RATE_MAX
                ? Funding.RATE_MAX
                : proposed < -Funding.RATE_MAX
                    ? -Funding.RATE_MAX
                    : proposed;
        assert(wanted >= current ? next >= current && next <= wanted : next <= current && next >= wanted);
        int256 time = int256(elapsed > 15 hours ? 15 hours : elapsed);
        unchecked {
            int256 moved = next > current ? next - current : current - next;
            assert(moved <= (Funding.SLEW_PER_HOUR * time) / 1 hours);
        }
    }

    /// @notice P-61: Funding stands still while the price is invalid, in grace, never posted or too old, and while no time has passed.
    /// @custom:formula state ≠ normal or min(now, time + age) ≤ time of the index ⇒ indexAt = index
    /// @custom:domain ages of 16 bits, times below 2^40
    function check_P61_standsStill(uint256 word, uint256 priceWord, uint16 age, uint40 now_) external proof {
        uint256 until = PriceWord.time(priceWord) + age;
        if (now_ < until) until = now_;
        _assume(PriceWord.state(priceWord) != 0 || until <= FundingWord.time(word));
        assert(Funding.indexAt(word, priceWord, age, now_) == FundingWord.index(word));
    }

    /// @notice P-62: What longs pay shorts receive: a payment of funding is exact, and that of a size and of the opposite one sum to zero.
    /// @custom:formula q·(i₁ − i₀) + (−q)·(i₁ − i₀) = 0 for the indices that words hold, and the index of a word that is accrued is the one at that time
    /// @custom:domain ages of 16 bits, times below 2^40
    function check_P62_zeroSum(uint256 word, uint256 priceWord, uint16 age, int48 size) external proof {
        uint256 now_ = block.timestamp;
        uint256 next = Funding.accrued(word, priceWord, age);
        assert(FundingWord.index(next) == Funding.indexAt(word, priceWord, age, now_) && FundingWord.time(next) == now_);
        unchecked {
            int256 moved = FundingWord.index(next) - FundingWord.index(word);
            assert(int256(size) * moved + (-int256(size)) * moved == 0);
        }
        assert((word ^ next) & ~(_mask(0, 96) | _mask(128, 40)) == 0);
    }
}

contract FundingReach is FundingProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
