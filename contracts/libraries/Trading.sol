// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {AccountId} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio, fromPpm} from "../types/Ratio.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {LiquidationWord, MarginWord, TradingWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {Ledger} from "./Ledger.sol";
import {Margin} from "./Margin.sol";
import {MarginRule} from "./MarginRule.sol";
import {Market} from "./Market.sol";
import {Valuation} from "./Valuation.sol";

/// @title Settles the fills that a module proposed
/// @dev The maker's side is tested fill by fill and skipped when it fails: one bad maker is not fatal. The taker's side is tested once, at
/// the end of `execute`.
library Trading {
    /// @dev What the vault remembers of an account that an action touched, for the margin rule at the end.
    struct Touched {
        AccountId account;
        Valuation.Figures before; // at first touch; what the second form of the rule looks back at
        bool leaving; // value left: the first form is needed
        bool settledOut; // settlement tokens left: settled cash is tested
        bool raised; // a position grew
        Wad newRisk; // open-interest charge on what grew
    }

    /// @dev One trade of one taker.
    struct Trade {
        AccountId taker;
        uint256 module;
        address moduleAddress;
        uint16 defaultModules;
        address fund;
        uint256 marginWord;
        Margin.Terms terms;
        uint256 used; // a bit for each price that valued a maker
        uint256 filled; // lots, over all instruments
        Wad fees; // income of the fund
    }

    /// @notice Applies one fill, or skips it with an event.
    function settle(
        VaultState storage $,
        Trade memory trade,
        Touched memory taker,
        Market.Quote memory q,
        Fill memory fill
    ) internal returns (bool applied) {
        bytes4 reason = _apply($, trade, taker, q, fill);
        applied = reason == 0;
        if (applied) {
            trade.filled += fill.lots.abs();
            trade.fees = trade.fees + fill.takerFee + fill.makerFee;
            emit IMarginVault.Filled(
                trade.taker,
                fill.maker,
                fill.instrument,
                fill.lots.raw(),
                fill.price.raw(),
                fill.takerFee.raw(),
                fill.makerFee.raw()
            );
        } else {
            emit IMarginVault.FillSkipped(trade.taker, fill.maker, fill.instrument, fill.lots.raw(), reason);
        }
    }

    function _apply(
        VaultState storage $,
        Trade memory trade,
        Touched memory taker,
        Market.Quote memory q,
        Fill memory fill
    ) private returns (bytes4) {
        if (fill.lots.isZero()) return IMarginVault.ZeroLots.selector;
        if (fill.maker == trade.taker) return IMarginVault.SelfTrade.selector;
        if (fill.maker.owner() == trade.fund) return IMarginVault.ProtocolAccount.selector;
        if (_outsideBand(q, fill.price)) return IMarginVault.PriceOutsideBand.selector;
        if (_feesWrong(q, fill)) return IMarginVault.FeeOutsideBounds.selector;

        Lots taken = PositionWord.lots($.positions[trade.taker][q.underlying]);
        uint256 makerPosition = $.positions[fill.maker][q.underlying];
        Lots made = PositionWord.lots(makerPosition);
        bool takerReduces = fill.lots.reduces(taken);
        bool makerReduces = (-fill.lots).reduces(made);
        // while the price is not normal or opens are stopped, only a trade that shrinks both sides stands
        if (!q.open && !(takerReduces && makerReduces)) return IMarginVault.RiskMayNotRise.selector;

        uint256 cap = TradingWord.positionCap(q.trading);
        if (!takerReduces && (taken + fill.lots).abs() > cap) return IMarginVault.PositionCapExceeded.selector;
        if (!makerReduces && (made - fill.lots).abs() > cap) return IMarginVault.PositionCapExceeded.selector;

        uint256 present = FundingWord.openInterest(q.funding);
        uint256 next = Ledger.openInterestAfter(present, taken, taken + fill.lots);
        next = Ledger.openInterestAfter(next, made, made - fill.lots);
        if (next > present && next > FundingWord.cap(q.funding)) return IMarginVault.OpenInterestCapExceeded.selector;

        bytes4 reason = _makerSide($, trade, q, fill, makerPosition, makerReduces, next);
        if (reason != 0) return reason;

        Ledger.move($, trade.taker, q.underlying, fill.lots, fill.price, q.index, -fill.takerFee);
        if (!takerReduces) {
            taker.raised = true;
            taker.newRisk = taker.newRisk + _newRiskCharge(trade, q, taken, taken + fill.lots, next);
        }
        Market.setOpenInterest($, q, next);
        return 0;
    }

    /// @dev Moves the maker's side and tests its margin; puts everything back where it fails.
    function _makerSide(
        VaultState storage $,
        Trade memory trade,
        Market.Quote memory q,
        Fill memory fill,
        uint256 position,
        bool reduces,
        uint256 openInterest
    ) private returns (bytes4 reason) {
        AccountId maker = fill.maker;
        uint256 header = $.headers[maker];
        // the module's own account, or consent by the owner
        if (maker.owner() != trade.moduleAddress && !consents(header, trade.defaultModules, trade.module)) {
            return IMarginVault.ModuleNotConsented.selector;
        }
        Lots made = PositionWord.lots(position);
        if (made.isZero() && LibBit.popCount(HeaderWord.underlyings(header)) >= Ledger.MAX_UNDERLYINGS) {
            return IMarginVault.TooManyUnderlyings.selector;
        }
        (uint256 headerAfter, uint256 positionAfter) = Ledger.moved(
            header,
            position,
            maker,
            q.underlying,
            -fill.lots,
            fill.price,
            q.index,
            -fill.makerFee
        );
        _write($, maker, q.underlying, headerAfter, positionAfter);

        Valuation.Figures memory now_ = Valuation.figures($, maker, trade.marginWord, trade.terms);
        trade.used |= now_.underlyings;
        if (!reduces && !Valuation.good(now_, MarginWord.tradingAge(trade.marginWord))) {
            reason = IMarginVault.RiskMayNotRise.selector;
        } else if (!reduces && now_.notional < LiquidationWord.smallestNotional($.liquidationParameters)) {
            reason = IMarginVault.AccountTooSmall.selector;
        } else {
            Wad newRisk = reduces ? ZERO : _newRiskCharge(trade, q, made, made - fill.lots, openInterest);
            if (MarginRule.covers(now_, newRisk)) return 0;
            reason = IMarginVault.MarginTooLow.selector;
        }
        _write($, maker, q.underlying, header, position);
        if (reason != IMarginVault.MarginTooLow.selector) return reason;
        // the second form needs the figures before the fill, which most makers do not: look back only now
        if (!MarginRule.sheds(Valuation.figures($, maker, trade.marginWord, trade.terms), now_)) return reason;
        _write($, maker, q.underlying, headerAfter, positionAfter);
        return 0;
    }

    function _write(VaultState storage $, AccountId account, uint256 underlying, uint256 header, uint256 position) private {
        $.headers[account] = header;
        $.positions[account][underlying] = position;
    }

    /// @notice Whether the account of `header` lets module `module` fill its orders.
    function consents(uint256 header, uint16 defaultModules, uint256 module) internal pure returns (bool) {
        return ((((header >> 192) & 0xffff) ^ defaultModules) >> module) & 1 != 0;
    }

    function _outsideBand(Market.Quote memory q, Price price) private pure returns (bool) {
        uint256 mark = q.mark.raw();
        uint256 width = (mark * TradingWord.fillBandPpm(q.trading)) / 1e6;
        // above 2^96 only a price can be that is outside every band
        return price.raw() > mark + width || price.raw() + width < mark;
    }

    function _feesWrong(Market.Quote memory q, Fill memory fill) private pure returns (bool) {
        Wad cap = fill.lots.times(fill.price).abs().partUp(fromPpm(TradingWord.feeCapPpm(q.trading)));
        return fill.takerFee.isNegative() || fill.takerFee > cap || fill.makerFee > cap || (fill.takerFee + fill.makerFee).isNegative();
    }

    /// @dev Open-interest charge: on the lots by which a position grew (or all of them, where it changed sides), at the use of the cap.
    function _newRiskCharge(
        Trade memory trade,
        Market.Quote memory q,
        Lots before,
        Lots afterwards,
        uint256 openInterest
    ) private pure returns (Wad) {
        Ratio rate = MarginWord.openInterestCharge(trade.marginWord);
        uint256 cap = FundingWord.cap(q.funding);
        bool crossed = before.raw() != 0 && (before.raw() > 0) != (afterwards.raw() > 0);
        uint256 grown = crossed ? afterwards.abs() : afterwards.abs() - before.abs();
        if (rate.raw() == 0 || grown == 0 || cap == 0) return ZERO;
        // 2^143 · 2^60 · 2^44 < 2^247
        uint256 numerator = grown * q.mark.raw() * rate.raw() * openInterest;
        uint256 denominator = cap * 1e18;
        return Wad.wrap(int256((numerator + denominator - 1) / denominator));
    }
}
