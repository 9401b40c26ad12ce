// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Where the funding rate of a perpetual comes from. The vault bounds it and limits how fast it moves, whatever is returned.
interface IFundingRateSource {
    /// @notice The rate that longs pay shorts over eight hours, parts per billion of the mark; negative when shorts pay.
    /// @param underlying index of the underlying in the vault
    function fundingRate(uint8 underlying) external view returns (int256 ratePpb);
}
