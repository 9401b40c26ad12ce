// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Judgement, PriceGuard, Quote} from "../../../contracts/math/PriceGuard.sol";
import {GuardWord} from "../../../contracts/words/GuardWord.sol";
import {PriceWord} from "../../../contracts/words/PriceWord.sol";
import {Proof} from "../Proof.sol";

contract PriceGuardProof is Proof {
    function _isMedian(uint256 x, uint256 a, uint256 b, uint256 c) private pure returns (bool) {
        uint256 below = _bit(a <= x) + _bit(b <= x) + _bit(c <= x);
        uint256 above = _bit(a >= x) + _bit(b >= x) + _bit(c >= x);
        return (x == a || x == b || x == c) && below >= 2 && above >= 2;
    }

    /// @notice P-63: Of three valid prices the guard accepts one that lies between the two others, whatever they are, and dates it by the second newest.
    /// @custom:formula accepted price and time = medians
    /// @custom:domain prices below 2^96
    function check_P63_three(
        uint256 guard,
        uint256 price,
        uint256 pending,
        uint96 p0,
        uint96 p1,
        uint96 p2,
        uint40 t0,
        uint40 t1,
        uint40 t2,
        uint40 now_
    ) external proof {
        Quote[] memory quotes = new Quote[](3);
        quotes[0] = Quote(0, PriceGuard.VALID, p0, t0);
        quotes[1] = Quote(1, PriceGuard.VALID, p1, t1);
        quotes[2] = Quote(2, PriceGuard.VALID, p2, t2);
        Judgement memory said = PriceGuard.judge(guard, price, pending, quotes, now_);
        assert(said.verdict == PriceGuard.ACCEPTED && said.pending == 0);
        assert(_isMedian(said.price, p0, p1, p2) && _isMedian(said.time, t0, t1, t2));
    }

    /// @notice P-64: Of two valid prices the guard accepts only their mean, and only where they agree within the band; nothing outside of what they said.
    /// @custom:formula accepted ⇒ (p₁ − p₀)·10^6 ≤ p₀·band with p₀ ≤ p₁, p₀ ≤ price ≤ p₁, time = min; else nothing is accepted
    /// @custom:domain prices below 2^96
    function check_P64_two(
        uint256 guard,
        uint256 price,
        uint256 pending,
        uint96 p0,
        uint96 p1,
        uint40 t0,
        uint40 t1,
        uint40 now_
    ) external proof {
        Quote[] memory quotes = new Quote[](2);
        quotes[0] = Quote(0, PriceGuard.VALID, p0, t0);
        quotes[1] = Quote(1, PriceGuard.VALID, p1, t1);
        Judgement memory said = PriceGuard.judge(guard, price, pending, quotes, now_);
        (uint256 low, uint256 high) = p0 < p1 ? (p0, p1) : (p1, p0);
        unchecked {
            bool agree = (high - low) * 1e6 <= low * GuardWord.agreementPpm(guard);
            assert(said.verdict == (agree ? PriceGuard.ACCEPTED : PriceGuard.REJECTED));
            if (agree) assert(said.price >= low && said.price <= high && said.time == (t0 < t1 ? t0 : t1));
            else assert(said.price == 0 && said.pending == pending);
        }
    }

    /// @notice P-65: Nobody rejects a price by staying away: where a silent source could have made the prices agree, nothing is written.
    /// @custom:formula one refuted, one valid and one silent, of three ⇒ unproved, pending as it was
    function check_P65_silent(uint256 guard, uint256 price, uint256 pending, uint96 p0, uint40 t0, bool valid, uint40 now_) external proof {
        Quote[] memory quotes = new Quote[](3);
        quotes[0] = Quote(0, valid ? PriceGuard.VALID : PriceGuard.REFUTED, p0, t0);
        quotes[1].answer = PriceGuard.VALID;
        quotes[1].price = p0;
        Judgement memory said = PriceGuard.judge(guard, price, pending, quotes, now_);
        if (!valid) assert(said.verdict == PriceGuard.UNPROVED && said.pending == pending && said.price == 0);
    }

    /// @notice P-66: A single source is believed only for what it says: an accepted price and time are its own, silence proves nothing, and a refusal accepts nothing.
    /// @custom:formula accepted ⇒ price, time = those of the quote; silent ⇒ unproved; refuted ⇒ rejected
    /// @custom:bounds published no later than the last price, so that the band has no time to widen
    function check_P66_alone(
        uint256 guard,
        uint256 price,
        uint256 pending,
        uint8 source,
        uint8 kind,
        uint96 p0,
        uint40 t0,
        uint40 now_
    ) external proof {
        _assume(kind < 3 && PriceWord.time(price) >= t0);
        Quote[] memory quotes = new Quote[](1);
        quotes[0] = Quote(source, kind, p0, t0);
        Judgement memory said = PriceGuard.judge(guard, price, pending, quotes, now_);
        if (kind == PriceGuard.SILENT) assert(said.verdict == PriceGuard.UNPROVED && said.pending == pending);
        if (kind == PriceGuard.REFUTED) assert(said.verdict == PriceGuard.REJECTED && said.pending == pending);
        if (said.verdict == PriceGuard.ACCEPTED) assert(kind == PriceGuard.VALID && said.price == p0 && said.time == t0);
        else assert(said.price == 0);
    }
}

contract PriceGuardReach is PriceGuardProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
