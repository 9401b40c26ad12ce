// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../../../contracts/types/Price.sol";
import {AverageWord} from "../../../contracts/words/AverageWord.sol";
import {Proof} from "../Proof.sol";

contract AverageWordProof is Proof {
    function packed(uint256 sum, uint256 seconds_, uint256 delay, uint256 time, uint256 price) external pure returns (uint256) {
        return AverageWord.pack(sum, seconds_, delay, time, Price.wrap(price));
    }

    /// @notice P-1: Settlement average: every field is read from its documented bits, and from no other.
    /// @custom:formula getter(w) = bits(w, from, width) for each field, with its sign and unit
    function check_P1_reads(uint256 word) external proof {
        assert(AverageWord.sum(word) == _field(word, 0, 108));
        assert(AverageWord.secondsIn(word) == _field(word, 108, 12));
        assert(AverageWord.delay(word) == _field(word, 120, 8));
        assert(AverageWord.lastTime(word) == _field(word, 128, 32));
        assert(AverageWord.lastPrice(word).raw() == _field(word, 160, 96));
    }

    /// @notice P-2: Settlement average: what is packed is read back, and what does not fit is refused.
    /// @custom:formula fields(pack(s, n, d, t, p)) = (s, n, d, t, p), or it reverts and one of them is beyond its bits
    function check_P2_packs(uint256 sum, uint256 seconds_, uint256 delay, uint256 time, uint256 price) external proof {
        bool fits = sum >> 108 == 0 && seconds_ >> 12 == 0 && delay >> 8 == 0 && time >> 32 == 0 && price >> 96 == 0;
        try this.packed(sum, seconds_, delay, time, price) returns (uint256 word) {
            assert(fits);
            assert(word == (sum | (seconds_ << 108) | (delay << 120) | (time << 128) | (price << 160)));
        } catch {
            assert(!fits);
        }
    }
}

contract AverageWordReach is AverageWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
