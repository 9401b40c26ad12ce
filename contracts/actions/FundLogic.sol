// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Assessment, Book, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {Deficit} from "../ledger/Deficit.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {PriceUse} from "../ledger/PriceUse.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {FundAccounts} from "../margin/FundAccounts.sol";
import {Margin} from "../margin/Margin.sol";
import {PricedSeries} from "../margin/options/PricedSeries.sol";
import {Portfolios} from "../margin/Portfolios.sol";
import {Takeover} from "../margin/Takeover.sol";
import {WaterLines} from "../margin/WaterLines.sol";
import {AccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {Ratio, ONE, ZERO_RATIO} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad} from "../types/Wad.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {FundParametersWord, FundWord, LiquidationWord, TradingWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {SaleWord} from "../words/SaleWord.sol";
import {SeriesMoveLogic} from "./SeriesMoveLogic.sol";

/// @title What anyone may do with the fund's accounts
library FundLogic {
    using HeaderWord for uint256;

    /// @notice Sells `fraction` of the fund account of `underlying` to `taker`, at a discount that grows since its inventory left zero.
    /// @dev D_out = ρ(t)·(1 − keeper's share)·d_min·IM: never more than what a liquidation left with the fund, so that a round trip
    /// through the fund gains nothing (H-34).
    function shed(
        VaultState storage $,
        address fund,
        uint8 underlying,
        AccountId taker,
        Ratio fraction,
        Wad minimumDiscount
    ) external returns (Wad discount) {
        if (taker.owner() == fund) revert IMarginVault.ProtocolAccount(taker);
        if (fraction > ONE) revert IMarginVault.FractionAboveLimit(fraction, ONE);
        AccountId seller = FundAccounts.accountOf(fund, underlying);
        uint256 marginWord = $.marginParameters;
        if (HeaderWord.seriesPositions($.headers[seller]) != 0) SeriesMoveLogic.payExpired($, seller);
        Portfolio memory p = Portfolios.value($, seller, marginWord);
        if (p.books.length == 0) revert IMarginVault.FundAccountEmpty(underlying);
        Takeover.requireFresh(p, marginWord);
        Margin.Terms memory terms = Margin.terms(marginWord);
        Portfolio memory before = Portfolios.value($, taker, marginWord);
        {
            Book memory book = p.books[0]; // a fund account holds one underlying
            if (fraction == ZERO_RATIO) revert IMarginVault.NothingToDo();
            // of everything the part rounded up, whole lots of a perpetual too: no discount is paid for what does not move
            // without the size charge, which grows with the square of what the slices that came in have become (H-34)
            Wad margin = Margin.homogeneous(book, terms, false);
            discount = shedDiscountDown($, underlying, margin).partDown(fraction);
            if (discount < minimumDiscount) revert IMarginVault.DiscountBelowLimit(discount, minimumDiscount);
            Lots lots = Lots.wrap(PricedSeries.shareUp(book.lots.raw(), fraction));
            Wad paid = lots.times(book.price) + _moveCollateral($, seller, taker, book, fraction) - discount;
            uint256[] memory series;
            if (book.series.length != 0) {
                paid = paid + _valueOf(book, ZERO_RATIO, terms) - _valueOf(book, fraction, terms);
                series = SeriesMoveLogic.move($, fund, seller, taker, underlying, fraction, 0);
            }
            FundAccounts.transfer($, fund, seller, taker, book, lots, paid);
            emit IMarginVault.Sold(seller, taker, abi.encodePacked(SaleWord.book(underlying, lots, paid, series.length), series));
        }
        Takeover.requireMargin($, taker, before, marginWord);
    }

    /// @dev Market value of what is left of options and futures without the share `sold`.
    function _valueOf(Book memory book, Ratio sold, Margin.Terms memory terms) private pure returns (Wad) {
        return Margin.withSeries(book, Lots.wrap(0), ZERO, sold, terms).value;
    }

    /// @notice The discount now for the whole fund account, whose live margin is `margin`; rounded down.
    function shedDiscountDown(VaultState storage $, uint256 underlying, Wad margin) internal view returns (Wad) {
        uint256 parameters = $.fundParameters;
        uint256 liquidation = $.liquidationParameters;
        Ratio start = FundParametersWord.shedStart(parameters);
        uint256 elapsed = block.timestamp - FundWord.inventorySince($.fundAccounts[underlying]);
        uint256 full = FundParametersWord.shedTime(parameters);
        Ratio grown = elapsed >= full ? ONE : start + Ratio.wrap(((ONE - start).raw() * elapsed) / full);
        Ratio most = LiquidationWord.discountMin(liquidation).partDown(ONE - LiquidationWord.keeperShare(liquidation));
        return margin.partDown(most.partDown(grown));
    }

    /// @dev Returns what the collateral of the seller is worth less, which is never less than what moves is worth by itself.
    function _moveCollateral(
        VaultState storage $,
        AccountId seller,
        AccountId taker,
        Book memory book,
        Ratio fraction
    ) private returns (Wad value) {
        uint256 tokens = $.headers[seller].collaterals();
        for (; tokens != 0; tokens &= tokens - 1) {
            uint256 token = LibBit.ffs(tokens);
            uint256 held = $.collateral[seller][token];
            // never zero: what is held is more than that, and so is the fraction
            uint256 amount = (held * fraction.raw() + (1e18 - 1)) / 1e18;
            Ledger.moveCollateral($, seller, token, amount, false);
            Ledger.moveCollateral($, taker, token, amount, true);
            value = value + Ledger.collateralValueDown(held, book.price, book.lotExponent);
            value = value - Ledger.collateralValueDown(held - amount, book.price, book.lotExponent);
            emit IMarginVault.CollateralSold(seller, taker, uint8(token), amount);
        }
    }

    /// @notice Brings the equity of a fund account up to its margin out of the main stake, books its loss as deficit once it has nothing left to sell, and
    /// brings its shortfall up to date, and with it the water-line where the stake gives less than is lacking. At the last accepted prices, whatever their age, as an account is liquidated.
    function topUp(VaultState storage $, address fund, uint8 underlying) external {
        AccountId account = FundAccounts.accountOf(fund, underlying);
        uint256 marginWord = $.marginParameters;
        Portfolio memory p = Portfolios.value($, account, marginWord);
        Assessment memory a = Margin.assess(p, Margin.terms(marginWord), false);
        Wad lacking = maxWad(a.margin - a.equity, ZERO);
        Wad drawn;
        if (lacking != ZERO) drawn = FundAccounts.draw($, fund, underlying, lacking);
        else if (($.watched >> underlying) & 1 == 0) revert IMarginVault.FundAccountSolvent(underlying, a.value);
        Wad left = p.cash + drawn;
        if (p.books.length == 0 && left.isNegative()) {
            Ledger.credit($, account, -left);
            Deficit.add($, FundAccounts.main(fund), account, -left);
            a.value = a.value - left;
        }
        if (($.watched >> underlying) & 1 != 0) {
            Look memory look = Look(FundAccounts.stakeOf($, fund), 0);
            _setShort($, look, underlying, a.value + drawn, p.books.length != 0);
            if (drawn == lacking || $.headers[account].underlyings() == 0) WaterLines.clear($, underlying);
        }
    }

    /// @notice See `FundAccounts.cover`; linked, for it is called seldom.
    function cover(
        VaultState storage $,
        address fund,
        AccountId account,
        Wad amount,
        uint256[] memory underlyings,
        Wad[] memory scans
    ) external {
        FundAccounts.cover($, fund, account, amount, underlyings, scans);
    }

    /// @notice See `FundAccounts.payBounty`.
    function payBounty(VaultState storage $, address fund, Wad wanted, Wad notional) external returns (Wad) {
        return FundAccounts.payBounty($, fund, wanted, notional);
    }

    // ---------------------------------------------------------------- shortfall

    /// @dev What a look at the watched accounts, one after the other, goes by.
    struct Look {
        FundAccounts.Stake stake; // without what those before would get
        uint256 used; // prices, a bit each
    }

    /// @notice Books a withdrawal of `debited` while there is a deficit, or an account that has used up its cap: see `Deficit`.
    function withdrawn(VaultState storage $, address fund, uint256 debited, uint256 scale) external returns (uint256 paid, uint256 dust) {
        Look memory look = Look(FundAccounts.stakeOf($, fund), 0);
        uint256 marginWord = $.marginParameters;
        uint256 sum;
        for (uint256 left = $.watched; left != 0; left &= left - 1) {
            uint256 underlying = LibBit.ffs(left);
            (Wad value, bool holds) = _valueOfAccount($, fund, look, underlying, marginWord);
            _setShort($, look, underlying, value, holds);
            sum += $.shortfalls[underlying];
        }
        if (look.used != 0) PriceUse.consumeAll(look.used);
        uint256 toShort;
        (paid, toShort, dust) = Deficit.withdrawn($, FundAccounts.main(fund), debited, scale, sum);
        if (toShort != 0) _giveToShort($, fund, toShort, sum);
    }

    /// @notice What a withdrawal now would find fund accounts to be short of.
    function shortfall(VaultState storage $, address fund) external view returns (uint256 sum) {
        Look memory look = Look(FundAccounts.stakeOf($, fund), 0);
        uint256 marginWord = $.marginParameters;
        for (uint256 left = $.watched; left != 0; left &= left - 1) {
            uint256 underlying = LibBit.ffs(left);
            (Wad value, ) = _valueOfAccount($, fund, look, underlying, marginWord);
            sum += uint256(_shortOf($, look, underlying, value).raw());
        }
    }

    /// @dev The market value of a fund account at the last accepted prices, whatever their age: what everybody sees is in φ, though nobody has posted since.
    function _valueOfAccount(
        VaultState storage $,
        address fund,
        Look memory look,
        uint256 underlying,
        uint256 marginWord
    ) private view returns (Wad value, bool holds) {
        Portfolio memory p = FundAccounts.portfolioOf($, FundAccounts.accountOf(fund, underlying), marginWord);
        holds = p.books.length != 0;
        if (holds) look.used |= 1 << underlying;
        return (FundAccounts.figures(p, marginWord).value, holds);
    }

    /// @dev What an account of this value is short of when the main stake has given what it may.
    function _shortOf(VaultState storage $, Look memory look, uint256 underlying, Wad value) private view returns (Wad) {
        if (!value.isNegative()) return ZERO;
        (Wad reserved, Wad unreserved) = FundAccounts.roomOf($, underlying, look.stake, -value);
        look.stake.left = look.stake.left - reserved - unreserved;
        look.stake.beside = look.stake.beside + unreserved;
        return -value - reserved - unreserved;
    }

    /// @dev Stores what the account of `underlying`, worth `value`, is short of. It is watched as long as it is short, or holds something and has no room.
    function _setShort(VaultState storage $, Look memory look, uint256 underlying, Wad value, bool holds) private {
        uint256 short = uint256(_shortOf($, look, underlying, value).raw());
        _store($, underlying, short);
        if (short != 0) return;
        if (holds) {
            (Wad reserved, Wad unreserved) = FundAccounts.roomOf($, underlying, look.stake, look.stake.left);
            if (reserved + unreserved == ZERO) return;
        }
        Deficit.unwatch($, underlying);
    }

    /// @dev Splits what a withdrawal left behind over the accounts that are short, by what they are short of.
    function _giveToShort(VaultState storage $, address fund, uint256 amount, uint256 sum) private {
        uint256 unshared = amount;
        uint256 left = $.watched;
        while (left != 0) {
            uint256 underlying = LibBit.ffs(left);
            left &= left - 1;
            uint256 short = $.shortfalls[underlying];
            if (short == 0) continue;
            sum -= short;
            // the last gets the rest
            uint256 part = sum == 0 ? unshared : (unshared * short) / (sum + short);
            unshared -= part;
            Ledger.credit($, FundAccounts.accountOf(fund, underlying), Wad.wrap(int256(part)));
            emit IMarginVault.ShortfallReduced(uint8(underlying), part);
            _store($, underlying, short - part);
        }
    }

    function _store(VaultState storage $, uint256 underlying, uint256 short) private {
        if ($.shortfalls[underlying] == short) return;
        $.shortfalls[underlying] = short;
        emit IMarginVault.ShortfallSet(uint8(underlying), short);
    }

    // ---------------------------------------------------------------- open interest

    /// @notice Open interest ≤ what the fund stands behind / the ratio it needs: the fund account's equity and what of the
    /// main stake is reserved to it and not yet drawn.
    function refreshOpenInterestCap(VaultState storage $, address fund, uint8 underlying) external {
        uint256 marginWord = $.marginParameters;
        uint256 priceWord = $.prices[underlying];
        if (PriceWord.price(priceWord).raw() == 0) revert IMarginVault.UnknownUnderlying(underlying);
        Wad equity = maxWad(FundAccounts.equityOf($, FundAccounts.accountOf(fund, underlying)), ZERO);
        Takeover.requireFreshPrice(underlying, priceWord, marginWord);
        FundAccounts.Stake memory stake = FundAccounts.stakeOf($, fund);
        (Wad reserved, ) = FundAccounts.roomOf($, underlying, stake, stake.left);
        uint256 behind = uint256((equity + reserved).raw());
        uint256 price = PriceWord.price(priceWord).raw();
        uint256 supported = (behind * 1e18) / (price * FundParametersWord.fundPerOpenInterest($.fundParameters).raw());
        uint256 word = $.fundings[underlying];
        uint256 trading = $.tradings[underlying];
        uint256 cap = TradingWord.openInterestCap(trading);
        if (supported < cap) cap = supported;
        // a lower cap of the guardian holds until it lapses
        if (block.timestamp < TradingWord.guardianCapUntil(trading) && FundingWord.cap(word) < cap) cap = FundingWord.cap(word);
        $.fundings[underlying] = FundingWord.withCap(word, cap);
        emit IMarginVault.OpenInterestCapSet(underlying, cap);
    }
}
