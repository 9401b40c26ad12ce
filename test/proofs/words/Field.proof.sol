// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Field} from "../../../contracts/words/Field.sol";
import {Proof} from "../Proof.sol";

contract FieldProof is Proof {
    /// @notice P-3: One field of a packed word: what is put is read back, cut to its width, and no other bit changes.
    /// @custom:formula get(put(w, o, n, x), o, n) = x mod 2^n and put(w, o, n, x) differs from w only in bits o to o+n−1
    /// @custom:domain 0 &lt; width &lt; 256, offset + width ≤ 256
    function check_P3_put(uint256 word, uint8 offset, uint8 width, uint256 value) external proof {
        _assume(width > 0 && uint256(offset) + width <= 256);
        uint256 next = Field.put(word, offset, width, value);
        uint256 mask = (uint256(1) << width) - 1;
        assert(Field.get(next, offset, width) == value & mask);
        assert((word ^ next) & ~(mask << offset) == 0);
    }
}

contract FieldReach is FieldProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
