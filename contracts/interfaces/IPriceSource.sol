// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title One source of index prices: a Chainlink feed pair, a Pyth price, a signed report.
interface IPriceSource {
    /// @dev `valid` is false whenever the source cannot vouch for a price now: zero, negative, at the feed's limits, too wide a
    /// confidence interval, an unknown feed, an update that does not verify. A source never reverts for such reasons.
    struct Report {
        uint256 price; // settlement tokens for one unit of the underlying, WAD
        uint256 publishTime; // unix seconds
        bool valid;
    }

    /// @notice The newest price of `underlying`, after taking `update` in where the source needs one.
    /// @param underlying index of the underlying in the vault
    /// @param update the source's own encoding; empty where the source is read, not pushed
    function report(uint8 underlying, bytes calldata update) external payable returns (Report memory);
}
