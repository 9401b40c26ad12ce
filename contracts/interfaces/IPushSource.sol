// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceSource} from "./IPriceSource.sol";

/// @title A source that is read, not brought its prices: nobody can hold a newer one back
interface IPushSource is IPriceSource {
    /// @notice The round at which the source of `underlying` stands, as `report` would tell it, and how far the price has to leave it before the source
    /// writes another.
    /// @return said the round
    /// @return deviationPpm of the price; 0: not known, and the round promises nothing
    function round(uint8 underlying) external view returns (Report memory said, uint256 deviationPpm);
}
