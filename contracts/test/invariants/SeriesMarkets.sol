// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SeriesListing} from "../../interfaces/IVaultGovernance.sol";
import {SeriesFigures, SliceUpdate} from "../../interfaces/IVaultSeries.sol";
import {IVolatilitySource} from "../../interfaces/IVolatilitySource.sol";
import {STRIKE_ZERO} from "../../types/Instrument.sol";
import {IVaultWorld} from "./Actors.sol";
import {Backers} from "./Backers.sol";

interface ISeriesWorld is IVaultWorld {
    function listSeries(uint8 underlying, SeriesListing calldata listing) external;
}

/// @dev The series of a world, what their sources say, and what they are worth.
abstract contract SeriesMarkets is Backers {
    uint256 internal constant SERIES = 2; // of each underlying, numbers 1 and 2
    uint256 internal constant STRIKES = 5;
    uint256 internal constant QUANTUM = 1e13;
    uint256 internal constant WINDOW = 30 minutes;
    uint256 internal constant YEAR = 365 days;

    /// @dev What a series is, by the handler's own books.
    struct Terms {
        uint256 expiry;
        uint256 base; // lowest strike of a lot
        uint256 step;
        uint256 settlement; // of a lot, zero until it stands
    }

    /// @dev A slice that was signed and that nobody has posted.
    struct Signed {
        uint8 underlying;
        SliceUpdate update;
    }

    Terms[3][2] public terms;
    Signed[] internal unposted;
    uint256 internal dice; // that everything in an operation is drawn from

    function _roll(uint256 sides) internal returns (uint256) {
        dice = uint256(keccak256(abi.encode(dice)));
        return dice % sides;
    }

    function _list(uint8 u, uint8 series) internal returns (bool) {
        uint256 lot = _spot(u);
        SeriesListing memory listing;
        listing.series = series;
        listing.expiry = uint40(_time() + 25 hours + (series - 1) * 5 days + _roll(12 hours));
        listing.base = uint64((lot * 80) / 100 / QUANTUM);
        listing.step = uint32((lot * 8) / 100 / QUANTUM + 1);
        listing.decimals = 13;
        listing.count = uint8(STRIKES);
        listing.depth = 20_000_000;
        listing.volatilityCap = 300;
        try ISeriesWorld(address(world)).listSeries(u, listing) {
            terms[u][series] = Terms(listing.expiry, listing.base * QUANTUM, listing.step * QUANTUM, 0);
            return true;
        } catch {
            return false;
        }
    }

    function _feeds() internal pure override returns (uint256) {
        return 2 * UNDERLYINGS;
    }

    /// @dev Says `volatility`, percent a year, of a series, and posts it.
    function _post(uint8 u, uint8 series, uint256 volatility) internal returns (bool) {
        if (_time() >= terms[u][series].expiry - WINDOW) return false;
        return _bring(u, _sign(u, series, volatility));
    }

    /// @dev Says it, and leaves it to be posted late or never.
    function _withhold(uint8 u, uint8 series, uint256 volatility) internal returns (bool) {
        if (_time() >= terms[u][series].expiry - WINDOW) return false;
        unposted.push(Signed(u, _sign(u, series, volatility)));
        return true;
    }

    /// @dev Before the settlement window alone.
    function _sign(uint8 u, uint8 series, uint256 volatility) private returns (SliceUpdate memory) {
        uint256 opening = terms[u][series].expiry - WINDOW;
        // total variance in 1e-28, its root in 1e-14; the slice is that of sliceOf in test/options/support
        uint256 root = FixedPointMathLib.sqrt((volatility * volatility * 1e24 * (opening + WINDOW / 3 - _time())) / YEAR);
        uint256 word = ((root * root * 6) / 1e15) | (((8 * root * volatility) / 1e4) << 54);
        word |= ((uint256(1) << 48) - 0.3e14) << 102;
        word |= (root / 2) << 200;
        int256 basis = int256(_roll(3e6)) - 1.5e6;
        return SliceUpdate(series, abi.encode(IVolatilitySource.Report(word, basis, _time())));
    }

    function _bring(uint8 u, SliceUpdate memory update) internal returns (bool) {
        SliceUpdate[] memory updates = new SliceUpdate[](1);
        updates[0] = update;
        try vault.postSlices(u, updates) {
            return true;
        } catch {
            return false;
        }
    }

    /// @dev A slice for each series whose feed has lapsed and is awake.
    function _postAll() internal {
        for (uint8 u; u < UNDERLYINGS; ++u) {
            if (asleep[UNDERLYINGS + u]) continue;
            uint256 volatility = 50 + _roll(40);
            for (uint8 series = 1; series <= SERIES; ++series) {
                if (vault.seriesState(u, series).steps != 0) _post(u, series, volatility);
            }
        }
    }

    /// @dev Prices of this block, slices that hold and words that are fresh.
    function _prepare() internal {
        _refresh();
        _postAll();
        for (uint8 u; u < UNDERLYINGS; ++u) {
            for (uint8 series = 1; series <= SERIES; ++series) {
                SeriesFigures memory f = vault.seriesState(u, series);
                if (f.settled || f.staleness == 0) continue;
                try vault.refreshSeries(u, series) {} catch {}
            }
        }
    }

    /// @dev Now and then nobody has refreshed.
    function _prepareMostly() internal {
        if (_roll(8) == 0) _refresh();
        else _prepare();
    }

    /// @dev The series that expires next and has not settled; the first where all have.
    function _next() internal view returns (uint8 underlying, uint8 number) {
        (underlying, number) = (0, 1);
        uint256 first = type(uint256).max;
        for (uint8 u; u < UNDERLYINGS; ++u) {
            for (uint8 series = 1; series <= SERIES; ++series) {
                Terms storage t = terms[u][series];
                if (t.settlement != 0 || t.expiry >= first) continue;
                (underlying, number, first) = (u, series, t.expiry);
            }
        }
    }

    /// @dev Before its window.
    function _opens(uint8 u, uint256 series) internal view returns (bool) {
        return _time() + WINDOW < terms[u][series].expiry;
    }

    /// @dev Of a lot.
    function _spot(uint8 u) internal view returns (uint256) {
        return prices[u] / (u == 0 ? 1e5 : 1e6);
    }

    /// @dev By the words of the series: within a unit of the mark when they are fresh.
    function _markOf(uint8 u, uint256 instrument) internal view returns (uint256) {
        uint256 series = instrument >> 8;
        uint256 index = (instrument >> 1) & STRIKE_ZERO;
        SeriesFigures memory f = vault.seriesState(u, uint8(series));
        uint256 forward = f.forward.raw();
        if (index == STRIKE_ZERO) return forward;
        uint256 word = vault.riskWords(u, uint8(series))[index];
        uint256 value = (word & 0x7fff) * ((forward + 0x7fff) >> 15);
        uint256 strike = terms[u][series].base + index * terms[u][series].step;
        if (word >> 255 == instrument & 1) return value;
        // the other side by parity
        int256 other = int256(value) + (instrument & 1 == 1 ? int256(forward) - int256(strike) : int256(strike) - int256(forward));
        return other > 0 ? uint256(other) : 0;
    }

    /// @dev Of a lot of an instrument whose series has settled.
    function _payoff(uint8 u, uint256 instrument) internal view returns (uint256) {
        Terms storage t = terms[u][instrument >> 8];
        uint256 index = (instrument >> 1) & STRIKE_ZERO;
        if (index == STRIKE_ZERO) return t.settlement;
        uint256 strike = t.base + index * t.step;
        (uint256 high, uint256 low) = instrument & 1 == 1 ? (t.settlement, strike) : (strike, t.settlement);
        return high > low ? high - low : 0;
    }
}
