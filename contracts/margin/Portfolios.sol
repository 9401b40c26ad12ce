// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Book, Portfolio} from "../interfaces/IMarginVault.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {ScenarioPrices} from "../ledger/options/ScenarioPrices.sol";
import {PriceUse} from "../ledger/PriceUse.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {Funding} from "../math/Funding.sol";
import {PriceGuard} from "../math/PriceGuard.sol";
import {AccountId} from "../types/AccountId.sol";
import {Wad} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {CollateralWord, MarginWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {PortfolioLogic} from "./options/PortfolioLogic.sol";

/// @title Accounts with everything that values them, book by book
library Portfolios {
    using HeaderWord for uint256;

    /// @notice `account` with funding accrued, settled series paid and every price it needs.
    function portfolio(VaultState storage $, AccountId account, uint256 marginWord) internal view returns (Portfolio memory p) {
        return _portfolio($, account, marginWord, ScenarioPrices.ALL);
    }

    /// @notice As `portfolio`, with options priced at the mark alone: enough for value and equity, and for nothing else. A fund account may hold every strike
    /// that is listed.
    function marked(VaultState storage $, AccountId account, uint256 marginWord) internal view returns (Portfolio memory p) {
        return _portfolio($, account, marginWord, ScenarioPrices.MARK);
    }

    function _portfolio(
        VaultState storage $,
        AccountId account,
        uint256 marginWord,
        uint256 scenarios
    ) private view returns (Portfolio memory p) {
        p = _withoutSeries($, account, marginWord);
        if ($.headers[account].seriesPositions() == 0) return p;
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            if (!_holdsSeries($, account, book)) continue;
            Wad paid;
            (book.series, paid) = PortfolioLogic.priced($, account, book.underlying, book.price, scenarios);
            p.cash = p.cash + paid;
        }
    }

    /// @notice As `portfolio` in all scenarios, where `known` has prices of earlier in the same call: of the same account before something changed. What is in both is priced
    /// once.
    function portfolioLike(
        VaultState storage $,
        AccountId account,
        uint256 marginWord,
        Portfolio memory known
    ) internal view returns (Portfolio memory p) {
        p = _withoutSeries($, account, marginWord);
        if ($.headers[account].seriesPositions() == 0) return p;
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            if (!_holdsSeries($, account, book)) continue;
            Wad paid;
            (book.series, paid) = PortfolioLogic.pricedLike($, account, book.underlying, book.price, _seriesIn(known, book.underlying));
            p.cash = p.cash + paid;
        }
    }

    function _holdsSeries(VaultState storage $, AccountId account, Book memory book) private view returns (bool) {
        return PositionWord.seriesPositions($.positions[account][book.underlying]) != 0;
    }

    function _seriesIn(Portfolio memory p, uint256 underlying) private pure returns (bytes memory series) {
        for (uint256 i; i < p.books.length; ++i) {
            if (p.books[i].underlying == underlying) return p.books[i].series;
        }
    }

    function _withoutSeries(VaultState storage $, AccountId account, uint256 marginWord) private view returns (Portfolio memory p) {
        uint256 header = $.headers[account];
        uint256 age = MarginWord.tradingAge(marginWord);
        uint256 held = header.underlyings();
        uint256 tokens = header.collaterals();
        uint256 count;
        Book[] memory books = new Book[](_count(held) + _count(tokens));
        Wad cash = header.cash();

        for (; held != 0; held &= held - 1) {
            uint256 underlying = LibBit.ffs(held);
            Book memory book = books[count++];
            uint256 priceWord = open($, book, underlying, marginWord);
            uint256 position = $.positions[account][underlying];
            book.lots = PositionWord.lots(position);
            book.entryCost = PositionWord.entryCost(position);
            book.fundingIndex = Funding.indexNow($.fundings[underlying], priceWord, age);
            cash = cash - Ledger.payment(book.lots, book.fundingIndex, PositionWord.fundingIndex(position));
        }
        for (; tokens != 0; tokens &= tokens - 1) {
            uint256 token = LibBit.ffs(tokens);
            uint256 word = $.collaterals[token];
            uint256 underlying = CollateralWord.underlying(word);
            uint256 i;
            while (i < count && books[i].underlying != underlying) ++i;
            Book memory book = books[i];
            if (i == count) {
                ++count;
                open($, book, underlying, marginWord);
            }
            Wad worth = Ledger.collateralValueDown($.collateral[account][token], book.price, book.lotExponent);
            book.collateral = book.collateral + worth;
            book.haircut = book.haircut + worth.partUp(CollateralWord.haircut(word));
        }
        assembly ("memory-safe") {
            mstore(books, count) // never longer than it was made
        }
        p.cash = cash;
        p.books = books;
    }

    /// @dev How many bits are set; most accounts hold one underlying and no collateral.
    function _count(uint256 bits) private pure returns (uint256) {
        unchecked {
            return
                bits & (bits - 1) != 0
                    ? LibBit.popCount(bits)
                    : bits == 0
                        ? 0
                        : 1;
        }
    }

    /// @notice As `portfolio`, and every price in it counts as used in this transaction.
    function value(VaultState storage $, AccountId account, uint256 marginWord) internal returns (Portfolio memory p) {
        p = portfolio($, account, marginWord);
        consume(p);
    }

    /// @notice Counts every price in `p` as used in this transaction.
    function consume(Portfolio memory p) internal {
        uint256 used;
        for (uint256 i; i < p.books.length; ++i) {
            used |= 1 << p.books[i].underlying;
        }
        if (used != 0) PriceUse.consumeAll(used);
    }

    /// @notice Fills in what a valuation takes from the price of `underlying`.
    function open(
        VaultState storage $,
        Book memory book,
        uint256 underlying,
        uint256 marginWord
    ) internal view returns (uint256 priceWord) {
        priceWord = $.prices[underlying];
        book.underlying = underlying;
        book.price = PriceWord.price(priceWord);
        book.heldRange = PriceWord.heldRange(priceWord);
        book.targetRange = PriceWord.targetRange(priceWord);
        book.depth = PriceWord.depth(priceWord);
        book.state = PriceWord.state(priceWord);
        book.lotExponent = PriceWord.lotExponent(priceWord);
        uint256 age = PriceWord.age(priceWord);
        book.age = age;
        if (!PriceWord.isGood(priceWord, age, MarginWord.liquidationAge(marginWord)))
            book.doubt = PriceGuard.doubt($.guards[underlying], age);
    }
}
