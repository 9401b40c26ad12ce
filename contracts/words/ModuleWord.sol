// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// casts in this file keep the low bits on purpose: each field sits at its documented place

/// @dev A trading module, and the fees of its orders where the vault may judge them itself.
/// bits 0–159 address | 160–199 switched off by the guardian until | 200 its orders may be taken without it | 201–214 what their taker pays (ppm) |
/// 215–229 what their maker pays (signed ppm) | 230–255 spare                                                    160+40+1+14+15+26 = 256
library ModuleWord {
    uint256 private constant TAKEN = 1 << 200;
    uint256 private constant MOST_FEE = 10_000;

    function target(uint256 word) internal pure returns (address) {
        return address(uint160(word));
    }

    function disabledUntil(uint256 word) internal pure returns (uint256) {
        return uint40(word >> 160);
    }

    function isTaken(uint256 word) internal pure returns (bool) {
        return word & TAKEN != 0;
    }

    function takerFeePpm(uint256 word) internal pure returns (uint256) {
        return (word >> 201) & 0x3fff;
    }

    function makerFeePpm(uint256 word) internal pure returns (int256 fee) {
        assembly ("memory-safe") {
            // the fifteen bits from 215 on to the top and, sign and all, down again
            fee := sar(241, shl(26, word))
        }
    }

    function first(address module) internal pure returns (uint256) {
        return uint160(module);
    }

    /// @dev As it is where they are more than orders may cost: a taker at most 1 %, a maker too, and a rebate at most what the taker pays.
    function withFees(uint256 word, uint256 takerFee, int256 makerFee) internal pure returns (uint256) {
        if (takerFee > MOST_FEE || makerFee > int256(MOST_FEE) || makerFee < -int256(takerFee)) return word;
        return word | TAKEN | (takerFee << 201) | ((uint256(makerFee) & 0x7fff) << 215);
    }

    function withDisabledUntil(uint256 word, uint256 until) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint40).max) << 160)) | (until << 160);
    }
}
