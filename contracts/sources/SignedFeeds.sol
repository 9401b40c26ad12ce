// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signers} from "./Signers.sol";

/// @title Values signed by k of n: what signed sources of one number store
abstract contract SignedFeeds is Signers {
    struct Stored {
        int192 value;
        uint64 publishTime;
    }

    event ValueStored(bytes32 indexed feed, int256 value, uint256 publishTime);

    mapping(bytes32 feed => Stored) private _stored;

    constructor(
        address authority,
        string memory name,
        address[] memory signers_,
        uint256 threshold_
    ) Signers(authority, name, signers_, threshold_) {}

    function storedOf(bytes32 feed) public view returns (int256 value, uint256 publishTime) {
        Stored memory stored = _stored[feed];
        return (stored.value, stored.publishTime);
    }

    /// @dev abi.decode that can be caught: called on itself.
    function decoded(bytes calldata update) external pure returns (int256 value, uint256 publishTime, bytes[] memory signatures) {
        return abi.decode(update, (int256, uint256, bytes[]));
    }

    /// @dev Stores the value of `update` if it is newer, of now or earlier, acceptable and signed by enough; otherwise does nothing.
    /// @param update abi.encode(int256 value, uint256 publishTime, bytes[] signatures)
    function _take(bytes32 typeHash, bytes32 feed, bytes calldata update) internal {
        if (update.length == 0) return;
        try this.decoded(update) returns (int256 value, uint256 publishTime, bytes[] memory signatures) {
            if (publishTime <= _stored[feed].publishTime || publishTime > block.timestamp + SKEW) return;
            if (value != int192(value) || !_isAcceptable(feed, value)) return;
            if (!_agreed(keccak256(abi.encode(typeHash, feed, value, publishTime)), signatures)) return;
            // casting to uint64 is safe: at most ten seconds from now
            _stored[feed] = Stored(int192(value), uint64(publishTime));
            emit ValueStored(feed, value, publishTime);
        } catch {}
    }

    /// @dev What a derived source refuses to store.
    function _isAcceptable(bytes32 feed, int256 value) internal view virtual returns (bool);
}
