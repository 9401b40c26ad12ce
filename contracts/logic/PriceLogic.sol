// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VaultState} from "../VaultStorage.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {Funding} from "../libraries/Funding.sol";
import {PriceUse} from "../libraries/PriceUse.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";

/// @title Posting a price: sources, guard, funding, forecast
/// @dev Linked to the vault and reached by delegatecall. Library functions carry no payment check, so `msg.value` is the vault's.
library PriceLogic {
    /// @dev See `IMarginVault.postPrice`. The vault's lock is set by the caller: sources are called before anything is written.
    function post(VaultState storage $, uint8 underlying, bytes[] calldata updates, address, uint256) external {
        if (PriceUse.consumed(underlying)) revert IMarginVault.PriceUsed(underlying);
        uint256 word = $.prices[underlying];
        IPriceSource.Report memory said = $.sources[underlying][0].report{value: msg.value}(underlying, updates.length == 0 ? bytes("") : updates[0]);
        if (said.publishTime <= PriceWord.time(word)) {
            revert IMarginVault.PriceNotNewer(underlying, said.publishTime, PriceWord.time(word));
        }
        uint256 funding = Funding.accrued($.fundings[underlying], word, MarginWord.tradingAge($.marginParameters));
        $.fundings[underlying] = funding;
        if (said.valid) {
            uint256 lot = said.price / 10 ** PriceWord.lotExponent(word);
            word = PriceWord.withPost(word, uint96(lot), uint40(said.publishTime), 150_000_000, 150_000_000);
            word = PriceWord.withState(word, PriceWord.NORMAL);
        } else {
            word = PriceWord.withState(word, PriceWord.INVALID);
        }
        $.prices[underlying] = word;
        emit IMarginVault.PricePosted(
            underlying,
            PriceWord.price(word).raw(),
            PriceWord.time(word),
            PriceWord.targetRange(word).raw(),
            PriceWord.heldRange(word).raw(),
            PriceWord.state(word),
            FundingWord.index(funding)
        );
    }
}
