// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../types/Price.sol";

/// @dev A series as it stands at this moment.
struct SeriesFigures {
    Price forward; // of a lot, rounded down to what an anchor holds; once settled the settlement price, exactly
    Price moving; // of the price of a lot, what still moves the settlement: all before the window, nothing once settled
    uint256 varianceTime; // seconds to settlement that volatility counts for, WAD, rounded down
    uint256 steps; // of 96 on the way from the feed to the forecast
    bool settled;
    uint8 staleness; // StaleCause at the larger of target and held range: zero while the risk words may be used
}

/// @dev What a volatility source is given for one series.
struct SliceUpdate {
    uint8 series;
    bytes data; // as the source wants it; empty to take what it knows
}

/// @title The series of options and dated futures of the vault's underlyings
/// @notice A series is what expires at one time: a dated future and a call and a put of each strike. It has a number from 1 to 255 within its underlying.
/// Governance lists it (`IVaultGovernance.listSeries`); everything here may be called by anybody. The feed's volatility slices come in through `postSlices`, risk words are
/// made of them by `refreshSeries`, and each accepted price of the last half hour counts towards the mean that the series settles on.
/// @dev Volatilities are a year, WAD: 0.6e18 is 60 %. Log-moneyness k is ln(strike / forward), WAD. Times are unix seconds.
interface IVaultSeries {
    // ---------------------------------------------------------------- events

    /// @dev `sliceWord` as SviWord packs it, `basis` in 1e-9, `epoch` the number of the slice, below 2^23.
    event SlicePosted(uint8 indexed underlying, uint8 indexed series, uint256 sliceWord, int256 basis, uint256 publishTime, uint256 epoch);
    /// @dev The risk words of all strikes are now those of `anchor` (of a lot, WAD), `range` (18 decimals) and of the slice `epoch`; from 2^23 on of one that gives way to the
    /// forecast, whose low bits these are.
    event SeriesRefreshed(uint8 indexed underlying, uint8 indexed series, uint256 anchor, uint256 range, uint256 epoch);
    /// @dev Once a series. `price` of a lot (WAD), rounded down, is what everything of the series pays by.
    event SeriesSettled(uint8 indexed underlying, uint8 indexed series, uint256 price);

    // ---------------------------------------------------------------- errors of listing

    /// @notice Thrown when the number is in use: the series has not settled, or somebody holds it still.
    error SeriesTaken(uint256 underlying, uint256 series, uint256 held);
    /// @notice Thrown when the number is free again only at `from`, a day after the expiry of its series.
    error SeriesRests(uint256 underlying, uint256 series, uint256 from);
    error ExpiryOutOfBounds(uint256 expiry, uint256 least, uint256 most);
    /// @notice Thrown when the lowest or highest strike is not within 0.05 and 20 present prices of a lot.
    error StrikeOutOfBounds(uint256 strike, uint256 least, uint256 most);
    /// @notice Thrown when the depth of a series is zero, which nothing can be divided by.
    error DepthZero();
    /// @notice Thrown when the highest volatility that slices may have, in percent, is out of bounds.
    error VolatilityCapOutOfBounds(uint256 percent, uint256 least, uint256 most);
    /// @notice Thrown when more strikes would be listed, in series of all underlyings that are not settled, than can be priced in one transaction. A
    /// series counts as its strikes and four more.
    error TooManyStrikes(uint256 listed, uint256 most);
    /// @notice Thrown when a refresh could meet a value that needs more than the 32,767 units of a lane: with the cap of volatility at the widest range when a series is
    /// listed, with the highest of its strikes at the present range when a slice is posted.
    error SeriesCouldSaturate(uint256 volatility, uint256 units);

    // ---------------------------------------------------------------- errors of slices

    error NoVolatilitySource(uint256 underlying);
    /// @notice Thrown when a slice comes after the settlement window opened.
    error WindowOpen(uint256 underlying, uint256 series, uint256 opening);
    error SliceFromFuture(uint256 underlying, uint256 series, uint256 publishTime, uint256 present);
    error SliceTooOld(uint256 underlying, uint256 series, uint256 age, uint256 most);
    error TooManySlices(uint256 given, uint256 most);
    error SeriesNamedTwice(uint256 underlying, uint256 series);
    /// @notice Thrown when the basis (1e-9) is farther from zero than 0.5 % and a quarter a year allow.
    error BasisTooFar(int256 basis, uint256 most);
    /// @notice Thrown when the strike of `index` would have a higher volatility than the series was listed for.
    error VolatilityAboveCap(uint256 index, uint256 volatility, uint256 cap);
    /// @notice Thrown when the butterfly around the strike of `index`, its neighbours bought and twice the call of it sold, would cost `cost`, less than nothing; of the last
    /// strike the spread to the one before it. The future is the call of strike zero.
    error StrikesNotConvex(uint256 index, int256 cost);

    // ---------------------------------------------------------------- errors of refresh and settlement

    error SeriesHasNoSlice(uint256 underlying, uint256 series);
    error SeriesIsSettled(uint256 underlying, uint256 series);

    // ---------------------------------------------------------------- errors of the libraries; those of words are declared there too, which know no interface

    /// @notice Thrown when a series is named that is not listed.
    error UnknownSeries(uint256 underlying, uint256 series);
    /// @notice Thrown when the settlement price is asked for before half an hour of prices has been counted.
    error NotSettled(uint256 secondsCounted);
    /// @notice Thrown when a price of zero is observed.
    error NoPrice();
    /// @notice Thrown when a series has no strike, a strike of zero or no step.
    error MalformedSeries(uint256 base, uint256 step, uint256 count);
    /// @notice Thrown when a strike does not fit the 96 bits of a price.
    error StrikeTooHigh(uint256 strike);
    /// @notice Thrown when a series has no strike of that index.
    error UnknownStrike(uint256 index, uint256 count);
    /// @notice Thrown when the value of a lot in `scenario` needs more than the 15 bits of a lane.
    error LaneSaturated(uint256 scenario, uint256 value, uint256 unit);
    /// @notice Thrown when spare bits are set, ρ is not within −1 and 1, or σ is zero.
    error MalformedSlice(uint256 word);
    /// @notice Thrown when b·(1 + |ρ|) is above 2.
    error WingTooSteep(uint256 slope);
    /// @notice Thrown when the least total variance of the slice is not at least 1e-12.
    error VarianceTooLow(int256 least);
    /// @notice Thrown when Durrleman's g (WAD) is negative at `k`.
    error ButterflyArbitrage(int256 k, int256 g);
    /// @notice Thrown when the total variance of the later expiry is below that of the earlier one at `k`.
    error CalendarArbitrage(int256 k, uint256 earlier, uint256 later);
    /// @notice Thrown when a value does not fit its bits.
    error SafeCastOverflowedUintDowncast(uint8 bits, uint256 value);
    error SafeCastOverflowedIntDowncast(uint8 bits, int256 value);

    // ---------------------------------------------------------------- permissionless

    /// @notice Takes over what the volatility source knows of up to eight series of an underlying, after each update where it verifies: a slice and a basis.
    /// @dev One that is not newer than the last is left out, and changes nothing: a copy that is mined first breaks nothing. The others must be at most two minutes old, and
    /// the settlement window not open: within it variance ages by itself. What is posted is believed for an hour. The basis is within ±(0.5 % + 25 % a year to expiry). A slice has a good shape, is free of butterfly arbitrage and at most the cap of volatility at the
    /// listed strikes, whose prices are convex and fall, and has a refresh that fits. When all are written each is free of calendar arbitrage against the next earlier
    /// and the next later series with another expiry and a slice that is at most two minutes old, both as of the later publish time and at the listed strikes of both (`Svi`): so
    /// a turn of the skew is posted for its expiries together, where either alone would be refused.
    /// Risk words of another slice are stale. Where one is newer: refused after a use of the underlying's price in the same transaction (`PriceUsed`), as a price is: whoever
    /// refreshes or trades in the call posts slices first.
    function postSlices(uint8 underlying, SliceUpdate[] calldata updates) external;

    /// @notice Makes the risk words of a series anew, at the present price, forecast and slice (`SeriesRefresh`); uses the price.
    /// @dev The price must be good for trading. Half a percent more than the larger of target and held range is covered, so that small rises of the forecast leave the words
    /// fresh. Reverts with `LaneSaturated` where a value of a strike does not fit: such a series can be reduced and liquidated, not opened.
    function refreshSeries(uint8 underlying, uint8 series) external;

    /// @notice Writes down the settlement price of a series that has settled by the clock, without another post. Nothing depends on it.
    function settleSeries(uint8 underlying, uint8 series) external;

    // ---------------------------------------------------------------- views

    /// @notice What a number stands for: an instrument as fills name it is this and nothing else until its series is listed anew, which is a day after its expiry at the
    /// earliest. Readable while locked. Zero and zero for a perpetual, strike zero for a dated future; one lot is 10^-lotExponent of the underlying.
    /// @return expiry unix seconds
    /// @return strike of a lot, WAD
    function termsOf(uint24 instrument) external view returns (uint256 expiry, Price strike, uint256 lotExponent);

    /// @notice The raw stored words of a series: what its risk words were made with, what the feed said, its slice, and the average it settles on.
    function seriesWords(
        uint8 underlying,
        uint8 series
    ) external view returns (uint256 word, uint256 surface, uint256 sliceWord, uint256 average);

    /// @notice The stored risk words of a series by the index of the strike, whether fresh or not.
    function riskWords(uint8 underlying, uint8 series) external view returns (uint256[] memory);

    /// @notice A bit a series that is listed and whose settlement price is not written down.
    function seriesListed(uint8 underlying) external view returns (uint256);

    /// @notice The series now; reverts while locked. Forward, moving part and variance time are those of `SeriesState`.
    function seriesState(uint8 underlying, uint8 series) external view returns (SeriesFigures memory);
}
