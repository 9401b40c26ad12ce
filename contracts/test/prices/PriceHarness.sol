// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PriceLogic} from "../../actions/PriceLogic.sol";
import {IFundingRateSource} from "../../interfaces/IFundingRateSource.sol";
import {IPriceSource} from "../../interfaces/IPriceSource.sol";
import {PriceUse} from "../../ledger/PriceUse.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {Funding} from "../../math/Funding.sol";
import {Judgement, PriceGuard, Quote} from "../../math/PriceGuard.sol";
import {ScanRange} from "../../math/ScanRange.sol";
import {Variance} from "../../math/Variance.sol";

/// @dev The price layer without a vault: one storage, words set at will.
contract PriceHarness {
    VaultState private $;
    address public uptimeFeed;
    uint256 public gracePeriod;

    function setUptime(address feed, uint256 grace) external {
        uptimeFeed = feed;
        gracePeriod = grace;
    }

    function setSources(uint8 underlying, IPriceSource[] calldata sources) external {
        for (uint256 i; i < sources.length; ++i) {
            $.sources[underlying][i] = sources[i];
        }
    }

    function setRateSource(uint8 underlying, IFundingRateSource source) external {
        $.rateSources[underlying] = source;
    }

    /// @dev In the order price, sample, pending, funding, trading, volatility, guard, margin.
    function setWords(uint8 underlying, uint256[8] calldata words) external {
        $.prices[underlying] = words[0];
        $.samples[underlying] = words[1];
        $.pendings[underlying] = words[2];
        $.fundings[underlying] = words[3];
        $.tradings[underlying] = words[4];
        $.volatilities[underlying] = words[5];
        $.guards[underlying] = words[6];
        $.marginParameters = words[7];
    }

    function words(uint8 underlying) external view returns (uint256[8] memory) {
        return
            [
                $.prices[underlying],
                $.samples[underlying],
                $.pendings[underlying],
                $.fundings[underlying],
                $.tradings[underlying],
                $.volatilities[underlying],
                $.guards[underlying],
                $.marginParameters
            ];
    }

    function postPrice(uint8 underlying, bytes[] calldata updates) public payable {
        PriceLogic.post($, underlying, updates, uptimeFeed, gracePeriod);
    }

    function updateFundingRate(uint8 underlying) external {
        PriceLogic.updateFundingRate($, underlying);
    }

    /// @dev Posts, uses the price and posts again, in one transaction.
    function postUsePost(uint8 underlying, bytes[] calldata first, uint8 used, bytes[] calldata second) external payable {
        PriceLogic.post($, underlying, first, uptimeFeed, gracePeriod);
        PriceUse.consume(used);
        PriceLogic.post($, underlying, second, uptimeFeed, gracePeriod);
    }

    function useAndShow(uint256 mask, uint8 underlying) external returns (bool before, bool afterwards) {
        before = PriceUse.consumed(underlying);
        PriceUse.consumeAll(mask);
        afterwards = PriceUse.consumed(underlying);
    }

    function useBothAndShow(uint256 first, uint256 second, uint8 underlying) external returns (bool used) {
        PriceUse.consumeAll(first);
        PriceUse.consumeAll(second);
        used = PriceUse.consumed(underlying);
    }
}

/// @dev The pure parts, many cases a call.
contract PriceMath {
    function decay(uint256[] calldata elapsed, uint256[] calldata halfLife) external pure returns (uint256[] memory out) {
        out = new uint256[](elapsed.length);
        for (uint256 i; i < elapsed.length; ++i) {
            out[i] = Variance.decay(elapsed[i], halfLife[i]);
        }
    }

    struct Forecast {
        uint256 sampleWord;
        uint256 price;
        uint256 time;
        uint256 held;
        uint256 volatilityWord;
        uint256 elapsed;
    }

    /// @dev floor, fast, slow, reading, target at the reading, held after `elapsed`.
    function forecast(Forecast[] calldata cases) external pure returns (uint256[6][] memory out) {
        out = new uint256[6][](cases.length);
        for (uint256 i; i < cases.length; ++i) {
            Forecast calldata c = cases[i];
            uint256 floor = ScanRange.varianceFloor(c.volatilityWord);
            (uint256 fast, uint256 slow) = Variance.updated(c.sampleWord, c.price, c.time, floor, c.held);
            uint256 read = Variance.reading(c.sampleWord, c.price, c.time, floor, c.held);
            uint256 target = ScanRange.target(c.volatilityWord, read);
            out[i] = [floor, fast, slow, read, target, ScanRange.held(c.held, target, c.elapsed)];
        }
    }

    function judge(
        uint256 guardWord,
        uint256 priceWord,
        uint256 pendingWord,
        Quote[] calldata quotes,
        uint256 now_
    ) external pure returns (Judgement memory) {
        return PriceGuard.judge(guardWord, priceWord, pendingWord, quotes, now_);
    }

    function doubt(uint256 guardWord, uint256 age) external pure returns (uint256) {
        return PriceGuard.doubt(guardWord, age).raw();
    }

    function indexAt(uint256 fundingWord, uint256 priceWord, uint256 tradingAge, uint256 now_) external pure returns (int256) {
        return Funding.indexAt(fundingWord, priceWord, tradingAge, now_);
    }

    function bounded(int256 proposed, int256 current, uint256 elapsed) external pure returns (int256) {
        return Funding.bounded(proposed, current, elapsed);
    }
}
