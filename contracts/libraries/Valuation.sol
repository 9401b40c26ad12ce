// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Book} from "../interfaces/IMarginVault.sol";
import {AccountId} from "../types/AccountId.sol";
import {Lots, NO_LOTS} from "../types/Lots.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {CollateralWord, MarginWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {Funding} from "./Funding.sol";
import {Ledger} from "./Ledger.sol";
import {Margin} from "./Margin.sol";

/// @title The figures of an account in one pass, where nobody needs its books one by one
/// @dev The same sums as `Margin.assess` of `Ledger.portfolio`, its plain twin; the engine on random sequences holds it to them: one book in memory instead of
/// one an underlying, because a trade values three times.
library Valuation {
    using HeaderWord for uint256;

    struct Figures {
        Wad value; // V
        Wad equity; // E
        Wad openingMargin; // IM at the wider of the target and the held scan range, for trades and withdrawals
        Wad margin; // IM at the held range, for liquidations
        Wad notional; // G
        Wad settledCash;
        Wad gain; // unrealised, of the perpetuals together; a loss is negative
        uint256 underlyings; // a bit for each price that was used
        uint256 oldest; // age of the oldest of them
        bool normal; // the state of each of them
    }

    /// @dev Collateral of one token.
    struct Holding {
        uint256 word; // CollateralWord
        uint256 amount; // WAD
    }

    function figures(
        VaultState storage $,
        AccountId account,
        uint256 marginWord,
        Margin.Terms memory terms
    ) internal view returns (Figures memory v) {
        uint256 header = $.headers[account];
        uint256 held = header.underlyings();
        uint256 left = held;
        Holding[] memory holdings;
        if (header.collaterals() != 0) {
            uint256 pledged;
            (holdings, pledged) = _holdings($, account, header.collaterals());
            left |= pledged;
        }
        v.underlyings = left;
        v.normal = true;
        Wad cash = header.cash();
        Book memory book; // the one at hand
        for (; left != 0; left &= left - 1) {
            uint256 underlying = LibBit.ffs(left);
            uint256 priceWord = Ledger.open($, book, underlying);
            if (book.state != PriceWord.NORMAL) v.normal = false;
            if (book.age > v.oldest) v.oldest = book.age;
            if ((held >> underlying) & 1 != 0) {
                uint256 position = $.positions[account][underlying];
                int256 index = Funding.indexNow($.fundings[underlying], priceWord, MarginWord.tradingAge(marginWord));
                Lots lots = PositionWord.lots(position);
                Wad line = lots.times(book.price);
                book.lots = lots;
                cash = cash + line - Ledger.payment(lots, index, PositionWord.fundingIndex(position));
                v.gain = v.gain + line - PositionWord.entryCost(position);
                v.notional = v.notional + line.abs();
            } else {
                book.lots = NO_LOTS;
            }
            if (holdings.length != 0) {
                _pledge(book, holdings, PriceWord.lotExponent(priceWord));
                v.value = v.value + book.collateral;
                v.equity = v.equity - book.haircut;
            }
            Wad margin = Margin.requirement(book, terms, false, 0);
            v.margin = v.margin + margin;
            v.openingMargin = v.openingMargin + margin + Margin.widening(book);
        }
        v.settledCash = cash;
        v.value = v.value + cash;
        v.equity = v.equity + v.value;
    }

    function _holdings(
        VaultState storage $,
        AccountId account,
        uint256 tokens
    ) private view returns (Holding[] memory holdings, uint256 underlyings) {
        holdings = new Holding[](LibBit.popCount(tokens));
        for (uint256 i; tokens != 0; tokens &= tokens - 1) {
            uint256 token = LibBit.ffs(tokens);
            uint256 word = $.collaterals[token];
            holdings[i++] = Holding(word, $.collateral[account][token]);
            underlyings |= 1 << CollateralWord.underlying(word);
        }
    }

    /// @dev Collateral and haircut of the book's underlying.
    function _pledge(Book memory book, Holding[] memory holdings, uint256 lotExponent) private view {
        book.collateral = ZERO;
        book.haircut = ZERO;
        for (uint256 i; i < holdings.length; ++i) {
            uint256 word = holdings[i].word;
            if (CollateralWord.underlying(word) != book.underlying) continue;
            Wad worth = Ledger.collateralValueDown(holdings[i].amount, book.price, lotExponent);
            book.collateral = book.collateral + worth;
            book.haircut = book.haircut + worth.partUp(CollateralWord.haircut(word));
        }
    }

    /// @notice Whether risk may rise: every price is normal and at most `age` seconds old.
    function good(Figures memory v, uint256 age) internal pure returns (bool) {
        return v.normal && v.oldest <= age;
    }
}
