// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Black76} from "../math/options/Black76.sol";

/// @title The option formula by itself, for pages, tools and whoever wants to check a price
/// @dev Holds nothing and knows no vault.
contract OptionPricer {
    /// @notice Thrown when the forward or the strike is zero or 2^120 and more, the time or the volatility above 1,000 (18 decimals), or
    /// the rate beyond ±1,000 % or its interest beyond ±30.
    error OutsideFormula();

    uint256 private constant MOST_AMOUNT = 1 << 120;
    uint256 private constant MOST = 1_000e18;
    int256 private constant MOST_RATE = 10e18;
    int256 private constant MOST_INTEREST = 30e18;

    /// @notice A European call and put on a forward by Black-76, paid for today.
    /// @param forward of one unit, 18 decimals, as are the strike and both prices
    /// @param time years to expiry, 18 decimals
    /// @param volatility a year, 18 decimals
    /// @param rate continuously compounded, a year, 18 decimals
    function price(
        uint256 forward,
        uint256 strike,
        uint256 time,
        uint256 volatility,
        int256 rate
    ) external pure returns (uint256 call, uint256 put) {
        bool amounts = forward > 0 && strike > 0 && forward < MOST_AMOUNT && strike < MOST_AMOUNT;
        if (!amounts || time > MOST || volatility > MOST || rate > MOST_RATE || rate < -MOST_RATE) revert OutsideFormula();
        int256 interest = (rate * int256(time)) / 1e18;
        if (interest > MOST_INTEREST || interest < -MOST_INTEREST) revert OutsideFormula();
        return Black76.price(forward, strike, time, volatility, rate);
    }
}
