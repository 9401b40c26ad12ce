// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FundingWord} from "../../../contracts/words/FundingWord.sol";
import {Proof} from "../Proof.sol";

contract FundingWordProof is Proof {
    /// @notice P-4: Funding: every field is read from its documented bits, and from no other.
    /// @custom:formula getter(w) = bits(w, from, width) for each field, with its sign and unit
    function check_P4_reads(uint256 word) external proof {
        assert(FundingWord.index(word) == _signed(word, 0, 96));
        assert(FundingWord.rate(word) == _signed(word, 96, 32));
        assert(FundingWord.time(word) == _field(word, 128, 40));
        assert(FundingWord.openInterest(word) == _field(word, 168, 44));
        assert(FundingWord.cap(word) == _field(word, 212, 44));
    }

    /// @notice P-5: Funding: what is written is read back without loss, and no neighbour changes.
    /// @custom:formula field(write(w, x)) = x and write(w, x) differs from w in no other bit
    /// @custom:domain lots below 2^44: more reverts
    function check_P5_writes(uint256 word, int96 index, uint40 time, int32 rate, uint256 lots) external proof {
        _assume(lots < 1 << 44);
        {
            uint256 next = FundingWord.withIndex(word, index, time);
            assert(FundingWord.index(next) == index && FundingWord.time(next) == time);
            assert((word ^ next) & ~(_mask(0, 96) | _mask(128, 40)) == 0);
        }
        {
            uint256 next = FundingWord.withRate(word, rate);
            assert(FundingWord.rate(next) == rate && _sameBut(word, next, 96, 32));
        }
        {
            uint256 next = FundingWord.withOpenInterest(word, lots);
            assert(_field(next, 168, 44) == lots);
            assert(_sameBut(word, next, 168, 44));
        }
        {
            uint256 next = FundingWord.withCap(word, lots);
            assert(_field(next, 212, 44) == lots);
            assert(_sameBut(word, next, 212, 44));
        }
    }
}

contract FundingWordReach is FundingWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
