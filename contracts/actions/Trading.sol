// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {LeastSize} from "../ledger/LeastSize.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {Market} from "../ledger/Market.sol";
import {SmallPositions} from "../ledger/options/SmallPositions.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountValue} from "../margin/AccountValue.sol";
import {DoubtLogic} from "../margin/DoubtLogic.sol";
import {MarginRule} from "../margin/MarginRule.sol";
import {Valuation} from "../margin/Valuation.sol";
import {Bounds} from "../math/Bounds.sol";
import {AccountId} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {nameOf} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {fromPpm} from "../types/Ratio.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {ModuleWord} from "../words/ModuleWord.sol";
import {FillOrderWord, NonceWord} from "../words/OrderWords.sol";
import {LiquidationWord, MarginWord, TradingWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";

/// @title Settles the fills that a module proposed
/// @dev The maker's side is tested fill by fill and skipped when it fails: one bad maker is not fatal. The taker's side is tested once, at
/// the end of `execute`.
library Trading {
    /// @dev What the vault remembers of an account that an action touched, for the margin rule at the end.
    struct Touched {
        AccountId account;
        bytes before; // of the first touch, as SheddingLogic remembers it; empty where it is worked out only if the first form fails, from what follows
        uint256 header; // before the only trade
        uint256 position; // before the only trade, on its only underlying
        uint256 underlying; // that one, where the trade is in its perpetual alone
        Fill[] fills; // of it, where there are options or dated futures, held or traded
        uint256 stood; // those of them in such that stood, a bit each
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
        uint256 filled; // lots, over all instruments
        Wad fees; // income of the fund
        // in the market at hand, written when it is left
        uint256 header; // of the taker
        uint256 position; // of the taker
        uint256 openInterest;
        bool changed;
    }

    /// @notice The ModuleWord of the module at `index`, which there has to be, and switched on.
    function moduleOf(VaultState storage $, uint256 index) internal view returns (uint256 word) {
        word = $.modules[index];
        if (ModuleWord.target(word) == address(0)) revert IMarginVault.UnknownModule(index);
        uint256 until = ModuleWord.disabledUntil(word);
        if (block.timestamp < until) revert IMarginVault.ModuleDisabled(index, until);
    }

    /// @notice Applies one fill, or skips it with an event.
    function settle(
        VaultState storage $,
        Trade memory trade,
        Touched memory taker,
        Valuation.Basis memory basis,
        Fill memory fill
    ) internal {
        bytes4 reason = _apply($, trade, taker, basis, fill);
        if (reason == 0) {
            unchecked {
                // at most 128 fills of sizes below 2^48
                trade.filled += fill.lots.abs();
            }
            trade.fees = trade.fees + fill.takerFee + fill.makerFee;
            count($, trade.moduleAddress, fill);
        }
        announce(trade.taker, trade.module, fill, reason);
    }

    /// @notice Counts a fill that stood under the nonce of its order.
    function count(VaultState storage $, address module, Fill memory fill) internal {
        uint256 counted = FillOrderWord.counted(fill.order);
        if (counted == 0) return;
        uint256 nonce = FillOrderWord.nonce(fill.order);
        mapping(uint256 key => uint256) storage words = $.orderNonces[fill.maker];
        uint256 key = NonceWord.keyOf(module, nonce);
        words[key] = NonceWord.withMore(words[key], nonce % NonceWord.NONCES, counted);
    }

    /// @notice Says what became of a fill that `module` proposed; `reason` is zero where it stands.
    function announce(AccountId taker, uint256 module, Fill memory fill, bytes4 reason) internal {
        uint256 order = FillOrderWord.logged(fill.order, module);
        if (reason == 0) {
            emit IMarginVault.Filled(
                taker,
                fill.maker,
                nameOf(fill.instrument),
                fill.lots.raw(),
                fill.price.raw(),
                fill.takerFee.raw(),
                fill.makerFee.raw(),
                order
            );
        } else {
            if (FillOrderWord.mustStand(fill.order)) revert IMarginVault.FillRefused(reason);
            emit IMarginVault.FillSkipped(taker, fill.maker, nameOf(fill.instrument), fill.lots.raw(), reason, order);
        }
    }

    /// @notice Begins with the market of `underlying`: the taker's words are kept at hand until `leave` writes them.
    function enter(VaultState storage $, Trade memory trade, Valuation.Basis memory basis, uint256 underlying) internal view {
        Market.Quote memory q = basis.quote;
        Market.write(q, $, underlying, basis.marginWord);
        basis.used |= 1 << underlying;
        trade.header = $.headers[trade.taker];
        trade.position = $.positions[trade.taker][q.underlying];
        trade.openInterest = FundingWord.openInterest(q.funding);
    }

    /// @notice Ends with the market of `q`: writes the taker's side and the open interest, where a fill stood.
    function finish(VaultState storage $, Trade memory trade, Market.Quote memory q) internal {
        if (!trade.changed) return;
        trade.changed = false;
        Lots lots = PositionWord.lots(trade.position);
        if (LeastSize.falls($, PositionWord.lots($.positions[trade.taker][q.underlying]).raw(), lots.raw(), q.mark)) {
            refuseSize($, trade.taker, q.underlying, lots);
        }
        $.headers[trade.taker] = trade.header;
        $.positions[trade.taker][q.underlying] = trade.position;
        if (trade.openInterest != FundingWord.openInterest(q.funding)) {
            $.fundings[q.underlying] = FundingWord.withOpenInterest(q.funding, trade.openInterest);
        }
    }

    /// @notice Ends the trade: no position in a series is left smaller than is allowed.
    function requireSizes(VaultState storage $, AccountId taker) internal view {
        (bool found, uint256 instrument, int256 lots) = SmallPositions.any();
        if (found) refuseSize($, taker, instrument, Lots.wrap(lots));
    }

    function refuseSize(VaultState storage $, AccountId taker, uint256 instrument, Lots lots) internal view {
        revert IMarginVault.PositionTooSmall(taker, instrument, lots, LiquidationWord.smallestNotional($.liquidationParameters));
    }

    function _apply(
        VaultState storage $,
        Trade memory trade,
        Touched memory taker,
        Valuation.Basis memory basis,
        Fill memory fill
    ) private returns (bytes4) {
        Market.Quote memory q = basis.quote;
        if (fill.lots.isZero()) return IMarginVault.ZeroLots.selector;
        if (fill.maker == trade.taker) return IMarginVault.SelfTrade.selector;
        if (fill.maker.owner() == trade.fund) return IMarginVault.ProtocolAccount.selector;
        if (_outsideBand(q, fill.price)) return IMarginVault.PriceOutsideBand.selector;
        if (_feesWrong(q, fill)) return IMarginVault.FeeOutsideBounds.selector;

        uint256 makerPosition = $.positions[fill.maker][q.underlying];
        // as whole numbers: what follows is many small steps, and a call of a function costs as much as two of them
        int256 lots = fill.lots.raw();
        int256 taken = PositionWord.lots(trade.position).raw();
        int256 made = PositionWord.lots(makerPosition).raw();
        int256 takes;
        int256 makes;
        unchecked {
            // a module may name any size: what wraps here is beyond every cap
            (takes, makes) = (taken + lots, made - lots);
        }
        // x & ~y is negative where x alone is: opposite to what was held, and not past zero
        bool takerReduces = taken != 0 && lots ^ taken < 0 && (takes == 0 || takes ^ taken >= 0);
        bool makerReduces = made != 0 && lots ^ made >= 0 && (makes == 0 || makes ^ made >= 0);
        // while the price is not normal or opens are stopped, only a trade that shrinks both sides stands
        if (!q.open && !(takerReduces && makerReduces)) return IMarginVault.RiskMayNotRise.selector;

        uint256 cap = TradingWord.positionCap(q.trading);
        if (!takerReduces && Lots.wrap(takes).abs() > cap) return IMarginVault.PositionCapExceeded.selector;
        if (!makerReduces && Lots.wrap(makes).abs() > cap) return IMarginVault.PositionCapExceeded.selector;
        // the taker may come to it by several fills, and is tested when the market is left
        if (LeastSize.falls($, made, makes, q.mark)) return IMarginVault.PositionTooSmall.selector;

        uint256 next = Ledger.openInterestAfter(Ledger.openInterestAfter(trade.openInterest, taken, takes), made, makes);
        if (next > trade.openInterest && next > FundingWord.cap(q.funding)) return IMarginVault.OpenInterestCapExceeded.selector;

        bytes4 reason = _makerSide(
            $,
            trade,
            basis,
            fill,
            makerPosition,
            makerReduces,
            makerReduces ? ZERO : _newRiskChargeUp(basis, made, makes, next)
        );
        if (reason != 0) return reason;

        (trade.header, trade.position) = Ledger.moved(
            trade.header,
            trade.position,
            trade.taker,
            q.underlying,
            fill.lots,
            fill.price,
            q.index,
            -fill.takerFee
        );
        trade.openInterest = next;
        trade.changed = true;
        if (!takerReduces) {
            taker.raised = true;
            taker.newRisk = taker.newRisk + _newRiskChargeUp(basis, taken, takes, next);
        }
        return 0;
    }

    /// @dev Moves the maker's side if its margin holds afterwards.
    function _makerSide(
        VaultState storage $,
        Trade memory trade,
        Valuation.Basis memory basis,
        Fill memory fill,
        uint256 position,
        bool reduces,
        Wad newRisk
    ) private returns (bytes4) {
        Market.Quote memory q = basis.quote;
        AccountId maker = fill.maker;
        uint256 header = $.headers[maker];
        // the module's own account, or consent by the owner
        if (maker.owner() != trade.moduleAddress && !consents(header, trade.defaultModules, trade.module)) {
            return IMarginVault.ModuleNotConsented.selector;
        }
        if (position == 0 && LibBit.popCount(HeaderWord.underlyings(header)) >= Ledger.MAX_UNDERLYINGS) {
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
        q.draft = positionAfter;
        Valuation.Figures memory now_ = basis.figures;
        basis.enough = newRisk;
        AccountValue.write(now_, $, maker, headerAfter, basis);
        if (!reduces) {
            if (!Valuation.good(now_, MarginWord.tradingAge(basis.marginWord))) return IMarginVault.RiskMayNotRise.selector;
            if (!Valuation.good(now_, MarginWord.liquidationAge(basis.marginWord))) {
                if (HeaderWord.seriesPositions(header) != 0) return IMarginVault.RiskMayNotRise.selector;
                (Wad surplus, ) = DoubtLogic.hidden($, maker, headerAfter, q.underlying, positionAfter);
                // at the worse edge by the first form alone
                if (!MarginRule.covers(now_, newRisk + surplus)) return IMarginVault.MarginTooLow.selector;
            }
            if (now_.notional < smallestNotional($, now_.notional)) return IMarginVault.AccountTooSmall.selector;
        }
        if (!MarginRule.covers(now_, newRisk) || !Valuation.bounds(now_, header)) {
            // the second form needs the figures before the fill, which most makers do not: look back only now
            q.draft = position;
            Valuation.Figures memory before;
            AccountValue.write(before, $, maker, header, basis);
            if (HeaderWord.seriesPositions(header) != 0 || !MarginRule.sheds(before, now_)) {
                return IMarginVault.MarginTooLow.selector;
            }
        }

        $.headers[maker] = headerAfter;
        $.positions[maker][q.underlying] = positionAfter;
        return 0;
    }

    /// @notice The smallest gross notional that an account with positions may have; of an account beyond every allowed value of it the
    /// parameter need not be read, and is zero.
    function smallestNotional(VaultState storage $, Wad notional) internal view returns (Wad) {
        if (notional >= Wad.wrap(int256(Bounds.MOST_SMALLEST_NOTIONAL * 1e18))) return ZERO;
        return LiquidationWord.smallestNotional($.liquidationParameters);
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

    function _newRiskChargeUp(
        Valuation.Basis memory basis,
        int256 before,
        int256 afterwards,
        uint256 openInterest
    ) private pure returns (Wad) {
        return newRiskChargeUp(basis.marginWord, basis.quote.funding, basis.quote.mark, before, afterwards, openInterest);
    }

    /// @notice Open-interest charge: on the lots by which a position grew (or all of them, where it changed sides), at the use of the cap.
    /// @param price of a lot
    function newRiskChargeUp(
        uint256 marginWord,
        uint256 funding,
        Price price,
        int256 before,
        int256 afterwards,
        uint256 openInterest
    ) internal pure returns (Wad) {
        uint256 rate = MarginWord.openInterestCharge(marginWord).raw();
        uint256 cap = FundingWord.cap(funding);
        unchecked {
            // lots < 2^48, price < 2^96, rate < 2^60, open interest < 2^44: the product fits 248 bits
            uint256 grown = Lots.wrap(afterwards).abs();
            if (before ^ afterwards >= 0) grown -= Lots.wrap(before).abs();
            if (rate == 0 || grown == 0 || cap == 0) return ZERO;
            uint256 denominator = cap * 1e18;
            return Wad.wrap(int256((grown * price.raw() * rate * openInterest + denominator - 1) / denominator));
        }
    }
}
