// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ScenarioPrices} from "../ledger/options/ScenarioPrices.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {LANES, RiskWord} from "../words/RiskWord.sol";
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
/// @dev A lane is ⌊value / unit⌋ of the side that is out of the money at the anchor, at the forward and the volatility of its scenario.
library SeriesRefresh {
    using SeriesWord for uint256;

    /// @notice The words of all strikes, by index, and the word of the series after it.
    /// @dev Reverts with `LaneSaturated` when a lane of any strike needs more than 15 bits: words of a part of a series are none.
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
        ScenarioPrices.Frame memory frame = frameOf(anchor, range, quote);
        uint256 unit = RiskWord.unitUp(anchor);
        uint256[] memory values = new uint256[](LANES);
        uint256 count = seriesWord.strikeCount();
        words = new uint256[](count);
        for (uint256 index; index < count; ++index) {
            words[index] = wordOf(frame, seriesWord.strike(index).raw(), unit, values);
        }
    }

    /// @notice What the strikes share, at an anchor and a scan range that the word of the series holds to the unit.
    function frameOf(Price anchor, Ratio range, SeriesQuote memory quote) internal pure returns (ScenarioPrices.Frame memory) {
        return ScenarioPrices.frameOf(anchor, range, quote.slice, quote.span, quote.varianceTime, ScenarioPrices.ALL);
    }

    /// @notice The risk word of one strike.
    /// @param values room for those of the scenarios
    function wordOf(
        ScenarioPrices.Frame memory frame,
        uint256 strike,
        uint256 unit,
        uint256[] memory values
    ) internal pure returns (uint256 word) {
        ScenarioPrices.write(frame, strike, values, 0);
        if (ScenarioPrices.isCall(frame, strike)) word = RiskWord.CALL;
        unchecked {
            for (uint256 scenario; scenario < LANES; ++scenario) {
                uint256 value;
                uint256 units;
                // without checks: there are as many values as lanes, and the unit is not zero
                assembly ("memory-safe") {
                    value := mload(add(values, shl(5, add(scenario, 1))))
                    units := div(value, unit)
                }
                if (units > RiskWord.LARGEST_LANE) revert RiskWord.LaneSaturated(scenario, value, unit);
                word |= units << (RiskWord.LANE_BITS * scenario);
            }
        }
    }
}
