// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev The part of the cheat codes that proofs use.
interface Vm {
    function assume(bool condition) external pure;
    function warp(uint256 timestamp) external;
}

interface Svm {
    function createUint(uint256 bits, string memory name) external returns (uint256);
}

/// @title What all proofs share
/// @dev A proof is a function `check_P<number>_<name>` under the modifier `proof`: its arguments are symbols, and it holds where no value of them reaches a
/// failed assertion. Each file has a twin `…Reach` in which the end of every proof panics: Halmos must find a way there, or the assumptions of the proof leave
/// nothing, and it has proved nothing. Number, words, formula and what is asked of the inputs stand in the tags of each proof, from which scripts/prove.ts
/// writes docs/proofs.md: `domain` is what the code itself asks of its inputs, `bounds` is narrower than that.
abstract contract Proof {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    Svm internal constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));

    modifier proof() {
        _;
        _atEnd();
    }

    function _atEnd() internal pure virtual {}

    /// @dev As an assertion fails, with a code of its own, which Halmos is told to look for instead.
    function _panicAtEnd() internal pure {
        assembly ("memory-safe") {
            mstore(0x00, 0x4e487b7100000000000000000000000000000000000000000000000000000000)
            mstore(0x04, 0xe0)
            revert(0x00, 0x24)
        }
    }

    /// @dev In `setUp`, before a proof begins: the compiler takes the time for one and the same all through a call.
    function _atAnyTime() internal {
        vm.warp(svm.createUint(40, "time"));
    }

    function _assume(bool condition) internal pure {
        vm.assume(condition);
    }

    function _mask(uint256 offset, uint256 width) internal pure returns (uint256) {
        unchecked {
            return ((uint256(1) << width) - 1) << offset;
        }
    }

    /// @dev The bits of a word from `offset` on.
    function _field(uint256 word, uint256 offset, uint256 width) internal pure returns (uint256) {
        return (word & _mask(offset, width)) >> offset;
    }

    /// @dev The same with the sign that their highest bit is.
    function _signed(uint256 word, uint256 offset, uint256 width) internal pure returns (int256) {
        unchecked {
            uint256 field = _field(word, offset, width);
            return field >> (width - 1) == 0 ? int256(field) : int256(field) - int256(uint256(1) << width);
        }
    }

    /// @dev Whether two words are alike outside of a field.
    function _sameBut(uint256 word, uint256 next, uint256 offset, uint256 width) internal pure returns (bool) {
        return (word ^ next) & ~_mask(offset, width) == 0;
    }

    /// @dev A field in the unit of its getter: no field times its unit needs 256 bits.
    function _scaled(uint256 field, uint256 unit) internal pure returns (uint256) {
        unchecked {
            return field * unit;
        }
    }

    function _bit(bool on) internal pure returns (uint256) {
        return on ? 1 : 0;
    }
}
