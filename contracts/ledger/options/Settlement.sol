// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {IVaultSeries} from "../../interfaces/IVaultSeries.sol";
import {Price} from "../../types/Price.sol";
import {AverageWord} from "../../words/AverageWord.sol";
import {SeriesWord} from "../../words/SeriesWord.sol";
import {VaultState} from "../VaultStorage.sol";
import {Expiry} from "./Expiry.sol";

/// @title From posts to the settlement prices of the series of an underlying
library Settlement {
    using AverageWord for uint256;
    using SeriesWord for uint256;

    /// @notice Lets every listed series of `underlying` whose window is open observe an accepted price, and writes down which have settled.
    /// @dev What has settled by the clock does so at the price that held: a post with an earlier publish time comes too late to change it.
    function observe(VaultState storage $, uint8 underlying, Price price, uint256 time) internal {
        for (uint256 left = $.seriesListed[underlying]; left != 0; left &= left - 1) {
            // casting to uint8 is safe: a bit of a word
            uint8 series = uint8(lowest(left));
            uint256 opening = Expiry.openingOf($.series[underlying][series].expiry());
            if (block.timestamp < opening) continue;
            uint256 average = $.averages[underlying][series];
            if (!Expiry.isSettled(average, opening, block.timestamp)) {
                uint256 next = Expiry.observed(average, opening, price, time, block.timestamp);
                if (next == average) continue;
                average = next;
                $.averages[underlying][series] = average;
                if (!Expiry.isSettled(average, opening, block.timestamp)) continue;
            }
            settle($, underlying, series, average, opening);
        }
    }

    /// @notice Writes the full average, with the post that filled it, and ends the listing. Reverts with `NotSettled` before half an hour is counted.
    function settle(VaultState storage $, uint8 underlying, uint8 series, uint256 average, uint256 opening) internal {
        Price settlement = Expiry.settlementDown(average, opening, block.timestamp);
        (uint256 sum, uint256 counted) = Expiry.counts(average, opening, block.timestamp);
        $.averages[underlying][series] = AverageWord.pack(sum, counted, average.delay(), average.lastTime(), average.lastPrice());
        $.seriesListed[underlying] &= ~(uint256(1) << series);
        emit IVaultSeries.SeriesSettled(underlying, series, settlement.raw());
    }

    /// @notice Whether a series is listed and its settlement price not written down.
    function isOpen(VaultState storage $, uint256 underlying, uint256 series) internal view returns (bool) {
        return ($.seriesListed[underlying] >> series) & 1 != 0;
    }

    /// @dev The place of the lowest bit of a word that is not zero.
    function lowest(uint256 bits) internal pure returns (uint256) {
        return FixedPointMathLib.log2(bits & (~bits + 1));
    }
}
