// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ModuleWord} from "../../../contracts/words/ModuleWord.sol";
import {Proof} from "../Proof.sol";

contract ModuleWordProof is Proof {
    /// @notice P-11: Trading module: every field is read from its documented bits, and from no other.
    /// @custom:formula getter(w) = bits(w, from, width) for each field, with its sign and unit
    function check_P11_reads(uint256 word) external proof {
        assert(uint160(ModuleWord.target(word)) == _field(word, 0, 160));
        assert(ModuleWord.disabledUntil(word) == _field(word, 160, 40));
        assert(ModuleWord.isTaken(word) == (_field(word, 200, 1) != 0));
        assert(ModuleWord.takerFeePpm(word) == _field(word, 201, 14));
        assert(ModuleWord.makerFeePpm(word) == _signed(word, 215, 15));
    }

    /// @notice P-12: Trading module: its fees are written once, within what orders may cost and with their signs, and no neighbour changes; fees beyond leave the word as it is.
    /// @custom:formula fields(withFees(first(a), t, m)) = (a, t, m) for t, m ≤ 1 % and −t ≤ m; else withFees(w, t, m) = w
    /// @custom:domain taker fee below 2^255: a parameter
    function check_P12_writes(address module, uint256 taker, int256 maker, uint40 until) external proof {
        uint256 word = ModuleWord.first(module);
        uint256 next = ModuleWord.withFees(word, taker, maker);
        if (taker <= 10_000 && maker <= 10_000 && maker >= -int256(taker)) {
            assert(ModuleWord.takerFeePpm(next) == taker && ModuleWord.makerFeePpm(next) == maker && ModuleWord.isTaken(next));
            assert(ModuleWord.target(next) == module && ModuleWord.disabledUntil(next) == 0);
        } else {
            assert(next == word);
        }
        uint256 off = ModuleWord.withDisabledUntil(next, until);
        assert(ModuleWord.disabledUntil(off) == until && _sameBut(next, off, 160, 40));
    }
}

contract ModuleWordReach is ModuleWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
