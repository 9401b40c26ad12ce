// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Black76} from "./Black76.sol";
import {OptionStress} from "./OptionStress.sol";
import {Svi} from "./Svi.sol";
import {VolatilityShock} from "./VolatilityShock.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {RiskWord} from "../words/RiskWord.sol";
import {SeriesWord} from "../words/SeriesWord.sol";
import {SviWord} from "../words/SviWord.sol";

/// @dev What a series is priced with.
struct SeriesQuote {
    Price forward; // of a lot, not zero; inside the settlement window the one of Expiry
    Ratio range; // the larger of target and held scan range; inside the window the one of Expiry
    SviWord.Slice slice; // as Svi has accepted it, or between it and a flat one
    uint256 span; // seconds of variance time that the total variance of the slice is for, not zero, below 2^40
    uint256 varianceTime; // from now to settlement, WAD seconds, below 2^100
}

/// @title The risk words of a whole series
/// @dev A lane is ⌊value / unit⌋ of the side that is out of the money at the anchor, at the forward and the volatility of its scenario. What does
/// not depend on the strike is worked out once: nine stressed forwards and their logarithms, √T, the shock, the unit and the slice; what
/// does not depend on the scenario once for a strike: ln(F/K), the implied volatility and its shocks. ln(F·(1 + m)/K) is then a sum of two
/// logarithms, each within 1.1 units of 1e-18.
library SeriesRefresh {
    using SeriesWord for uint256;

    uint256 private constant WAD = 1e18;
    uint256 private constant YEAR = 365 days;
    /// @dev Places of the price: unmoved, ±⅓, ±⅔ and ±1 scan range, the two extremes.
    uint256 private constant PLACES = 9;
    uint256 private constant UPPER_EXTREME = 7;
    uint256 private constant LOWER_EXTREME = 8;

    /// @dev What the strikes of a series share.
    struct Frame {
        uint256[PLACES] forwards;
        int256[PLACES] logs; // of a stressed forward over the forward
        uint256 unit; // of the lanes
        SviWord.Slice slice;
        uint256 span;
        uint256 rootTime; // √ of the variance time in years
        uint256 shock; // f of VolatilityShock
    }

    /// @notice The words of all strikes, by index, and the word of the series after it.
    /// @dev Reverts with `LaneSaturated` when a lane of any strike needs more than 15 bits, `MoneynessTooFar` when a strike is farther than the
    /// slice is defined: words of a part of a series are none.
    /// @param epoch of the slice
    function refreshed(
        uint256 seriesWord,
        SeriesQuote memory quote,
        uint256 time,
        uint256 epoch
    ) internal pure returns (uint256[] memory words, uint256 next) {
        Price anchor = SeriesWord.forwardDown(quote.forward);
        Ratio range = SeriesWord.rangeUp(quote.range);
        next = seriesWord.refreshed(anchor, range, time, epoch);
        Frame memory frame = frameOf(anchor, range, quote);
        uint256 count = seriesWord.strikeCount();
        words = new uint256[](count);
        for (uint256 index; index < count; ++index) {
            words[index] = wordOf(frame, seriesWord.strike(index).raw());
        }
    }

    /// @notice What the strikes share, at an anchor and a scan range that the word of the series holds to the unit.
    function frameOf(Price anchor, Ratio range, SeriesQuote memory quote) internal pure returns (Frame memory frame) {
        uint256 forward = anchor.raw();
        frame.forwards[0] = forward;
        for (uint256 place = 1; place < PLACES; ++place) {
            // scenarios 3, 5, … 13 have volatility up; 15 and 16 are the extremes
            uint256 scenario = place == LOWER_EXTREME ? 16 : 2 * place + 1;
            uint256 moved = OptionStress.forwardAt(anchor, range, scenario).raw();
            frame.forwards[place] = moved;
            frame.logs[place] = Black76.logMoneynessOf(moved, forward);
        }
        frame.unit = RiskWord.unitUp(anchor);
        frame.slice = quote.slice;
        frame.span = quote.span;
        frame.rootTime = rootOf(quote.varianceTime);
        frame.shock = VolatilityShock.factor(quote.varianceTime / WAD);
    }

    /// @notice The risk word of one strike.
    function wordOf(Frame memory frame, uint256 strike) internal pure returns (uint256 word) {
        uint256[PLACES] memory forwards = frame.forwards;
        int256[PLACES] memory logs = frame.logs;
        int256 x = Black76.logMoneynessOf(forwards[0], strike);
        uint256 volatility = impliedDown(frame.slice, -x, frame.span);
        uint256 atMark = Black76.totalVolatilityOf(volatility, frame.rootTime);
        uint256 up = Black76.totalVolatilityOf(VolatilityShock.up(volatility, frame.shock), frame.rootTime);
        uint256 down = Black76.totalVolatilityOf(VolatilityShock.down(volatility, frame.shock), frame.rootTime);
        bool call = strike >= forwards[0];
        uint256 unit = frame.unit;
        if (call) word = RiskWord.CALL;
        unchecked {
            for (uint256 place; place < UPPER_EXTREME; ++place) {
                uint256 forward = _at(forwards, place);
                int256 moved = x + _logAt(logs, place);
                word |= _lane(2 * place + 1, _value(call, forward, strike, moved, up), unit);
                word |= _lane(2 * place + 2, _value(call, forward, strike, moved, down), unit);
            }
            uint256 mark = _value(call, forwards[0], strike, x, atMark);
            word |= _lane(0, mark, unit);
            uint256 extreme = _value(call, forwards[UPPER_EXTREME], strike, x + logs[UPPER_EXTREME], atMark);
            word |= _lane(15, OptionStress.dampedDown(mark, extreme), unit);
            extreme = _value(call, forwards[LOWER_EXTREME], strike, x + logs[LOWER_EXTREME], atMark);
            word |= _lane(16, OptionStress.dampedDown(mark, extreme), unit);
        }
    }

    /// @notice Implied volatility a year at the log-moneyness `k`, WAD, rounded down.
    /// @param span seconds that the slice's total variance is for
    function impliedDown(SviWord.Slice memory slice, int256 k, uint256 span) internal pure returns (uint256) {
        Svi.requireNear(k);
        return Svi.volatilityDown(Svi.varianceDown(slice, k), span);
    }

    /// @notice √ of a variance time in years, WAD, rounded down: `Black76.rootOfSeconds` for parts of a second too.
    function rootOf(uint256 varianceTime) internal pure returns (uint256) {
        unchecked {
            // varianceTime < 2^100
            return FixedPointMathLib.sqrt((varianceTime * WAD) / YEAR);
        }
    }

    function _value(bool call, uint256 forward, uint256 strike, int256 logMoneyness, uint256 total) private pure returns (uint256) {
        (uint256 callValue, uint256 putValue) = Black76.undiscounted(forward, strike, logMoneyness, total);
        return call ? callValue : putValue;
    }

    /// @dev A lane in its place; the unit is not zero, the scenario at most 16.
    function _lane(uint256 scenario, uint256 value, uint256 unit) private pure returns (uint256) {
        unchecked {
            uint256 units = value / unit;
            if (units > RiskWord.LARGEST_LANE) revert RiskWord.LaneSaturated(scenario, value, unit);
            return units << (RiskWord.LANE_BITS * scenario);
        }
    }

    /// @dev Without the check of the index, which the loop has.
    function _at(uint256[PLACES] memory forwards, uint256 place) private pure returns (uint256 forward) {
        assembly ("memory-safe") {
            forward := mload(add(forwards, shl(5, place)))
        }
    }

    function _logAt(int256[PLACES] memory logs, uint256 place) private pure returns (int256 log) {
        assembly ("memory-safe") {
            log := mload(add(logs, shl(5, place)))
        }
    }
}
