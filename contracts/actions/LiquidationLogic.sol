// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Assessment, Book, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {Deficit} from "../ledger/Deficit.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {FundAccounts} from "../margin/FundAccounts.sol";
import {Margin} from "../margin/Margin.sol";
import {LiveMargin} from "../margin/options/LiveMargin.sol";
import {PortfolioLogic} from "../margin/options/PortfolioLogic.sol";
import {PricedSeries} from "../margin/options/PricedSeries.sol";
import {Portfolios} from "../margin/Portfolios.sol";
import {Takeover} from "../margin/Takeover.sol";
import {Slice} from "../math/Slice.sol";
import {AccountId, toAccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {Ratio, ONE} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad, minWad} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {CollateralWord, LiquidationWord} from "../words/ParameterWords.sol";
import {SaleWord} from "../words/SaleWord.sol";
import {FundLogic} from "./FundLogic.sol";
import {SeriesMoveLogic} from "./SeriesMoveLogic.sol";

/// @title The sale of a slice of a whole account, to the fund or to a taker
library LiquidationLogic {
    using HeaderWord for uint256;

    /// @dev One collateral token of the account.
    struct Lien {
        uint256 token;
        uint256 book; // index into the portfolio
        uint256 held; // WAD
        uint256 moved; // WAD
        Ratio haircut;
    }

    /// @dev What moves of one book, and what stays.
    struct Part {
        Lots lots; // what moves, signed as held
        Wad market; // market value of what moves: lots at the mark and collateral
        Wad haircut; // λ of the haircut on what moves
        Wad collateral; // market value of the collateral that stays
        Wad collateralSold; // and of what moves
        Wad haircutLeft; // haircut on it
        Wad paid; // what the taker pays for what moves
        // of a book with options or dated futures
        Wad series; // market value of all of them
        Wad scan; // of the whole book
        Wad seriesLeft; // market value of what stays
        Wad marginLeft; // of everything that stays
        Wad marginSold; // of everything that moves
        Wad notionalSold; // of everything that moves
    }

    /// @dev A planned sale. `parts` run beside `portfolio.books`.
    struct Sale {
        AccountId account;
        Portfolio portfolio;
        Assessment figures;
        LiveMargin.Figures[] series; // of each book that has some; empty where none has
        Slice.Terms terms;
        uint256 liquidationWord;
        bool whole;
        Wad discount; // on what moves
        Part[] parts;
        Lien[] liens;
        bytes moved; // as in the log
    }

    // ---------------------------------------------------------------- entries

    function liquidate(VaultState storage $, address fund, AccountId account, AccountId keeper) external returns (Ratio fraction) {
        if (keeper.owner() == fund) revert IMarginVault.ProtocolAccount(keeper);
        // its cash is written whole at the end: a reward credited before would vanish
        if (keeper == account) revert IMarginVault.TakerIsAccount(account);
        Sale memory sale;
        _open(sale, $, account);
        _plan(sale, $, fund);
        _sellToFund($, fund, keeper, sale);
        return sale.terms.fraction;
    }

    function liquidateTo(
        VaultState storage $,
        address fund,
        AccountId account,
        AccountId taker,
        Ratio maximumFraction,
        Wad minimumDiscount
    ) external returns (Ratio) {
        if (taker.owner() == fund) revert IMarginVault.ProtocolAccount(taker);
        if (taker == account) revert IMarginVault.TakerIsAccount(account);
        Sale memory sale;
        _open(sale, $, account);
        _plan(sale, $, fund);
        // exactly the slice or nothing: many small slices would be cheaper than one
        if (sale.terms.fraction > maximumFraction) revert IMarginVault.FractionAboveLimit(sale.terms.fraction, maximumFraction);
        if (sale.figures.value.isNegative()) revert IMarginVault.AccountInsolvent(account, sale.figures.value);
        // a taker would pick what has moved his way: a doubtful holding moves to the fund alone
        uint256 marginWord = $.marginParameters;
        Takeover.requireFresh(sale.portfolio, marginWord);

        Portfolio memory before = Portfolios.value($, taker, marginWord);
        _sellToTaker($, fund, taker, sale, minimumDiscount);
        Takeover.requireMargin($, taker, before, marginWord);
        return sale.terms.fraction;
    }

    /// @notice What a liquidation of `account` would do now; the same plan that execution follows. As `IMarginVault.previewLiquidation` answers, encoded.
    function preview(VaultState storage $, address fund, AccountId account) external view returns (bytes memory) {
        Sale memory sale;
        (sale.account, sale.portfolio) = (account, Portfolios.portfolio($, account, $.marginParameters));
        _plan(sale, $, fund);
        return abi.encode(sale.terms.fraction, sale.discount, sale.terms.bounty, sale.figures);
    }

    // ---------------------------------------------------------------- plan

    /// @dev What is sold: what is left of `account` once settled series are paid, options priced; every price is used.
    function _open(Sale memory sale, VaultState storage $, AccountId account) private {
        if (HeaderWord.seriesPositions($.headers[account]) != 0) SeriesMoveLogic.payExpired($, account);
        (sale.account, sale.portfolio) = (account, Portfolios.portfolio($, account, $.marginParameters));
        Portfolios.consume(sale.portfolio);
    }

    /// @dev Writes what a sale of the account and portfolio of `sale` would be; reverts where there may be none.
    function _plan(Sale memory sale, VaultState storage $, address fund) private view {
        if (sale.account.owner() == fund) revert IMarginVault.ProtocolAccount(sale.account);
        Margin.Terms memory terms = Margin.terms($.marginParameters);
        Wad maintenance = _requireBelow(sale, terms);
        sale.liquidationWord = $.liquidationParameters;
        sale.parts = new Part[](sale.portfolio.books.length);
        sale.liens = _liens($, sale.account, sale.portfolio);
        Slice.write(sale.terms, sale.figures, maintenance, sale.liquidationWord, _count(sale));
        _cut(sale, terms);
        if (!sale.whole && _mustSellAll(sale, terms.maintenance)) {
            sale.terms.fraction = ONE;
            _cut(sale, terms);
        }
    }

    /// @dev Writes the figures of the account that is to be sold and returns its maintenance margin; reverts where it is healthy.
    function _requireBelow(Sale memory sale, Margin.Terms memory terms) private pure returns (Wad maintenance) {
        if (_isDated(sale.portfolio)) sale.series = new LiveMargin.Figures[](sale.portfolio.books.length);
        sale.figures = Margin.assess(sale.portfolio, terms, false, sale.series);
        maintenance = sale.figures.margin.partUp(terms.maintenance);
        // I-12: only below the line, and where prices are in doubt only below what they leave of it; who has no equity is never spared
        Wad line = maintenance - minWad(_excused(sale, terms), maintenance);
        if (sale.figures.equity >= line) revert IMarginVault.AccountHealthy(sale.account, sale.figures.equity, line);
    }

    /// @dev Whether there are options or dated futures that have not settled.
    function _isDated(Portfolio memory p) private pure returns (bool) {
        for (uint256 i; i < p.books.length; ++i) {
            if (p.books[i].series.length != 0) return true;
        }
        return false;
    }

    /// @dev What doubtful prices excuse: each what E − MM may be better at an edge of its price, at most the maintenance margin of its own market, so that
    /// nothing that sleeps excuses the losses of others. Everything but cash is in proportion to the price, so no edge needs to be priced; that does not hold
    /// for options, which in doubt excuse their whole margin.
    function _excused(Sale memory sale, Margin.Terms memory terms) private pure returns (Wad excused) {
        for (uint256 i; i < sale.portfolio.books.length; ++i) {
            Book memory book = sale.portfolio.books[i];
            if (book.doubt.raw() == 0) continue;
            if (book.series.length != 0) {
                excused = excused + sale.series[i].margin.partUp(terms.maintenance);
                continue;
            }
            Wad needed = Margin.requirement(book, terms, false).partUp(terms.maintenance);
            Wad surplus = book.lots.times(book.price) + book.collateral - book.haircut - needed;
            excused = excused + minWad(surplus.abs().partUp(book.doubt), needed);
        }
    }

    function _liens(VaultState storage $, AccountId account, Portfolio memory p) private view returns (Lien[] memory liens) {
        uint256 tokens = $.headers[account].collaterals();
        if (tokens == 0) return liens;
        liens = new Lien[](LibBit.popCount(tokens));
        for (uint256 i; tokens != 0; tokens &= tokens - 1) {
            Lien memory lien = liens[i++];
            lien.token = LibBit.ffs(tokens);
            lien.held = $.collateral[account][lien.token];
            uint256 word = $.collaterals[lien.token];
            lien.haircut = CollateralWord.haircut(word);
            uint256 underlying = CollateralWord.underlying(word);
            while (p.books[lien.book].underlying != underlying) ++lien.book;
        }
    }

    /// @dev Positions and collaterals: what moves in a sale, whatever its fraction.
    function _count(Sale memory sale) private pure returns (uint256 count) {
        count = sale.liens.length;
        for (uint256 i; i < sale.portfolio.books.length; ++i) {
            Book memory book = sale.portfolio.books[i];
            count += PricedSeries.count(book.series) + (book.lots.isZero() ? 0 : 1);
        }
    }

    /// @dev What moves at `sale.terms.fraction`, and what it is worth: ⌈f·|q|⌉ lots and ⌈f·C⌉ collateral, and all of what would be left too small.
    function _cut(Sale memory sale, Margin.Terms memory terms) private pure {
        uint256 fraction = sale.terms.fraction.raw();
        uint256 count = sale.portfolio.books.length;
        sale.whole = fraction == 1e18;
        Wad smallest = LiquidationWord.smallestNotional(sale.liquidationWord);
        for (uint256 i; i < count; ++i) {
            Book memory book = sale.portfolio.books[i];
            Part memory part = sale.parts[i];
            part.lots = Lots.wrap(PricedSeries.soldOf(book.lots.raw(), sale.terms.fraction, Slice.leastLots(smallest, book.price)));
            part.market = part.lots.times(book.price);
            (part.haircut, part.collateral, part.haircutLeft, part.collateralSold) = (ZERO, ZERO, ZERO, ZERO);
        }
        for (uint256 i; i < sale.liens.length; ++i) {
            Lien memory lien = sale.liens[i];
            Book memory book = sale.portfolio.books[lien.book];
            Part memory part = sale.parts[lien.book];
            lien.moved = Slice.soldUp(lien.held, fraction, 0);
            Wad left = Ledger.collateralValueDown(lien.held - lien.moved, book.price, book.lotExponent);
            if (left < smallest) (lien.moved, left) = (lien.held, ZERO);
            Wad value = Ledger.collateralValueDown(lien.moved, book.price, book.lotExponent);
            part.market = part.market + value;
            part.collateralSold = part.collateralSold + value;
            part.haircut = part.haircut + value.partUp(lien.haircut).partUp(sale.terms.haircutShare);
            part.collateral = part.collateral + left;
            part.haircutLeft = part.haircutLeft + left.partUp(lien.haircut);
        }
        for (uint256 i; i < count; ++i) {
            if (sale.portfolio.books[i].series.length != 0) _cutSeries(sale, i, terms);
            else if (!sale.whole) _needs(sale, i, terms);
        }
        sale.discount = _discountUp(sale);
    }

    /// @dev What moves and what stays of a book without series need by themselves.
    function _needs(Sale memory sale, uint256 i, Margin.Terms memory terms) private pure {
        (Book memory book, Part memory part) = (sale.portfolio.books[i], sale.parts[i]);
        Lots lots = book.lots - part.lots;
        part.marginLeft = Margin.requirementOf(book, lots, part.collateral, book.price, terms, false);
        part.notionalSold = part.lots.times(book.price).abs();
        part.marginSold = Margin.requirementOf(book, part.lots, part.collateralSold, book.price, terms, false);
    }

    /// @dev D of the fraction, and no less than what moves would cost by itself: whole lots, and what is sold in full because little of it would be left, are more
    /// than the fraction.
    function _discountUp(Sale memory sale) private pure returns (Wad) {
        if (sale.whole) return sale.terms.discount;
        Wad margin;
        Wad notional;
        for (uint256 i; i < sale.parts.length; ++i) {
            margin = margin + sale.parts[i].marginSold;
            notional = notional + sale.parts[i].notionalSold;
        }
        return
            maxWad(
                sale.terms.discount.partUp(sale.terms.fraction),
                Slice.discountUp(margin, notional, sale.terms.health, sale.liquidationWord)
            );
    }

    /// @dev The same of options and dated futures: ⌈f·|q|⌉ lots of each.
    function _cutSeries(Sale memory sale, uint256 i, Margin.Terms memory terms) private pure {
        (Book memory book, Part memory part) = (sale.portfolio.books[i], sale.parts[i]);
        LiveMargin.Figures memory f = sale.series[i];
        part.scan = f.scan;
        part.series = f.value - book.lots.times(book.price) - book.collateral;
        if (sale.whole) {
            part.market = part.market + part.series;
            return;
        }
        Lots lots = book.lots - part.lots;
        uint256 least = Slice.leastLots(LiquidationWord.smallestNotional(sale.liquidationWord), book.price);
        PricedSeries.Part memory which = PricedSeries.Part(sale.terms.fraction, least, false);
        f = PortfolioLogic.figures(
            book.series,
            PortfolioLogic.Spot(lots, part.collateral, book.price, book.depth),
            which,
            terms.provision,
            terms.interMonth
        );
        part.seriesLeft = f.value - lots.times(book.price) - part.collateral;
        part.marginLeft = f.margin;
        part.market = part.market + part.series - part.seriesLeft;
        which.taken = true;
        f = PortfolioLogic.figures(
            book.series,
            PortfolioLogic.Spot(part.lots, part.collateralSold, book.price, book.depth),
            which,
            terms.provision,
            terms.interMonth
        );
        (part.marginSold, part.notionalSold) = (f.margin, f.notional);
    }

    /// @dev Whether the slice would, by its whole lots and by what it sells in full, cost more than the sale of all, lower E / IM, or cure nothing.
    function _mustSellAll(Sale memory sale, Ratio maintenance) private pure returns (bool) {
        if (sale.discount > sale.terms.discount) return true;
        Wad margin;
        Wad equity = sale.portfolio.cash - sale.discount - sale.terms.bounty;
        for (uint256 i; i < sale.parts.length; ++i) {
            Part memory part = sale.parts[i];
            Book memory book = sale.portfolio.books[i];
            Wad line = (book.lots - part.lots).times(book.price);
            margin = margin + part.marginLeft;
            equity = equity + part.seriesLeft;
            equity = equity + part.market - part.haircut + line + part.collateral - part.haircutLeft;
        }
        if (equity < margin.partUp(maintenance)) return true;
        // E′/IM′ ≥ E/IM, as a product: equities and margins of what is stored are below 2^127
        return equity.raw() * sale.figures.margin.raw() < sale.figures.equity.raw() * margin.raw();
    }

    // ---------------------------------------------------------------- execution

    function _sellToFund(VaultState storage $, address fund, AccountId keeper, Sale memory sale) private {
        (Wad bounty, Wad discount) = _charges(sale);
        Wad reward = minWad(
            sale
                .figures
                .margin
                .partDown(LiquidationWord.discountMin(sale.liquidationWord))
                .partDown(LiquidationWord.keeperShare(sale.liquidationWord))
                .partDown(sale.terms.fraction),
            discount
        );
        Wad fromFund;
        if (bounty < sale.terms.bounty) fromFund = FundLogic.payBounty($, fund, sale.terms.bounty - bounty, sale.figures.notional);

        Wad cash = _move($, sale, fund, AccountId.wrap(0), discount - reward);
        cash = cash - bounty - reward;
        Ledger.credit($, keeper, bounty + reward + fromFund);
        // what is left of an account that keeps positions may be negative: a long owes its price in cash
        if (sale.whole && cash.isNegative()) {
            FundLogic.cover($, fund, sale.account, -cash, _books(sale), _scans(sale));
            cash = ZERO;
        }
        _close($, sale, cash);
        _report(sale, keeper, bounty + reward + fromFund, false);
        if (fromFund != ZERO) emit IMarginVault.BountyFunded(sale.account, uint256(fromFund.raw()));
    }

    function _sellToTaker(VaultState storage $, address fund, AccountId taker, Sale memory sale, Wad minimumDiscount) private {
        (Wad bounty, Wad discount) = _charges(sale);
        Wad income = discount.partUp(LiquidationWord.fundShare(sale.liquidationWord));
        Wad kept = discount - income + bounty;
        if (kept < minimumDiscount) revert IMarginVault.DiscountBelowLimit(kept, minimumDiscount);
        Wad cash = _move($, sale, fund, taker, kept) - income;
        _close($, sale, cash);
        if (income != ZERO) {
            Deficit.income($, toAccountId(fund, 0), income);
            emit IMarginVault.DiscountShared(sale.account, uint256(income.raw()));
        }
        _report(sale, taker, ZERO, true);
    }

    function _report(Sale memory sale, AccountId keeper, Wad reward, bool taken) private {
        emit IMarginVault.Liquidated(
            sale.account,
            keeper,
            SaleWord.sale(sale.terms.fraction, reward, taken),
            SaleWord.figures(sale.figures.equity, sale.figures.margin),
            sale.moved
        );
    }

    /// @dev The bounty and the discount that the account bears: of a whole sale never more than there is (D counts as min(D, max(W, 0))).
    /// Where even λ of the haircut is more than there is, `_move` forgoes it.
    function _charges(Sale memory sale) private pure returns (Wad bounty, Wad discount) {
        bounty = sale.terms.bounty;
        discount = sale.discount;
        if (!sale.whole) return (bounty, discount);
        Wad worth = maxWad(_worth(sale), ZERO);
        bounty = minWad(bounty, worth);
        discount = minWad(discount, worth - bounty);
    }

    /// @dev Cash and what is paid, before the discount, for what moves.
    function _worth(Sale memory sale) private pure returns (Wad worth) {
        worth = sale.portfolio.cash;
        for (uint256 i; i < sale.parts.length; ++i) {
            worth = worth + sale.parts[i].market - sale.parts[i].haircut;
        }
    }

    /// @dev Moves lots and collateral to the fund's accounts (taker 0) or the taker, who pays market value less haircuts less its part of
    /// `discount`, split by scan. Returns the cash of the account afterwards, which `_close` writes.
    function _move(VaultState storage $, Sale memory sale, address fund, AccountId taker, Wad discount) private returns (Wad cash) {
        uint256 count = sale.parts.length;
        cash = sale.portfolio.cash;
        if (count == 0) return cash;
        _pay(sale, discount);
        for (uint256 i; i < sale.liens.length; ++i) {
            Lien memory lien = sale.liens[i];
            if (lien.moved == 0) continue;
            AccountId to = _taker(fund, taker, sale.portfolio.books[lien.book].underlying);
            Ledger.moveCollateral($, sale.account, lien.token, lien.moved, false);
            Ledger.moveCollateral($, to, lien.token, lien.moved, true);
            emit IMarginVault.CollateralSold(sale.account, to, uint8(lien.token), lien.moved);
        }
        for (uint256 i; i < count; ++i) {
            Book memory book = sale.portfolio.books[i];
            Part memory part = sale.parts[i];
            AccountId to = _taker(fund, taker, book.underlying);
            uint256[] memory series;
            if (book.series.length != 0) {
                uint256 least = Slice.leastLots(LiquidationWord.smallestNotional(sale.liquidationWord), book.price);
                series = SeriesMoveLogic.move($, fund, sale.account, to, book.underlying, sale.terms.fraction, least);
            }
            FundAccounts.transfer($, fund, sale.account, to, book, part.lots, part.paid);
            cash = cash + part.paid;
            sale.moved = abi.encodePacked(sale.moved, SaleWord.book(book.underlying, part.lots, part.paid, series.length), series);
        }
    }

    /// @dev What is paid for each book. The parts of the discount are rounded down and the rest goes with the last book.
    function _pay(Sale memory sale, Wad discount) private pure {
        uint256 count = sale.parts.length;
        Wad[] memory scans;
        Wad sum;
        if (count > 1) {
            scans = _scans(sale);
            for (uint256 i; i < count; ++i) {
                sum = sum + scans[i];
            }
        }
        // a whole sale of an account whose haircuts are worth more than it has: all that there is, V or nothing, is the discount
        bool exhausted = sale.whole && _worth(sale).isNegative();
        if (exhausted) discount = maxWad(sale.figures.value, ZERO);
        Wad left = discount;
        for (uint256 i; i < count; ++i) {
            Wad share = i == count - 1 || sum == ZERO ? left : Wad.wrap((discount.raw() * scans[i].raw()) / sum.raw());
            left = left - share;
            Part memory part = sale.parts[i];
            part.paid = part.market - share - (exhausted ? ZERO : part.haircut);
        }
    }

    function _taker(address fund, AccountId taker, uint256 underlying) private pure returns (AccountId) {
        return AccountId.unwrap(taker) == 0 ? FundAccounts.accountOf(fund, underlying) : taker;
    }

    /// @dev The account's own cash, and a new order epoch: what was signed before the sale is void (I-5), and what was declared of its cash.
    function _close(VaultState storage $, Sale memory sale, Wad cash) private {
        uint256 header = $.headers[sale.account];
        $.headers[sale.account] = header.withCash(cash).nextEpoch();
        Ledger.stopExchange($, sale.account);
    }

    function _scans(Sale memory sale) private pure returns (Wad[] memory scans) {
        uint256 count = sale.portfolio.books.length;
        scans = new Wad[](count);
        for (uint256 i; i < count; ++i) {
            Book memory book = sale.portfolio.books[i];
            scans[i] =
                book.series.length != 0 ? sale.parts[i].scan : Margin.scan(book, book.lots.times(book.price) + book.collateral, false);
        }
    }

    function _books(Sale memory sale) private pure returns (uint256[] memory underlyings) {
        underlyings = new uint256[](sale.portfolio.books.length);
        for (uint256 i; i < underlyings.length; ++i) {
            underlyings[i] = sale.portfolio.books[i].underlying;
        }
    }
}
