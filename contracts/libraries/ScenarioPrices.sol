// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {LANES} from "../words/RiskWord.sol";
import {SviWord} from "../words/SviWord.sol";
import {Black76} from "./Black76.sol";
import {OptionStress} from "./OptionStress.sol";
import {Svi} from "./Svi.sol";
import {VolatilityShock} from "./VolatilityShock.sol";

/// @title What an option is worth at the mark and in the scenarios: what a refresh turns into lanes, and a liquidation goes by
/// @dev What does not depend on the strike is worked out once: nine stressed forwards and their logarithms, √T, the shock and the slice; what
/// does not depend on the scenario once for a strike: ln(F/K), the implied volatility and its shocks. ln(F·(1 + m)/K) is then a sum of two
/// logarithms, each within 1.1 units of 1e-18. Scenarios are a bit each; the mark, bit 0, is always among them.
library ScenarioPrices {
    uint256 internal constant ALL = (1 << LANES) - 1;

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
        SviWord.Slice slice;
        uint256 span; // seconds that the total variance of the slice is for
        uint256 rootTime; // √ of the variance time in years
        uint256 shock; // f of VolatilityShock
    }

    /// @notice What the strikes of a series share in `scenarios`.
    /// @param range of the series
    /// @param varianceTime WAD seconds
    function frameOf(
        Price forward,
        Ratio range,
        SviWord.Slice memory slice,
        uint256 span,
        uint256 varianceTime,
        uint256 scenarios
    ) internal pure returns (Frame memory frame) {
        frame.forwards[0] = forward.raw();
        for (uint256 place = 1; place < PLACES; ++place) {
            // scenarios 3 and 4, 5 and 6, … 13 and 14 have one price, and the extremes 15 and 16 each their own
            uint256 scenario = place == LOWER_EXTREME ? 16 : 2 * place + 1;
            if ((scenarios >> scenario) & (scenario < 15 ? 3 : 1) == 0) continue;
            uint256 moved = OptionStress.forwardAt(forward, range, scenario).raw();
            frame.forwards[place] = moved;
            frame.logs[place] = Black76.logMoneynessOf(moved, forward.raw());
        }
        frame.slice = slice;
        frame.span = span;
        frame.rootTime = rootOf(varianceTime);
        frame.shock = VolatilityShock.factor(varianceTime / WAD);
    }

    /// @notice Writes into `values`, from `start` on, what a lot of the option of `strike` that is out of the money is worth in each of
    /// `scenarios`, lowest first; rounded down, extremes damped.
    /// @dev There is room for them.
    function write(Frame memory frame, uint256 strike, uint256 scenarios, uint256[] memory values, uint256 start) internal pure {
        bool call = isCall(frame, strike);
        (int256 x, uint256[3] memory widths) = _ofStrike(frame, strike);
        uint256 at;
        assembly ("memory-safe") {
            at := add(values, shl(5, add(start, 1)))
        }
        uint256 mark = _value(call, frame.forwards[0], strike, x, widths[OptionStress.ROW_MARK]);
        at = _put(at, mark);
        uint256[PLACES] memory forwards = frame.forwards;
        int256[PLACES] memory logs = frame.logs;
        (uint256 up, uint256 down) = (widths[OptionStress.ROW_UP], widths[OptionStress.ROW_DOWN]);
        unchecked {
            // logarithms < 2^70, nine places
            for (uint256 place; place < UPPER_EXTREME; ++place) {
                uint256 wanted = (scenarios >> (2 * place + 1)) & 3;
                if (wanted == 0) continue;
                (uint256 forward, int256 log) = _at(forwards, logs, place);
                log += x;
                if (wanted & 1 != 0) at = _put(at, _value(call, forward, strike, log, up));
                if (wanted & 2 != 0) at = _put(at, _value(call, forward, strike, log, down));
            }
            for (uint256 place = UPPER_EXTREME; place < PLACES; ++place) {
                if ((scenarios >> (place + 8)) & 1 == 0) continue;
                (uint256 forward, int256 log) = _at(forwards, logs, place);
                uint256 extreme = _value(call, forward, strike, x + log, widths[OptionStress.ROW_MARK]);
                at = _put(at, OptionStress.dampedDown(mark, extreme));
            }
        }
    }

    function _value(bool call, uint256 forward, uint256 strike, int256 logMoneyness, uint256 width) private pure returns (uint256) {
        (uint256 callValue, uint256 putValue) = Black76.undiscounted(forward, strike, logMoneyness, width);
        return call ? callValue : putValue;
    }

    function _put(uint256 at, uint256 word) private pure returns (uint256 next) {
        assembly ("memory-safe") {
            mstore(at, word)
            next := add(at, 0x20)
        }
    }

    /// @notice Whether it is the call of `strike` that is out of the money, and priced.
    function isCall(Frame memory frame, uint256 strike) internal pure returns (bool) {
        return strike >= frame.forwards[0];
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

    /// @dev ln(F/K), and σ√T by row of OptionStress.
    function _ofStrike(Frame memory frame, uint256 strike) private pure returns (int256 x, uint256[3] memory widths) {
        x = Black76.logMoneynessOf(frame.forwards[0], strike);
        uint256 volatility = impliedDown(frame.slice, -x, frame.span);
        uint256 root = frame.rootTime;
        widths[OptionStress.ROW_MARK] = Black76.totalVolatilityOf(volatility, root);
        widths[OptionStress.ROW_UP] = Black76.totalVolatilityOf(VolatilityShock.up(volatility, frame.shock), root);
        widths[OptionStress.ROW_DOWN] = Black76.totalVolatilityOf(VolatilityShock.down(volatility, frame.shock), root);
    }

    /// @dev Without the checks of the index, which is below nine.
    function _at(
        uint256[PLACES] memory forwards,
        int256[PLACES] memory logs,
        uint256 place
    ) private pure returns (uint256 forward, int256 log) {
        assembly ("memory-safe") {
            forward := mload(add(forwards, shl(5, place)))
            log := mload(add(logs, shl(5, place)))
        }
    }
}
