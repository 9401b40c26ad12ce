// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "../types/AccountId.sol";
import {Action} from "../types/Action.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {Assessment} from "./IMarginVault.sol";

/// @dev What a trader looks at. All `Wad` in settlement tokens.
struct Summary {
    AccountId account;
    Wad value; // V
    Wad equity; // E
    Wad margin; // IM, live
    Wad openingMargin; // IM at the wider range: what trades and withdrawals need
    Wad maintenance; // MM
    Wad notional; // gross
    Wad settledCash;
    Wad withdrawable; // settlement tokens that could leave now, before a deficit's φ
    Ratio health; // E / MM, rounded down; the largest Ratio without margin, 0 below zero equity
}

/// @title Reading accounts: summaries, liquidation prices, previews, pages of all accounts
/// @notice Holds nothing and may do nothing; computes with the vault's own margin library on the vault's books.
interface IMarginLens {
    /// @notice Thrown when `simulate` of the vault reverted as `execute` would; `reason` is that revert's data.
    error ActionReverts(bytes reason);

    /// @notice The figures of one account.
    function summary(AccountId account) external view returns (Summary memory);

    /// @notice The figures of a page of accounts; which accounts there are is known from the vault's events.
    function summaries(AccountId[] calldata accounts) external view returns (Summary[] memory);

    /// @notice Those of a page of accounts that are below the line now, in the order given.
    function belowMaintenance(AccountId[] calldata accounts) external view returns (AccountId[] memory);

    /// @notice Between which prices of `underlying`, all else equal, the account stays above the line.
    /// @dev E − MM is concave in one price, so the prices at which it is at least zero are an interval. Found by bisection to one part in 2^40
    /// of the price between 0 and 16 times the mark.
    /// @return low the liquidation price below; zero when no fall reaches the line
    /// @return high the liquidation price above; the largest price when no rise up to 16 times the mark reaches it
    /// Both are the mark itself for an account below the line.
    function liquidationPrices(AccountId account, uint8 underlying) external view returns (Price low, Price high);

    /// @notice The figures of `account` before and after `actions` of `actor`, at the opening range.
    /// @dev Not a view only because it calls what could not succeed; call it statically.
    function preview(
        address actor,
        Action[] calldata actions,
        AccountId account
    ) external returns (Assessment memory before, Assessment memory afterwards);
}
