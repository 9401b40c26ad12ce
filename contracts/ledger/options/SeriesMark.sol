// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Black76} from "../../math/options/Black76.sol";
import {Instrument, STRIKE_ZERO, UnknownInstrument} from "../../types/Instrument.sol";
import {Price} from "../../types/Price.sol";
import {SeriesWord} from "../../words/SeriesWord.sol";
import {SurfaceWord} from "../../words/SurfaceWord.sol";
import {SviWord} from "../../words/SviWord.sol";
import {VaultState} from "../VaultStorage.sol";
import {ScenarioPrices} from "./ScenarioPrices.sol";
import {SeriesState} from "./SeriesState.sol";

/// @title What a lot of an option or a dated future is worth now, and what bands and fees are parts of
library SeriesMark {
    using SeriesWord for uint256;
    using SurfaceWord for uint256;
    using SeriesState for SeriesState.Live;

    /// @dev Of the forward: a band and a fee around the mark alone would leave nothing for an option that is worth next to nothing.
    uint256 private constant LEAST_REFERENCE_PART = 20;

    /// @notice The mark of `instrument` of a listed series that stands as `live` says, and its reference price: the mark, at least a twentieth of the forward.
    /// Both are zero of an option where nothing is traded any more, or yet.
    function write(
        SeriesState.Live memory live,
        VaultState storage $,
        uint256 underlying,
        Instrument instrument
    ) internal view returns (Price mark, Price referencePrice) {
        uint256 series = instrument.series();
        uint256 index = instrument.strikeIndex();
        Price forward = live.forward;
        if (index == STRIKE_ZERO) {
            if (!instrument.isCall()) revert UnknownInstrument(series, index, false);
            return (forward, forward);
        }
        live.word.requireListed(index);
        // without a slice nothing can be priced
        if (live.settled || live.surface.published() == 0) return (mark, referencePrice);
        mark = ofOption(live, $, underlying, series, live.word.strike(index).raw(), instrument.isCall());
        uint256 least = forward.raw() / LEAST_REFERENCE_PART;
        referencePrice = mark.raw() < least ? Price.wrap(least) : mark;
    }

    /// @notice Black-76 at the live forward and volatility, rounded down.
    function ofOption(
        SeriesState.Live memory live,
        VaultState storage $,
        uint256 underlying,
        uint256 series,
        uint256 strike,
        bool isCall
    ) internal view returns (Price) {
        (SviWord.Slice memory slice, uint256 span) = live.slice($, underlying, series);
        uint256 forward = live.forward.raw();
        int256 x = Black76.logMoneynessOf(forward, strike);
        uint256 volatility = ScenarioPrices.impliedDown(slice, -x, span);
        uint256 width = Black76.totalVolatilityOf(volatility, ScenarioPrices.rootOf(live.varianceTime));
        (uint256 call, uint256 put) = Black76.undiscounted(forward, strike, x, width);
        return Price.wrap(isCall ? call : put);
    }
}
