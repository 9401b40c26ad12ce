// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../../../contracts/types/Price.sol";
import {Ratio} from "../../../contracts/types/Ratio.sol";
import {SeriesWord} from "../../../contracts/words/SeriesWord.sol";
import {Proof} from "../Proof.sol";

contract SeriesWordProof is Proof {
    /// @notice P-41: Series: every field is read from its documented bits.
    /// @custom:formula getter(w) = bits(w, from, width); anchor = bits(w, 0, 54)·2^bits(w, 54, 6), scanRange = bits(w, 92, 24)·10^11
    function check_P41_reads(uint256 word) external proof {
        assert(SeriesWord.time(word) == _field(word, 60, 32));
        assert(SeriesWord.scanRange(word).raw() == _scaled(_field(word, 92, 24), 1e11));
        assert(SeriesWord.epoch(word) == _field(word, 116, 24));
        assert(SeriesWord.strikeCount(word) == _field(word, 217, 7));
        assert(SeriesWord.expiry(word) == _field(word, 224, 32));
        assert(SeriesWord.anchor(word).raw() == _field(word, 0, 54) << _field(word, 54, 6));
    }

    /// @notice P-42: Series: a refresh is read back to the unit where anchor and range are rounded as they are before anything is priced, and strikes, count and expiry stay.
    /// @custom:formula anchor, scanRange, time, epoch(refreshed(w, forwardDown(F), rangeUp(r), t, e)) = forwardDown(F), rangeUp(r), t, e; bits 140–255 stay
    /// @custom:domain a forward below 2^96, a scan range of at most one
    function check_P42_refreshed(uint256 word, uint96 forward, uint256 range, uint32 time, uint24 epoch) external proof {
        _assume(range <= 1e18);
        Price anchor = SeriesWord.forwardDown(Price.wrap(forward));
        Ratio wide = SeriesWord.rangeUp(Ratio.wrap(range));
        uint256 next = SeriesWord.refreshed(word, anchor, wide, time, epoch);
        assert(SeriesWord.anchor(next) == anchor);
        assert(SeriesWord.scanRange(next) == wide);
        assert(SeriesWord.time(next) == time && SeriesWord.epoch(next) == epoch && _sameBut(word, next, 0, 140));
    }

    /// @notice P-43: The anchor is never above the forward, and lower by less than one part in 2^53; the scan range is never narrower, and wider by less than 10^−7.
    /// @custom:formula A ≤ F, (F − A)·2^53 ≤ F; r ≤ R &lt; r + 10^11
    /// @custom:domain a forward below 2^96, a range below 2^72
    function check_P43_rounded(uint96 forward, uint256 range) external proof {
        _assume(range < 1 << 72);
        uint256 anchor = SeriesWord.forwardDown(Price.wrap(forward)).raw();
        assert(anchor <= forward && (forward - anchor) << 53 <= forward);
        uint256 wide = SeriesWord.rangeUp(Ratio.wrap(range)).raw();
        assert(wide >= range && wide < range + 1e11);
    }

    /// @notice P-44: A series that is listed reads back what it was listed with, and no strike of it is beyond a price.
    /// @custom:formula base, step, count, expiry(listed(e, b, s, d, n)) = as given; strike(n − 1) &lt; 2^96
    /// @custom:bounds a quantum of 10^10
    function check_P44_listed(uint32 expiry, uint256 base, uint256 step, uint256 count) external proof {
        uint256 word = SeriesWord.listed(expiry, base, step, 10, count);
        assert(SeriesWord.expiry(word) == expiry && SeriesWord.strikeCount(word) == count && count > 0);
        assert(_field(word, 140, 44) == base && _field(word, 184, 28) == step && _field(word, 212, 5) == 10);
        assert(word & _mask(0, 140) == 0 && SeriesWord.strike(word, count - 1).raw() < 1 << 96);
    }
}

contract SeriesWordReach is SeriesWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
