// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SurfaceWord} from "../../../contracts/words/SurfaceWord.sol";
import {Proof} from "../Proof.sol";

contract SurfaceWordProof is Proof {
    /// @notice P-45: Volatility of a series: every field is read from its documented bits, and from no other.
    /// @custom:formula getter(w) = bits(w, from, width) for each field, with its sign and unit
    function check_P45_reads(uint256 word) external proof {
        assert(SurfaceWord.basis(word) == _signed(word, 0, 32));
        assert(SurfaceWord.published(word) == _field(word, 32, 40));
        assert(SurfaceWord.span(word) == _field(word, 72, 32));
        assert(SurfaceWord.epoch(word) == _field(word, 104, 24));
        assert(SurfaceWord.highestVolatility(word) == _scaled(_field(word, 128, 16), 1e15));
        assert(SurfaceWord.slide(word) == _scaled(_field(word, 144, 16), 15_259_021_896_697));
        assert(SurfaceWord.depth(word) == _field(word, 160, 40));
        assert(SurfaceWord.held(word) == _field(word, 200, 44));
        assert(SurfaceWord.volatilityCap(word) == _scaled(_field(word, 244, 12), 1e16));
    }

    /// @notice P-46: Volatility of a series: what is written is read back without loss, and no neighbour changes.
    /// @custom:formula field(write(w, x)) = x and write(w, x) differs from w in no other bit
    /// @custom:domain lots below 2^44, a cap below 2^12: more reverts
    function check_P46_writes(uint256 word, int32 basis, uint40 time, uint32 span, uint256 lots, uint40 depth, uint256 cap) external proof {
        _assume(lots < 1 << 44 && cap < 1 << 12);
        {
            uint256 next = SurfaceWord.withSlice(word, basis, time, span);
            assert(SurfaceWord.basis(next) == basis && SurfaceWord.published(next) == time && SurfaceWord.span(next) == span);
            assert(SurfaceWord.epoch(next) == (SurfaceWord.epoch(word) + 1) % (1 << 23) && _sameBut(word, next, 0, 128));
        }
        {
            uint256 next = SurfaceWord.withHeld(word, lots);
            assert(_field(next, 200, 44) == lots);
            assert(_sameBut(word, next, 200, 44));
        }
        uint256 made = SurfaceWord.listed(depth, cap);
        assert(SurfaceWord.depth(made) == depth && _field(made, 244, 12) == cap);
        assert(made & ~(_mask(160, 40) | _mask(244, 12)) == 0);
    }

    /// @notice P-47: What a refresh says of the highest volatility and of the slide is never less than it was told, and less than a unit more; no neighbour changes.
    /// @custom:formula h ≤ highestVolatility &lt; h + 10^15, s ≤ slide &lt; s + unit; bits other than 128–159 stay
    /// @custom:domain at most what 16 bits hold: more reverts
    function check_P47_refresh(uint256 word, uint256 highest, uint256 slide) external proof {
        _assume(highest <= 65_535e15 && slide <= 1e18);
        uint256 next = SurfaceWord.withRefresh(word, highest, slide);
        uint256 told = SurfaceWord.highestVolatility(next);
        assert(told >= highest && told < highest + 1e15);
        told = SurfaceWord.slide(next);
        assert(told >= slide && told < slide + 15_259_021_896_697);
        assert(_sameBut(word, next, 128, 32));
    }
}

contract SurfaceWordReach is SurfaceWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
