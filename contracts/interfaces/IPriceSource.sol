// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title One source of index prices: a Chainlink feed pair, a Pyth price, a signed report.
/// @notice A source answers for the price it vouches for; `PriceGuard` judges what several of them say together.
interface IPriceSource {
    /// @dev Three answers. Valid: the source vouches for `price`, published at `publishTime`. Refuted (`valid` false, `publishTime` not
    /// zero): what the source reads says that no price can be vouched for: zero, negative, at the feed's limits, too wide a confidence
    /// interval, a feed that reverts or stopped. Silent (`valid` false, `publishTime` zero): the source was given nothing recent that
    /// verifies, which may be the poster's doing and so proves nothing.
    struct Report {
        uint256 price; // settlement tokens for one unit of the underlying, WAD; 0 unless valid
        uint256 publishTime; // unix seconds
        bool valid;
    }

    /// @notice The newest price of `underlying`, after taking `update` in where the source needs one. Does not revert for a bad update.
    /// @param underlying index of the underlying in the vault
    /// @param update the source's own encoding; empty where the source is read, not pushed
    function report(uint8 underlying, bytes calldata update) external payable returns (Report memory);

    /// @notice What taking `update` in costs, in wei; 0 for a source that charges nothing.
    function updateFee(bytes calldata update) external view returns (uint256);
}
