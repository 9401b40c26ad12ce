// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {AccountId} from "../types/AccountId.sol";
import {Wad} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {VaultState} from "./VaultStorage.sol";

/// @title The settlement tokens B of the ledger, the deficit U and the shortfall S
/// @dev Σ cash of all accounts = B + U. S is what fund accounts are below zero beyond what the main stake may give them: a loss that is known and not yet
/// booked. A withdrawal of x debits x, pays φ·x with φ = B/(B + U + S), and (1 − φ)·x lowers U and goes to the accounts that are short, in the proportion
/// U : S: the order of withdrawals does not matter and nobody gains by running. A bit in the header of the fund's main account, which income is credited to,
/// says whether U is more than zero: without a deficit a trade need not read B and U; one beside U says whether fund accounts have to be looked at.
library Deficit {
    using SafeCast for uint256;
    using HeaderWord for uint256;

    uint256 private constant WATCHED = 1 << 255;

    function settlement(uint256 totals) internal pure returns (uint256) {
        return totals & type(uint128).max;
    }

    function deficit(uint256 totals) internal pure returns (uint256) {
        return (totals & ~WATCHED) >> 128;
    }

    /// @dev Of no watched account.
    function pack(uint256 tokens, uint256 owed) internal pure returns (uint256) {
        if (owed >> 127 != 0) revert SafeCast.SafeCastOverflowedUintDowncast(127, owed);
        return tokens.toUint128() | (owed << 128);
    }

    /// @notice Tokens came in.
    function deposited(VaultState storage $, uint256 amount) internal {
        uint256 totals = $.totals;
        unchecked {
            // the amount is below 2^128: a sum that leaves its bits carries one into those of the deficit, and is refused
            if ((totals + amount) >> 128 != totals >> 128) (settlement(totals) + amount).toUint128();
            $.totals = totals + amount;
        }
    }

    /// @notice Books a withdrawal of `debited` that is paid in full, and says whether it was: not while there is a deficit or an account to look at.
    function paidInFull(VaultState storage $, uint256 debited) internal returns (bool) {
        uint256 totals = $.totals;
        if (totals >> 128 != 0) return false;
        if (debited > totals) revert IMarginVault.WithdrawalTooLarge(debited, totals);
        unchecked {
            $.totals = totals - debited;
        }
        return true;
    }

    /// @notice Books a withdrawal of `debited` and says what is paid for it, a multiple of `scale`, rounded down.
    /// @param main the fund's main account
    /// @param short S
    /// @return paid tokens, WAD
    /// @return toShort what belongs to the accounts that are short
    /// @return dust what neither was paid nor lowers deficit and shortfall below zero: it belongs to the fund
    function withdrawn(
        VaultState storage $,
        AccountId main,
        uint256 debited,
        uint256 scale,
        uint256 short
    ) internal returns (uint256 paid, uint256 toShort, uint256 dust) {
        uint256 totals = $.totals;
        uint256 tokens = settlement(totals);
        uint256 owed = deficit(totals);
        paid = debited;
        if (owed + short != 0) {
            paid = (debited * tokens) / (tokens + owed + short); // all below 2^128
            paid -= paid % scale;
        }
        if (paid > tokens) revert IMarginVault.WithdrawalTooLarge(debited, tokens);
        uint256 lowered = debited - paid;
        if (lowered > owed + short) {
            dust = lowered - owed - short;
            lowered = owed + short;
        }
        if (short != 0) {
            toShort = (lowered * short) / (owed + short);
            lowered -= toShort;
        }
        if (lowered != 0) {
            emit IMarginVault.DeficitReduced(lowered);
            if (lowered == owed) $.headers[main] = $.headers[main].withDeficitOutstanding(false);
        }
        $.totals = pack(tokens - paid, owed - lowered) | (totals & WATCHED);
    }

    /// @notice Every withdrawal looks at the fund account of `underlying` from now on.
    function watch(VaultState storage $, uint256 underlying) internal {
        uint256 watched = $.watched;
        if ((watched >> underlying) & 1 != 0) return;
        $.watched = watched | (1 << underlying);
        $.totals |= WATCHED;
    }

    function unwatch(VaultState storage $, uint256 underlying) internal {
        uint256 watched = $.watched & ~(1 << underlying);
        $.watched = watched;
        if (watched == 0) $.totals &= ~WATCHED;
    }

    /// @notice Value was lost for good.
    /// @param main the fund's main account
    function add(VaultState storage $, AccountId main, AccountId account, Wad amount) internal {
        uint256 totals = $.totals;
        $.totals = pack(settlement(totals), deficit(totals) + uint256(amount.raw())) | (totals & WATCHED);
        $.headers[main] = $.headers[main].withDeficitOutstanding(true);
        emit IMarginVault.DeficitAdded(account, uint256(amount.raw()));
    }

    /// @notice Credits income of the fund, not negative, to `main`, its main account, after the deficit took its part.
    function income(VaultState storage $, AccountId main, Wad amount) internal {
        uint256 header = $.headers[main];
        if (header.deficitOutstanding()) {
            uint256 totals = $.totals;
            uint256 owed = deficit(totals);
            uint256 refill = uint256(amount.raw()) < owed ? uint256(amount.raw()) : owed;
            $.totals = pack(settlement(totals), owed - refill) | (totals & WATCHED);
            if (refill == owed) header = header.withDeficitOutstanding(false);
            amount = amount - Wad.wrap(int256(refill));
            emit IMarginVault.DeficitRefilled(refill);
        }
        $.headers[main] = header.withCash(header.cash() + amount);
    }
}
