// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assessment} from "../../../contracts/interfaces/IMarginVault.sol";
import {Slice} from "../../../contracts/math/Slice.sol";
import {Ratio} from "../../../contracts/types/Ratio.sol";
import {Wad} from "../../../contracts/types/Wad.sol";
import {Proof} from "../Proof.sol";

contract SliceProof is Proof {
    /// @notice P-71: What a sale takes is never more than there is, and what it leaves is nothing or at least the least size.
    /// @custom:formula sold ≤ size; size − sold = 0 or ≥ least
    /// @custom:domain a part of at most one
    /// @custom:bounds sizes below 2^48
    function check_P71_sold(uint48 size, uint64 part, uint48 least) external proof {
        _assume(part <= 1e18);
        uint256 sold = Slice.soldUp(size, part, least);
        assert(sold <= size && (sold == size || size - sold >= least));
    }

    /// @notice P-72: No sale is larger than the whole account, and a sale that would bring no more than its bounty is whole.
    /// @custom:formula f* ≤ 1; W − D ≤ b ⇒ f* = 1
    /// @custom:domain an account below its line, amounts below 2^127
    function check_P72_fraction(
        int128 equity,
        int128 margin,
        int128 worth,
        int128 discount,
        uint64 bounty,
        uint72 recovery
    ) external proof {
        _assume(margin >= 0 && discount >= 0);
        Assessment memory a;
        a.equity = Wad.wrap(equity);
        a.margin = Wad.wrap(margin);
        Slice.Terms memory t;
        t.worth = Wad.wrap(worth);
        t.discount = Wad.wrap(discount);
        t.bounty = Wad.wrap(int256(uint256(bounty)));
        _assume(a.margin.partUp(Ratio.wrap(recovery)) >= a.equity);
        uint256 fraction = Slice.fractionUp(a, t, Ratio.wrap(recovery)).raw();
        assert(fraction <= 1e18);
        if (int256(worth) - discount <= int256(uint256(bounty))) assert(fraction == 1e18);
    }

    /// @notice P-73: Health is a part: 1 exactly where equity covers maintenance and is not negative, 0 where there is none.
    /// @custom:formula E ≥ MM and E ≥ 0 ⇒ h = 1; else E ≤ 0 ⇒ h = 0
    /// @custom:bounds at the line or better, or without equity: between them a division of 128 bits
    function check_P73_health(int128 equity, uint120 maintenance) external proof {
        Assessment memory a;
        a.equity = Wad.wrap(equity);
        int256 line = int256(uint256(maintenance));
        _assume(equity <= 0 || equity >= line);
        uint256 health = Slice.healthDown(a, Wad.wrap(line)).raw();
        assert(health == (equity >= line && equity >= 0 ? 1e18 : 0));
    }
}

contract SliceReach is SliceProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
