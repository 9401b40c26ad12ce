// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assessment, Book, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {OpeningLogic} from "../logic/OpeningLogic.sol";
import {AccountId} from "../types/AccountId.sol";
import {ZERO} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {Ledger} from "./Ledger.sol";
import {Margin} from "./Margin.sol";
import {MarginRule} from "./MarginRule.sol";

/// @title What an account that takes something over has to satisfy
library Takeover {
    /// @notice The margin rule, at prices that are normal, for what `taker` has now; every price is used.
    /// @param before what it had, priced in all scenarios
    /// @return p what it has, so priced
    function requireMargin(
        VaultState storage $,
        AccountId taker,
        Portfolio memory before,
        uint256 marginWord
    ) internal returns (Portfolio memory p) {
        Margin.Terms memory terms = Margin.terms(marginWord);
        p = Ledger.portfolioLike($, taker, marginWord, before);
        Ledger.consume(p);
        requireNormal(taker, p, marginWord);
        Assessment memory now_ = Margin.assess(p, terms, true);
        if (HeaderWord.seriesPositions($.headers[taker]) != 0) {
            // opened like by a trade: by words, which have to be fresh
            now_.margin = now_.equity - OpeningLogic.surplus($, taker);
        }
        if (!MarginRule.covers(now_, ZERO) && !MarginRule.sheds(before, p, terms)) {
            Assessment memory was = Margin.assess(before, terms, true);
            revert IMarginVault.MarginTooLow(taker, now_.equity, now_.margin, was.equity, was.margin);
        }
    }

    /// @notice Every price that the account is valued with is normal and young enough to trade on.
    function requireNormal(AccountId account, Portfolio memory p, uint256 marginWord) internal pure {
        uint256 most = MarginWord.tradingAge(marginWord);
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            if (book.state != PriceWord.NORMAL || book.age > most) {
                revert IMarginVault.RiskMayNotRise(account, book.underlying, book.state, book.age);
            }
        }
    }

    /// @notice Every price is normal and seconds old, as for a liquidation.
    function requireFresh(Portfolio memory p, uint256 marginWord) internal pure {
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            _requireFresh(book.underlying, book.state, book.age, marginWord);
        }
    }

    /// @notice Whether `requireFresh` would pass.
    function isFresh(Portfolio memory p, uint256 marginWord) internal pure returns (bool) {
        for (uint256 i; i < p.books.length; ++i) {
            if (p.books[i].state != PriceWord.NORMAL || p.books[i].age > MarginWord.liquidationAge(marginWord)) return false;
        }
        return true;
    }

    /// @notice As `requireFresh`, for one price.
    function requireFreshPrice(uint256 underlying, uint256 priceWord, uint256 marginWord) internal view {
        _requireFresh(underlying, PriceWord.state(priceWord), PriceWord.age(priceWord), marginWord);
    }

    function _requireFresh(uint256 underlying, uint256 state, uint256 age, uint256 marginWord) private pure {
        if (state != PriceWord.NORMAL) revert IMarginVault.PriceNotNormal(underlying, state);
        uint256 most = MarginWord.liquidationAge(marginWord);
        if (age > most) revert IMarginVault.PriceTooOld(underlying, age, most);
    }
}
