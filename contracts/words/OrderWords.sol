// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Price} from "../types/Price.sol";

// casts in this file keep the low bits on purpose: each field sits at its documented place

/// @dev bits 0–95 limit (WAD a lot) | 96–143 size of the order (lots) | 144–191 lots to fill now | 192–231 nonce |
/// 232–255 highest fee (signed ppm)                                                                          96+48+48+40+24 = 256
library TermsWord {
    function limit(uint256 word) internal pure returns (Price) {
        return Price.wrap(uint96(word));
    }

    function size(uint256 word) internal pure returns (uint48) {
        return uint48(word >> 96);
    }

    function lots(uint256 word) internal pure returns (uint48) {
        return uint48(word >> 144);
    }

    function nonce(uint256 word) internal pure returns (uint40) {
        return uint40(word >> 192);
    }

    function maxFee(uint256 word) internal pure returns (int24) {
        return int24(uint24(word >> 232));
    }
}

/// @dev bits 0–159 signer, zero for the owner of the account | 160–195 last second | 196–227 epoch | 228–251 instrument | 252 long |
/// 253 reduce-only | 254 of `take` alone: the order names who takes it | 255 spare                     160+36+32+24+1+1+1+1 = 256
library ValidityWord {
    function signer(uint256 word) internal pure returns (address) {
        return address(uint160(word));
    }

    function validUntil(uint256 word) internal pure returns (uint40) {
        return uint40((word >> 160) & ((1 << 36) - 1));
    }

    function epoch(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 196);
    }

    function instrument(uint256 word) internal pure returns (uint24) {
        return uint24(word >> 228);
    }

    function long(uint256 word) internal pure returns (bool) {
        return (word >> 252) & 1 != 0;
    }

    function reduceOnly(uint256 word) internal pure returns (bool) {
        return (word >> 253) & 1 != 0;
    }

    function namesTaker(uint256 word) internal pure returns (bool) {
        return (word >> 254) & 1 != 0;
    }
}

/// @dev What a taker asks for in one instrument.
/// bits 0–95 worst price (WAD a lot) | 96–143 most lots | 144–167 highest fee (signed ppm) | 168–215 of `take` alone: least lots |
/// 216–223 of `take` alone: module | 224–227 spare | 228–251 instrument | 252 long | 253 reduce-only | 254–255 spare
///                                                                                        96+48+24+48+8+4+24+1+1+2 = 256
/// Instrument and flags sit where ValidityWord has them.
library TakerLimitWord {
    function worst(uint256 word) internal pure returns (Price) {
        return Price.wrap(uint96(word));
    }

    function lots(uint256 word) internal pure returns (uint256) {
        return uint48(word >> 96);
    }

    function maxFee(uint256 word) internal pure returns (int256) {
        return int24(uint24(word >> 144));
    }

    function leastLots(uint256 word) internal pure returns (uint256) {
        return uint48(word >> 168);
    }

    function module(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 216);
    }

    /// @dev Whether an order of `validity` is on the other side of the same instrument.
    function meets(uint256 word, uint256 validity) internal pure returns (bool) {
        // equal instruments leave zero, opposite sides a one in bit 24; reduce-only is masked out
        return ((word ^ validity) >> 228) & 0x1ffffff == 0x1000000;
    }

    /// @dev `count` is at most what the word held before.
    function withLots(uint256 word, uint256 count) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint48).max) << 96)) | (count << 96);
    }
}

/// @dev What a fill says of its order, for the log and for the count that the vault keeps.
/// bits 0–39 nonce | 40–87 what it counts under the nonce: lots, or units of a combo for its first leg and nothing for the others |
/// 88–95 in the log alone: the module under which it counts | 96–254 zero |
/// 255 of a proposal alone: the fill stands, or all that it is part of reverts                                     40+48+8+159+1 = 256
library FillOrderWord {
    /// @dev Of a module that has written down what the fill does: it may not be skipped.
    uint256 internal constant MUST_STAND = 1 << 255;

    /// @dev `count` is at most the size of an order.
    function pack(uint40 nonce_, uint256 count) internal pure returns (uint256) {
        return nonce_ | (count << 40);
    }

    /// @dev As the log says it. What a module put beyond its own fields is dropped: the log can be believed.
    function logged(uint256 word, uint256 module) internal pure returns (uint256) {
        return uint88(word) | (module << 88);
    }

    function mustStand(uint256 word) internal pure returns (bool) {
        return word >= MUST_STAND;
    }

    function nonce(uint256 word) internal pure returns (uint256) {
        return uint40(word);
    }

    function counted(uint256 word) internal pure returns (uint256) {
        return uint48(word >> 40);
    }
}

/// @dev The state of five nonces of one account.
/// bits 48·i to 48·i+47 lots filled of nonce i | 240+i nonce i is cancelled | 245–255 spare                5·48+5+11 = 256
library NonceWord {
    uint256 internal constant NONCES = 5;

    /// @dev Where the word of `nonce`, of 40 bits, of an account is: the orders of a module share nothing with those of another.
    function keyOf(address module, uint256 nonce) internal pure returns (uint256) {
        return (uint256(uint160(module)) << 40) | (nonce / NONCES);
    }

    function filled(uint256 word, uint256 place) internal pure returns (uint256) {
        return uint48(word >> (48 * place));
    }

    function cancelled(uint256 word, uint256 place) internal pure returns (bool) {
        return (word >> (240 + place)) & 1 != 0;
    }

    /// @dev What 48 bits do not hold, of a module that counts anything, ends there: its neighbours stay.
    function withMore(uint256 word, uint256 place, uint256 count) internal pure returns (uint256) {
        uint256 sum = filled(word, place) + count;
        if (sum > type(uint48).max) sum = type(uint48).max;
        return (word & ~(uint256(type(uint48).max) << (48 * place))) | (sum << (48 * place));
    }

    function withCancelled(uint256 word, uint256 place) internal pure returns (uint256) {
        return word | (1 << (240 + place));
    }
}
