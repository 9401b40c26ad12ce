// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FundingWord} from "../words/FundingWord.sol";
import {PriceWord} from "../words/PriceWord.sol";

/// @title The cumulative funding index of a perpetual
/// @dev index(t) = index + rate · price · (min(t, publish time + tradingAge) − time) / (8 h · 1e9), rounded toward zero.
/// The index stands still while the price is invalid, in grace, never posted, or older than `tradingAge`: nobody pays for time in which
/// positions cannot be changed (H-59). A payment is lots · (index − snapshot), exact, so what longs pay shorts receive.
library Funding {
    using FundingWord for uint256;

    uint256 internal constant PERIOD = 8 hours;
    uint256 internal constant PPB = 1e9;

    /// @dev Highest rate over eight hours either way, ppb: 0.75 %, what margin provides for.
    int256 internal constant RATE_MAX = 7_500_000;

    /// @dev How far the rate may move in an hour, ppb over eight hours: 0.1 %. From one extreme to the other takes fifteen hours.
    int256 internal constant SLEW_PER_HOUR = 1_000_000;

    /// @dev The index at `now_`.
    function indexAt(uint256 fundingWord, uint256 priceWord, uint256 tradingAge, uint256 now_) internal pure returns (int256) {
        int256 index = fundingWord.index();
        if (PriceWord.state(priceWord) != PriceWord.NORMAL) return index;
        uint256 until = PriceWord.time(priceWord) + tradingAge;
        if (now_ < until) until = now_;
        uint256 since = fundingWord.time();
        if (until <= since) return index;
        unchecked {
            // |rate| < 2^31, price < 2^96, elapsed < 2^41: the product is below 2^168; signed division rounds toward zero
            int256 product = fundingWord.rate() * int256(PriceWord.price(priceWord).raw()) * int256(until - since);
            return index + product / int256(PERIOD * PPB);
        }
    }

    /// @dev The index now.
    function indexNow(uint256 fundingWord, uint256 priceWord, uint256 tradingAge) internal view returns (int256) {
        return indexAt(fundingWord, priceWord, tradingAge, block.timestamp);
    }

    /// @dev The word with its index brought to now. Its time becomes now even where the index stood still: that time is never made up for.
    function accrued(uint256 fundingWord, uint256 priceWord, uint256 tradingAge) internal view returns (uint256) {
        // casting to uint40 is safe until the year 36812
        return fundingWord.withIndex(indexNow(fundingWord, priceWord, tradingAge), uint40(block.timestamp));
    }

    /// @dev What becomes of a proposed rate: within ±RATE_MAX, and no farther from `current` than SLEW_PER_HOUR · elapsed / 1 h,
    /// rounded down, `elapsed` being the seconds since the rate was last set.
    function bounded(int256 proposed, int256 current, uint256 elapsed) internal pure returns (int256) {
        if (proposed > RATE_MAX) proposed = RATE_MAX;
        if (proposed < -RATE_MAX) proposed = -RATE_MAX;
        // fifteen hours allow any move: more cannot matter and must not overflow
        if (elapsed > 15 hours) elapsed = 15 hours;
        int256 step = (SLEW_PER_HOUR * int256(elapsed)) / 1 hours;
        if (proposed > current + step) return current + step;
        if (proposed < current - step) return current - step;
        return proposed;
    }
}
