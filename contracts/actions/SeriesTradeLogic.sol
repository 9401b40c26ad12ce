// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {IVaultSeries} from "../interfaces/IVaultSeries.sol";
import {LeastSize} from "../ledger/LeastSize.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {Market} from "../ledger/Market.sol";
import {FutureCost} from "../ledger/options/FutureCost.sol";
import {ScenarioPrices} from "../ledger/options/ScenarioPrices.sol";
import {SeriesHolding} from "../ledger/options/SeriesHolding.sol";
import {SeriesMark} from "../ledger/options/SeriesMark.sol";
import {SeriesPositions} from "../ledger/options/SeriesPositions.sol";
import {SeriesState} from "../ledger/options/SeriesState.sol";
import {SmallPositions} from "../ledger/options/SmallPositions.sol";
import {PriceUse} from "../ledger/PriceUse.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountValue} from "../margin/AccountValue.sol";
import {MarginRule} from "../margin/MarginRule.sol";
import {Portfolios} from "../margin/Portfolios.sol";
import {Valuation} from "../margin/Valuation.sol";
import {OptionStress} from "../math/options/OptionStress.sol";
import {AccountId} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {FIRST_SERIES, Instrument, nameOf, standsWithNext, underlyingOf, withinUnderlying} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio, fromPpm} from "../types/Ratio.sol";
import {Wad, minWad} from "../types/Wad.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {MarginWord, TradingWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {SeriesWord} from "../words/SeriesWord.sol";
import {SurfaceWord} from "../words/SurfaceWord.sol";
import {SviWord} from "../words/SviWord.sol";
import {Trading} from "./Trading.sol";

/// @title What changes the options and dated futures of accounts: fills, payment at expiry, sales of a share; and their live figures
/// @dev Linked: its code runs in the vault. Fills follow the rules of Trading, by instrument; both sides are written at once, and a maker that fails is
/// put back. A fill alone is a combo of one leg.
library SeriesTradeLogic {
    using SeriesWord for uint256;
    using SurfaceWord for uint256;
    using HeaderWord for uint256;
    using SeriesState for SeriesState.Live;

    /// @dev Fills that a module proposed to stand together, most often one, and whose they are.
    struct Deal {
        AccountId taker;
        uint256 module;
        address moduleAddress;
        uint16 defaultModules;
        address fund;
        Fill[] fills;
    }

    /// @dev What became of them. All is zero where they were skipped.
    struct Outcome {
        uint256 filled; // lots
        Wad fees; // income of the fund
        bool raised; // a position of the taker grew
        Wad newRisk; // open-interest charge on what grew
    }

    /// @dev A fill at work.
    struct Leg {
        SeriesMarket market;
        SeriesPositions.Place taker;
        SeriesPositions.Place maker;
        int256 taken; // lots of the taker before
        int256 made; // lots of the maker before
        uint256 madeHalvings; // of them
        int256 madeCost; // of them, where they are a dated future's
        bool takerReduces;
        bool makerReduces;
        uint256 header; // of the maker before
        uint256 position; // of the maker before
    }

    /// @dev The market of the instrument.
    struct SeriesMarket {
        uint256 underlying;
        Instrument instrument;
        Market.Quote quote; // of the underlying
        SeriesState.Live live;
        Price mark;
        Price referencePrice; // of a lot, for band and fees: the mark, at least a twentieth of the forward
        uint256 halvings; // how often the lots of who buys now are halved in open interest
        uint256 openInterest; // of the underlying
        uint256 held; // lots of the series, long and short
    }

    /// @dev Of the price of a fill, ppm: what is cheap beside its reference price could otherwise cost more in fees than it is worth.
    uint256 private constant MOST_FEE_OF_PRICE = 125_000;

    /// @dev Of a combo.
    uint256 private constant MOST_LEGS = 8;

    /// @dev An option counts for at least one 128th of a lot in open interest.
    uint256 private constant MOST_HALVINGS = 7;

    // ---------------------------------------------------------------- fills

    /// @notice Applies fills that stand together, or skips them all with an event each.
    function settle(VaultState storage $, Deal memory deal) external returns (Outcome memory outcome) {
        Fill[] memory fills = deal.fills;
        Valuation.Basis memory basis;
        Valuation.open(basis, $);
        bytes4 reason = _apply($, deal, basis, outcome);
        // a post after this in the transaction reverts
        PriceUse.consumeAll(basis.used);
        for (uint256 i; i < fills.length; ++i) {
            Fill memory fill = fills[i];
            Trading.announce(deal.taker, deal.module, fill, reason);
            if (reason != 0) continue;
            Trading.count($, deal.moduleAddress, fill);
            outcome.filled += fill.lots.abs();
            outcome.fees = outcome.fees + fill.takerFee + fill.makerFee;
        }
    }

    /// @dev The maker's side is moved leg by leg and tested once; the taker's follows when it stands, so that only the maker's is ever put back.
    function _apply(
        VaultState storage $,
        Deal memory deal,
        Valuation.Basis memory basis,
        Outcome memory outcome
    ) private returns (bytes4 reason) {
        Fill[] memory fills = deal.fills;
        if (!_standTogether(fills)) return IMarginVault.ComboInvalid.selector;
        Leg[] memory legs = new Leg[](fills.length);
        uint256 last = fills.length - 1;
        for (uint256 i; i <= last; ++i) {
            // what a leg counts is written for the next one to read
            if (i != 0) _leave($, legs[i - 1].market);
            reason = _moveMaker($, deal, basis, legs[i], fills[i]);
            if (reason == 0) continue;
            _putBack($, fills, legs, i);
            _uncount($, legs, i);
            return reason;
        }
        reason = _makerReason($, basis, fills[0].maker, legs);
        if (reason == IMarginVault.MarginTooLow.selector) {
            if (_makerSheds($, basis, fills, legs)) reason = 0;
        } else if (reason != 0) {
            _putBack($, fills, legs, legs.length);
        }
        if (reason != 0) {
            _uncount($, legs, last);
            return reason;
        }
        for (uint256 i; i <= last; ++i) {
            _moveTaker($, deal, basis, legs[i], fills[i], i != 0, outcome);
        }
        _leave($, legs[last].market);
    }

    /// @dev A fill alone, or a combo: options and dated futures, no two the same, of one maker; and no fill is missing.
    function _standTogether(Fill[] memory fills) private pure returns (bool) {
        uint256 count = fills.length;
        if (count > MOST_LEGS || standsWithNext(fills[count - 1].instrument)) return false;
        for (uint256 i; i < count; ++i) {
            Fill memory fill = fills[i];
            uint24 named = nameOf(fill.instrument);
            if (fill.maker != fills[0].maker || named < FIRST_SERIES) return false;
            for (uint256 j; j < i; ++j) {
                if (nameOf(fills[j].instrument) == named) return false;
            }
        }
        return true;
    }

    /// @dev Judges a leg by itself and moves the maker's side. Returns why not, or zero.
    function _moveMaker(
        VaultState storage $,
        Deal memory deal,
        Valuation.Basis memory basis,
        Leg memory leg,
        Fill memory fill
    ) private returns (bytes4) {
        SeriesMarket memory m = leg.market;
        uint24 named = nameOf(fill.instrument);
        _enter(m, $, named, basis.marginWord);
        basis.used |= 1 << m.underlying;
        if (fill.lots.isZero()) return IMarginVault.ZeroLots.selector;
        if (fill.maker == deal.taker) return IMarginVault.SelfTrade.selector;
        if (fill.maker.owner() == deal.fund) return IMarginVault.ProtocolAccount.selector;
        if (m.live.settled) return IVaultSeries.SeriesIsSettled.selector;
        if (m.live.surface.published() == 0) return IVaultSeries.SeriesHasNoSlice.selector;
        if (_outsideBand(m, fill.price)) return IMarginVault.PriceOutsideBand.selector;
        if (_feesWrong(m, fill)) return IMarginVault.FeeOutsideBounds.selector;

        SeriesPositions.find(leg.taker, $, deal.taker, m.underlying, m.instrument);
        SeriesPositions.find(leg.maker, $, fill.maker, m.underlying, m.instrument);
        (int256 taken, int256 made) = (leg.taker.lots, leg.maker.lots);
        (leg.taken, leg.made, leg.madeHalvings) = (taken, made, leg.maker.halvings);
        if (m.instrument.isFuture()) leg.madeCost = $.futureCosts[fill.maker][m.underlying][m.instrument.series()];
        int256 lots = fill.lots.raw();
        bool takerReduces = _reduces(lots, taken);
        bool makerReduces;
        unchecked {
            // a module may name any size, also one that has no opposite
            makerReduces = _reduces(-lots, made);
        }
        (leg.takerReduces, leg.makerReduces) = (takerReduces, makerReduces);
        // a slice that a feed has let lapse prices what is held, and opens nothing
        bool open = m.quote.open && m.live.steps == 0;
        if (!open && !(takerReduces && makerReduces)) return IMarginVault.RiskMayNotRise.selector;
        unchecked {
            // a module may name any size: what wraps here is beyond every cap
            uint256 cap = TradingWord.positionCap(m.quote.trading);
            if (cap >= SeriesPositions.SIZES) cap = SeriesPositions.SIZES - 1;
            if (!takerReduces && Lots.wrap(taken + lots).abs() > cap) return IMarginVault.PositionCapExceeded.selector;
            if (!makerReduces && Lots.wrap(made - lots).abs() > cap) return IMarginVault.PositionCapExceeded.selector;
        }
        // the taker may come to a size by several fills, and is tested when the trade ends
        if (LeastSize.falls($, made, made - lots, m.quote.mark)) return IMarginVault.PositionTooSmall.selector;
        m.halvings = _halvingsOf(m, $);
        _count(m, leg.taker, taken + lots);
        _count(m, leg.maker, made - lots);
        // what changes hands opens nothing, though it may count more than it did
        bool opens = _longs(taken + lots) + _longs(made - lots) > _longs(taken) + _longs(made);
        if (opens && m.openInterest > FundingWord.cap(m.quote.funding)) return IMarginVault.OpenInterestCapExceeded.selector;

        (uint256 header, uint256 position) = (leg.maker.header, leg.maker.position);
        (leg.header, leg.position) = (header, position);
        if (fill.maker.owner() != deal.moduleAddress && !Trading.consents(header, deal.defaultModules, deal.module)) {
            return IMarginVault.ModuleNotConsented.selector;
        }
        if (position == 0 && LibBit.popCount(header.underlyings()) >= Ledger.MAX_UNDERLYINGS) {
            return IMarginVault.TooManyUnderlyings.selector;
        }
        if (made == 0 && header.seriesPositions() >= SeriesPositions.MOST) return IMarginVault.TooManySeriesPositions.selector;
        _setMaker($, fill, leg);
        return 0;
    }

    /// @param moved legs before this one have moved the list since its place in it was found
    function _moveTaker(
        VaultState storage $,
        Deal memory deal,
        Valuation.Basis memory basis,
        Leg memory leg,
        Fill memory fill,
        bool moved,
        Outcome memory outcome
    ) private {
        SeriesMarket memory m = leg.market;
        SeriesPositions.Place memory side = leg.taker;
        (int256 taken, int256 takes) = (leg.taken, leg.taken + fill.lots.raw());
        if (moved) SeriesPositions.find(side, $, deal.taker, m.underlying, m.instrument);
        SeriesPositions.set(side, $, deal.taker, m.underlying, m.instrument, takes, _halvingsAfter(m, side, takes));
        if (m.instrument.isFuture()) {
            mapping(uint256 series => int256) storage costs = $.futureCosts[deal.taker][m.underlying];
            uint256 series = m.instrument.series();
            costs[series] = FutureCost.afterDown(costs[series], taken, fill.lots.raw(), fill.price);
        }
        if (side.header.seriesPositions() > SeriesPositions.MOST && deal.taker.owner() != deal.fund) {
            revert IMarginVault.TooManySeriesPositions(deal.taker, SeriesPositions.MOST);
        }
        if (LibBit.popCount(side.header.underlyings()) > Ledger.MAX_UNDERLYINGS) {
            revert IMarginVault.TooManyUnderlyings(deal.taker, Ledger.MAX_UNDERLYINGS);
        }
        _store($, deal.taker, m.underlying, side, -fill.lots.times(fill.price) - fill.takerFee);
        _noteSize($, nameOf(fill.instrument), taken, takes, m.quote.mark);
        if (leg.takerReduces) return;
        outcome.raised = true;
        outcome.newRisk = outcome.newRisk + _newRiskChargeUp(m, basis.marginWord, taken, takes);
    }

    /// @dev What is smaller than is allowed, and was not before the trade, has to be more, or nothing, at its end.
    function _noteSize(VaultState storage $, uint256 named, int256 before, int256 lots, Price price) private {
        (uint256 place, bool found) = SmallPositions.find(named);
        if (LeastSize.falls($, found ? int256(0) : before, lots, price)) SmallPositions.put(place, found, named, lots);
        else if (found) SmallPositions.remove(place);
    }

    function _enter(SeriesMarket memory m, VaultState storage $, uint24 named, uint256 marginWord) private view {
        m.underlying = underlyingOf(named);
        m.instrument = withinUnderlying(named);
        Market.write(m.quote, $, m.underlying, marginWord);
        SeriesState.write(m.live, $, m.underlying, m.instrument.series(), m.quote.mark);
        m.openInterest = FundingWord.openInterest(m.quote.funding);
        m.held = SurfaceWord.held(m.live.surface);
        (m.mark, m.referencePrice) = SeriesMark.write(m.live, $, m.underlying, m.instrument);
    }

    /// @dev By the first form of the margin rule, after all legs.
    function _makerReason(
        VaultState storage $,
        Valuation.Basis memory basis,
        AccountId account,
        Leg[] memory legs
    ) private view returns (bytes4) {
        Valuation.Figures memory now_ = basis.figures;
        uint256 header = $.headers[account];
        bool raised;
        Wad newRisk;
        for (uint256 i; i < legs.length; ++i) {
            Leg memory leg = legs[i];
            if (leg.makerReduces) continue;
            raised = true;
            newRisk = newRisk + _newRiskChargeUp(leg.market, basis.marginWord, leg.made, leg.maker.lots);
        }
        basis.enough = newRisk;
        AccountValue.write(now_, $, account, header, basis);
        if (raised) {
            // who trades series holds some, or has just closed the last: at good prices only
            if (!Valuation.good(now_, MarginWord.liquidationAge(basis.marginWord))) return IMarginVault.RiskMayNotRise.selector;
            if (now_.notional < Trading.smallestNotional($, now_.notional)) return IMarginVault.AccountTooSmall.selector;
        }
        bool covered = Valuation.bounds(now_, header) && MarginRule.covers(now_, newRisk);
        return covered ? bytes4(0) : IMarginVault.MarginTooLow.selector;
    }

    /// @dev By the second form, which looks back and which most makers need not: what was before is seen with all legs put back. Where it does not hold
    /// they stay so.
    function _makerSheds(
        VaultState storage $,
        Valuation.Basis memory basis,
        Fill[] memory fills,
        Leg[] memory legs
    ) private returns (bool sheds) {
        AccountId account = fills[0].maker;
        Portfolio memory now_ = Portfolios.portfolio($, account, basis.marginWord);
        _putBack($, fills, legs, legs.length);
        sheds = MarginRule.sheds(Portfolios.portfolioLike($, account, basis.marginWord, now_), now_, basis.terms);
        if (!sheds) return false;
        for (uint256 i; i < legs.length; ++i) {
            SeriesMarket memory m = legs[i].market;
            SeriesPositions.find(legs[i].maker, $, account, m.underlying, m.instrument);
            _setMaker($, fills[i], legs[i]);
        }
    }

    function _setMaker(VaultState storage $, Fill memory fill, Leg memory leg) private {
        SeriesMarket memory m = leg.market;
        int256 makes = leg.made - fill.lots.raw();
        SeriesPositions.set(leg.maker, $, fill.maker, m.underlying, m.instrument, makes, _halvingsAfter(m, leg.maker, makes));
        if (m.instrument.isFuture()) {
            $.futureCosts[fill.maker][m.underlying][m.instrument.series()] = FutureCost.afterDown(
                leg.madeCost,
                leg.made,
                -fill.lots.raw(),
                fill.price
            );
        }
        _store($, fill.maker, m.underlying, leg.maker, fill.lots.times(fill.price) - fill.makerFee);
    }

    /// @dev The maker as it was before the first `count` legs, the last of them first; the list of positions may be in another order.
    function _putBack(VaultState storage $, Fill[] memory fills, Leg[] memory legs, uint256 count) private {
        AccountId account = fills[0].maker;
        for (uint256 i = count; i != 0;) {
            Leg memory leg = legs[--i];
            SeriesMarket memory m = leg.market;
            SeriesPositions.find(leg.maker, $, account, m.underlying, m.instrument);
            SeriesPositions.set(leg.maker, $, account, m.underlying, m.instrument, leg.made, leg.madeHalvings);
            if (m.instrument.isFuture()) $.futureCosts[account][m.underlying][m.instrument.series()] = leg.madeCost;
            $.headers[account] = leg.header;
            $.positions[account][m.underlying] = leg.position;
        }
    }

    /// @dev Open interest as it was before the first `count` legs.
    function _uncount(VaultState storage $, Leg[] memory legs, uint256 count) private {
        for (uint256 i = count; i != 0;) {
            SeriesMarket memory m = legs[--i].market;
            $.fundings[m.underlying] = m.quote.funding;
            $.surfaces[m.underlying][m.instrument.series()] = m.live.surface;
        }
    }

    function _store(VaultState storage $, AccountId account, uint256 underlying, SeriesPositions.Place memory side, Wad credited) private {
        $.headers[account] = side.header.withCash(side.header.cash() + credited);
        $.positions[account][underlying] = side.position;
    }

    function _count(SeriesMarket memory m, SeriesPositions.Place memory side, int256 afterwards) private pure {
        uint256 counted = SeriesPositions.countedUp(afterwards, _halvingsAfter(m, side, afterwards));
        m.openInterest = m.openInterest + counted - SeriesPositions.countedUp(side.lots, side.halvings);
        m.held = m.held + Lots.wrap(afterwards).abs() - Lots.wrap(side.lots).abs();
    }

    function _longs(int256 lots) private pure returns (int256) {
        return lots > 0 ? lots : int256(0);
    }

    function _halvingsAfter(SeriesMarket memory m, SeriesPositions.Place memory side, int256 afterwards) private pure returns (uint256) {
        return SeriesPositions.halvingsAfter(side.lots, side.halvings, afterwards, m.halvings);
    }

    /// @dev How often a lot is halved in open interest, as long as it then counts at least what it risks: what a short of it loses over the scan range with
    /// volatility up, and what it needs at least as a short option, against what a lot of the perpetual loses over the range. A dated future is a lot.
    function _halvingsOf(SeriesMarket memory m, VaultState storage $) private view returns (uint256 halvings) {
        if (m.instrument.isFuture()) return 0;
        Ratio range = PriceWord.heldRange(m.quote.priceWord);
        uint256 risk = _riskUp(m, $, range);
        uint256 whole = (m.quote.mark.raw() * range.raw()) / 1e18;
        while (halvings < MOST_HALVINGS && risk << (halvings + 1) <= whole) ++halvings;
    }

    function _riskUp(SeriesMarket memory m, VaultState storage $, Ratio range) private view returns (uint256 risk) {
        bool call = m.instrument.isCall();
        uint256 scenario = call ? 11 : 13;
        Price forward = m.live.forward;
        Ratio own = m.live.rangeUp(range);
        uint256 strike = m.live.word.strike(m.instrument.strikeIndex()).raw();
        (SviWord.Slice memory slice, uint256 span) = m.live.slice($, m.underlying, m.instrument.series());
        ScenarioPrices.Frame memory frame = ScenarioPrices.frameOf(forward, own, slice, span, m.live.varianceTime, 1 | (1 << scenario));
        uint256[] memory values = new uint256[](2);
        ScenarioPrices.write(frame, strike, values, 0);
        // casting is safe: prices are below 2^97
        int256 loss = int256(values[1]) - int256(values[0]);
        if (call != ScenarioPrices.isCall(frame, strike)) {
            // the other option of the strike is that and a line
            int256 move = int256(OptionStress.forwardAt(forward, own, scenario).raw()) - int256(forward.raw());
            loss += call ? move : -move;
        }
        risk = SeriesHolding.leastOfShortUp(call, strike, forward, range);
        if (loss > int256(risk)) risk = uint256(loss);
    }

    /// @dev Writes the open interest, where it changed.
    function _leave(VaultState storage $, SeriesMarket memory m) private {
        if (m.openInterest != FundingWord.openInterest(m.quote.funding)) {
            $.fundings[m.underlying] = FundingWord.withOpenInterest(m.quote.funding, m.openInterest);
        }
        if (m.held != SurfaceWord.held(m.live.surface)) {
            $.surfaces[m.underlying][m.instrument.series()] = SurfaceWord.withHeld(m.live.surface, m.held);
        }
    }

    function _reduces(int256 change, int256 lots) private pure returns (bool) {
        unchecked {
            int256 next = lots + change;
            return lots != 0 && change ^ lots < 0 && (next == 0 || next ^ lots >= 0);
        }
    }

    function _outsideBand(SeriesMarket memory m, Price price) private pure returns (bool) {
        uint256 width = (m.referencePrice.raw() * TradingWord.fillBandPpm(m.quote.trading)) / 1e6;
        uint256 mark = m.mark.raw();
        return price.raw() > mark + width || price.raw() + width < mark;
    }

    function _feesWrong(SeriesMarket memory m, Fill memory fill) private pure returns (bool) {
        Wad cap = minWad(
            fill.lots.times(m.referencePrice).abs().partUp(fromPpm(TradingWord.feeCapPpm(m.quote.trading))),
            fill.lots.times(fill.price).abs().partUp(fromPpm(MOST_FEE_OF_PRICE))
        );
        return fill.takerFee.isNegative() || fill.takerFee > cap || fill.makerFee > cap || (fill.takerFee + fill.makerFee).isNegative();
    }

    function _newRiskChargeUp(SeriesMarket memory m, uint256 marginWord, int256 before, int256 afterwards) private pure returns (Wad) {
        return Trading.newRiskChargeUp(marginWord, m.quote.funding, m.referencePrice, before, afterwards, m.openInterest);
    }
}
