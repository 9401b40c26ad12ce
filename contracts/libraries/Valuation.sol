// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {AccountId} from "../types/AccountId.sol";
import {Lots, NO_LOTS} from "../types/Lots.sol";
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
        uint256 oldest; // age of the oldest of them
        bool normal; // the state of each of them
    }

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
        return figuresWith($, account, $.headers[account], Market.none(), false, 0, marginWord, terms);
    }

    /// @notice The figures that `account` has with `header` in place of what is stored.
    /// @param q the market at hand, whose price and funding are not read again
    /// @param drafted whether `position` stands in for what is stored on the underlying of `q`
    function figuresWith(
        VaultState storage $,
        AccountId account,
        uint256 header,
        Market.Quote memory q,
        bool drafted,
        uint256 position,
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
        v.normal = true;
        Wad cash = header.cash();
        for (; left != 0; left &= left - 1) {
            uint256 underlying = LibBit.ffs(left);
            bool quoted = underlying == q.underlying;
            uint256 priceWord = quoted ? q.priceWord : $.prices[underlying];
            Price price = PriceWord.price(priceWord);
            _date(v, priceWord);

            Wad line;
            Wad charges;
            if ((held >> underlying) & 1 != 0) {
                uint256 word = quoted && drafted ? position : $.positions[account][underlying];
                int256 index = quoted ? q.index : Funding.indexNow($.fundings[underlying], priceWord, MarginWord.tradingAge(marginWord));
                Lots lots = PositionWord.lots(word);
                line = lots.times(price);
                cash = cash + line - Ledger.payment(lots, index, PositionWord.fundingIndex(word));
                v.gain = v.gain + line - PositionWord.entryCost(word);
                v.notional = v.notional + line.abs();
                charges = Margin.sizeChargeUp(lots, price, PriceWord.depth(priceWord));
            }
            Wad collateral;
            if (holdings.length != 0) {
                Wad haircut;
                (collateral, haircut) = _pledged(holdings, underlying, price, PriceWord.lotExponent(priceWord));
                v.value = v.value + collateral;
                v.equity = v.equity - haircut;
            }
            charges = charges + Margin.chargesUp(line, collateral, terms);
            _scan(v, line + collateral, charges, priceWord);
        }
        v.settledCash = cash;
        v.value = v.value + cash;
        v.equity = v.equity + v.value;
    }

    function _date(Figures memory v, uint256 priceWord) private view {
        if (PriceWord.state(priceWord) != PriceWord.NORMAL) v.normal = false;
        uint256 age = PriceWord.age(priceWord);
        if (age > v.oldest) v.oldest = age;
    }

    /// @dev Both margins of one underlying.
    function _scan(Figures memory v, Wad stressed, Wad charges, uint256 priceWord) private pure {
        Ratio range = PriceWord.heldRange(priceWord);
        Wad margin = charges + Stress.worstOfLineUp(stressed, range);
        v.margin = v.margin + margin;
        Ratio target = PriceWord.targetRange(priceWord);
        if (target > range) margin = charges + Stress.worstOfLineUp(stressed, target);
        v.openingMargin = v.openingMargin + margin;
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

    /// @dev Collateral on `underlying` and its haircut.
    function _pledged(
        Holding[] memory holdings,
        uint256 underlying,
        Price price,
        uint256 lotExponent
    ) private view returns (Wad collateral, Wad haircut) {
        for (uint256 i; i < holdings.length; ++i) {
            uint256 word = holdings[i].word;
            if (CollateralWord.underlying(word) != underlying) continue;
            Wad worth = Ledger.collateralValueDown(holdings[i].amount, price, lotExponent);
            collateral = collateral + worth;
            haircut = haircut + worth.partUp(CollateralWord.haircut(word));
        }
    }

    /// @notice Whether risk may rise: every price is normal and at most `age` seconds old.
    function good(Figures memory v, uint256 age) internal pure returns (bool) {
        return v.normal && v.oldest <= age;
    }
}
