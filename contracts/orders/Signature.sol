// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Whether an address signed a digest, with its key or as a contract
library Signature {
    /// @dev What a wallet may burn to say yes: room for a multisig of five or a passkey, and a bound on what a bad one costs the taker.
    uint256 internal constant WALLET_GAS = 100_000;

    /// @dev Left to the caller after the 1/64 that a call keeps back, with the cost of the call itself.
    uint256 internal constant GAS_NEEDED = (WALLET_GAS * 64) / 63 + 10_000;

    /// @notice Thrown when less gas is left than a wallet is entitled to: the answer may not depend on the gas that a taker supplies.
    error GasTooLow(uint256 left, uint256 needed);

    /// @dev A key first, whether or not there is code: accounts of EIP-7702 have both. Signatures of 65 bytes with low s only; anything
    /// else, the compact form of 64 bytes included, is for the wallet to judge.
    function isFrom(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        // a failed recovery returns zero, which is never an answer: an account of owner zero exists in the numbering
        (address recovered, , ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (recovered != address(0) && recovered == signer) return true;
        return _walletSays(signer, digest, signature);
    }

    function _walletSays(address wallet, bytes32 digest, bytes calldata signature) private view returns (bool valid) {
        if (gasleft() < GAS_NEEDED) revert GasTooLow(gasleft(), GAS_NEEDED);
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        // assembly, so that no more than one word is copied of whatever the wallet returns
        assembly ("memory-safe") {
            mstore(0x00, 0) // nothing of an earlier answer may be read as this one
            let answered := staticcall(WALLET_GAS, wallet, add(question, 0x20), mload(question), 0x00, 0x20)
            valid := and(answered, and(gt(returndatasize(), 0x1f), eq(mload(0x00), magic)))
        }
    }
}
