// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What a Chainlink data feed answers
interface IAggregatorV3 {
    function decimals() external view returns (uint8);

    /// @return roundId phase and round; not consecutive, nothing may be computed from it
    /// @return answer the price, or for an uptime feed 0: up, 1: down
    /// @return startedAt when the round began; for an uptime feed when the status last changed, 0: not initialised
    /// @return updatedAt when the answer was computed
    /// @return answeredInRound deprecated by Chainlink
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}

/// @title A feed that names its limits and the aggregator that holds them
/// @dev Older feeds hold `minAnswer` and `maxAnswer` in the aggregator behind the proxy.
interface IAggregatorLimits {
    function aggregator() external view returns (address);
    function minAnswer() external view returns (int192);
    function maxAnswer() external view returns (int192);
}
