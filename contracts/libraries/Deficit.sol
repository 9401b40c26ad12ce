// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {AccountId} from "../types/AccountId.sol";
import {Wad} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {HeaderWord} from "../words/HeaderWord.sol";

/// @title The settlement tokens B of the ledger and the deficit U
/// @dev Σ cash of all accounts = B + U. A withdrawal of x debits x, pays φ·x with φ = B/(B + U) and lowers U by the rest: the order of
/// withdrawals does not matter and nobody gains by running. A bit in the header of the fund's main account, which income is credited to, says
/// whether U is more than zero: without a deficit a trade need not read B and U.
library Deficit {
    using SafeCast for uint256;
    using HeaderWord for uint256;

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
        unchecked {
            // the amount is below 2^128: a sum that leaves its bits carries one into those of the deficit, and is refused
            if ((totals + amount) >> 128 != totals >> 128) (settlement(totals) + amount).toUint128();
            $.totals = totals + amount;
        }
    }

    /// @notice Books a withdrawal of `debited` and says what is paid for it, a multiple of `scale`, rounded down.
    /// @param main the fund's main account
    /// @return paid tokens, WAD
    /// @return dust what neither was paid nor lowers the deficit below zero: it belongs to the fund
    function withdrawn(VaultState storage $, AccountId main, uint256 debited, uint256 scale) internal returns (uint256 paid, uint256 dust) {
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
        if (lowered != 0) {
            emit IMarginVault.DeficitReduced(lowered);
            if (lowered == owed) $.headers[main] = $.headers[main].withDeficitOutstanding(false);
        }
        $.totals = pack(tokens - paid, owed - lowered);
    }

    /// @notice Value was lost for good.
    /// @param main the fund's main account
    function add(VaultState storage $, AccountId main, AccountId account, Wad amount) internal {
        uint256 totals = $.totals;
        $.totals = pack(settlement(totals), deficit(totals) + uint256(amount.raw()));
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
            $.totals = pack(settlement(totals), owed - refill);
            if (refill == owed) header = header.withDeficitOutstanding(false);
            amount = amount - Wad.wrap(int256(refill));
            emit IMarginVault.DeficitRefilled(refill);
        }
        $.headers[main] = header.withCash(header.cash() + amount);
    }
}
