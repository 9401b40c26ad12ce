// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ratio} from "../../../contracts/types/Ratio.sol";
import {PriceWord} from "../../../contracts/words/PriceWord.sol";
import {Proof} from "../Proof.sol";

contract PriceWordProof is Proof {
    function setUp() external {
        _atAnyTime();
    }

    /// @notice P-33: Price: every field is read from its documented bits; the wider range is the larger of both.
    /// @custom:formula getter(w) = bits(w, from, width), in ppb times 10^9 where it is a range; widerRange(w) = max(targetRange(w), heldRange(w))
    function check_P33_reads(uint256 word) external proof {
        assert(PriceWord.price(word).raw() == _field(word, 0, 96));
        assert(PriceWord.time(word) == _field(word, 96, 40));
        assert(PriceWord.targetRange(word).raw() == _scaled(_field(word, 136, 32), 1e9));
        assert(PriceWord.heldRange(word).raw() == _scaled(_field(word, 168, 32), 1e9));
        assert(PriceWord.depth(word) == _field(word, 200, 40));
        assert(PriceWord.lotExponent(word) == _field(word, 240, 8));
        assert(PriceWord.state(word) == _field(word, 248, 8));
        Ratio wider = PriceWord.widerRange(word);
        assert(wider >= PriceWord.targetRange(word) && wider >= PriceWord.heldRange(word));
        assert(wider == PriceWord.targetRange(word) || wider == PriceWord.heldRange(word));
    }

    /// @notice P-34: Price: what is written is read back without loss, and no neighbour changes.
    /// @custom:formula field(write(w, x)) = x and write(w, x) differs from w in no other bit
    function check_P34_writes(
        uint256 word,
        uint96 price,
        uint40 time,
        uint32 target,
        uint32 held,
        uint40 depth,
        uint8 small
    ) external proof {
        {
            uint256 next = PriceWord.withPost(word, price, time, target, held);
            assert(_field(next, 0, 96) == price && _field(next, 96, 40) == time);
            assert(_field(next, 136, 32) == target && _field(next, 168, 32) == held && _sameBut(word, next, 0, 200));
        }
        {
            uint256 next = PriceWord.withState(word, small);
            assert(_field(next, 248, 8) == small);
            assert(_sameBut(word, next, 248, 8));
        }
        {
            uint256 next = PriceWord.withDepth(word, depth);
            assert(_field(next, 200, 40) == depth);
            assert(_sameBut(word, next, 200, 40));
        }
        uint256 made = PriceWord.first(depth, small);
        assert(PriceWord.depth(made) == depth && PriceWord.lotExponent(made) == small && made == (made & _mask(200, 48)));
    }

    /// @notice P-35: A price is good exactly if it is normal and no older than asked, and a publish time ahead of the block is no age.
    /// @custom:formula isGood(w, a, m) ⇔ state = 0 and a ≤ m; age(w) = max(0, now − time)
    function check_P35_good(uint256 word, uint256 age, uint256 most) external proof {
        assert(PriceWord.isGood(word, age, most) == (_field(word, 248, 8) == 0 && age <= most));
        uint256 time = _field(word, 96, 40);
        assert(PriceWord.age(word) == (block.timestamp > time ? block.timestamp - time : 0));
    }
}

contract PriceWordReach is PriceWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
