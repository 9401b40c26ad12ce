// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {PoolBook, PoolParameters} from "../interfaces/ILiquidityPool.sol";
import {AccountFigures, OwnerFigures} from "../interfaces/IMarginVault.sol";
import {PoolCost} from "../math/pool/PoolCost.sol";
import {fromPpm} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad, minWad} from "../types/Wad.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {PoolPricing} from "./PoolPricing.sol";

/// @title What the pool is worth to who comes and to who goes
/// @dev Of the figures of the vault alone; the engine has it as `pool/values.ts`. All WAD.
library PoolValues {
    /// @dev IM after what leaves an account, as a part of E − Q.
    uint256 private constant EXIT_MARGIN = 600_000;
    uint256 private constant PPM = 1e6;

    /// @dev Both net asset values. From E − Q, which trades at one state only raise, the lower goes down and the upper up by what a price may hide, a part
    /// of IM; the upper also by the most that Q may be, so that no trade makes entry cheaper. An account below zero is nothing.
    function add(AccountFigures memory a, uint256 charged, PoolParameters memory p, Wad upper, Wad lower) internal pure returns (Wad, Wad) {
        // casting is safe: 96 bits
        Wad q = Wad.wrap(int256(charged));
        Wad free = a.equity - q;
        Wad hidden = a.margin.partUp(fromPpm(p.valuePart));
        upper = upper + maxWad(free + maxWad(q, mostChargedUp(free, p)) + hidden, ZERO);
        lower = lower + maxWad(free - hidden, ZERO);
        return (upper, lower);
    }

    /// @dev An upper bound of Q where all was charged at the present capital: Φ at the largest margin.
    function mostChargedUp(Wad free, PoolParameters memory p) internal pure returns (Wad) {
        if (free <= ZERO) return ZERO;
        uint256 part = PoolPricing.MARGIN_PART.raw() / 1e12;
        // casting is safe: positive
        return Wad.wrap(int256((uint256(free.raw()) * p.steepness * part * part + (2e18 - 1)) / 2e18));
    }

    /// @dev What may leave an account: what stays has Q and a margin behind it, that at the wider range too, and the vault lets it go. Nothing while words are
    /// stale.
    function looseDown(AccountFigures memory a, uint256 charged, uint256 marginWord) internal pure returns (Wad) {
        // casting is safe: 96 bits
        Wad free = a.equity - Wad.wrap(int256(charged));
        if (a.priceWord == 0) return maxWad(minWad(free, a.cash), ZERO);
        if (!a.fresh) return ZERO;
        Wad needed = maxWad(a.margin, a.openingMargin);
        // casting is safe: a margin is not negative
        Wad kept = Wad.wrap(int256((uint256(needed.raw()) * PPM + EXIT_MARGIN - 1) / EXIT_MARGIN));
        Wad locked = maxWad(a.gain, ZERO).partUp(MarginWord.gainLock(marginWord));
        return maxWad(minWad(minWad(free - kept, a.cash), a.settledCash - locked), ZERO);
    }

    /// @dev Whether every account that holds something has a good price, published after `since`.
    function isPriced(OwnerFigures memory f, uint256 since) internal view returns (bool) {
        uint256 most = MarginWord.liquidationAge(f.marginWord);
        for (uint256 i; i < f.accounts.length; ++i) {
            uint256 word = f.accounts[i].priceWord;
            if (word == 0) continue;
            if (!PriceWord.isGood(word, PriceWord.age(word), most) || PriceWord.time(word) <= since) return false;
        }
        return true;
    }

    /// @dev The book as it stands now, before what changes the cash of its account otherwise: what comes in later raises nothing for the time before it.
    /// What nobody has traded with measures by all it gets.
    function touched(PoolBook memory book, AccountFigures memory a, PoolParameters memory p) internal view returns (PoolBook memory) {
        if (book.time == 0) return book;
        (Wad equity, Wad margin) = a.series && a.fresh ? (a.openingEquity, a.openingMargin) : (a.equity, a.margin);
        return _touchedAt(book, equity, margin, p);
    }

    /// @dev As `touched` once more in the same call, when `amount` has left.
    function lowered(
        PoolBook memory book,
        AccountFigures memory a,
        PoolParameters memory p,
        Wad amount
    ) internal view returns (PoolBook memory) {
        if (book.time == 0) return book;
        (a.equity, a.openingEquity) = (a.equity - amount, a.openingEquity - amount);
        return touched(book, a, p);
    }

    function _touchedAt(PoolBook memory book, Wad equity, Wad margin, PoolParameters memory p) private view returns (PoolBook memory) {
        int256 capital = PoolCost.capitalAfter(book.charged, book.capital, block.timestamp - book.time, equity.raw());
        uint256 charged = PoolCost.backedDown(book.charged, uint256(margin.raw()), capital, fromPpm(p.steepness));
        return packed(charged, capital);
    }

    /// @dev At this time.
    function packed(uint256 charged, int256 capital) internal view returns (PoolBook memory) {
        return PoolBook(SafeCast.toUint96(charged), SafeCast.toInt96(capital), uint40(block.timestamp));
    }
}
