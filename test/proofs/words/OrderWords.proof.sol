// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FillOrderWord, NonceWord, TakerLimitWord, TermsWord, ValidityWord} from "../../../contracts/words/OrderWords.sol";
import {Proof} from "../Proof.sol";

contract OrderWordsProof is Proof {
    /// @notice P-13: Signed terms: every field is read from its documented bits.
    /// @custom:formula getter(w) = bits(w, from, width)
    function check_P13_terms(uint256 word) external proof {
        assert(TermsWord.limit(word).raw() == _field(word, 0, 96));
        assert(TermsWord.size(word) == _field(word, 96, 48));
        assert(TermsWord.lots(word) == _field(word, 144, 48));
        assert(TermsWord.nonce(word) == _field(word, 192, 40));
        assert(TermsWord.maxFee(word) == _signed(word, 232, 24));
    }

    /// @notice P-14: Validity of an order: every field is read from its documented bits.
    /// @custom:formula getter(w) = bits(w, from, width)
    function check_P14_validity(uint256 word) external proof {
        assert(uint160(ValidityWord.signer(word)) == _field(word, 0, 160));
        assert(ValidityWord.validUntil(word) == _field(word, 160, 36));
        assert(ValidityWord.epoch(word) == _field(word, 196, 32));
        assert(ValidityWord.instrument(word) == _field(word, 228, 24));
        assert(ValidityWord.long(word) == (_field(word, 252, 1) != 0));
        assert(ValidityWord.reduceOnly(word) == (_field(word, 253, 1) != 0));
        assert(ValidityWord.namesTaker(word) == (_field(word, 254, 1) != 0));
    }

    /// @notice P-15: Limit of a taker: every field is read from its documented bits; lots are written without touching a neighbour; it meets exactly the orders on the other side of the same instrument.
    /// @custom:formula getter(w) = bits(w, from, width); meets(w, v) ⇔ bits(w, 228, 24) = bits(v, 228, 24) and bit 252 of w ≠ bit 252 of v
    function check_P15_takerLimit(uint256 word, uint256 validity, uint48 count) external proof {
        assert(TakerLimitWord.worst(word).raw() == _field(word, 0, 96));
        assert(TakerLimitWord.lots(word) == _field(word, 96, 48));
        assert(TakerLimitWord.maxFee(word) == _signed(word, 144, 24));
        assert(TakerLimitWord.leastLots(word) == _field(word, 168, 48));
        assert(TakerLimitWord.module(word) == _field(word, 216, 8));
        {
            uint256 next = TakerLimitWord.withLots(word, count);
            assert(_field(next, 96, 48) == count);
            assert(_sameBut(word, next, 96, 48));
        }
        bool same = _field(word, 228, 24) == _field(validity, 228, 24);
        bool opposite = _field(word, 252, 1) != _field(validity, 252, 1);
        assert(TakerLimitWord.meets(word, validity) == (same && opposite));
    }

    /// @notice P-16: What a fill says of its order: nonce and count are read back; the log keeps nothing that a module put beyond its own fields.
    /// @custom:formula nonce, counted(pack(n, c)) = (n, c); logged(w, m) = bits(w, 0, 88) with m in bits 88–95
    function check_P16_fillOrder(uint256 word, uint40 nonce, uint48 count, uint8 module) external proof {
        uint256 made = FillOrderWord.pack(nonce, count);
        assert(FillOrderWord.nonce(made) == nonce && FillOrderWord.counted(made) == count && !FillOrderWord.mustStand(made));
        uint256 logged = FillOrderWord.logged(word, module);
        assert(_field(logged, 0, 88) == _field(word, 0, 88) && _field(logged, 88, 8) == module && logged >> 96 == 0);
        assert(FillOrderWord.mustStand(word) == (_field(word, 255, 1) != 0));
    }

    /// @notice P-17: A nonce is used once: what is filled of it only grows, by exactly what was filled until 48 bits end it, and no other nonce and no cancellation changes.
    /// @custom:formula filled(withMore(w, i, c), i) = min(filled(w, i) + c, 2^48 − 1) ≥ filled(w, i), no other bit changes
    /// @custom:domain one of five nonces, a count below 2^248: more reverts
    function check_P17_nonceFilled(uint256 word, uint8 place, uint256 count) external proof {
        _assume(place < 5 && count < 1 << 248);
        uint256 next = NonceWord.withMore(word, place, count);
        uint256 before = _field(word, 48 * uint256(place), 48);
        uint256 sum = before + count;
        assert(NonceWord.filled(next, place) == (sum > type(uint48).max ? type(uint48).max : sum));
        assert(NonceWord.filled(next, place) >= before);
        assert(_sameBut(word, next, 48 * uint256(place), 48));
    }

    /// @notice P-18: A cancelled nonce stays cancelled, whatever is filled or cancelled later, and cancelling it touches no other nonce.
    /// @custom:formula cancelled(withCancelled(w, i), i), no other bit changes; cancelled(withMore(withCancelled(w, i), j, c), i)
    /// @custom:domain one of five nonces
    function check_P18_nonceCancelled(uint256 word, uint8 place, uint8 other, uint48 count) external proof {
        _assume(place < 5 && other < 5);
        uint256 next = NonceWord.withCancelled(word, place);
        assert(NonceWord.cancelled(next, place) && _sameBut(word, next, 240 + uint256(place), 1));
        assert(NonceWord.cancelled(NonceWord.withMore(next, other, count), place));
        assert(NonceWord.cancelled(NonceWord.withCancelled(next, other), place));
    }

    /// @notice P-19: No two nonces share a place: the key of the word and the place in it name the nonce and its module.
    /// @custom:formula keyOf(m, a) = keyOf(n, b) and a mod 5 = b mod 5 ⇒ m = n and a = b
    function check_P19_nonceKey(address module, address other, uint40 a, uint40 b) external proof {
        _assume(NonceWord.keyOf(module, a) == NonceWord.keyOf(other, b) && a % NonceWord.NONCES == b % NonceWord.NONCES);
        assert(module == other && a == b);
    }
}

contract OrderWordsReach is OrderWordsProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
