// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lots} from "../../../contracts/types/Lots.sol";
import {Ratio} from "../../../contracts/types/Ratio.sol";
import {Wad} from "../../../contracts/types/Wad.sol";
import {SaleWord} from "../../../contracts/words/SaleWord.sol";
import {Proof} from "../Proof.sol";

contract SaleWordProof is Proof {
    /// @notice P-39: What the log says of a sale: each field is at its documented bits, signs and all, and equity and margin end at what 128 bits hold.
    /// @custom:formula sale = fraction | reward·2^64 | taken·2^192; figures = clamp(E) | min(IM, 2^128 − 1)·2^128; book = u | lots·2^8 | n·2^56 | paid·2^72
    /// @custom:domain a fraction below 2^64, a margin that is not negative, what is paid below 2^183
    function check_P39_sale(
        uint64 fraction,
        uint128 reward,
        bool taken,
        int256 equity,
        uint256 margin,
        uint8 underlying,
        int48 lots,
        int184 paid,
        uint16 words
    ) external proof {
        uint256 sale = SaleWord.sale(Ratio.wrap(fraction), Wad.wrap(int256(uint256(reward))), taken);
        assert(_field(sale, 0, 64) == fraction && _field(sale, 64, 128) == reward && sale >> 192 == _bit(taken));
        _assume(margin < 1 << 255);
        uint256 figures = SaleWord.figures(Wad.wrap(equity), Wad.wrap(int256(margin)));
        int256 kept =
            equity > type(int128).max
                ? type(int128).max
                : equity < type(int128).min
                    ? type(int128).min
                    : equity;
        assert(_signed(figures, 0, 128) == kept);
        assert(figures >> 128 == (margin > type(uint128).max ? type(uint128).max : margin));
        uint256 book = SaleWord.book(underlying, Lots.wrap(lots), Wad.wrap(paid), words);
        assert(_field(book, 0, 8) == underlying && _signed(book, 8, 48) == lots);
        assert(_field(book, 56, 16) == words && _signed(book, 72, 184) == paid);
    }
}

contract SaleWordReach is SaleWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
