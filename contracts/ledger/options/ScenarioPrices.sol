// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {Black76} from "../../math/options/Black76.sol";
import {OptionStress} from "../../math/options/OptionStress.sol";
import {Svi} from "../../math/options/Svi.sol";
import {VolatilityShock} from "../../math/options/VolatilityShock.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {LANES} from "../../words/RiskWord.sol";
import {SviWord} from "../../words/SviWord.sol";

/// @title What an option is worth at the mark and in the scenarios: what a refresh turns into lanes, and a liquidation goes by
/// @dev What does not depend on the strike is worked out once: nine stressed forwards and their logarithms, √T, the shock and the slice; what
/// does not depend on the scenario once for a strike: ln(F/K), the implied volatility and its shocks. ln(F·(1 + m)/K) is then a sum of two
/// logarithms, each within 1.1 units of 1e-18. Scenarios are a bit each; the mark, bit 0, is always among them.
library ScenarioPrices {
    uint256 internal constant ALL = (1 << LANES) - 1;
    uint256 internal constant MARK = 1;

    uint256 private constant WAD = 1e18;
    uint256 private constant YEAR = 365 days;
    /// @dev Places of the price: unmoved, ±⅓, ±⅔ and ±1 scan range, the two extremes.
    uint256 private constant PLACES = 9;
    uint256 private constant UPPER_EXTREME = 7;
    uint256 private constant LOWER_EXTREME = 8;
    /// @dev Where the row begins in a byte of `Frame.stressed`.
    uint256 private constant ROW = 4;

    /// @dev What the strikes of a series share.
    struct Frame {
        uint256 stressed; // scenarios to price beside the mark, lowest first, a byte each: place 0–3, row of OptionStress 4–5; never zero
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
        unchecked {
            // nine places, sixteen bytes
            uint256 stressed;
            uint256 shift;
            for (uint256 place; place < PLACES; ++place) {
                // scenarios 1 and 2, 3 and 4, … 13 and 14 have one price, and the extremes 15 and 16 each their own
                bool extreme = place >= UPPER_EXTREME;
                uint256 wanted = extreme ? (scenarios >> (place + 8)) & 1 : (scenarios >> (2 * place + 1)) & 3;
                if (wanted == 0) continue;
                if (wanted & 1 != 0) {
                    stressed |= (place | ((extreme ? OptionStress.ROW_MARK : OptionStress.ROW_UP) << ROW)) << shift;
                    shift += 8;
                }
                if (wanted & 2 != 0) {
                    stressed |= (place | (OptionStress.ROW_DOWN << ROW)) << shift;
                    shift += 8;
                }
                if (place == 0) continue;
                uint256 moved = OptionStress.forwardAt(forward, range, place == LOWER_EXTREME ? 16 : 2 * place + 1).raw();
                frame.forwards[place] = moved;
                frame.logs[place] = Black76.logMoneynessOf(moved, forward.raw());
            }
            frame.stressed = stressed;
        }
        frame.slice = slice;
        frame.span = span;
        frame.rootTime = rootOf(varianceTime);
        frame.shock = VolatilityShock.factor(varianceTime / WAD);
    }

    /// @notice Writes into `values`, from `start` on, what a lot of the option of `strike` that is out of the money is worth at the mark and in each scenario of
    /// `frame`, lowest first; rounded down, extremes damped.
    /// @dev There is room for them.
    function write(Frame memory frame, uint256 strike, uint256[] memory values, uint256 start) internal pure {
        bool call = isCall(frame, strike);
        (int256 x, uint256[3] memory widths) = _ofStrike(frame, strike);
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := add(values, shl(5, add(start, 1)))
        }
        uint256[PLACES] memory forwards = frame.forwards;
        int256[PLACES] memory logs = frame.logs;
        uint256 mark = _value(call, forwards[0], strike, x, widths[OptionStress.ROW_MARK]);
        pointer = _put(pointer, mark);
        unchecked {
            // logarithms < 2^70
            for (uint256 left = frame.stressed; left != 0; left >>= 8) {
                uint256 row = (left >> ROW) & 3;
                (uint256 forward, int256 log, uint256 width) = _at(forwards, logs, widths, left & 15, row);
                uint256 value = _value(call, forward, strike, x + log, width);
                // the extremes alone are at the volatility of the mark
                if (row == OptionStress.ROW_MARK) value = OptionStress.dampedDown(mark, value);
                pointer = _put(pointer, value);
            }
        }
    }

    function _value(bool call, uint256 forward, uint256 strike, int256 logMoneyness, uint256 width) private pure returns (uint256) {
        (uint256 callValue, uint256 putValue) = Black76.undiscounted(forward, strike, logMoneyness, width);
        return call ? callValue : putValue;
    }

    function _put(uint256 pointer, uint256 word) private pure returns (uint256 next) {
        assembly ("memory-safe") {
            mstore(pointer, word)
            next := add(pointer, 0x20)
        }
    }

    /// @notice Whether it is the call of `strike` that is out of the money, and priced.
    function isCall(Frame memory frame, uint256 strike) internal pure returns (bool) {
        return strike >= frame.forwards[0];
    }

    /// @notice Implied volatility a year at the log-moneyness `k`, WAD, rounded down.
    /// @param span seconds that the slice's total variance is for
    function impliedDown(SviWord.Slice memory slice, int256 k, uint256 span) internal pure returns (uint256) {
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

    /// @dev Without the checks of the indices: the place is below nine, the row below three.
    function _at(
        uint256[PLACES] memory forwards,
        int256[PLACES] memory logs,
        uint256[3] memory widths,
        uint256 place,
        uint256 row
    ) private pure returns (uint256 forward, int256 log, uint256 width) {
        assembly ("memory-safe") {
            forward := mload(add(forwards, shl(5, place)))
            log := mload(add(logs, shl(5, place)))
            width := mload(add(widths, shl(5, row)))
        }
    }
}
