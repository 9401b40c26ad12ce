// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assessment, Book, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountId} from "../types/AccountId.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {DoubtLogic} from "./DoubtLogic.sol";
import {Margin} from "./Margin.sol";
import {MarginRule} from "./MarginRule.sol";
import {OpeningLogic} from "./options/OpeningLogic.sol";
import {Portfolios} from "./Portfolios.sol";

/// @title What an account that takes something over has to satisfy
library Takeover {
    /// @notice The margin rule for what `taker` has now, at prices that are not too old: at doubtful ones by the first form alone, at their worse edges.
    /// Every price is used.
    /// @param before what it had, priced in all scenarios
    /// @return p what it has, so priced
    function requireMargin(
        VaultState storage $,
        AccountId taker,
        Portfolio memory before,
        uint256 marginWord
    ) internal returns (Portfolio memory p) {
        Margin.Terms memory terms = Margin.terms(marginWord);
        p = Portfolios.portfolioLike($, taker, marginWord, before);
        Portfolios.consume(p);
        bool doubtful = requireNormal(taker, p, marginWord);
        Assessment memory now_ = Margin.assess(p, terms, true);
        uint256 header = $.headers[taker];
        if (HeaderWord.seriesPositions(header) != 0) {
            // opened like by a trade: by words, which have to be fresh
            now_.margin = now_.equity - OpeningLogic.surplus($, taker);
        }
        if (doubtful) {
            (Wad hidden, ) = DoubtLogic.hidden($, taker, header, 0, 0);
            now_.margin = now_.margin + hidden;
        }
        if (!MarginRule.covers(now_, ZERO) && (doubtful || !MarginRule.sheds(before, p, terms))) {
            _refuse(taker, now_, Margin.assess(before, terms, true));
        }
    }

    /// @notice The margin rule for `seller`, who did not ask for what it lost, at whatever prices there are: live, so that no words need to be fresh. Every
    /// price is used.
    /// @return p what it has
    function requireMarginLeft(
        VaultState storage $,
        AccountId seller,
        Portfolio memory before,
        uint256 marginWord
    ) internal returns (Portfolio memory p) {
        Margin.Terms memory terms = Margin.terms(marginWord);
        p = Portfolios.portfolioLike($, seller, marginWord, before);
        Portfolios.consume(p);
        Assessment memory now_ = Margin.assess(p, terms, true);
        if (!MarginRule.covers(now_, ZERO) && !MarginRule.sheds(before, p, terms)) {
            _refuse(seller, now_, Margin.assess(before, terms, true));
        }
    }

    function _refuse(AccountId account, Assessment memory now_, Assessment memory was) private pure {
        revert IMarginVault.MarginTooLow(account, now_.equity, now_.margin, was.equity, was.margin);
    }

    /// @notice Every price that the account is valued with is normal and young enough to trade on; says whether one is doubtful.
    function requireNormal(AccountId account, Portfolio memory p, uint256 marginWord) internal pure returns (bool doubtful) {
        uint256 most = MarginWord.tradingAge(marginWord);
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            if (book.state != PriceWord.NORMAL || book.age > most) {
                revert IMarginVault.RiskMayNotRise(account, book.underlying, book.state, book.age);
            }
            if (book.doubt.raw() != 0) doubtful = true;
        }
    }

    /// @notice Every price is good: what moves at an old one moves to who waited for it.
    function requireFresh(Portfolio memory p, uint256 marginWord) internal pure {
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            _requireFresh(book.underlying, book.state, book.age, marginWord);
        }
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
