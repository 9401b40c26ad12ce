// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVaultSeries} from "../../interfaces/IVaultSeries.sol";
import {Instrument} from "../../types/Instrument.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {AverageWord} from "../../words/AverageWord.sol";
import {SeriesWord} from "../../words/SeriesWord.sol";

/// @title From prices to the average that a series settles on, and what the series is worth on the way
/// @dev A series settles on the time-weighted mean of the price over the last half hour. A price holds until the next one, but counts for at most
/// `LONGEST_HOLD` seconds: without a newer one the window's clock stands, so that it ends late instead of on a price that everybody has
/// known for long. What is missing to half an hour of counted seconds is the part left, w, whatever the time of day.
///   forward        (1 − w)·A + w·F, A the mean so far, F the live forward: what of the mean is known does not move any more
///   scan range     that of w·F, as a part of the forward
///   variance time  until the window opens and (w³/3)·30 min·(F/forward)² from there: the mean of a Brownian path over τ varies by τ/3, and
///                  w·F is what varies. At w = 1 these are 10 minutes, which is the time to expiry less 20: nothing jumps.
/// Times are seconds, `opening` is `openingOf` the expiry.
library Expiry {
    using AverageWord for uint256;
    using SeriesWord for uint256;

    /// @notice The length of the window.
    uint256 internal constant WINDOW = 30 minutes;

    /// @notice The longest that a price counts without a newer one: there are at least ten in a mean. With gaps g = τ/n the mean of what was
    /// seen misses that of a Brownian path by σ·√(τ/3)/n, a tenth of what the mean itself varies by.
    uint256 internal constant LONGEST_HOLD = 3 minutes;

    uint256 private constant WAD = 1e18;

    /// @notice When the window of an expiry opens.
    function openingOf(uint256 expiry) internal pure returns (uint256) {
        return expiry - WINDOW;
    }

    /// @notice The average after a post: it counts from its block on, and the price before it until then. The first post only begins it.
    /// @dev Whoever dates a post chooses with hindsight, so that its publish time does not count; the longest hold is from there all the same. Posts come in the
    /// order of their publish times: of one block the newest counts. One that is not newer changes nothing, nor does anything once half an hour is full. A
    /// price that was posted before the opening counts from there, for what is left of its longest hold.
    /// @param time when the price was published
    /// @param present of the block, not before `time`
    function observed(uint256 word, uint256 opening, Price price, uint256 time, uint256 present) internal pure returns (uint256) {
        if (price.raw() == 0) revert IVaultSeries.NoPrice();
        if (word != 0 && time <= word.lastTime()) return word;
        if (word.secondsIn() == WINDOW) return word;
        (uint256 sum, uint256 counted) = counts(word, opening, present);
        uint256 delay = present - time;
        return AverageWord.pack(sum, counted, delay < LONGEST_HOLD ? delay : LONGEST_HOLD, time, price);
    }

    /// @notice Sum (WAD·s) and seconds of the average with the last price held until `time`.
    function counts(uint256 word, uint256 opening, uint256 time) internal pure returns (uint256 sum, uint256 counted) {
        unchecked {
            // times are below 2^40, the sum below 2^107
            (sum, counted) = (word.sum(), word.secondsIn());
            uint256 from = word.lastTime();
            uint256 until = from + LONGEST_HOLD;
            if (time < until) until = time;
            from += word.delay();
            if (from < opening) from = opening;
            if (until <= from) return (sum, counted);
            uint256 held = until - from;
            if (held > WINDOW - counted) held = WINDOW - counted;
            return (sum + held * word.lastPrice().raw(), counted + held);
        }
    }

    /// @notice Whether the settlement price stands at `time`, the last price held until then.
    function isSettled(uint256 word, uint256 opening, uint256 time) internal pure returns (bool) {
        (, uint256 counted) = counts(word, opening, time);
        return counted == WINDOW;
    }

    /// @notice The price of a lot that the series settles on, rounded down; the same at every later `time`, whatever is posted.
    function settlementDown(uint256 word, uint256 opening, uint256 time) internal pure returns (Price) {
        (uint256 sum, uint256 counted) = counts(word, opening, time);
        if (counted != WINDOW) revert IVaultSeries.NotSettled(counted);
        return Price.wrap(sum / WINDOW);
    }

    /// @notice The forward of a lot, rounded down, the part of it that still moves times `WINDOW`, and the variance time (WAD seconds, rounded
    /// down) at `time`.
    /// @param live forward of a lot by the live price, not zero
    function stateAt(
        uint256 word,
        uint256 opening,
        Price live,
        uint256 time
    ) internal pure returns (Price forward, uint256 moving, uint256 varianceTime) {
        (uint256 sum, uint256 counted) = counts(word, opening, time);
        unchecked {
            // live < 2^96, left ≤ 1,800 < 2^11
            uint256 left = WINDOW - counted;
            moving = left * live.raw();
            forward = Price.wrap((sum + moving) / WINDOW);
            // F/forward ≤ 1/w ≤ 1,800, but for the rounding of a forward of a few units
            uint256 lever = counted == 0 ? WAD : (live.raw() * WAD) / forward.raw();
            // left³ < 2^33, lever < 2^156: one at a time; left³/(3·WINDOW²) is w³/3 of the window
            varianceTime = (((left * left * left * lever) / WAD) * lever) / (3 * WINDOW * WINDOW);
            if (time < opening) varianceTime += (opening - time) * WAD;
        }
    }

    /// @notice Whole seconds of variance time to `expiry` as the clock alone has them: inside the window, which can only end later, as if prices came
    /// without a gap and the mean so far were the price. Rounded down; zero from the expiry on.
    function secondsLeftDown(uint256 expiry, uint256 time) internal pure returns (uint256) {
        unchecked {
            // left < 2^40
            uint256 left = expiry > time ? expiry - time : 0;
            return left > WINDOW ? left - WINDOW + WINDOW / 3 : (left * left * left) / (3 * WINDOW * WINDOW);
        }
    }

    /// @notice The scan range of the series' forward: that of the price on the part that still moves, rounded up to whole units of the word.
    /// @param moving and `forward` as `stateAt` gives them
    function rangeUp(Ratio range, Price forward, uint256 moving) internal pure returns (Ratio) {
        unchecked {
            // range < 2^72, moving < 2^107
            uint256 whole = forward.raw() * WINDOW;
            Ratio part = Ratio.wrap((range.raw() * moving + (whole - 1)) / whole);
            return SeriesWord.rangeUp(part > range ? range : part);
        }
    }

    /// @notice What a lot pays at a settlement price: an amount that is not negative. Whoever is short owes the same to the unit.
    /// @param seriesWord of the series of `instrument`
    function payoff(Instrument instrument, uint256 seriesWord, Price settlement) internal pure returns (Price) {
        if (instrument.isFuture()) return settlement;
        uint256 strike = seriesWord.strike(instrument.strikeIndex()).raw();
        uint256 price = settlement.raw();
        unchecked {
            if (instrument.isCall()) return Price.wrap(price > strike ? price - strike : 0);
            return Price.wrap(strike > price ? strike - price : 0);
        }
    }
}
