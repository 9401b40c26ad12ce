// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SourceBounds} from "./SourceBounds.sol";

/// @title Values signed by k of n: the signers, the threshold and the stored values of signed sources
/// @dev The EIP-712 domain binds a signature to the chain and to this contract, the typed struct to a kind of value and a feed (H-11).
abstract contract SignedFeeds is AccessManaged, EIP712 {
    struct Stored {
        int192 value;
        uint64 publishTime;
    }

    error SignerInvalid(address signer);

    event SignersSet(address[] signers, uint256 threshold);
    event ValueStored(bytes32 indexed feed, int256 value, uint256 publishTime);

    /// @dev Clocks differ; a value from farther in the future is not stored, or it would shut out the present.
    uint256 internal constant SKEW = 10;

    mapping(bytes32 feed => Stored) private _stored;
    mapping(address signer => uint256) private _numbers; // place plus one
    address[] private _signers;
    uint256 public threshold;

    constructor(
        address authority,
        string memory name,
        address[] memory signers_,
        uint256 threshold_
    ) AccessManaged(authority) EIP712(name, "1") {
        _setSigners(signers_, threshold_);
    }

    /// @notice Replaces all signers. Values already stored stay until they are too old.
    /// @param newThreshold how many must sign: more than half, so that two disjoint groups cannot both speak
    function setSigners(address[] calldata newSigners, uint256 newThreshold) external restricted {
        _setSigners(newSigners, newThreshold);
    }

    function signers() external view returns (address[] memory) {
        return _signers;
    }

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
            if (value != int192(value) || signatures.length > SourceBounds.MAX_SIGNERS || !_isAcceptable(feed, value)) return;
            bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(typeHash, feed, value, publishTime)));
            if (_signed(digest, signatures) < threshold) return;
            // casting to uint64 is safe: at most ten seconds from now
            _stored[feed] = Stored(int192(value), uint64(publishTime));
            emit ValueStored(feed, value, publishTime);
        } catch {}
    }

    /// @dev What a derived source refuses to store.
    function _isAcceptable(bytes32 feed, int256 value) internal view virtual returns (bool);

    /// @dev How many distinct signers signed. What does not recover counts for nothing.
    function _signed(bytes32 digest, bytes[] memory signatures) private view returns (uint256 count) {
        uint256 seen;
        for (uint256 i; i < signatures.length; ++i) {
            (address signer, ECDSA.RecoverError failure, ) = ECDSA.tryRecover(digest, signatures[i]);
            if (failure != ECDSA.RecoverError.NoError) continue;
            uint256 number = _numbers[signer];
            if (number == 0 || (seen >> number) & 1 != 0) continue;
            seen |= 1 << number;
            ++count;
        }
    }

    function _setSigners(address[] memory newSigners, uint256 newThreshold) private {
        SourceBounds.require_("signers", newSigners.length, 1, SourceBounds.MAX_SIGNERS);
        SourceBounds.require_("threshold", newThreshold, newSigners.length / 2 + 1, newSigners.length);
        for (uint256 i; i < _signers.length; ++i) {
            delete _numbers[_signers[i]];
        }
        for (uint256 i; i < newSigners.length; ++i) {
            if (newSigners[i] == address(0) || _numbers[newSigners[i]] != 0) revert SignerInvalid(newSigners[i]);
            _numbers[newSigners[i]] = i + 1;
        }
        _signers = newSigners;
        threshold = newThreshold;
        emit SignersSet(newSigners, newThreshold);
    }
}
