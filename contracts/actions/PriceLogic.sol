// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IFundingRateSource} from "../interfaces/IFundingRateSource.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {Settlement} from "../ledger/options/Settlement.sol";
import {PriceUse} from "../ledger/PriceUse.sol";
import {Uptime} from "../ledger/Uptime.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {Funding} from "../math/Funding.sol";
import {Judgement, PriceGuard, Quote} from "../math/PriceGuard.sol";
import {ScanRange} from "../math/ScanRange.sol";
import {Variance} from "../math/Variance.sol";
import {Price} from "../types/Price.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {GuardWord} from "../words/GuardWord.sol";
import {MarginWord, TradingWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {SampleWord} from "../words/SampleWord.sol";
import {VolatilityWord} from "../words/VolatilityWord.sol";

/// @title Posting a price: sources, guard, funding, forecast
/// @dev Linked to the vault and reached by delegatecall. Library functions carry no payment check, so `msg.value` is the vault's.
/// The vault's lock is set by the caller: sources are called before anything is written.
library PriceLogic {
    /// @dev The grid of the samples, and how long after a point of it a price is still the one of that point.
    uint256 internal constant SAMPLE_PERIOD = 1 hours;
    uint256 internal constant ON_TIME = 2 minutes;

    /// @dev Over so long a return it matters little which minute of the last hour it ends at.
    uint256 internal constant LATE_PERIOD = 6 hours;

    uint256 private constant PPB = 1e9;

    /// @dev See `IMarginVault.postPrice`. `updates` beyond the sources are ignored, missing ones are empty.
    function post(VaultState storage $, uint8 underlying, bytes[] calldata updates, address uptimeFeed, uint256 gracePeriod) external {
        uint256 word = $.prices[underlying];
        uint256 guardWord = $.guards[underlying];
        if (GuardWord.sources(guardWord) == 0) revert IMarginVault.UnknownUnderlying(underlying);
        bool up = Uptime.ask(uptimeFeed, gracePeriod);

        Quote[] memory quotes = _ask($, underlying, updates, guardWord, PriceWord.lotExponent(word));
        uint256 pendingBefore = $.pendings[underlying];
        Judgement memory judgement = PriceGuard.judge(guardWord, word, pendingBefore, quotes, block.timestamp);
        if (judgement.verdict == PriceGuard.UNPROVED) {
            revert IMarginVault.QuorumMissing(underlying, judgement.valid, Math.min(quotes.length, PriceGuard.QUORUM));
        }
        bool accepted = judgement.verdict == PriceGuard.ACCEPTED;
        uint256 state =
            !up
                ? PriceWord.GRACE
                : accepted
                    ? PriceWord.NORMAL
                    : PriceWord.INVALID;
        if (_isOld(word, judgement, state)) return;
        if (PriceUse.consumed(underlying)) revert IMarginVault.PriceUsed(underlying);
        if (judgement.pending != pendingBefore) $.pendings[underlying] = judgement.pending;

        // the time since the last post belongs to the price and the state of that post
        uint256 funding = Funding.accrued($.fundings[underlying], word, MarginWord.tradingAge($.marginParameters));
        $.fundings[underlying] = funding;

        if (accepted) {
            uint256 volatility = $.volatilities[underlying];
            word = _forecast($, underlying, volatility, word, judgement.price, judgement.time);
            if (VolatilityWord.hasSeries(volatility)) Settlement.observe($, underlying, Price.wrap(judgement.price), judgement.time);
        }
        // a lowered depth raises margins: it moves with the posts of three days (H-47). Casting is safe: 40 bits
        word = PriceWord.withDepth(word, uint40(GuardWord.depthAtPost(guardWord, PriceWord.depth(word))));
        word = PriceWord.withState(word, state);
        $.prices[underlying] = word;
        emit IMarginVault.PricePosted(
            underlying,
            PriceWord.price(word).raw(),
            PriceWord.time(word),
            PriceWord.targetRange(word).raw(),
            PriceWord.heldRange(word).raw(),
            state,
            FundingWord.index(funding)
        );
    }

    /// @dev See `IMarginVault.updateFundingRate`. A rate source that fails proposes zero, and so does none.
    function updateFundingRate(VaultState storage $, uint8 underlying) external {
        uint256 funding = $.fundings[underlying];
        uint256 sample = $.samples[underlying];
        if (GuardWord.sources($.guards[underlying]) == 0) revert IMarginVault.UnknownUnderlying(underlying);

        int256 rate;
        if (block.timestamp >= TradingWord.stoppedUntil($.tradings[underlying])) {
            int256 proposed;
            IFundingRateSource source = $.rateSources[underlying];
            if (address(source) != address(0)) {
                try source.fundingRate(underlying) returns (int256 said) {
                    proposed = said;
                } catch {}
            }
            rate = Funding.bounded(proposed, FundingWord.rate(funding), block.timestamp - SampleWord.rateTime(sample));
        }

        funding = Funding.accrued(funding, $.prices[underlying], MarginWord.tradingAge($.marginParameters));
        // casting to int32 is safe: |rate| ≤ 7,500,000
        $.fundings[underlying] = FundingWord.withRate(funding, int32(rate));
        // casting to uint40 is safe until the year 36812
        $.samples[underlying] = SampleWord.withRateTime(sample, uint40(block.timestamp));
        emit IMarginVault.FundingRateSet(underlying, rate, FundingWord.index(funding));
    }

    /// @dev One quote for each source that the guardian has not dropped.
    function _ask(
        VaultState storage $,
        uint8 underlying,
        bytes[] calldata updates,
        uint256 guardWord,
        uint256 lotExponent
    ) private returns (Quote[] memory quotes) {
        uint256 left = msg.value;
        quotes = new Quote[](GuardWord.sources(guardWord));
        uint256 asked;
        for (uint256 i; i < quotes.length; ++i) {
            if ((GuardWord.dropped(guardWord, block.timestamp) >> i) & 1 != 0) continue;
            IPriceSource source = $.sources[underlying][i];
            bytes calldata update = i < updates.length ? updates[i] : msg.data[0:0];
            uint256 fee = left == 0 || update.length == 0 ? 0 : Math.min(left, source.updateFee(update));
            uint256 gasBefore = gasleft();
            try source.report{value: fee}(underlying, update) returns (IPriceSource.Report memory said) {
                left -= fee;
                quotes[asked++] = PriceGuard.quoteOf(i, said, lotExponent, block.timestamp);
            } catch {
                // a call gets 63 of 64 parts of the gas: where no more than the last part is left, the caller starved it
                if (gasleft() <= gasBefore / 63) revert IMarginVault.SourceOutOfGas(underlying, i);
                quotes[asked++].source = i;
            }
        }
        if (left != 0) revert IMarginVault.ValueNotNeeded(left);
        assembly ("memory-safe") {
            // shorter than what was reserved
            mstore(quotes, asked)
        }
    }

    /// @dev Time goes forward only: a price, accepted or not, that is not newer than the last one changes nothing, so that nobody can break another's
    /// post and what follows it by copying the post; one as new changes the state where it is accepted and mends that. A newer one that is old all the same,
    /// of a source that was silent for long, is better than what there is: its age says what it is good for.
    function _isOld(uint256 word, Judgement memory judgement, uint256 state) private pure returns (bool) {
        // a rejection without a price has no time of its own
        if (judgement.time == 0) return false;
        uint256 last = PriceWord.time(word);
        bool mends = judgement.verdict == PriceGuard.ACCEPTED && state != PriceWord.state(word);
        return judgement.time < last || (judgement.time == last && !mends);
    }

    /// @dev Whether a price published at `time` is the first since the sample of `sampled` that is one: of a point of the grid, and where that is missed, not
    /// before six hours. Whoever posts first after a quiet hour can choose its minute, and choosing the nearest or the farthest price of each hour made σ
    /// anything from 38 % to 95 % of a true 60 % (docs/margin.md).
    function _isSample(uint256 sampled, uint256 time) private pure returns (bool) {
        if (time < (sampled / SAMPLE_PERIOD + 1) * SAMPLE_PERIOD) return false;
        return time % SAMPLE_PERIOD <= ON_TIME || time - sampled >= LATE_PERIOD;
    }

    /// @dev The price word with an accepted price and its ranges, and where it is one, a sample. The held range moves at the first price of each hour of the
    /// grid, whenever that comes: a feed that is pushed rarely is on time, and with samples every six hours a rise of one hour in each would stand still.
    function _forecast(
        VaultState storage $,
        uint8 underlying,
        uint256 volatility,
        uint256 word,
        uint256 price,
        uint256 time
    ) private returns (uint256) {
        uint256 sample = $.samples[underlying];
        uint256 floor = ScanRange.varianceFloor(volatility);
        uint256 held = PriceWord.heldRange(word).raw() / PPB;
        uint256 sampled = SampleWord.time(sample);

        uint256 target;
        if (sampled == 0 || _isSample(sampled, time)) {
            (uint256 fast, uint256 slow) = Variance.updated(sample, price, time, floor, held);
            target = ScanRange.target(volatility, Variance.largest(fast, slow, floor));
            // casts are safe: prices are below 2^96, times below 2^40, variances capped at 2^40
            uint256 next = SampleWord.pack(uint96(price), uint40(time), uint40(fast), uint40(slow));
            $.samples[underlying] = SampleWord.withRateTime(next, uint40(SampleWord.rateTime(sample)));
            emit IMarginVault.Sampled(underlying, price, time, fast, slow);
        } else {
            target = ScanRange.target(volatility, Variance.reading(sample, price, time, floor, held));
        }
        // the first price finds no range that anybody relies on; time goes forward
        uint256 passed = (time / SAMPLE_PERIOD - PriceWord.time(word) / SAMPLE_PERIOD) * SAMPLE_PERIOD;
        held = held == 0 ? target : ScanRange.held(held, target, passed);
        // casts are safe: the target is at most the cap and the held range moves between targets, all below 2^32
        return PriceWord.withPost(word, uint96(price), uint40(time), uint32(target), uint32(held));
    }
}
