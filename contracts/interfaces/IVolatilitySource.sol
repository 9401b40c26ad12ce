// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Where the implied volatility of a series comes from. The vault refuses a slice with arbitrage, whatever is returned.
interface IVolatilitySource {
    /// @dev What a feed says of one series at one time.
    struct Report {
        uint256 sliceWord; // SviWord: total variance from the publish time to settlement
        int256 basis; // forward over price, less one, 1e-9
        uint256 publishTime; // unix seconds; zero: nothing is known
    }

    /// @notice The latest slice of a series of `underlying` that expires at `expiry`, after `update`, where it verifies, is taken in.
    /// @param update as the source wants it; empty to read what is known
    function report(uint8 underlying, uint256 expiry, bytes calldata update) external returns (Report memory);
}
