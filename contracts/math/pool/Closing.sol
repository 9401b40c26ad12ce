// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Ratio, ONE, ZERO_RATIO} from "../../types/Ratio.sol";
import {Wad, ZERO, maxWad} from "../../types/Wad.sol";

/// @title How much of whom is closed while a fund account is short
/// @dev Amounts of one account are below 2^148, a λ below 2^64 in practice; what does not fit is refused by checked arithmetic.
library Closing {
    /// @dev What the caller is paid: a part of the gross notional that he closed.
    Ratio internal constant CALLER_PART = Ratio.wrap(0.0002e18);

    /// @notice Leverage, scan / E, rounded down. Without equity it is as high as can be.
    function leverageDown(Wad equity, Wad scan) internal pure returns (Ratio) {
        if (equity <= ZERO) return Ratio.wrap(1 << 128);
        // casting is safe: neither is negative
        return Ratio.wrap((uint256(scan.raw()) * 1e18) / uint256(equity.raw()));
    }

    /// @notice The part of its opposite positions that brings an account down to λ and not below it: (scan − λ·E) / (matched − λ·conceded), rounded down, at
    /// most one. The scan of what is left is at least what the same scenario says of it. Nothing where it is not above λ, or where what lies opposite hedges it.
    /// @param matched what the opposite positions lose in the worst scenario of the account
    /// @param conceded what closing all of them takes below the mark
    function partDownTo(Wad equity, Wad scan, Wad matched, Wad conceded, Ratio level) internal pure returns (Ratio) {
        // casting is safe: below 2^128
        int256 line = int256(level.raw());
        int256 above = scan.raw() * 1e18 - line * equity.raw();
        int256 slope = matched.raw() * 1e18 - line * conceded.raw();
        if (equity <= ZERO || above <= 0 || slope <= 0) return ZERO_RATIO;
        return above >= slope ? ONE : Ratio.wrap(Math.mulDiv(uint256(above), 1e18, uint256(slope)));
    }

    /// @notice Whether health does not fall: what closing concedes is at most the equity that belongs to the margin it frees, E·(IM − IM′)/IM.
    /// @param left IM′
    function keepsHealth(Wad equity, Wad conceded, Wad margin, Wad left) internal pure returns (bool) {
        if (left > margin) return false;
        if (margin == ZERO) return conceded <= ZERO;
        return (equity - conceded).raw() * margin.raw() >= equity.raw() * left.raw();
    }

    /// @notice The lots that `part` of a position comes to, rounded up, for less than a lot would be left for ever; no more than are still `short`.
    function lotsOfPart(int256 lots, Ratio part, int256 short) internal pure returns (int256) {
        uint256 size = (_size(lots) * part.raw() + (1e18 - 1)) / 1e18;
        if (size > _size(short)) size = _size(short);
        // casting is safe: lots < 2^47
        return lots < 0 ? -int256(size) : int256(size);
    }

    /// @notice The part of everything that an account worth V ≥ 0 has to give up at the marks until its margin is covered: 1 − E/IM, rounded up; all with V < 0.
    function shortPartUp(Wad value, Wad equity, Wad margin) internal pure returns (Ratio) {
        if (value.isNegative()) return ONE;
        if (margin <= ZERO || equity >= margin) return ZERO_RATIO;
        uint256 lacking = uint256((margin - maxWad(equity, ZERO)).raw());
        return Ratio.wrap(Math.mulDiv(lacking, 1e18, uint256(margin.raw()), Math.Rounding.Ceil));
    }

    function _size(int256 lots) private pure returns (uint256) {
        return uint256(lots < 0 ? -lots : lots);
    }
}
