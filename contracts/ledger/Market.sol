// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {Funding} from "../math/Funding.sol";
import {Price} from "../types/Price.sol";
import {MarginWord, TradingWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {Uptime} from "./Uptime.sol";
import {VaultState} from "./VaultStorage.sol";

/// @title One underlying as a trade sees it
library Market {
    /// @dev The underlying of a quote that is none.
    uint256 internal constant NONE = type(uint256).max;

    struct Quote {
        uint256 underlying;
        uint256 priceWord;
        Price mark; // the last valid price of a lot
        int256 index; // cumulative funding a lot, now
        uint256 funding; // FundingWord
        uint256 trading; // TradingWord
        uint256 draft; // PositionWord that a valuation is to take for the stored one, zero for none
        bool open; // risk may rise: the price is normal and young, the sequencer up, and opens are not stopped
    }

    /// @notice Writes into `q` what valuations take from the market of `underlying`, and nothing of what trades need.
    function writeForValuing(Quote memory q, VaultState storage $, uint256 underlying, uint256 marginWord) internal view {
        uint256 priceWord = $.prices[underlying];
        q.underlying = underlying;
        q.priceWord = priceWord;
        q.index = Funding.indexNow($.fundings[underlying], priceWord, MarginWord.tradingAge(marginWord));
    }

    /// @notice Writes the market of `underlying` now into `q`. The caller counts its price as used.
    function write(Quote memory q, VaultState storage $, uint256 underlying, uint256 marginWord) internal view {
        uint256 priceWord = $.prices[underlying];
        q.mark = PriceWord.price(priceWord);
        if (q.mark.raw() == 0) revert IMarginVault.UnknownUnderlying(underlying);
        q.underlying = underlying;
        q.priceWord = priceWord;
        q.funding = $.fundings[underlying];
        q.trading = $.tradings[underlying];
        uint256 most = MarginWord.tradingAge(marginWord);
        q.index = Funding.indexNow(q.funding, priceWord, most);
        q.open =
            PriceWord.state(priceWord) == PriceWord.NORMAL &&
            PriceWord.age(priceWord) <= most &&
            !Uptime.isDown() &&
            block.timestamp >= TradingWord.stoppedUntil(q.trading);
    }
}
