// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PositionWord} from "../../../contracts/words/PositionWord.sol";
import {Proof} from "../Proof.sol";

contract PositionWordProof is Proof {
    function packed(int256 size, int256 index, int256 cost) external pure returns (uint256) {
        return PositionWord.pack(size, index, cost);
    }

    /// @notice P-31: Perpetual of an account: every field is read from its documented bits, and from no other.
    /// @custom:formula getter(w) = bits(w, from, width) for each field, with its sign and unit
    function check_P31_reads(uint256 word) external proof {
        assert(PositionWord.lots(word).raw() == _signed(word, 0, 48));
        assert(PositionWord.fundingIndex(word) == _signed(word, 48, 96));
        assert(PositionWord.entryCost(word).raw() == _signed(word, 144, 96));
        assert(PositionWord.seriesPositions(word) == _field(word, 240, 16));
    }

    /// @notice P-32: Perpetual of an account: size and funding index are read back or refused, never cut; the entry cost ends at what 96 bits hold.
    /// @custom:formula lots, index(pack(q, i, c)) = (q, i), entryCost = clamp(c, −2^95, 2^95 − 1); reverts exactly if q or i is beyond its bits
    function check_P32_writes(int256 size, int256 index, int256 cost, uint16 count) external proof {
        bool fits = size == int48(size) && index == int96(index);
        try this.packed(size, index, cost) returns (uint256 word) {
            assert(fits);
            assert(PositionWord.lots(word).raw() == size && PositionWord.fundingIndex(word) == index);
            int256 kept = PositionWord.entryCost(word).raw();
            assert(
                kept ==
                    (
                        cost > type(int96).max
                            ? type(int96).max
                            : cost < type(int96).min
                                ? type(int96).min
                                : cost
                    )
            );
            assert(word >> 240 == 0);
            uint256 next = PositionWord.withSeriesPositions(word, count);
            assert(PositionWord.seriesPositions(next) == count && _sameBut(word, next, 240, 16));
        } catch {
            assert(!fits);
        }
    }
}

contract PositionWordReach is PositionWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
