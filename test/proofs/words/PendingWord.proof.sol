// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PendingWord} from "../../../contracts/words/PendingWord.sol";
import {Proof} from "../Proof.sol";

contract PendingWordProof is Proof {
    /// @notice P-30: Price that waits: what is packed is read back, and every field is read from its documented bits.
    /// @custom:formula fields(pack(p, t, s)) = (p, t, s); getter(w) = bits(w, from, width)
    function check_P30_pending(uint256 word, uint96 price, uint40 time, uint8 source) external proof {
        assert(PendingWord.price(word) == _field(word, 0, 96));
        assert(PendingWord.time(word) == _field(word, 96, 40));
        assert(PendingWord.source(word) == _field(word, 136, 8));
        uint256 made = PendingWord.pack(price, time, source);
        assert(
            PendingWord.price(made) == price && PendingWord.time(made) == time && PendingWord.source(made) == source && made >> 144 == 0
        );
    }
}

contract PendingWordReach is PendingWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
