// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {AccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {CollateralWord, MarginWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {Funding} from "./Funding.sol";
import {Ledger} from "./Ledger.sol";
import {Margin} from "./Margin.sol";
import {Market} from "./Market.sol";
import {Stress} from "./Stress.sol";

/// @title The figures of an account in one pass, where nobody needs its books one by one
/// @dev The same sums as `Margin.assess` of `Ledger.portfolio`, its plain twin, to which a fuzz test and the engine hold it: no book in memory,
/// because a trade values each side.
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
        uint256 oldest; // age of the oldest of them; NEVER where one is not normal
    }

    uint256 private constant NEVER = type(uint256).max;

    /// @dev Collateral of one token.
    struct Holding {
        uint256 word; // CollateralWord
        uint256 amount; // WAD
    }

    /// @notice The figures of `account` as it is stored.
    function figures(
        VaultState storage $,
        AccountId account,
        uint256 marginWord,
        Margin.Terms memory terms
    ) internal view returns (Figures memory) {
        return figuresWith($, account, $.headers[account], Market.none(), marginWord, terms);
    }

    /// @notice The figures that `account` has with `header` in place of what is stored.
    /// @param q the market at hand, whose price and funding are not read again; a `draft` of the position there stands in for the stored one
    function figuresWith(
        VaultState storage $,
        AccountId account,
        uint256 header,
        Market.Quote memory q,
        uint256 marginWord,
        Margin.Terms memory terms
    ) internal view returns (Figures memory v) {
        uint256 held = header.underlyings();
        uint256 left = held;
        Holding[] memory holdings;
        if (header.collaterals() != 0) {
            uint256 pledged;
            (holdings, pledged) = _holdings($, account, header.collaterals());
            left |= pledged;
        }
        v.underlyings = left;
        v.settledCash = header.cash();
        for (; left != 0; left &= left - 1) {
            uint256 underlying = LibBit.ffs(left);
            bool quoted = underlying == q.underlying;
            uint256 priceWord = quoted ? q.priceWord : $.prices[underlying];
            Wad line;
            Wad charges;
            if ((held >> underlying) & 1 != 0) {
                // a draft of nothing is not asked for: then `header` does not hold the underlying
                uint256 word = quoted && q.draft != 0 ? q.draft : $.positions[account][underlying];
                int256 index = quoted ? q.index : Funding.indexNow($.fundings[underlying], priceWord, MarginWord.tradingAge(marginWord));
                (line, charges) = _line(v, priceWord, word, index);
            }
            Wad collateral = holdings.length == 0 ? ZERO : _pledged(v, holdings, underlying, priceWord);
            _margin(v, priceWord, line + collateral, charges + Margin.chargesUp(line, collateral, terms));
        }
        v.value = v.value + v.settledCash;
        v.equity = v.equity + v.value;
    }

    /// @dev Cash, gain and gross notional of one perpetual; returns its market value and its size charge.
    function _line(Figures memory v, uint256 priceWord, uint256 word, int256 index) private pure returns (Wad line, Wad charge) {
        Lots lots = PositionWord.lots(word);
        Price price = PriceWord.price(priceWord);
        line = lots.times(price);
        v.settledCash = v.settledCash + line - Ledger.payment(lots, index, PositionWord.fundingIndex(word));
        v.gain = v.gain + line - PositionWord.entryCost(word);
        v.notional = v.notional + line.abs();
        charge = Margin.sizeChargeUp(lots, price, PriceWord.depth(priceWord));
    }

    /// @dev Both margins of one underlying, and the age of its price.
    function _margin(Figures memory v, uint256 priceWord, Wad stressed, Wad charges) private view {
        Ratio range = PriceWord.heldRange(priceWord);
        Ratio target = PriceWord.targetRange(priceWord);
        Wad margin = charges + Stress.worstOfLineUp(stressed, range);
        v.margin = v.margin + margin;
        if (target > range) margin = charges + Stress.worstOfLineUp(stressed, target);
        v.openingMargin = v.openingMargin + margin;
        uint256 age = PriceWord.state(priceWord) == PriceWord.NORMAL ? PriceWord.age(priceWord) : NEVER;
        if (age > v.oldest) v.oldest = age;
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

    /// @dev Value and haircut of the collateral on `underlying`; returns its market value.
    function _pledged(
        Figures memory v,
        Holding[] memory holdings,
        uint256 underlying,
        uint256 priceWord
    ) private view returns (Wad collateral) {
        for (uint256 i; i < holdings.length; ++i) {
            uint256 word = holdings[i].word;
            if (CollateralWord.underlying(word) != underlying) continue;
            Wad worth = Ledger.collateralValueDown(holdings[i].amount, PriceWord.price(priceWord), PriceWord.lotExponent(priceWord));
            collateral = collateral + worth;
            v.equity = v.equity - worth.partUp(CollateralWord.haircut(word));
        }
        v.value = v.value + collateral;
    }

    /// @notice Whether risk may rise: every price is normal and at most `age` seconds old.
    function good(Figures memory v, uint256 age) internal pure returns (bool) {
        return v.oldest <= age;
    }
}
