// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Market} from "../ledger/Market.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {Funding} from "../math/Funding.sol";
import {AccountId} from "../types/AccountId.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {OpeningLogic} from "./options/OpeningLogic.sol";
import {Valuation} from "./Valuation.sol";

/// @title The figures of any account
/// @dev Accounts with options and dated futures are handed on to the library that knows of them.
library AccountValue {
    using HeaderWord for uint256;

    /// @notice Writes into `v` the figures that `account` has with `header` in place of what is stored, and a `draft` of the market at hand in place
    /// of the stored position there.
    function write(
        Valuation.Figures memory v,
        VaultState storage $,
        AccountId account,
        uint256 header,
        Valuation.Basis memory b
    ) internal view {
        Market.Quote memory q = b.quote;
        if (header.seriesPositions() != 0) return _writeWithSeries(v, $, account, header, b);
        uint256 left = header.underlyings();
        Valuation.Holding[] memory held_;
        if (header.collaterals() != 0) {
            uint256 pledged_;
            (held_, pledged_) = Valuation.holdings($, account, header.collaterals());
            left |= pledged_;
        }
        (v.value, v.equity, v.openingMargin, v.margin, v.notional) = (ZERO, ZERO, ZERO, ZERO, ZERO);
        (v.gain, v.oldest) = (ZERO, 0);
        b.used |= left;
        v.settledCash = header.cash();
        mapping(uint256 underlying => uint256) storage positions = $.positions[account];
        for (; left != 0; left &= left - 1) {
            uint256 underlying = LibBit.ffs(left);
            uint256 priceWord;
            uint256 word;
            int256 index;
            // what `header` does not hold is only what collateral is of: an empty position
            bool held = (header >> (128 + underlying)) & 1 != 0;
            if (underlying == q.underlying) {
                (priceWord, word, index) = (q.priceWord, q.draft, q.index);
                if (!held) word = 0;
                else if (word == 0) word = positions[underlying];
            } else {
                priceWord = $.prices[underlying];
                if (held) {
                    word = positions[underlying];
                    index = Funding.indexNow($.fundings[underlying], priceWord, MarginWord.tradingAge(b.marginWord));
                }
            }
            Wad collateral = held_.length == 0 ? ZERO : Valuation.pledged(v, held_, underlying, priceWord);
            Valuation.add(v, priceWord, word, index, collateral, b.terms);
        }
        v.value = v.value + v.settledCash;
        v.equity = v.equity + v.value;
    }

    /// @dev In the library that knows of options. Its figures take the place of `v`.
    function _writeWithSeries(
        Valuation.Figures memory v,
        VaultState storage $,
        AccountId account,
        uint256 header,
        Valuation.Basis memory b
    ) private view {
        (Valuation.Figures memory f, uint256 used) = OpeningLogic.value($, account, header, b.quote.underlying, b.quote.draft, b.enough);
        b.used |= used;
        assembly ("memory-safe") {
            mcopy(v, f, 0x100) // the eight words of the struct
        }
    }
}
