// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {VolatilityWord} from "../words/VolatilityWord.sol";
import {Variance} from "./Variance.sol";

/// @title From the forecast to the price move that margin covers
/// @dev Ranges are in ppb. The target answers the forecast at once and binds new risk; the held range follows it slowly and binds
/// maintenance, so that a rise of the forecast alone liquidates few.
library ScanRange {
    /// @dev The most that the held range rises and falls in a day, ppb of itself.
    uint256 internal constant RISE_PER_DAY = 100_000_000;
    uint256 internal constant FALL_PER_DAY = 20_000_000;

    /// @dev A rise counts at most this time since the last price: silence of the sources must not store up a jump.
    uint256 internal constant RISE_TIME = 1 hours;

    uint256 private constant PPB = 1e9;

    /// @dev The least σ² of an underlying, 1e-10 a year: its floor of σ squared, rounded up.
    function varianceFloor(uint256 volatilityWord) internal pure returns (uint256) {
        uint256 sigma = VolatilityWord.sigmaFloorPpm(volatilityWord);
        return Math.min((sigma * sigma + 99) / 100, Variance.MOST);
    }

    /// @dev clamp(k·σ·√horizon, floor, cap), the root rounded up.
    function target(uint256 volatilityWord, uint256 variance) internal pure returns (uint256) {
        uint256 multiple = VolatilityWord.multiplePpm(volatilityWord);
        // (k ppm)²·(σ² in 1e-10)·seconds: ppb² is 1e18, ppm² 1e-12, the variance 1e-10
        uint256 squared = multiple * multiple * variance * VolatilityWord.horizon(volatilityWord);
        uint256 range = Math.sqrt(Math.ceilDiv(squared, 1e4 * Variance.YEAR), Math.Rounding.Ceil);
        uint256 least = VolatilityWord.rangeFloorPpb(volatilityWord);
        uint256 most = VolatilityWord.rangeCapPpb(volatilityWord);
        if (range > most) range = most;
        return range < least ? least : range;
    }

    /// @dev What of a range of `horizon` seconds belongs to `elapsed`: range·√(elapsed / horizon), rounded up.
    function moveUp(uint256 rangePpb, uint256 elapsed, uint256 horizon) internal pure returns (uint256) {
        // ranges are below 2^32, times below 2^40
        return Math.sqrt(Math.ceilDiv(rangePpb * rangePpb * elapsed, horizon), Math.Rounding.Ceil);
    }

    /// @dev The held range `elapsed` seconds, in whole hours of the grid, after the last price: toward `targetPpb`, by steps rounded down.
    function held(uint256 heldPpb, uint256 targetPpb, uint256 elapsed) internal pure returns (uint256) {
        if (targetPpb > heldPpb) {
            uint256 rise = (heldPpb * RISE_PER_DAY * Math.min(elapsed, RISE_TIME)) / (PPB * 1 days);
            return Math.min(targetPpb, heldPpb + rise);
        }
        uint256 fall = Math.min(heldPpb, (heldPpb * FALL_PER_DAY * elapsed) / (PPB * 1 days));
        return Math.max(targetPpb, heldPpb - fall);
    }
}
