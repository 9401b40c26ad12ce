// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Book, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {PortfolioLogic} from "../logic/PortfolioLogic.sol";
import {AccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Wad} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {CollateralWord, MarginWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {Funding} from "./Funding.sol";
import {PriceGuard} from "./PriceGuard.sol";
import {PriceUse} from "./PriceUse.sol";
import {ScenarioPrices} from "./ScenarioPrices.sol";

/// @title The only writer of cash, positions and collateral
/// @dev Every change has two sides somewhere in the vault; `moved` and `credit` are used in pairs that sum to zero, or beside a change of
/// the tokens held or of the deficit (idea 1: market values of all accounts = tokens + deficit).
library Ledger {
    using HeaderWord for uint256;

    uint256 internal constant MAX_UNDERLYINGS = 16;
    uint256 internal constant MAX_COLLATERALS = 8;

    // ---------------------------------------------------------------- reading

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
            cash = cash - payment(book.lots, book.fundingIndex, PositionWord.fundingIndex(position));
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
            Wad worth = collateralValueDown($.collateral[account][token], book.price, book.lotExponent);
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

    /// @notice floor(amount · price of a lot · lots in one token).
    function collateralValueDown(uint256 amount, Price price, uint256 lotExponent) internal pure returns (Wad) {
        // amount < 2^128, price < 2^96, 10^18 < 2^60: below 2^255 by the supply caps; checked arithmetic
        return Wad.wrap(int256((amount * price.raw() * 10 ** lotExponent) / 1e18));
    }

    /// @notice What a position pays for the funding between two indices: exact.
    function payment(Lots lots, int256 index, int256 last) internal pure returns (Wad) {
        unchecked {
            // lots < 2^47, indices < 2^95
            return Wad.wrap(lots.raw() * (index - last));
        }
    }

    // ---------------------------------------------------------------- writing

    function credit(VaultState storage $, AccountId account, Wad amount) internal {
        uint256 header = $.headers[account];
        $.headers[account] = header.withCash(header.cash() + amount);
    }

    /// @notice The words of an account that gets `change` lots and pays their price, and the funding due, from its cash.
    /// @dev The entry cost is at average price: a reduction takes its share, what crosses zero starts anew. It is rounded down, which makes an
    /// unrealised gain, of which a part must stay, no smaller.
    /// @param extra further cash credited (negative: debited): a fee, a payment
    function moved(
        uint256 header,
        uint256 position,
        AccountId account,
        uint256 underlying,
        Lots change,
        Price price,
        int256 index,
        Wad extra
    ) internal pure returns (uint256, uint256) {
        unchecked {
            // lots < 2^48, prices < 2^97, indices and costs < 2^96: no product or sum comes near 2^255
            int256 before = PositionWord.lots(position).raw();
            int256 lots = before + change.raw();
            int256 cost = change.raw() * int256(price.raw());
            header = header.withCash(
                Wad.wrap(header.cash().raw() - before * (index - PositionWord.fundingIndex(position)) - cost + extra.raw())
            );
            uint256 seriesPositions = PositionWord.seriesPositions(position);
            if (lots == 0) return (header.withUnderlying(underlying, seriesPositions != 0), seriesPositions << 240);
            if (before == 0) {
                header = header.withUnderlying(underlying, true);
                if (LibBit.popCount(header.underlyings()) > MAX_UNDERLYINGS) {
                    revert IMarginVault.TooManyUnderlyings(account, MAX_UNDERLYINGS);
                }
            } else if (before ^ change.raw() >= 0) {
                cost += PositionWord.entryCost(position).raw();
            } else if (before ^ lots >= 0) {
                cost = PositionWord.entryCost(position).raw() * lots;
                int256 quotient = cost / before;
                // division goes toward zero: one less where the exact quotient is negative
                cost = quotient * before != cost && cost ^ before < 0 ? quotient - 1 : quotient;
            } else {
                cost = lots * int256(price.raw());
            }
            return (header, PositionWord.pack(lots, index, cost) | (seriesPositions << 240));
        }
    }

    /// @notice Adds or takes collateral; the caller moves the other side.
    function moveCollateral(VaultState storage $, AccountId account, uint256 token, uint256 amount, bool received) internal {
        uint256 held = $.collateral[account][token];
        if (received) {
            $.collateral[account][token] = held + amount;
            if (held == 0 && amount != 0) {
                uint256 header = $.headers[account].withCollateral(token, true);
                if (LibBit.popCount(header.collaterals()) > MAX_COLLATERALS) {
                    revert IMarginVault.TooManyCollaterals(account, MAX_COLLATERALS);
                }
                $.headers[account] = header;
            }
        } else {
            if (amount > held) revert IMarginVault.InsufficientCollateral(account, token, held, amount);
            $.collateral[account][token] = held - amount;
            if (held == amount) $.headers[account] = $.headers[account].withCollateral(token, false);
        }
    }

    /// @notice Stops the clock of the exchange discount of an account that is not the fund's, where it runs.
    function stopExchange(VaultState storage $, AccountId account) internal {
        uint256 header = $.headers[account];
        if (!header.declaredShort()) return;
        $.headers[account] = header.withDeclaredShort(false);
        delete $.exchangeSince[account];
        emit IMarginVault.ExchangeDeclared(account, false);
    }

    /// @notice Open interest, the lots that accounts are long, after one went from `before` to `afterwards`.
    function openInterestAfter(uint256 openInterest, int256 before, int256 afterwards) internal pure returns (uint256) {
        unchecked {
            // x & ~(x >> 255) is x where positive, otherwise nothing; it counts what `before` is long; sizes are below 2^48
            return openInterest + uint256(afterwards & ~(afterwards >> 255)) - uint256(before & ~(before >> 255));
        }
    }
}
