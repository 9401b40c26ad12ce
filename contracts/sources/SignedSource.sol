// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {SignedFeeds} from "./SignedFeeds.sol";
import {SourceBounds} from "./SourceBounds.sol";

/// @title Prices signed by k of n
/// @notice Signers sign `Price(bytes32 feed,int256 price,uint256 publishTime)`: settlement tokens for one unit of the underlying, WAD. A
/// price of zero says that they vouch for none.
contract SignedSource is IPriceSource, SignedFeeds {
    /// @param maxAge seconds after which the stored price is silent
    /// @param referencePrice what the first report must be near, WAD
    struct Feed {
        bytes32 id;
        uint32 maxAge;
        uint128 referencePrice;
    }

    event FeedSet(uint8 indexed underlying, Feed feed);

    error FeedTaken(bytes32 feed);

    bytes32 public constant PRICE_TYPEHASH = keccak256("Price(bytes32 feed,int256 price,uint256 publishTime)");

    mapping(uint8 underlying => Feed) private _feeds;
    mapping(bytes32 feed => uint256) private _references;

    constructor(
        address authority,
        address[] memory signers_,
        uint256 threshold_
    ) SignedFeeds(authority, "Plimsoll signed prices", signers_, threshold_) {}

    /// @notice Reads `underlying` from a signed feed from now on. Its first report must be within 10 % of the reference.
    /// @dev An identifier is used once: a feed that begins anew gets a new one, so that nothing signed before counts.
    function setFeed(uint8 underlying, Feed calldata feed) external restricted {
        SourceBounds.require_("maxAge", feed.maxAge, SourceBounds.MIN_AGE, SourceBounds.MAX_PULL_AGE);
        SourceBounds.require_("referencePrice", feed.referencePrice, 1, type(uint128).max);
        if (_references[feed.id] != 0) revert FeedTaken(feed.id);
        _references[feed.id] = feed.referencePrice;
        _feeds[underlying] = feed;
        emit FeedSet(underlying, feed);
    }

    function feedOf(uint8 underlying) external view returns (Feed memory) {
        return _feeds[underlying];
    }

    /// @inheritdoc IPriceSource
    /// @param update abi.encode(int256 price, uint256 publishTime, bytes[] signatures), or empty to read what is stored
    function report(uint8 underlying, bytes calldata update) external payable returns (Report memory) {
        Feed memory feed = _feeds[underlying];
        if (feed.maxAge == 0) return Report(0, 0, false);
        _take(PRICE_TYPEHASH, feed.id, update);
        (int256 price, uint256 publishTime) = storedOf(feed.id);
        if (publishTime == 0 || publishTime + feed.maxAge < block.timestamp) return Report(0, 0, false);
        // casting to uint256 is safe: a stored price is not negative
        return Report(uint256(price), publishTime, price != 0);
    }

    /// @inheritdoc IPriceSource
    function updateFee(bytes calldata) external pure returns (uint256) {
        return 0;
    }

    function _isAcceptable(bytes32 feed, int256 price) internal view override returns (bool) {
        if (price < 0 || price > int256(uint256(type(uint128).max))) return false;
        (, uint256 publishTime) = storedOf(feed);
        // casting to uint256 is safe: not negative
        return publishTime != 0 || SourceBounds.isSane(uint256(price), _references[feed]);
    }
}
