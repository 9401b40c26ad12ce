// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVaultSeries} from "../../interfaces/IVaultSeries.sol";
import {ScanRange} from "../../math/ScanRange.sol";
import {Variance} from "../../math/Variance.sol";
import {Instrument, STRIKE_ZERO, UnknownInstrument} from "../../types/Instrument.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {StaleCause} from "../../types/StaleCause.sol";
import {SampleWord} from "../../words/SampleWord.sol";
import {SeriesWord} from "../../words/SeriesWord.sol";
import {SurfaceWord} from "../../words/SurfaceWord.sol";
import {SviWord} from "../../words/SviWord.sol";
import {VaultState} from "../VaultStorage.sol";
import {Expiry} from "./Expiry.sol";
import {Freshness} from "./Freshness.sol";

/// @title A series as it stands now: forward, time, volatility
/// @dev What a feed last said holds for an hour. Where it is silent longer, its basis and its slice give way over a day to a basis of zero and to
/// the on-chain forecast, in 96 steps of a quarter of an hour. A mean of the slice and a flat one is a slice again: total variance is linear in a
/// and b. Words stay what they were made with until something that a price reads is another: the slice, the step, and from the first step on the forecast.
library SeriesState {
    using SeriesWord for uint256;
    using SurfaceWord for uint256;

    struct Live {
        uint256 word; // SeriesWord
        uint256 surface; // SurfaceWord
        uint256 steps; // of the way from the feed to the forecast, 0 to 96
        uint256 forecast; // σ² that it gives way to, 1e-10 a year; zero while it holds
        Price forward; // of a lot, as an anchor holds it; once settled the settlement price, exactly
        uint256 moving; // the price of a lot that still moves: all of it before the window, nothing once settled
        uint256 varianceTime; // WAD seconds to settlement
        bool settled;
    }

    /// @dev How long what a feed said holds.
    uint256 internal constant HOLDS = 1 hours;
    uint256 internal constant STEP = 15 minutes;
    uint256 internal constant STEPS = 96;

    uint256 private constant WAD = 1e18;
    uint256 private constant YEAR = 365 days;
    /// @dev A variance is in 1e-10 a year.
    uint256 private constant VARIANCE_UNIT = 1e8;
    int256 private constant PPB = 1e9;

    /// @notice Writes into `s` the series at `price`, the live price of a lot of the underlying.
    function write(Live memory s, VaultState storage $, uint256 underlying, uint256 series, Price price) internal view {
        uint256 word = $.series[underlying][series];
        if (word == 0) revert IVaultSeries.UnknownSeries(underlying, series);
        uint256 surface = $.surfaces[underlying][series];
        uint256 steps = stepsOf(surface, block.timestamp);
        (s.word, s.surface, s.steps, s.settled) = (word, surface, steps, false);
        s.forecast = steps == 0 ? 0 : _forecast($, underlying);
        uint256 opening = Expiry.openingOf(word.expiry());
        Price live = forwardDown(price, surface.basis(), steps);
        if (block.timestamp <= opening) {
            s.forward = SeriesWord.forwardDown(live);
            s.moving = live.raw();
            s.varianceTime = (opening - block.timestamp + Expiry.WINDOW / 3) * WAD;
            return;
        }
        uint256 average = $.averages[underlying][series];
        if (Expiry.isSettled(average, opening, block.timestamp)) {
            (s.settled, s.moving, s.varianceTime) = (true, 0, 0);
            s.forward = Expiry.settlementDown(average, opening, block.timestamp);
            return;
        }
        (Price forward, uint256 moving, uint256 varianceTime) = Expiry.stateAt(average, opening, live, block.timestamp);
        (s.forward, s.moving, s.varianceTime) = (SeriesWord.forwardDown(forward), moving / Expiry.WINDOW, varianceTime);
    }

    /// @notice What an instrument of a listed series is: its expiry, and its strike of a lot, zero for the dated future.
    function termsOf(VaultState storage $, uint256 underlying, Instrument instrument) internal view returns (uint256, Price) {
        (uint256 series, uint256 index) = (instrument.series(), instrument.strikeIndex());
        uint256 word = $.series[underlying][series];
        if (word == 0) revert IVaultSeries.UnknownSeries(underlying, series);
        if (index == STRIKE_ZERO) {
            if (!instrument.isCall()) revert UnknownInstrument(series, index, false);
            return (word.expiry(), Price.wrap(0));
        }
        word.requireListed(index);
        return (word.expiry(), word.strike(index));
    }

    /// @notice How far the feed had given way to the forecast at `time`, in steps.
    function stepsOf(uint256 surface, uint256 time) internal pure returns (uint256 steps) {
        uint256 until = surface.published() + HOLDS;
        if (time <= until) return 0;
        steps = (time - until - 1) / STEP + 1;
        if (steps > STEPS) steps = STEPS;
    }

    function _forecast(VaultState storage $, uint256 underlying) private view returns (uint256) {
        uint256 sample = $.samples[underlying];
        return Variance.largest(SampleWord.fast(sample), SampleWord.slow(sample), ScanRange.varianceFloor($.volatilities[underlying]));
    }

    /// @notice price·(1 + basis), the basis fading with the steps; rounded down, at least a unit: nothing can be priced at nothing. A basis is above −1.
    function forwardDown(Price price, int256 basis, uint256 steps) internal pure returns (Price) {
        unchecked {
            // price < 2^96, |basis| < 2^31; casting is safe: the factor is positive
            int256 whole = int256(STEPS) * PPB;
            uint256 forward = (price.raw() * uint256(whole + basis * int256(STEPS - steps))) / uint256(whole);
            return Price.wrap(forward == 0 ? 1 : forward);
        }
    }

    /// @notice The scan range of the series where that of the price is `range`: inside the window less of the forward moves.
    function rangeUp(Live memory s, Ratio range) internal pure returns (Ratio) {
        uint256 forward = s.forward.raw();
        uint256 moving = s.moving;
        if (moving >= forward) return SeriesWord.rangeUp(range);
        unchecked {
            // range < 2^72, moving < 2^96
            return SeriesWord.rangeUp(Ratio.wrap((range.raw() * moving + (forward - 1)) / forward));
        }
    }

    /// @notice What tells the volatilities that a refresh would price with from others, in 24 bits: the number of the slice, and from where it gives way on the forecast.
    /// @dev Of the forecast the low 23 bits: two of within the life of words differ in them but for one in eight million.
    function epochOf(Live memory s) internal pure returns (uint256) {
        return s.steps == 0 ? SurfaceWord.epoch(s.surface) : SurfaceWord.EPOCHS | (s.forecast % SurfaceWord.EPOCHS);
    }

    /// @notice The slice that holds now, and the seconds that its total variance is for.
    function slice(
        Live memory s,
        VaultState storage $,
        uint256 underlying,
        uint256 series
    ) internal view returns (SviWord.Slice memory live, uint256 span) {
        live = SviWord.unpack($.slices[underlying][series]);
        span = s.surface.span();
        uint256 steps = s.steps;
        if (steps == 0) return (live, span);
        uint256 forecast = s.forecast;
        unchecked {
            // forecast < 2^41, span < 2^32, |a| < 2^68, b < 2^62
            int256 flat = int256((forecast * VARIANCE_UNIT * span) / YEAR);
            int256 sum = live.a * int256(STEPS - steps) + flat * int256(steps);
            // rounded down, also below zero
            live.a = (sum - (sum < 0 ? int256(STEPS - 1) : int256(0))) / int256(STEPS);
            live.b = (live.b * (STEPS - steps)) / STEPS;
        }
    }

    /// @notice Why the words of a series may not be used to open and withdraw with `range`, that of the series.
    function staleness(Live memory s, Ratio range) internal view returns (StaleCause cause) {
        cause = Freshness.causeOf(s.word, s.forward, range, block.timestamp);
        if (cause != StaleCause.NONE) return cause;
        uint256 then_ = stepsOf(s.surface, SeriesWord.time(s.word));
        if (SeriesWord.epoch(s.word) != epochOf(s) || then_ != s.steps) return StaleCause.VOLATILITY;
    }
}
