// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVolatilitySource} from "../interfaces/IVolatilitySource.sol";
import {Signers} from "./Signers.sol";

/// @title Volatility slices signed by k of n
/// @notice Signers sign `VolatilitySlice(bytes32 feed,uint256 expiry,uint256 slice,int256 basis,uint256 publishTime)`: the slice as SviWord packs it, total variance from the
/// publish time to settlement; the basis is the forward over the price, less one, in 1e-9. The vault tests what it takes over and how old it is.
contract SignedVolatilitySource is IVolatilitySource, Signers {
    struct Stored {
        uint256 sliceWord;
        int192 basis;
        uint64 publishTime;
    }

    event FeedSet(uint8 indexed underlying, bytes32 feed);
    event SliceStored(bytes32 indexed feed, uint256 indexed expiry, uint256 sliceWord, int256 basis, uint256 publishTime);

    bytes32 public constant SLICE_TYPEHASH = keccak256(
        "VolatilitySlice(bytes32 feed,uint256 expiry,uint256 slice,int256 basis,uint256 publishTime)"
    );

    mapping(uint8 underlying => bytes32) private _feeds;
    mapping(bytes32 feed => mapping(uint256 expiry => Stored)) private _stored;

    constructor(
        address authority,
        address[] memory signers_,
        uint256 threshold_
    ) Signers(authority, "Plimsoll signed volatilities", signers_, threshold_) {}

    /// @notice Reads `underlying` from a signed feed from now on; zero ends it.
    function setFeed(uint8 underlying, bytes32 feed) external restricted {
        _feeds[underlying] = feed;
        emit FeedSet(underlying, feed);
    }

    function feedOf(uint8 underlying) external view returns (bytes32) {
        return _feeds[underlying];
    }

    /// @notice What is known of an expiry of a feed, whichever underlying reads it.
    function storedOf(bytes32 feed, uint256 expiry) public view returns (Report memory) {
        Stored memory stored = _stored[feed][expiry];
        return Report(stored.sliceWord, stored.basis, stored.publishTime);
    }

    /// @inheritdoc IVolatilitySource
    /// @dev Anybody may call it. An update that does not verify, or is not newer, changes nothing.
    /// @param update abi.encode(uint256 slice, int256 basis, uint256 publishTime, bytes[] signatures)
    function report(uint8 underlying, uint256 expiry, bytes calldata update) external returns (Report memory said) {
        bytes32 feed = _feeds[underlying];
        if (feed == 0) return said;
        if (update.length != 0) _take(feed, expiry, update);
        return storedOf(feed, expiry);
    }

    /// @dev abi.decode that can be caught: called on itself.
    function decoded(bytes calldata update) external pure returns (Report memory said, bytes[] memory signatures) {
        (said.sliceWord, said.basis, said.publishTime, signatures) = abi.decode(update, (uint256, int256, uint256, bytes[]));
    }

    function _take(bytes32 feed, uint256 expiry, bytes calldata update) private {
        try this.decoded(update) returns (Report memory said, bytes[] memory signatures) {
            if (said.publishTime <= _stored[feed][expiry].publishTime || said.publishTime > block.timestamp + SKEW) return;
            if (said.basis != int192(said.basis)) return;
            bytes32 hash = keccak256(abi.encode(SLICE_TYPEHASH, feed, expiry, said.sliceWord, said.basis, said.publishTime));
            if (!_agreed(hash, signatures)) return;
            // casting to uint64 is safe: at most ten seconds from now
            _stored[feed][expiry] = Stored(said.sliceWord, int192(said.basis), uint64(said.publishTime));
            emit SliceStored(feed, expiry, said.sliceWord, said.basis, said.publishTime);
        } catch {}
    }
}
