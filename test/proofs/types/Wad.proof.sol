// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ratio} from "../../../contracts/types/Ratio.sol";
import {Wad, maxWad, minWad} from "../../../contracts/types/Wad.sol";
import {Proof} from "../Proof.sol";

contract WadProof is Proof {
    /// @notice P-58: Parts of amounts round in the direction of their name: down is at most the exact part, up at least, and they differ by at most a unit.
    /// @custom:formula down·10^18 ≤ a·b ≤ up·10^18, up − down ≤ 1
    /// @custom:bounds 0 ≤ a &lt; 2^128, b &lt; 2^16
    function check_P58_parts(uint128 a, uint16 b) external proof {
        Wad amount = Wad.wrap(int256(uint256(a)));
        uint256 down = uint256(amount.partDown(Ratio.wrap(b)).raw());
        uint256 up = uint256(amount.partUp(Ratio.wrap(b)).raw());
        unchecked {
            uint256 exact = uint256(a) * b;
            assert(down * 1e18 <= exact && up * 1e18 >= exact && up - down <= 1);
        }
    }

    /// @notice P-59: A negative amount has no part; the larger and the smaller of two are what they are called, and an amount without its sign is never negative.
    /// @custom:formula a ≤ 0 ⇒ partDown = partUp = 0; max(a, b) ≥ a, b; min(a, b) ≤ a, b; |a| = max(a, −a)
    /// @custom:domain amounts below 2^151, ratios below 2^72
    function check_P59_signs(int152 a, int152 b, uint72 part) external proof {
        (Wad x, Wad y) = (Wad.wrap(a), Wad.wrap(b));
        if (a <= 0) assert(x.partDown(Ratio.wrap(part)).raw() == 0 && x.partUp(Ratio.wrap(part)).raw() == 0);
        assert(maxWad(x, y) >= x && maxWad(x, y) >= y && (maxWad(x, y) == x || maxWad(x, y) == y));
        assert(minWad(x, y) <= x && minWad(x, y) <= y && (minWad(x, y) == x || minWad(x, y) == y));
        assert(x.abs() == maxWad(x, -x) && !x.abs().isNegative());
    }
}

contract WadReach is WadProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
