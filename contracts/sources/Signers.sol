// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SourceBounds} from "./SourceBounds.sol";

/// @title Who signs for a source, and how many of them must
/// @dev The EIP-712 domain binds a signature to the chain and to this contract, the typed struct to a kind of value and a feed (H-11).
abstract contract Signers is AccessManaged, EIP712 {
    error SignerInvalid(address signer);

    event SignersSet(address[] signers, uint256 threshold);

    /// @dev Clocks differ; a value from farther in the future is not stored, or it would shut out the present.
    uint256 internal constant SKEW = 10;

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

    /// @dev Whether enough distinct signers signed the typed struct of this hash. What does not recover counts for nothing.
    function _agreed(bytes32 structHash, bytes[] memory signatures) internal view returns (bool) {
        if (signatures.length > SourceBounds.MAX_SIGNERS) return false;
        bytes32 digest = _hashTypedDataV4(structHash);
        uint256 count;
        uint256 seen;
        for (uint256 i; i < signatures.length; ++i) {
            (address signer, ECDSA.RecoverError failure, ) = ECDSA.tryRecover(digest, signatures[i]);
            if (failure != ECDSA.RecoverError.NoError) continue;
            uint256 number = _numbers[signer];
            if (number == 0 || (seen >> number) & 1 != 0) continue;
            seen |= 1 << number;
            ++count;
        }
        return count >= threshold;
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
