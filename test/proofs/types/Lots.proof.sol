// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lots} from "../../../contracts/types/Lots.sol";
import {Price} from "../../../contracts/types/Price.sol";
import {Wad} from "../../../contracts/types/Wad.sol";
import {Proof} from "../Proof.sol";

contract LotsProof is Proof {
    /// @notice P-53: Both sides of a trade move the same cash: what one size is worth the opposite one owes, to the unit, and a size has no sign in its amount.
    /// @custom:formula q·p + (−q)·p = 0; |q| = max(q, −q)
    /// @custom:domain |q| &lt; 2^47, p &lt; 2^96
    function check_P53_zeroSum(int48 size, uint96 price) external proof {
        Lots lots = Lots.wrap(size);
        Wad both = lots.times(Price.wrap(price)) + (-lots).times(Price.wrap(price));
        assert(both.raw() == 0);
        assert((lots + (-lots)).isZero());
        assert(lots.abs() == (size < 0 ? uint256(-int256(size)) : uint256(int256(size))));
    }
}

contract LotsReach is LotsProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
