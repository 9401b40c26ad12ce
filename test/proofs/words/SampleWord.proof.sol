// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SampleWord} from "../../../contracts/words/SampleWord.sol";
import {Proof} from "../Proof.sol";

contract SampleWordProof is Proof {
    /// @notice P-40: Hourly sample: what is packed is read back, every field is read from its documented bits, and the time of the rate is written without touching a neighbour.
    /// @custom:formula fields(pack(p, t, f, s)) = (p, t, f, s); getter(w) = bits(w, from, width)
    function check_P40_sample(uint256 word, uint96 price, uint40 time, uint40 fast, uint40 slow, uint40 rateTime) external proof {
        assert(SampleWord.price(word) == _field(word, 0, 96));
        assert(SampleWord.time(word) == _field(word, 96, 40));
        assert(SampleWord.fast(word) == _field(word, 136, 40));
        assert(SampleWord.slow(word) == _field(word, 176, 40));
        assert(SampleWord.rateTime(word) == _field(word, 216, 40));
        uint256 made = SampleWord.pack(price, time, fast, slow);
        assert(SampleWord.price(made) == price && SampleWord.time(made) == time);
        assert(SampleWord.fast(made) == fast && SampleWord.slow(made) == slow && SampleWord.rateTime(made) == 0);
        {
            uint256 next = SampleWord.withRateTime(word, rateTime);
            assert(_field(next, 216, 40) == rateTime);
            assert(_sameBut(word, next, 216, 40));
        }
    }
}

contract SampleWordReach is SampleWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
