// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Black76} from "../../math/options/Black76.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {StaleCause} from "../../types/StaleCause.sol";
import {SeriesWord} from "../../words/SeriesWord.sol";
import {SviWord} from "../../words/SviWord.sol";
import {Expiry} from "./Expiry.sol";
import {ScenarioPrices} from "./ScenarioPrices.sol";

/// @title Whether the risk words of a series may still be used to open and to withdraw
/// @dev Words hold until the forward has moved by more than 0.5 %, the scan range has risen at all or fallen by more than 1 %, the implied volatility of
/// any listed strike has changed by more than 1 % of itself, or a fiftieth of their variance time has passed, at least a minute and at most 15. These
/// are the corners that the opening bound is tested at. A limit that is met exactly is kept. Inside the window the range falls from second to second, and only its rise counts.
library Freshness {
    using SeriesWord for uint256;

    /// @dev A volatility slice and the seconds of variance time that it is for.
    struct Surface {
        uint256 slice;
        uint256 span;
    }

    uint256 internal constant LONGEST = 15 minutes;
    /// @dev In the window variance falls by the cube of the time left: a fiftieth of it would be less than a block.
    uint256 internal constant SHORTEST = 1 minutes;
    /// @dev A fiftieth of the variance time is 1 % of what volatility and time make together: as much as the limit of the volatility.
    uint256 internal constant PART_OF_TIME = 50;
    /// @dev One part in 200 of the anchor.
    uint256 internal constant PART_OF_PRICE = 200;
    uint256 internal constant PART_OF_RANGE = 100;
    uint256 internal constant PART_OF_VOLATILITY = 100;

    /// @notice Why the words are stale, the volatility apart: one word and no logarithm.
    /// @param forward and `range` as a refresh would be given them now
    function causeOf(uint256 seriesWord, Price forward, Ratio range, uint256 time) internal pure returns (StaleCause) {
        uint256 anchor = seriesWord.anchor().raw();
        if (anchor == 0) return StaleCause.NEVER_REFRESHED;
        uint256 made = seriesWord.time();
        if (time > made + lifetime(made, seriesWord.expiry())) return StaleCause.TIME;
        uint256 live = forward.raw();
        uint256 scan = seriesWord.scanRange().raw();
        unchecked {
            // prices < 2^96, ranges < 2^72
            if ((live > anchor ? live - anchor : anchor - live) * PART_OF_PRICE > anchor) return StaleCause.PRICE;
            if (range.raw() > scan) return StaleCause.RANGE;
            if ((scan - range.raw()) * PART_OF_RANGE > scan && time <= Expiry.openingOf(seriesWord.expiry())) return StaleCause.RANGE;
        }
        return StaleCause.NONE;
    }

    /// @notice Why the words are stale, by every rule.
    /// @param then_ surface that the words were made with
    /// @param now_ surface that a refresh would be given
    function cause(
        uint256 seriesWord,
        Price forward,
        Ratio range,
        uint256 time,
        Surface memory then_,
        Surface memory now_
    ) internal pure returns (StaleCause) {
        StaleCause first = causeOf(seriesWord, forward, range, time);
        if (first != StaleCause.NONE) return first;
        return volatilityMoved(seriesWord, forward, then_, now_) ? StaleCause.VOLATILITY : StaleCause.NONE;
    }

    /// @notice Whether the volatility of a listed strike has moved: by another slice, or along the slice with the forward.
    /// @dev The series has been refreshed. Slices as Svi has accepted them, strikes within `Svi.FARTHEST` of both forwards.
    function volatilityMoved(uint256 seriesWord, Price forward, Surface memory then_, Surface memory now_) internal pure returns (bool) {
        Price anchor = seriesWord.anchor();
        if (forward == anchor && then_.slice == now_.slice && then_.span == now_.span) return false;
        SviWord.Slice memory before = SviWord.unpack(then_.slice);
        SviWord.Slice memory afterwards = SviWord.unpack(now_.slice);
        int256 moved = Black76.logMoneynessOf(forward.raw(), anchor.raw());
        uint256 count = seriesWord.strikeCount();
        for (uint256 index; index < count; ++index) {
            int256 x = Black76.logMoneynessOf(anchor.raw(), seriesWord.strike(index).raw());
            uint256 was = ScenarioPrices.impliedDown(before, -x, then_.span);
            uint256 is_ = ScenarioPrices.impliedDown(afterwards, -(x + moved), now_.span);
            unchecked {
                // volatilities < 2^120
                if ((is_ > was ? is_ - was : was - is_) * PART_OF_VOLATILITY > was) return true;
            }
        }
        return false;
    }

    /// @notice For how many seconds words that were made at `made` hold at most. Nothing but the clock enters: in the window, which can only end
    /// later than the clock has it, the variance time is counted as if prices came without a gap.
    function lifetime(uint256 made, uint256 expiry) internal pure returns (uint256) {
        uint256 part = Expiry.secondsLeftDown(expiry, made) / PART_OF_TIME;
        if (part < SHORTEST) return SHORTEST;
        return part < LONGEST ? part : LONGEST;
    }
}
