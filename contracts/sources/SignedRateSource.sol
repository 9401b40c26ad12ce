// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFundingRateSource} from "../interfaces/IFundingRateSource.sol";
import {SignedFeeds} from "./SignedFeeds.sol";
import {SourceBounds} from "./SourceBounds.sol";

/// @title Funding rates signed by k of n
/// @notice Signers sign `FundingRate(bytes32 feed,int256 rate,uint256 publishTime)`: ppb over eight hours. The vault bounds what it takes
/// over, so a wrong rate costs at most 0.75 % in eight hours and moves by 0.1 % an hour.
contract SignedRateSource is IFundingRateSource, SignedFeeds {
    /// @param maxAge seconds after which the rate counts as zero
    struct Feed {
        bytes32 id;
        uint32 maxAge;
    }

    event FeedSet(uint8 indexed underlying, Feed feed);

    bytes32 public constant RATE_TYPEHASH = keccak256("FundingRate(bytes32 feed,int256 rate,uint256 publishTime)");

    uint256 private constant MAX_RATE_AGE = 1 days;

    mapping(uint8 underlying => Feed) private _feeds;

    constructor(
        address authority,
        address[] memory signers_,
        uint256 threshold_
    ) SignedFeeds(authority, "Plimsoll signed rates", signers_, threshold_) {}

    function setFeed(uint8 underlying, Feed calldata feed) external restricted {
        SourceBounds.require_("maxAge", feed.maxAge, SourceBounds.MIN_AGE, MAX_RATE_AGE);
        _feeds[underlying] = feed;
        emit FeedSet(underlying, feed);
    }

    function feedOf(uint8 underlying) external view returns (Feed memory) {
        return _feeds[underlying];
    }

    /// @notice Stores a newer signed rate; does nothing with an update that does not verify.
    /// @param update abi.encode(int256 rate, uint256 publishTime, bytes[] signatures)
    function submit(uint8 underlying, bytes calldata update) external {
        Feed memory feed = _feeds[underlying];
        if (feed.maxAge != 0) _take(RATE_TYPEHASH, feed.id, update);
    }

    /// @inheritdoc IFundingRateSource
    /// @dev A rate that is too old, or was never stored, is zero.
    function fundingRate(uint8 underlying) external view returns (int256) {
        Feed memory feed = _feeds[underlying];
        (int256 rate, uint256 publishTime) = storedOf(feed.id);
        return publishTime + feed.maxAge < block.timestamp ? int256(0) : rate;
    }

    function _isAcceptable(bytes32, int256) internal pure override returns (bool) {
        return true;
    }
}
