// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {IVaultGovernance, SeriesListing} from "../interfaces/IVaultGovernance.sol";
import {IVaultSeries, SeriesFigures, SliceUpdate} from "../interfaces/IVaultSeries.sol";
import {IVolatilitySource} from "../interfaces/IVolatilitySource.sol";
import {Expiry} from "../ledger/options/Expiry.sol";
import {RiskWords} from "../ledger/options/RiskWords.sol";
import {ScenarioPrices} from "../ledger/options/ScenarioPrices.sol";
import {SeriesState} from "../ledger/options/SeriesState.sol";
import {Settlement} from "../ledger/options/Settlement.sol";
import {PriceUse} from "../ledger/PriceUse.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {Black76} from "../math/options/Black76.sol";
import {OptionStress} from "../math/options/OptionStress.sol";
import {Svi} from "../math/options/Svi.sol";
import {VolatilityShock} from "../math/options/VolatilityShock.sol";
import {PriceGuard} from "../math/PriceGuard.sol";
import {Price} from "../types/Price.sol";
import {Ratio, fromPpb} from "../types/Ratio.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {RiskWord} from "../words/RiskWord.sol";
import {SeriesWord} from "../words/SeriesWord.sol";
import {SurfaceWord} from "../words/SurfaceWord.sol";
import {SviWord} from "../words/SviWord.sol";
import {VolatilityWord} from "../words/VolatilityWord.sol";
import {SeriesQuote, SeriesRefresh} from "./SeriesRefresh.sol";

/// @title The life of a series: listed, given slices, refreshed, settled. What observes prices is `Settlement`
/// @dev Linked: its code runs in the vault, its size does not count there. Callers hold the vault's lock or are governance.
library SeriesLogic {
    using SeriesState for SeriesState.Live;
    using SeriesWord for uint256;
    using SurfaceWord for uint256;

    /// @dev From listing to expiry: not shorter than the least time that VolatilityShock tells apart, and what Black-76 prices, with an hour for the vote.
    uint256 internal constant LEAST_LIFE = 1 days;
    uint256 internal constant MOST_LIFE = 730 days + 1 hours;

    /// @dev A strike is at least a twentieth of the present price, at most twenty: what Black-76 prices.
    uint256 internal constant FARTHEST_STRIKE = 20;

    /// @dev Of the cap of implied volatility, percent.
    uint256 internal constant LEAST_CAP = 10;
    uint256 internal constant MOST_CAP = 500;

    /// @dev How far the forward may be from the price: half a percent, and a quarter a year. In 1e-9.
    uint256 internal constant FIXED_BASIS = 5_000_000;
    uint256 internal constant YEARLY_BASIS = 250_000_000;

    /// @dev Words cover one part in 200 more than the present scan range: they are stale as soon as it is larger than theirs.
    uint256 internal constant PART_OF_RANGE = 200;

    /// @dev How old a slice may be that is posted. What a feed said holds for an hour, but whoever posts must not choose among an hour of slices.
    uint256 internal constant OLDEST_SLICE = 2 minutes;
    uint256 internal constant MOST_SLICES = 8;

    /// @dev Prices of 18 decimals are within one part in so many of the forward and the strike.
    uint256 private constant PRECISION = 1 << 40;

    /// @dev ln(1/0.995), rounded up: what log-moneyness moves by at most before the words are stale.
    int256 internal constant MOST_MOVE = 5_012_542_000_000_000;

    /// @dev The scenarios in which a call at the money is worth most: the price up by the whole range and volatility up; the upper extreme.
    uint256 private constant HIGHEST = 11;
    uint256 private constant EXTREME = 15;

    uint256 private constant WAD = 1e18;
    uint256 private constant YEAR = 365 days;

    /// @dev From the expiry of a series until its number may be another's: what was sent or noted for the old one has come to rest by then.
    uint256 internal constant REST = 1 days;

    /// @dev Of all underlyings together. The fund's accounts may hold everything that is listed, and have to be priced in one transaction of 16.7 million
    /// gas (EIP-7825): docs/options.md, "How much can be listed", has the arithmetic.
    uint256 internal constant MOST_STRIKES = 340;
    /// @dev What a series counts beside its strikes.
    uint256 internal constant OF_A_SERIES = 4;

    // ---------------------------------------------------------------- listing

    /// @notice See `IVaultGovernance.listSeries`; `underlying` is listed.
    function list(VaultState storage $, uint8 underlying, SeriesListing memory listing) external {
        uint8 series = listing.series;
        if (series == 0) revert IVaultSeries.UnknownSeries(underlying, 0);
        _requireFree($, underlying, series);

        uint256 expiry = listing.expiry;
        (uint256 least, uint256 most) = (block.timestamp + LEAST_LIFE, block.timestamp + MOST_LIFE);
        if (expiry < least || expiry > most) revert IVaultSeries.ExpiryOutOfBounds(expiry, least, most);
        uint256 word = SeriesWord.listed(expiry, listing.base, listing.step, listing.decimals, listing.count);
        _requireRoom($, listing.count);
        Price price = PriceWord.price($.prices[underlying]);
        _requireStrikesNear(word, price.raw());
        if (listing.depth == 0) revert IVaultSeries.DepthZero();
        uint256 cap = listing.volatilityCap;
        if (cap < LEAST_CAP || cap > MOST_CAP) revert IVaultSeries.VolatilityCapOutOfBounds(cap, LEAST_CAP, MOST_CAP);
        uint256 surface = SurfaceWord.listed(listing.depth, cap);
        uint256 volatility = $.volatilities[underlying];
        _requireLanesFit(
            SeriesWord.forwardDown(price),
            SeriesWord.rangeUp(_covered(fromPpb(VolatilityWord.rangeCapPpb(volatility)))),
            surface.volatilityCap(),
            Expiry.secondsLeftDown(expiry, block.timestamp)
        );

        $.series[underlying][series] = word;
        $.surfaces[underlying][series] = surface;
        // of an older series of the number
        delete $.slices[underlying][series];
        delete $.averages[underlying][series];
        $.seriesListed[underlying] |= uint256(1) << series;
        if (!VolatilityWord.hasSeries(volatility)) $.volatilities[underlying] = VolatilityWord.withSeries(volatility);
        emit IVaultGovernance.SeriesListed(underlying, series, listing);
    }

    /// @dev A number is free again a day after its expiry, when its series has settled and nobody holds it: its settlement price would be lost.
    function _requireFree(VaultState storage $, uint8 underlying, uint8 series) private {
        uint256 word = $.series[underlying][series];
        if (word == 0) return;
        uint256 opening = Expiry.openingOf(word.expiry());
        uint256 average = $.averages[underlying][series];
        uint256 held = $.surfaces[underlying][series].held();
        if (held != 0 || !Expiry.isSettled(average, opening, block.timestamp)) revert IVaultSeries.SeriesTaken(underlying, series, held);
        if (block.timestamp < word.expiry() + REST) revert IVaultSeries.SeriesRests(underlying, series, word.expiry() + REST);
        if (Settlement.isOpen($, underlying, series)) Settlement.settle($, underlying, series, average, opening);
    }

    /// @dev What has settled is not priced. The number that is listed anew has been taken out by `_requireFree`.
    /// @param strikes of the series that comes
    function _requireRoom(VaultState storage $, uint256 strikes) private view {
        uint256 listed = strikes + OF_A_SERIES;
        uint256 underlyings = $.listed & 0xff;
        for (uint256 underlying; underlying < underlyings; ++underlying) {
            for (uint256 left = $.seriesListed[underlying]; left != 0; left &= left - 1) {
                listed += $.series[underlying][Settlement.lowest(left)].strikeCount() + OF_A_SERIES;
            }
        }
        if (listed > MOST_STRIKES) revert IVaultSeries.TooManyStrikes(listed, MOST_STRIKES);
    }

    function _requireStrikesNear(uint256 word, uint256 price) private pure {
        uint256 least = (price + (FARTHEST_STRIKE - 1)) / FARTHEST_STRIKE;
        uint256 most = price * FARTHEST_STRIKE;
        uint256 lowest = word.strike(0).raw();
        // where there is no price every strike is too high
        if (lowest < least || lowest > most) revert IVaultSeries.StrikeOutOfBounds(lowest, least, most);
        uint256 highest = word.strike(word.strikeCount() - 1).raw();
        if (highest > most) revert IVaultSeries.StrikeOutOfBounds(highest, least, most);
    }

    /// @dev Values in units do not depend on the forward, and of what is out of the money at the anchor the call at the money is worth most.
    function _requireLanesFit(Price forward, Ratio range, uint256 volatility, uint256 time) private pure {
        uint256 rootTime = ScenarioPrices.rootOf(time * WAD);
        uint256 shocked = VolatilityShock.up(volatility, VolatilityShock.factor(time));
        uint256 value = _callDown(forward, OptionStress.forwardAt(forward, range, HIGHEST), shocked, rootTime);
        uint256 extreme = OptionStress.dampedDown(
            _callDown(forward, forward, volatility, rootTime),
            _callDown(forward, OptionStress.forwardAt(forward, range, EXTREME), volatility, rootTime)
        );
        uint256 units = (value > extreme ? value : extreme) / RiskWord.unitUp(forward);
        if (units > RiskWord.LARGEST_LANE) revert IVaultSeries.SeriesCouldSaturate(volatility, units);
    }

    function _callDown(Price strike, Price forward, uint256 volatility, uint256 rootTime) private pure returns (uint256 value) {
        int256 x = Black76.logMoneynessOf(forward.raw(), strike.raw());
        (value, ) = Black76.undiscounted(forward.raw(), strike.raw(), x, Black76.totalVolatilityOf(volatility, rootTime));
    }

    // ---------------------------------------------------------------- slices

    /// @dev A slice on its way into the vault.
    struct Draft {
        uint8 series;
        uint256 word; // of the series
        uint256 slice;
        int256 basis;
        uint256 time; // of publishing
        uint256 span;
        int256[] ks; // log-moneyness of the listed strikes
        uint256[] variances; // at each
    }

    /// @notice See `IVaultSeries.postSlices`. The source is called before anything is written, and neighbours are compared when all is.
    function postSlices(VaultState storage $, uint8 underlying, SliceUpdate[] calldata updates) external {
        if (updates.length > MOST_SLICES) revert IVaultSeries.TooManySlices(updates.length, MOST_SLICES);
        Draft[] memory drafts = new Draft[](updates.length);
        uint256 seen;
        uint256 count;
        for (uint256 i; i < updates.length; ++i) {
            uint256 bit = uint256(1) << updates[i].series;
            if (seen & bit != 0) revert IVaultSeries.SeriesNamedTwice(underlying, updates[i].series);
            seen |= bit;
            // what is not newer is left out: whoever copied one of them and came first would undo the others, and what follows them
            if (_read(drafts[count], $, underlying, updates[i])) ++count;
        }
        if (count == 0) return;
        // a slice and a basis are prices as well: whoever used this underlying would trade at two of them
        if (PriceUse.consumed(underlying)) revert IMarginVault.PriceUsed(underlying);
        for (uint256 i; i < count; ++i) {
            _take($, underlying, drafts[i]);
        }
        for (uint256 i; i < count; ++i) {
            _requireNoCalendarArbitrage($, underlying, drafts[i]);
        }
    }

    /// @dev What the source says of a series, where that may be posted now. Returns false where it is not newer than what is there, and nothing has to be posted.
    function _read(Draft memory draft, VaultState storage $, uint8 underlying, SliceUpdate calldata update) private returns (bool) {
        uint8 series = update.series;
        uint256 word = $.series[underlying][series];
        if (word == 0) revert IVaultSeries.UnknownSeries(underlying, series);
        IVolatilitySource source = $.volatilitySources[underlying];
        if (address(source) == address(0)) revert IVaultSeries.NoVolatilitySource(underlying);
        uint256 expiry = word.expiry();
        uint256 opening = Expiry.openingOf(expiry);
        if (block.timestamp >= opening) revert IVaultSeries.WindowOpen(underlying, series, opening);

        IVolatilitySource.Report memory said = source.report(underlying, expiry, update.data);
        draft.series = series;
        draft.word = word;
        draft.slice = said.sliceWord;
        draft.basis = said.basis;
        draft.time = _timeOf(underlying, series, said.publishTime);
        if (draft.time <= $.surfaces[underlying][series].published()) return false;
        uint256 age = block.timestamp - draft.time;
        if (age > OLDEST_SLICE) revert IVaultSeries.SliceTooOld(underlying, series, age, OLDEST_SLICE);
        draft.span = Expiry.secondsLeftDown(expiry, draft.time);
        _requireBasisNear(said.basis, expiry - draft.time);
        return true;
    }

    /// @dev Writes a slice that a refresh can take and whose prices are free of arbitrage among themselves.
    function _take(VaultState storage $, uint8 underlying, Draft memory draft) private {
        (uint8 series, uint256 word, uint256 span) = (draft.series, draft.word, draft.span);
        uint256 surface = $.surfaces[underlying][series];
        uint256 priceWord = $.prices[underlying];
        Price forward = _forwardOf(priceWord, draft.basis);
        draft.ks = _moneyness(word, forward);
        draft.variances = Svi.requireFree(draft.slice, draft.ks);
        (uint256[] memory volatilities, uint256 highest) = _requireBelowCap(draft.variances, span, surface.volatilityCap());
        _requireConvex(draft, forward.raw(), volatilities);
        // the range may have been let grow since the listing
        _requireLanesFit(forward, SeriesWord.rangeUp(_covered(PriceWord.widerRange(priceWord))), highest, span);

        surface = surface.withSlice(draft.basis, draft.time, span);
        $.slices[underlying][series] = draft.slice;
        $.surfaces[underlying][series] = surface;
        emit IVaultSeries.SlicePosted(underlying, series, draft.slice, draft.basis, draft.time, SurfaceWord.epoch(surface));
    }

    /// @return time of publishing, at the latest now: clocks differ
    function _timeOf(uint8 underlying, uint8 series, uint256 publishTime) private view returns (uint256) {
        if (publishTime > block.timestamp + PriceGuard.SKEW) {
            revert IVaultSeries.SliceFromFuture(underlying, series, publishTime, block.timestamp);
        }
        return FixedPointMathLib.min(publishTime, block.timestamp);
    }

    function _requireBasisNear(int256 basis, uint256 left) private pure {
        uint256 most = FIXED_BASIS + (YEARLY_BASIS * left) / YEAR;
        // casting to int256 is safe: below 2^64
        if (basis > int256(most) || basis < -int256(most)) revert IVaultSeries.BasisTooFar(basis, most);
    }

    function _requireBelowCap(
        uint256[] memory variances,
        uint256 span,
        uint256 cap
    ) private pure returns (uint256[] memory volatilities, uint256 highest) {
        volatilities = new uint256[](variances.length);
        for (uint256 index; index < variances.length; ++index) {
            uint256 volatility = Svi.volatilityDown(variances[index], span);
            if (volatility > cap) revert IVaultSeries.VolatilityAboveCap(index, volatility, cap);
            if (volatility > highest) highest = volatility;
            volatilities[index] = volatility;
        }
    }

    /// @dev Butterflies of three listed strikes that are next to each other, the future as a call of strike zero among them, and the last two calls: none costs less than
    /// nothing. Calls that are convex and do not rise at the end fall everywhere, and puts rise.
    function _requireConvex(Draft memory draft, uint256 forward, uint256[] memory volatilities) private pure {
        uint256 last = volatilities.length - 1;
        if (last == 0) return;
        (uint256 lowest, uint256 step) = draft.word.strikes();
        uint256 rootTime = ScenarioPrices.rootOf(draft.span * WAD);
        uint256 before;
        uint256 middle = _listedCall(draft, forward, lowest, volatilities, 0, rootTime);
        for (uint256 index; index <= last; ++index) {
            uint256 strike = lowest + index * step;
            uint256 next = index == last ? 0 : _listedCall(draft, forward, strike + step, volatilities, index + 1, rootTime);
            uint256 wings =
                index == last
                    ? before
                    : index == 0
                        ? (forward * step + next * lowest) / (lowest + step)
                        : (before + next) / 2;
            // casting to int256 is safe: prices below 2^97
            int256 cost = int256(wings) - int256(middle);
            if (cost < -int256((forward + strike) / PRECISION + 1)) revert IVaultSeries.StrikesNotConvex(index, cost);
            (before, middle) = (middle, next);
        }
    }

    function _listedCall(
        Draft memory draft,
        uint256 forward,
        uint256 strike,
        uint256[] memory volatilities,
        uint256 index,
        uint256 rootTime
    ) private pure returns (uint256 call) {
        (call, ) = Black76.undiscounted(forward, strike, -draft.ks[index], Black76.totalVolatilityOf(volatilities[index], rootTime));
    }

    /// @dev Against the nearest expiry on either side whose slice is of the same minutes.
    function _requireNoCalendarArbitrage(VaultState storage $, uint8 underlying, Draft memory draft) private view {
        (uint256 earlier, uint256 later) = _neighbours($, underlying, draft.word.expiry());
        if (earlier != 0) _requireRising($, underlying, draft, earlier, true);
        if (later != 0) _requireRising($, underlying, draft, later, false);
    }

    /// @dev The series with a slice that could still be posted, not settled, that expire next before and next after `expiry`; of several at one time the first number. Zero
    /// where there is none. What was said earlier is another market's: the difference is a move, which nobody could trade, and refusing it would keep the older of the two.
    function _neighbours(VaultState storage $, uint256 underlying, uint256 expiry) private view returns (uint256 earlier, uint256 later) {
        uint256 before;
        uint256 behind = type(uint256).max;
        for (uint256 left = $.seriesListed[underlying]; left != 0; left &= left - 1) {
            uint256 series = Settlement.lowest(left);
            uint256 ending = $.series[underlying][series].expiry();
            bool nearer = ending < expiry ? ending > before : ending > expiry && ending < behind;
            if (!nearer || block.timestamp - $.surfaces[underlying][series].published() > OLDEST_SLICE) continue;
            if (Expiry.isSettled($.averages[underlying][series], Expiry.openingOf(ending), block.timestamp)) continue;
            if (ending < expiry) (earlier, before) = (series, ending);
            else (later, behind) = (series, ending);
        }
    }

    /// @dev Compares a draft with its neighbour, both as of the later of their publish times, at the strikes of both, each by its own forward. Nothing where no variance
    /// is left then.
    /// @param isEarlier whether the neighbour expires before the draft
    function _requireRising(VaultState storage $, uint256 underlying, Draft memory draft, uint256 neighbour, bool isEarlier) private view {
        uint256 word = $.series[underlying][neighbour];
        uint256 surface = $.surfaces[underlying][neighbour];
        uint256 time = FixedPointMathLib.max(draft.time, surface.published());
        uint256 other = _agedDown($.slices[underlying][neighbour], word, surface.span(), time);
        uint256 own = _agedDown(draft.slice, draft.word, draft.span, time);
        if (other == 0 || own == 0) return;
        uint256[] memory variances = time == draft.time ? draft.variances : Svi.variancesDown(own, draft.ks);
        _requireOrder(variances, Svi.variancesDown(other, draft.ks), draft.ks, isEarlier);
        int256[] memory ks = _moneyness(word, _forwardOf($.prices[underlying], surface.basis()));
        _requireOrder(Svi.variancesDown(own, ks), Svi.variancesDown(other, ks), ks, isEarlier);
    }

    function _requireOrder(uint256[] memory own, uint256[] memory other, int256[] memory ks, bool otherIsEarlier) private pure {
        if (otherIsEarlier) Svi.requireRising(other, own, ks);
        else Svi.requireRising(own, other, ks);
    }

    /// @dev A slice as of `time`, which is not before its own; zero once no variance is left by the clock.
    function _agedDown(uint256 slice, uint256 word, uint256 span, uint256 time) private pure returns (uint256) {
        uint256 left = Expiry.secondsLeftDown(word.expiry(), time);
        return left == 0 ? 0 : SviWord.agedDown(slice, left, span);
    }

    /// @dev The forward of a lot while a basis holds, as an anchor keeps it.
    function _forwardOf(uint256 priceWord, int256 basis) private pure returns (Price) {
        return SeriesWord.forwardDown(SeriesState.forwardDown(PriceWord.price(priceWord), basis, 0));
    }

    /// @dev ln(strike / forward) of all strikes of `word`.
    function _moneyness(uint256 word, Price forward) private pure returns (int256[] memory ks) {
        ks = new int256[](word.strikeCount());
        for (uint256 index; index < ks.length; ++index) {
            ks[index] = -Black76.logMoneynessOf(forward.raw(), word.strike(index).raw());
        }
    }

    // ---------------------------------------------------------------- refresh

    /// @notice See `IVaultSeries.refreshSeries`.
    function refresh(VaultState storage $, uint8 underlying, uint8 series) external {
        uint256 priceWord = $.prices[underlying];
        SeriesState.Live memory live;
        live.write($, underlying, series, PriceWord.price(priceWord));
        _requireGood($, underlying, priceWord);
        if (live.surface.published() == 0) revert IVaultSeries.SeriesHasNoSlice(underlying, series);
        if (live.settled) revert IVaultSeries.SeriesIsSettled(underlying, series);
        PriceUse.consume(underlying);

        SeriesQuote memory quote;
        quote.forward = live.forward;
        quote.range = live.rangeUp(_covered(PriceWord.widerRange(priceWord)));
        (quote.slice, quote.span) = live.slice($, underlying, series);
        // by the clock alone: how much it was can be told later from the time of the refresh
        quote.varianceTime = Expiry.secondsLeftDown(live.word.expiry(), block.timestamp) * WAD;
        uint256 epoch = live.epochOf();
        (uint256[] memory words, uint256 word) = SeriesRefresh.refreshed(live.word, quote, block.timestamp, epoch);
        (uint256 highest, uint256 slide) = _volatilitiesUp(word, quote);

        $.series[underlying][series] = word;
        $.surfaces[underlying][series] = live.surface.withRefresh(highest, slide);
        for (uint256 index; index < words.length; ++index) {
            RiskWords.write($, underlying, RiskWords.keyOf(series, index), words[index]);
        }
        emit IVaultSeries.SeriesRefreshed(underlying, series, word.anchor().raw(), word.scanRange().raw(), epoch);
    }

    /// @dev The scan range that words are made with.
    function _covered(Ratio range_) private pure returns (Ratio) {
        uint256 range = range_.raw();
        return Ratio.wrap(range + (range + (PART_OF_RANGE - 1)) / PART_OF_RANGE);
    }

    /// @dev A price that may be traded on.
    function _requireGood(VaultState storage $, uint8 underlying, uint256 priceWord) private view {
        uint256 state = PriceWord.state(priceWord);
        if (state != PriceWord.NORMAL) revert IMarginVault.PriceNotNormal(underlying, state);
        uint256 most = MarginWord.tradingAge($.marginParameters);
        uint256 age = PriceWord.age(priceWord);
        if (age > most) revert IMarginVault.PriceTooOld(underlying, age, most);
    }

    /// @notice The highest implied volatility of a listed strike at the anchor, and by which part of itself any of them can change while the forward is within 0.5 %
    /// of the anchor.
    /// @dev No volatility is zero: variance is at least `Svi.LEAST_VARIANCE`, the span below 2^32.
    function _volatilitiesUp(uint256 word, SeriesQuote memory quote) private pure returns (uint256 highest, uint256 slide) {
        uint256 most;
        uint256 anchor = word.anchor().raw();
        uint256 count = word.strikeCount();
        for (uint256 index; index < count; ++index) {
            int256 k = -Black76.logMoneynessOf(anchor, word.strike(index).raw());
            uint256 volatility = ScenarioPrices.impliedDown(quote.slice, k, quote.span);
            if (volatility > highest) highest = volatility;
            uint256 change = FixedPointMathLib.max(
                FixedPointMathLib.dist(volatility, ScenarioPrices.impliedDown(quote.slice, k - MOST_MOVE, quote.span)),
                FixedPointMathLib.dist(volatility, ScenarioPrices.impliedDown(quote.slice, k + MOST_MOVE, quote.span))
            );
            uint256 part = (change * WAD + (volatility - 1)) / volatility;
            if (part > most) most = part;
        }
        slide = _slideUp(most);
    }

    /// @dev From the largest part `atEnds` by which a volatility differs at k ± h to the largest at which it can between. Total variance is convex in k: it is nowhere above
    /// the higher end, which is (1 + s)² of it, and falls on one side by no more than it rises on the other, to 2 − (1 + s)²; a slice can turn and end higher.
    function _slideUp(uint256 atEnds) private pure returns (uint256) {
        uint256 highest = (WAD + atEnds) * (WAD + atEnds);
        uint256 twice = 2 * WAD * WAD;
        return highest < twice ? WAD - FixedPointMathLib.sqrt(twice - highest) : WAD;
    }

    // ---------------------------------------------------------------- settlement

    /// @notice See `IVaultSeries.settleSeries`.
    function settle(VaultState storage $, uint8 underlying, uint8 series) external {
        uint256 word = $.series[underlying][series];
        if (word == 0) revert IVaultSeries.UnknownSeries(underlying, series);
        if (!Settlement.isOpen($, underlying, series)) revert IVaultSeries.SeriesIsSettled(underlying, series);
        Settlement.settle($, underlying, series, $.averages[underlying][series], Expiry.openingOf(word.expiry()));
    }

    // ---------------------------------------------------------------- views

    /// @notice Encoded answer of `IVaultSeries.riskWords`.
    function riskWords(VaultState storage $, uint8 underlying, uint8 series) external view returns (bytes memory) {
        uint256[] memory words = new uint256[]($.series[underlying][series].strikeCount());
        for (uint256 index; index < words.length; ++index) {
            words[index] = RiskWords.read(RiskWords.ofUnderlying($, underlying), RiskWords.keyOf(series, index));
        }
        return abi.encode(words);
    }

    /// @notice Encoded answer of `IVaultSeries.seriesState`.
    function figures(VaultState storage $, uint8 underlying, uint8 series) external view returns (bytes memory) {
        uint256 priceWord = $.prices[underlying];
        SeriesState.Live memory live;
        live.write($, underlying, series, PriceWord.price(priceWord));
        SeriesFigures memory f;
        f.forward = live.forward;
        f.moving = Price.wrap(live.moving);
        f.varianceTime = live.varianceTime;
        f.steps = live.steps;
        f.settled = live.settled;
        f.staleness = uint8(live.staleness(live.rangeUp(PriceWord.widerRange(priceWord))));
        return abi.encode(f);
    }
}
