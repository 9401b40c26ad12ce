// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assessment, Portfolio} from "../interfaces/IMarginVault.sol";
import {Wad, ZERO, minWad} from "../types/Wad.sol";
import {Margin} from "./Margin.sol";
import {Valuation} from "./Valuation.sol";

/// @title When an account may be left as it is
/// @dev E′ ≥ IM′, or IM′ ≤ IM and E′ ≥ min(E, E·IM′/IM): an account that fails may only shed risk and must keep at least the equity that the
/// remaining risk had. ("E − IM did not fall" would let a failing account hand its margin to an accomplice.)
library MarginRule {
    /// @notice Both forms of figures taken in one pass; see the twins below.
    function covers(Valuation.Figures memory now_, Wad newRisk) internal pure returns (bool) {
        return now_.equity >= now_.openingMargin + newRisk;
    }

    function sheds(Valuation.Figures memory before, Valuation.Figures memory now_) internal pure returns (bool) {
        return
            _sheds(before.equity, before.openingMargin, now_.equity, now_.openingMargin) &&
            _sheds(before.equity, before.margin, now_.equity, now_.margin);
    }

    /// @notice The first form, with the charge on new risk.
    function covers(Assessment memory now_, Wad newRisk) internal pure returns (bool) {
        return now_.equity >= now_.margin + newRisk;
    }

    /// @notice The second form, at the wider scan range by which trades are tested and at the held one by which accounts are liquidated: what
    /// shrinks at one may grow at the other where an account holds several underlyings, and its own trade must not put it below the line (I-11).
    function sheds(Portfolio memory before, Portfolio memory now_, Margin.Terms memory t) internal pure returns (bool) {
        Assessment memory was = Margin.assess(before, t, false);
        Assessment memory is_ = Margin.assess(now_, t, false);
        if (!_sheds(was.equity, was.margin, is_.equity, is_.margin)) return false;
        return _sheds(was.equity, was.margin + Margin.widening(before), is_.equity, is_.margin + Margin.widening(now_));
    }

    function _sheds(Wad equity, Wad margin, Wad equityNow, Wad marginNow) private pure returns (bool) {
        if (marginNow > margin) return false;
        if (margin == ZERO) return equityNow >= minWad(equity, ZERO);
        // E′ ≥ E·IM′/IM without division: equities and margins are below 2^149, but products need 298 bits: divide, rounding up
        return equityNow >= minWad(equity, shareUp(equity, marginNow, margin));
    }

    /// @dev ceil(amount · part / whole) for 0 ≤ part ≤ whole; |amount| and part below 2^127, as everything stored is.
    function shareUp(Wad amount, Wad part, Wad whole) internal pure returns (Wad) {
        int256 product = amount.raw() * part.raw(); // checked: reverts rather than wraps
        unchecked {
            int256 quotient = product / whole.raw();
            return Wad.wrap(product > 0 && product % whole.raw() != 0 ? quotient + 1 : quotient);
        }
    }
}
