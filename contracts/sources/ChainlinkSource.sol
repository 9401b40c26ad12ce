// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAggregatorLimits, IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {IPushSource} from "../interfaces/IPushSource.sol";
import {SourceBounds} from "./SourceBounds.sol";

/// @title The price of an underlying from two Chainlink feeds: (underlying / currency) / (settlement token / currency)
/// @notice Both feeds are always needed: a settlement token at par cannot be expressed (H-14).
contract ChainlinkSource is IPushSource, AccessManaged {
    /// @param feed the proxy
    /// @param heartbeat seconds after which a feed that has not answered has stopped
    /// @param least answers at or next to this limit of the aggregator, or below, refute the price
    /// @param most answers at or next to this limit, or above, refute it
    struct Feed {
        IAggregatorV3 feed;
        uint32 heartbeat;
        int128 least;
        int128 most;
    }

    struct Pair {
        Feed base;
        uint8 baseDecimals; // read at configuration
        Feed quote;
        uint8 quoteDecimals;
    }

    /// @notice Thrown when a feed's limits leave out less than the aggregator's own.
    error LimitsTooWide(address feed, int256 least, int256 most);
    error LimitsReversed(address feed, int256 least, int256 most);

    event PairSet(uint8 indexed underlying, Feed base, Feed quote, uint256 price);

    event DeviationSet(uint8 indexed underlying, uint256 deviationPpm);

    mapping(uint8 underlying => Pair) private _pairs;
    mapping(uint8 underlying => uint256) private _deviations; // ppm

    constructor(address authority) AccessManaged(authority) {}

    /// @notice Reads `underlying` from two feeds from now on.
    /// @param referencePrice what a unit costs in settlement tokens (WAD) on a second path; the feeds must be within 10 % of it
    function setPair(uint8 underlying, Feed calldata base, Feed calldata quote, uint256 referencePrice) external restricted {
        Pair memory pair = Pair(base, _checked(base), quote, _checked(quote));
        _pairs[underlying] = pair;
        delete _deviations[underlying];
        Report memory now_ = _read(pair);
        if (!now_.valid || !SourceBounds.isSane(now_.price, referencePrice)) revert SourceBounds.PriceNotSane(now_.price, referencePrice);
        emit PairSet(underlying, base, quote, now_.price);
    }

    /// @notice Says how far the price of the pair may leave its rounds before one of the feeds writes another: both thresholds together. Zero, and so after
    /// each `setPair`: not known.
    function setDeviation(uint8 underlying, uint256 deviationPpm) external restricted {
        SourceBounds.require_("deviationPpm", deviationPpm, 0, SourceBounds.MAX_DEVIATION_PPM);
        _deviations[underlying] = deviationPpm;
        emit DeviationSet(underlying, deviationPpm);
    }

    function deviationOf(uint8 underlying) external view returns (uint256) {
        return _deviations[underlying];
    }

    /// @inheritdoc IPushSource
    function round(uint8 underlying) external view returns (Report memory said, uint256 deviationPpm) {
        return (_reportOf(underlying), _deviations[underlying]);
    }

    function pairOf(uint8 underlying) external view returns (Pair memory) {
        return _pairs[underlying];
    }

    /// @inheritdoc IPriceSource
    /// @dev `update` is ignored: the feeds are read. What they say is nobody's choice, so every failure refutes.
    function report(uint8 underlying, bytes calldata) external payable returns (Report memory) {
        return _reportOf(underlying);
    }

    /// @inheritdoc IPriceSource
    function updateFee(bytes calldata) external pure returns (uint256) {
        return 0;
    }

    function _reportOf(uint8 underlying) private view returns (Report memory) {
        Pair memory pair = _pairs[underlying];
        if (address(pair.base.feed) == address(0)) return Report(0, 0, false);
        return _read(pair);
    }

    /// @dev The price is published with the newer round of the two: a round of either feed changes it, and a settlement token that loses its peg must not wait
    /// for the base feed. Each feed must be within its heartbeat; until then its last round stands, by no more than its deviation threshold wrong. A stable pair
    /// is written only when it moves or once a day: its time alone would make every price hours old.
    function _read(Pair memory pair) private view returns (Report memory) {
        (uint256 base, uint256 baseTime) = _answer(pair.base, pair.baseDecimals);
        (uint256 quote, uint256 quoteTime) = _answer(pair.quote, pair.quoteDecimals);
        uint256 time = baseTime > quoteTime ? baseTime : quoteTime;
        if (base == 0 || quote == 0) {
            // a feed without a time of its own has stopped by now
            return Report(0, baseTime == 0 || quoteTime == 0 ? block.timestamp : time, false);
        }
        // answers are below 2^112, powers of ten at most 10^24: below 2^252
        uint256 price = (base * 1e18 * 10 ** pair.quoteDecimals) / (quote * 10 ** pair.baseDecimals);
        return Report(price, time, price != 0);
    }

    /// @dev The answer, 0 when it cannot be vouched for; its time, 0 when that cannot be told.
    function _answer(Feed memory feed, uint256 decimals) private view returns (uint256, uint256) {
        try feed.feed.decimals() returns (uint8 decimalsNow) {
            if (decimalsNow != decimals) return (0, 0);
        } catch {
            return (0, 0);
        }
        // the round's number is not used: phases make it jump (H-7)
        try feed.feed.latestRoundData() returns (uint80, int256 answer, uint256, uint256 updatedAt, uint80) {
            // a feed ahead of its chain or that stopped has no time worth telling
            if (updatedAt > block.timestamp || updatedAt + feed.heartbeat < block.timestamp) return (0, 0);
            if (answer <= 0 || answer >= int256(1 << 112)) return (0, updatedAt);
            if (_isAtLimit(answer, feed)) return (0, updatedAt);
            // casting to uint256 is safe: the answer is positive
            return (uint256(answer), updatedAt);
        } catch {
            return (0, 0);
        }
    }

    /// @dev An aggregator pinned at its limit reports the limit, or the unit beside it, while the market is elsewhere (H-6).
    function _isAtLimit(int256 answer, Feed memory feed) private pure returns (bool) {
        return answer <= int256(feed.least) + 1 || answer >= int256(feed.most) - 1;
    }

    function _checked(Feed calldata feed) private view returns (uint8 decimals) {
        SourceBounds.require_("heartbeat", feed.heartbeat, SourceBounds.MIN_AGE, SourceBounds.MAX_HEARTBEAT);
        decimals = feed.feed.decimals();
        SourceBounds.require_("decimals", decimals, 0, SourceBounds.MAX_DECIMALS);
        if (feed.least < 0 || feed.least >= feed.most) revert LimitsReversed(address(feed.feed), feed.least, feed.most);
        (bool known, int256 least, int256 most) = _aggregatorLimits(address(feed.feed));
        if (known && (feed.least < least || feed.most > most)) revert LimitsTooWide(address(feed.feed), least, most);
    }

    /// @dev Not every feed names its limits; governance then has to know them.
    function _aggregatorLimits(address feed) private view returns (bool known, int256 least, int256 most) {
        try IAggregatorLimits(feed).aggregator() returns (address aggregator) {
            if (aggregator.code.length == 0) return (false, 0, 0);
            try IAggregatorLimits(aggregator).minAnswer() returns (int192 minAnswer) {
                try IAggregatorLimits(aggregator).maxAnswer() returns (int192 maxAnswer) {
                    return (true, minAnswer, maxAnswer);
                } catch {}
            } catch {}
        } catch {}
        return (false, 0, 0);
    }
}
