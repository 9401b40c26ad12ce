// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GuardWord} from "../../../contracts/words/GuardWord.sol";
import {Proof} from "../Proof.sol";

contract GuardWordProof is Proof {
    /// @notice P-6: Price guard: every field is read from its documented bits; dropped sources count again when the drop lapses.
    /// @custom:formula getter(w) = bits(w, from, width); dropped(w, t) = bits(w, 8, 8) while t is before bits(w, 16, 40), else 0
    function check_P6_reads(uint256 word, uint256 time) external proof {
        assert(GuardWord.sources(word) == _field(word, 0, 8));
        assert(GuardWord.droppedUntil(word) == _field(word, 16, 40));
        assert(GuardWord.agreementPpm(word) == _field(word, 56, 24));
        assert(GuardWord.bandPpm(word) == _field(word, 80, 24));
        assert(GuardWord.widestBandPpm(word) == _field(word, 104, 24));
        assert(GuardWord.dropped(word, time) == (time < _field(word, 16, 40) ? _field(word, 8, 8) : 0));
    }

    /// @notice P-7: Price guard: what is written is read back without loss, and no neighbour changes.
    /// @custom:formula field(write(w, x)) = x and write(w, x) differs from w in no other bit
    function check_P7_writes(uint256 word, uint8 small, uint24 a, uint24 b, uint24 c, uint40 from, uint40 to, uint40 end) external proof {
        {
            uint256 next = GuardWord.withSources(word, small);
            assert(_field(next, 0, 8) == small);
            assert(_sameBut(word, next, 0, 8));
        }
        {
            uint256 next = GuardWord.withDropped(word, small, end);
            assert(_field(next, 8, 8) == small && _field(next, 16, 40) == end && _sameBut(word, next, 8, 48));
        }
        {
            uint256 next = GuardWord.withBands(word, a, b, c);
            assert(_field(next, 56, 24) == a && _field(next, 80, 24) == b && _field(next, 104, 24) == c);
            assert(_sameBut(word, next, 56, 72));
        }
        {
            uint256 next = GuardWord.withDepthRamp(word, from, to, end);
            assert(_field(next, 128, 40) == from && _field(next, 168, 40) == to && _field(next, 208, 40) == end);
            assert(_sameBut(word, next, 128, 120));
        }
        {
            uint256 next = GuardWord.withAgreementBand(word, a);
            assert(_field(next, 56, 24) == a);
            assert(_sameBut(word, next, 56, 24));
        }
        {
            uint256 next = GuardWord.withBand(word, b);
            assert(_field(next, 80, 24) == b);
            assert(_sameBut(word, next, 80, 24));
        }
        {
            uint256 next = GuardWord.withWidestBand(word, c);
            assert(_field(next, 104, 24) == c);
            assert(_sameBut(word, next, 104, 24));
        }
    }
}

contract GuardWordReach is GuardWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
