// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {AccountId} from "../types/AccountId.sol";
import {Wad} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {Ledger} from "./Ledger.sol";

/// @title The settlement tokens B of the ledger and the deficit U
/// @dev Σ cash of all accounts = B + U. A withdrawal of x debits x, pays φ·x with φ = B/(B + U) and lowers U by the rest: the order of
/// withdrawals does not matter and nobody gains by running.
library Deficit {
    using SafeCast for uint256;

    function settlement(uint256 totals) internal pure returns (uint256) {
        return totals & type(uint128).max;
    }

    function deficit(uint256 totals) internal pure returns (uint256) {
        return totals >> 128;
    }

    function pack(uint256 tokens, uint256 owed) internal pure returns (uint256) {
        return tokens.toUint128() | (uint256(owed.toUint128()) << 128);
    }

    /// @notice Tokens came in.
    function deposited(VaultState storage $, uint256 amount) internal {
        uint256 totals = $.totals;
        $.totals = pack(settlement(totals) + amount, deficit(totals));
    }

    /// @notice Books a withdrawal of `debited` and says what is paid for it, a multiple of `scale`, rounded down.
    /// @return paid tokens, WAD
    /// @return dust what neither was paid nor lowers the deficit below zero: it belongs to the fund
    function withdrawn(VaultState storage $, uint256 debited, uint256 scale) internal returns (uint256 paid, uint256 dust) {
        uint256 totals = $.totals;
        uint256 tokens = settlement(totals);
        uint256 owed = deficit(totals);
        paid = debited;
        if (owed != 0) {
            paid = (debited * tokens) / (tokens + owed); // both below 2^128
            paid -= paid % scale;
        }
        if (paid > tokens) revert IMarginVault.WithdrawalTooLarge(debited, tokens);
        uint256 lowered = debited - paid;
        if (lowered > owed) {
            dust = lowered - owed;
            lowered = owed;
        }
        if (lowered != 0) emit IMarginVault.DeficitReduced(lowered);
        $.totals = pack(tokens - paid, owed - lowered);
    }

    /// @notice Value was lost for good.
    function add(VaultState storage $, AccountId account, Wad amount) internal {
        uint256 totals = $.totals;
        $.totals = pack(settlement(totals), deficit(totals) + uint256(amount.raw()));
        emit IMarginVault.DeficitAdded(account, uint256(amount.raw()));
    }

    /// @notice Credits income of the fund to `account`, its own, after the deficit took its part.
    function income(VaultState storage $, AccountId account, Wad amount) internal {
        uint256 left = uint256(amount.raw());
        uint256 totals = $.totals;
        uint256 owed = deficit(totals);
        if (owed != 0) {
            uint256 refill = left < owed ? left : owed;
            $.totals = pack(settlement(totals), owed - refill);
            left -= refill;
            emit IMarginVault.DeficitReduced(refill);
        }
        if (left == 0) return;
        Ledger.credit($, account, Wad.wrap(int256(left)));
        emit IMarginVault.FundIncome(left);
    }
}
