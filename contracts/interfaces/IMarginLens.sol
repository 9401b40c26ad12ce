// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "../types/AccountId.sol";
import {Action} from "../types/Action.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {Assessment} from "./IMarginVault.sol";

/// @dev What a trader looks at, funding accrued. All `Wad` in settlement tokens with 18 decimals; margins round up.
struct Summary {
    AccountId account;
    Wad value; // V
    Wad equity; // E
    Wad margin; // IM, live
    Wad openingMargin; // IM at the wider range: what trades and withdrawals need
    Wad maintenance; // MM; `liquidate` sells the account when E is below it
    Wad notional; // gross
    Wad settledCash;
    // The largest debit of a withdrawal that the vault would allow now, before a deficit's φ and to be rounded down to units of the token;
    // zero while a price of the account is invalid, in grace or too old, or the sequencer is not up. At a doubtful price what the edge of the band leaves;
    // the vault allows more where a push source still stands at its round.
    Wad withdrawable;
    Ratio health; // E / MM, WAD, rounded down: below one just where E < MM; the largest Ratio without margin, 0 below zero equity
}

/// @title Reading accounts: summaries, liquidation prices, previews, pages of all accounts
/// @notice Holds nothing and may do nothing; computes with the vault's own margin library on the vault's books. Everything reverts with the
/// vault's `Locked` while the vault is at work.
interface IMarginLens {
    /// @notice Thrown when `simulate` of the vault reverted as `execute` would; `reason` is that revert's data.
    error ActionReverts(bytes reason);

    /// @notice Thrown when a liquidation price is asked for of an underlying on which the account holds options or dated futures that have not settled.
    error SeriesHeld(AccountId account, uint8 underlying);

    /// @notice The figures of one account. An account that nobody used has none: all zero, and the largest health.
    function summary(AccountId account) external view returns (Summary memory);

    /// @notice The figures of a page of accounts, in the order given; which accounts there are is known from the vault's events.
    function summaries(AccountId[] calldata accounts) external view returns (Summary[] memory);

    /// @notice Those of a page of accounts that are below the line at the last valid prices, in the order given.
    /// @dev Whether the prices are fresh enough to sell them, and whether they are the fund's own, which nobody liquidates, is not asked.
    function belowMaintenance(AccountId[] calldata accounts) external view returns (AccountId[] memory below);

    /// @notice Between which prices of a lot of `underlying` (WAD), all else equal, the account stays above the line.
    /// @dev E − MM is concave in one price, so the prices at which it is at least zero are an interval. Found by bisection to the unit between
    /// 0 and 16 times the mark: at the price returned the account is above the line, one unit beyond it is not. The value of collateral
    /// at another price is that at the mark in proportion, rounded against the account: beside the vault's it may be off by as many units of
    /// settlement tokens as the account has tokens on the underlying, times the ratio of the prices.
    /// @return low the liquidation price below; zero when no fall of this underlying reaches the line
    /// @return high the liquidation price above; the largest price, 2^96 − 1, when no rise up to 16 times the mark reaches it
    /// Both are the mark itself for an account below the line, whether it holds this underlying or not.
    /// Reverts with `SeriesHeld` for an account above the line with options or dated futures on `underlying`: they would have to be priced anew at every
    /// price, and between two such prices E − MM may rise and fall more than once. Options on other underlyings count at their present prices.
    /// `liquidationPrices` of src/sdk/liquidationPrices.ts finds the prices of any account.
    function liquidationPrices(AccountId account, uint8 underlying) external view returns (Price low, Price high);

    /// @notice The figures of `account` before and after `actions` of `actor`, at the opening range, WAD: the margin is what the margin rule tests, without
    /// the charge on new risk.
    /// @dev Not a view only because it calls what could not succeed; call it statically. Deposits need the actor's tokens and allowance, as in `execute`.
    /// Reverts with `ActionReverts` where `execute` would revert.
    function preview(
        address actor,
        Action[] calldata actions,
        AccountId account
    ) external returns (Assessment memory before, Assessment memory afterwards);
}
