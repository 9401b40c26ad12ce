// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Black76} from "../../math/options/Black76.sol";

/// @dev `Black76` over many inputs a call, and the gas of each step.
contract Black76Harness {
    struct Option {
        uint256 forward;
        uint256 strike;
        int256 logMoneyness;
        uint256 totalVolatility;
    }

    struct Contract {
        uint256 forward;
        uint256 strike;
        uint256 time;
        uint256 volatility;
        int256 rate;
    }

    struct Prices {
        uint256 call;
        uint256 put;
    }

    function undiscounted(Option[] calldata options) external pure returns (Prices[] memory prices) {
        prices = new Prices[](options.length);
        for (uint256 i = 0; i < options.length; i++) {
            Option calldata option = options[i];
            (prices[i].call, prices[i].put) = Black76.undiscounted(
                option.forward,
                option.strike,
                option.logMoneyness,
                option.totalVolatility
            );
        }
    }

    function price(Contract[] calldata contracts) external pure returns (Prices[] memory prices) {
        prices = new Prices[](contracts.length);
        for (uint256 i = 0; i < contracts.length; i++) {
            Contract calldata given = contracts[i];
            (prices[i].call, prices[i].put) = Black76.price(given.forward, given.strike, given.time, given.volatility, given.rate);
        }
    }

    function logMoneyness(uint256[] calldata forwards, uint256[] calldata strikes) external pure returns (int256[] memory logs) {
        logs = new int256[](forwards.length);
        for (uint256 i = 0; i < logs.length; i++) logs[i] = Black76.logMoneynessOf(forwards[i], strikes[i]);
    }

    function rootOfSeconds(uint256[] calldata times) external pure returns (uint256[] memory roots) {
        roots = new uint256[](times.length);
        for (uint256 i = 0; i < roots.length; i++) roots[i] = Black76.rootOfSeconds(times[i]);
    }

    // Gas of one call each, with what the harness itself takes (`gasOfNothing`). Functions of their own: within one, the compiler shares
    // what two measurements have in common.

    function gasOfUndiscounted(Option calldata option) external view returns (uint256 used, Prices memory prices) {
        (uint256 forward, uint256 strike, uint256 width) = (option.forward, option.strike, option.totalVolatility);
        int256 logarithm = option.logMoneyness;
        uint256 before = gasleft();
        (prices.call, prices.put) = Black76.undiscounted(forward, strike, logarithm, width);
        used = before - gasleft();
    }

    function gasOfPrice(Contract calldata given) external view returns (uint256 used, Prices memory prices) {
        (uint256 forward, uint256 strike, uint256 time, uint256 volatility) = (given.forward, given.strike, given.time, given.volatility);
        int256 rate = given.rate;
        uint256 before = gasleft();
        (prices.call, prices.put) = Black76.price(forward, strike, time, volatility, rate);
        used = before - gasleft();
    }

    function gasOfLogMoneyness(uint256 forward, uint256 strike) external view returns (uint256 used, int256 logarithm) {
        uint256 before = gasleft();
        logarithm = Black76.logMoneynessOf(forward, strike);
        used = before - gasleft();
    }

    function gasOfRoot(uint256 time) external view returns (uint256 used, uint256 root) {
        uint256 before = gasleft();
        root = Black76.rootOfYears(time);
        used = before - gasleft();
    }

    function gasOfNothing(uint256 call, uint256 put) external view returns (uint256 used, Prices memory prices) {
        uint256 before = gasleft();
        (prices.call, prices.put) = (call, put);
        used = before - gasleft();
    }
}
