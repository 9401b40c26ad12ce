// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A raw SVI slice, as Svi reads it; every parameter in units of 1e-14.
/// bits 0–53 a (signed) | 54–101 b | 102–149 ρ (signed) | 150–199 m (signed) | 200–249 σ | 250–255 spare, zero
///                                                                                            54+48+48+50+50+6 = 256
/// |a| is below 90, b below 2.8, |ρ| below 1.4, |m| below 5.6, σ below 11.2.
library SviWord {
    /// @notice A slice in WAD.
    struct Slice {
        int256 a;
        uint256 b;
        int256 rho;
        int256 m;
        uint256 sigma;
    }

    /// @dev From 1e-14 to WAD.
    uint256 private constant UNIT = 1e4;

    function unpack(uint256 word) internal pure returns (Slice memory slice) {
        unchecked {
            // fields of at most 54 bits
            slice.a = _signed(word, 0, 54);
            slice.b = ((word >> 54) & ((1 << 48) - 1)) * UNIT;
            slice.rho = _signed(word, 102, 48);
            slice.m = _signed(word, 150, 50);
            slice.sigma = ((word >> 200) & ((1 << 50) - 1)) * UNIT;
        }
    }

    function spare(uint256 word) internal pure returns (uint256) {
        return word >> 250;
    }

    /// @notice The slice as of later: total variance is proportional to a and b, and to the time left at a constant volatility. Rounded down.
    /// @param left time to expiry then, at most `span`
    /// @param span time to expiry as of `word`, not zero, below 2^40
    function agedDown(uint256 word, uint256 left, uint256 span) internal pure returns (uint256) {
        unchecked {
            int256 a = _signed(word, 0, 54) / int256(UNIT);
            // casting to int256 is safe: times below 2^40
            int256 product = a * int256(left);
            int256 quotient = product / int256(span);
            if (product < 0 && quotient * int256(span) != product) --quotient;
            uint256 b = (((word >> 54) & ((1 << 48) - 1)) * left) / span;
            // both shrank: they fit their fields; casting to uint256 keeps the low bits of a negative value
            return ((word >> 102) << 102) | (b << 54) | (uint256(quotient) & ((1 << 54) - 1));
        }
    }

    function _signed(uint256 word, uint256 offset, uint256 width) private pure returns (int256) {
        unchecked {
            // the field to the top, then back with its sign; fields of at most 54 bits times 1e4
            return (int256(word << (256 - offset - width)) >> (256 - width)) * int256(UNIT);
        }
    }
}
