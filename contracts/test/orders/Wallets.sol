// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @dev A wallet with one key that can be taken away.
contract KeyWallet is IERC1271 {
    address public key;

    constructor(address key_) {
        key = key_;
    }

    function setKey(address key_) external {
        key = key_;
    }

    function isValidSignature(bytes32 hash, bytes memory signature) external view returns (bytes4) {
        (address recovered, , ) = ECDSA.tryRecover(hash, signature);
        return recovered == key ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @dev Says yes to signatures of the 64-byte form only: what a wallet accepts is its own affair.
contract CompactWallet is IERC1271 {
    function isValidSignature(bytes32, bytes memory signature) external pure returns (bytes4) {
        return signature.length == 64 ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @dev Answers in ways that must not count as yes, or yes in ways that must not hurt the caller.
contract OddWallet {
    enum Answer {
        Magic, // the right word
        ShortMagic, // four bytes of it
        DirtyMagic, // the magic value, then rubbish in the same word
        LongMagic, // the right word, then 100 kB
        One, // true
        Nothing,
        Reverts,
        RevertsLong, // 100 kB of revert data
        RevertsMagic,
        BurnsGas,
        WritesState
    }

    Answer public answer;
    uint256 public written;

    function set(Answer answer_) external {
        answer = answer_;
    }

    function isValidSignature(bytes32, bytes memory) external {
        Answer a = answer;
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        if (a == Answer.WritesState) written = 1;
        if (a == Answer.BurnsGas) while (true) {}
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, magic)
            switch a
            case 0 {
                return(free, 32)
            }
            case 1 {
                return(free, 4)
            }
            case 2 {
                mstore(free, or(magic, 1))
                return(free, 32)
            }
            case 3 {
                return(free, 102400)
            }
            case 4 {
                mstore(free, 1)
                return(free, 32)
            }
            case 5 {
                return(free, 0)
            }
            case 6 {
                revert(free, 0)
            }
            case 7 {
                revert(free, 102400)
            }
            case 8 {
                revert(free, 32)
            }
            default {
                return(free, 32)
            }
        }
    }
}
