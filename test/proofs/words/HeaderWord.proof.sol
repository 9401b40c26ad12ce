// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Wad} from "../../../contracts/types/Wad.sol";
import {HeaderWord} from "../../../contracts/words/HeaderWord.sol";
import {Proof} from "../Proof.sol";

contract HeaderWordProof is Proof {
    /// @notice P-8: Account header: every field is read from its documented bits, and from no other.
    /// @custom:formula getter(w) = bits(w, from, width) for each field, with its sign and unit
    function check_P8_reads(uint256 word) external proof {
        assert(HeaderWord.cash(word).raw() == _signed(word, 0, 128));
        assert(HeaderWord.underlyings(word) == _field(word, 128, 32));
        assert(HeaderWord.collaterals(word) == _field(word, 160, 32));
        assert(HeaderWord.moduleDifference(word) == _field(word, 192, 16));
        assert(HeaderWord.epoch(word) == _field(word, 208, 32));
        assert(HeaderWord.deficitOutstanding(word) == (_field(word, 240, 1) != 0));
        assert(HeaderWord.declaredShort(word) == (_field(word, 240, 1) != 0));
        assert(HeaderWord.seriesPositions(word) == _field(word, 241, 15));
    }

    /// @notice P-9: Account header: what is written is read back without loss, and no neighbour changes.
    /// @custom:formula field(write(w, x)) = x and write(w, x) differs from w in no other bit
    /// @custom:domain an index below 32, a count below 2^15: what callers may hold
    function check_P9_writes(uint256 word, int128 cash, uint8 index, bool on, uint16 modules, uint256 count) external proof {
        _assume(index < 32 && count < 1 << 15);
        {
            uint256 next = HeaderWord.withCash(word, Wad.wrap(cash));
            assert(HeaderWord.cash(next).raw() == cash && _sameBut(word, next, 0, 128));
        }
        {
            uint256 next = HeaderWord.withUnderlying(word, index, on);
            assert(_field(next, 128 + index, 1) == _bit(on));
            assert(_sameBut(word, next, 128 + index, 1));
        }
        {
            uint256 next = HeaderWord.withCollateral(word, index, on);
            assert(_field(next, 160 + index, 1) == _bit(on));
            assert(_sameBut(word, next, 160 + index, 1));
        }
        {
            uint256 next = HeaderWord.withModuleDifference(word, modules);
            assert(_field(next, 192, 16) == modules);
            assert(_sameBut(word, next, 192, 16));
        }
        {
            uint256 next = HeaderWord.withDeficitOutstanding(word, on);
            assert(_field(next, 240, 1) == _bit(on));
            assert(_sameBut(word, next, 240, 1));
        }
        {
            uint256 next = HeaderWord.withDeclaredShort(word, on);
            assert(_field(next, 240, 1) == _bit(on));
            assert(_sameBut(word, next, 240, 1));
        }
        {
            uint256 next = HeaderWord.withSeriesPositions(word, count);
            assert(_field(next, 241, 15) == count);
            assert(_sameBut(word, next, 241, 15));
        }
        {
            uint256 next = HeaderWord.nextEpoch(word);
            assert(_field(next, 208, 32) == uint32(HeaderWord.epoch(word) + uint64(1)));
            assert(_sameBut(word, next, 208, 32));
        }
    }

    /// @notice P-10: Account header: an account holds one perpetual and nothing else exactly when one underlying, no collateral, no series and no clock is marked.
    /// @custom:formula holdsOnePerpetual(w) ⇔ bits 160–191 and 240–255 are 0 and exactly one of bits 128–159 is 1
    function check_P10_onePerpetual(uint256 word, uint8 index) external proof {
        _assume(index < 32);
        bool alone = _field(word, 160, 32) == 0 && _field(word, 240, 16) == 0;
        // one mark at `index`: yes; the mark at `index` with another, or none: no
        uint256 marks = _field(word, 128, 32);
        if (alone && marks == uint256(1) << index) assert(HeaderWord.holdsOnePerpetual(word));
        if (!alone || marks == 0) assert(!HeaderWord.holdsOnePerpetual(word));
        if (marks & (uint256(1) << index) != 0 && marks != uint256(1) << index) assert(!HeaderWord.holdsOnePerpetual(word));
    }
}

contract HeaderWordReach is HeaderWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
