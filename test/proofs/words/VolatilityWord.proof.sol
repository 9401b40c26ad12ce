// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VolatilityWord} from "../../../contracts/words/VolatilityWord.sol";
import {Proof} from "../Proof.sol";

contract VolatilityWordProof is Proof {
    /// @notice P-49: From forecast to range: every field is read from its documented bits, what is written is read back, and no neighbour changes.
    /// @custom:formula getter(w) = bits(w, from, width); field(write(w, x)) = x mod 2^width and write(w, x) differs from w in no other bit
    function check_P49_volatility(uint256 word, uint256 value, uint32 a, uint32 b, uint32 c, uint32 d, uint32 e) external proof {
        assert(VolatilityWord.multiplePpm(word) == _field(word, 0, 32));
        assert(VolatilityWord.horizon(word) == _field(word, 32, 32));
        assert(VolatilityWord.rangeFloorPpb(word) == _field(word, 64, 32));
        assert(VolatilityWord.rangeCapPpb(word) == _field(word, 96, 32));
        assert(VolatilityWord.sigmaFloorPpm(word) == _field(word, 128, 32));
        assert(VolatilityWord.hasSeries(word) == (_field(word, 160, 1) != 0));
        {
            uint256 next = VolatilityWord.withMultiple(word, value);
            assert(_field(next, 0, 32) == value & _mask(0, 32));
            assert(_sameBut(word, next, 0, 32));
        }
        {
            uint256 next = VolatilityWord.withHorizon(word, value);
            assert(_field(next, 32, 32) == value & _mask(0, 32));
            assert(_sameBut(word, next, 32, 32));
        }
        {
            uint256 next = VolatilityWord.withRangeFloor(word, value);
            assert(_field(next, 64, 32) == value & _mask(0, 32));
            assert(_sameBut(word, next, 64, 32));
        }
        {
            uint256 next = VolatilityWord.withRangeCap(word, value);
            assert(_field(next, 96, 32) == value & _mask(0, 32));
            assert(_sameBut(word, next, 96, 32));
        }
        {
            uint256 next = VolatilityWord.withSigmaFloor(word, value);
            assert(_field(next, 128, 32) == value & _mask(0, 32));
            assert(_sameBut(word, next, 128, 32));
        }
        {
            uint256 next = VolatilityWord.withSeries(word);
            assert(_field(next, 160, 1) == 1);
            assert(_sameBut(word, next, 160, 1));
        }
        uint256 made = VolatilityWord.pack(a, b, c, d, e);
        assert(made == (uint256(a) | (uint256(b) << 32) | (uint256(c) << 64) | (uint256(d) << 96) | (uint256(e) << 128)));
    }
}

contract VolatilityWordReach is VolatilityWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
