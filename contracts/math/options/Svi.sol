// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {IVaultSeries} from "../../interfaces/IVaultSeries.sol";
import {SviWord} from "../../words/SviWord.sol";
import {Variance} from "../Variance.sol";

/// @title Implied volatility of a series from a raw SVI slice
/// @dev Gatheral's raw form: at the log-moneyness k = ln(strike / forward) the total variance to expiry is
///   w(k) = a + b·(ρ·(k − m) + √((k − m)² + σ²)),        implied volatility = √(w / T).
/// A slice is free of butterfly arbitrage where Durrleman's function is not negative,
///   g(k) = (1 − k·w'/(2w))² − (w'²/4)·(1/w + 1/4) + w''/2,
/// and calls vanish at high strikes, for which a wing slope b·(1 + |ρ|) of at most 2 is needed (Gatheral and Jacquier, "Arbitrage-free SVI
/// volatility surfaces", 2014, sections 2 and 3). Two slices are free of calendar arbitrage where w does not fall in the expiry at one k.
/// g is tested times w², which divides by nothing small. Log-moneyness, parameters and w are WAD; inside, roots have 36 decimals and
/// everything else 27. Only integers, division and the integer square root: the engine mirrors it bit for bit.
library Svi {
    /// @dev Total variance is never taken below this: a volatility of 1 % has as much in a third of a second.
    uint256 internal constant LEAST_VARIANCE = 1e6;

    /// @dev The farthest log-moneyness that a slice is asked for, a strike of 1/22,000 or 22,000 forwards. What is farther has the volatility of there: a price
    /// that crashes must not stop anything.
    int256 internal constant FARTHEST = 10e18;

    /// @dev The steepest wing.
    uint256 internal constant STEEPEST = 2e18;

    uint256 private constant WAD = 1e18;
    int256 private constant FINE = 1e27;

    /// @notice w(k), WAD, rounded down, less than two units below the truth; never below `LEAST_VARIANCE`.
    /// @dev Fits for every word whose |ρ| is below 1.
    function varianceDown(SviWord.Slice memory slice, int256 k) internal pure returns (uint256) {
        unchecked {
            k = _nearest(k);
            (, uint256 root) = _root(slice, k);
            int256 w = slice.a + int256((slice.b * _arm(slice, k, root)) / 1e36);
            return w < int256(LEAST_VARIANCE) ? LEAST_VARIANCE : uint256(w);
        }
    }

    /// @notice Implied volatility a year, WAD, rounded down, of the total variance `w` over `time` seconds.
    /// @param w below 2^80
    /// @param time not zero
    function volatilityDown(uint256 w, uint256 time) internal pure returns (uint256) {
        unchecked {
            return FixedPointMathLib.sqrt((w * WAD * Variance.YEAR) / time);
        }
    }

    /// @notice Durrleman's g at `k`, WAD, within 1e-12 of itself or of one; the slice has passed `requireShape`.
    function durrleman(SviWord.Slice memory slice, int256 k) internal pure returns (int256) {
        (int256 g, int256 w) = _durrleman(slice, k);
        unchecked {
            // w ≥ 1e-12: its square has at least 12 digits
            return g / ((w * w) / 1e18);
        }
    }

    /// @notice Reverts unless the slice is well-formed, its wings are not too steep and its variance is positive everywhere.
    function requireShape(uint256 word) internal pure returns (SviWord.Slice memory slice) {
        slice = SviWord.unpack(word);
        unchecked {
            // casting to uint256 is safe: |ρ|; every field is below 2^68
            uint256 rho = uint256(slice.rho < 0 ? -slice.rho : slice.rho);
            if (SviWord.spare(word) != 0 || rho >= WAD || slice.sigma == 0) revert IVaultSeries.MalformedSlice(word);
            uint256 slope = (slice.b * (WAD + rho) + (WAD - 1)) / WAD;
            if (slope > STEEPEST) revert IVaultSeries.WingTooSteep(slope);
            // the least of w: a + b·σ·√(1 − ρ²), at k = m − ρσ/√(1 − ρ²)
            int256 least = slice.a + int256((slice.b * slice.sigma * FixedPointMathLib.sqrt(WAD * WAD - rho * rho)) / 1e36);
            if (least < int256(LEAST_VARIANCE)) revert IVaultSeries.VarianceTooLow(least);
        }
    }

    /// @notice Reverts unless the slice has a good shape and is free of butterfly arbitrage at each of `ks`.
    /// @return variances at each, as `varianceDown` has them
    function requireFree(uint256 word, int256[] memory ks) internal pure returns (uint256[] memory variances) {
        SviWord.Slice memory slice = requireShape(word);
        variances = new uint256[](ks.length);
        for (uint256 i; i < ks.length; ++i) {
            (int256 g, int256 w) = _durrleman(slice, ks[i]);
            if (g < 0) revert IVaultSeries.ButterflyArbitrage(ks[i], durrleman(slice, ks[i]));
            // casting to uint256 is safe: a good shape has some variance everywhere
            variances[i] = uint256(w) / 1e9;
        }
    }

    /// @notice w at each of `ks`.
    function variancesDown(uint256 word, int256[] memory ks) internal pure returns (uint256[] memory variances) {
        SviWord.Slice memory slice = SviWord.unpack(word);
        variances = new uint256[](ks.length);
        for (uint256 i; i < ks.length; ++i) {
            variances[i] = varianceDown(slice, ks[i]);
        }
    }

    /// @notice Reverts unless the total variance of the later expiry is nowhere in `ks` below that of the earlier; both as of one time, for
    /// which `SviWord.agedDown` brings one forward.
    function requireRising(uint256[] memory earlier, uint256[] memory later, int256[] memory ks) internal pure {
        for (uint256 i; i < ks.length; ++i) {
            if (later[i] < earlier[i]) revert IVaultSeries.CalendarArbitrage(ks[i], earlier[i], later[i]);
        }
    }

    function _nearest(int256 k) private pure returns (int256) {
        if (k > FARTHEST) return FARTHEST;
        return k < -FARTHEST ? -FARTHEST : k;
    }

    /// @dev x = k − m (WAD) and √(x² + σ²) with 36 decimals: |x| < 15.7 and σ < 11.3, so that the square with 72 decimals is below 2^249.
    function _root(SviWord.Slice memory slice, int256 k) private pure returns (int256 x, uint256 root) {
        unchecked {
            x = k - slice.m;
            root = FixedPointMathLib.sqrt((uint256(x * x) + slice.sigma * slice.sigma) * 1e36);
        }
    }

    /// @dev ρ·x + √(x² + σ²) with 36 decimals: not negative, because the root rounded down is still at least |x|. At most 2^125.
    function _arm(SviWord.Slice memory slice, int256 k, uint256 root) private pure returns (uint256) {
        unchecked {
            return uint256(slice.rho * (k - slice.m) + int256(root));
        }
    }

    /// @dev g·w² with 54 decimals and w with 27. With b·(1 + |ρ|) ≤ 2 the slope w' is at most 2, and w < 90 + 2·15.7 + 2.8·11.3 < 2^8;
    /// w'' ≤ b/σ ≤ 2e14. The largest product, w·w''·w with 54 decimals, is below 2^244.
    function _durrleman(SviWord.Slice memory slice, int256 k) private pure returns (int256 g, int256 w) {
        unchecked {
            k = _nearest(k);
            (int256 x, uint256 unsigned) = _root(slice, k);
            int256 root = int256(unsigned);
            // casting to int256 is safe: fields of a word
            int256 b = int256(slice.b);
            w = slice.a * 1e9 + (b * int256(_arm(slice, k, unsigned))) / FINE;
            int256 slope = (b * (slice.rho * 1e9 + (x * 1e45) / root)) / 1e18;
            int256 share = (int256(slice.sigma) * 1e45) / root;
            int256 curvature = (((b * share) / 1e18) * share * 1e9) / root;
            int256 lever = w - (k * slope) / 2e18;
            int256 weight = w + (w * w) / (4 * FINE);
            g = lever * lever - ((slope * slope) / (4 * FINE)) * weight + ((w * curvature) / FINE) * (w / 2);
        }
    }
}
