// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SampleWord} from "../words/SampleWord.sol";

/// @title The forecast of volatility: two exponentially weighted variances of the return since the last hourly sample
/// @dev Variances are per year in units of 1e-10. With τ the seconds since the sample, h a half-life and σ² the largest of both variances
/// and their floor,
///   d  = 2^(−τ/h)                                                      (rounded down)
///   r² = min((p − p₀)² / (p·p₀), max(64·σ²·τ, held range²))            (each rounded down)
///   v' = v·d + (1 − d)·r²/τ                                            (rounded up, at most 2^40 − 1); τ = 0 leaves v.
/// (p − p₀)²/(p·p₀) is 4·sinh²(½·ln(p/p₀)): symmetric in a rise and the fall that undoes it, free of logarithms, and above the squared
/// logarithm by ln²/12 of itself, 0.7 % for a fall of 25 %.
/// Only integers and division: the engine mirrors it bit for bit.
library Variance {
    uint256 internal constant YEAR = 365 days;
    uint256 internal constant FAST = 3 days;
    uint256 internal constant SLOW = 45 days;

    /// @dev A return is clipped at eight standard deviations of the forecast, or at the held range if that is more.
    uint256 internal constant CLIP_SQUARED = 64;

    uint256 internal constant MOST = type(uint40).max;
    uint256 private constant WAD = 1e18;
    uint256 private constant LN2 = 693_147_180_559_945_309;

    /// @dev 2^(−elapsed/halfLife) in WAD: whole half-lives by shifting, the rest by the [6/6] Padé approximant of e^(−y), y < ln 2, whose
    /// error is below 2e-15.
    function decay(uint256 elapsed, uint256 halfLife) internal pure returns (uint256) {
        unchecked {
            uint256 halvings = elapsed / halfLife;
            // 2^-60 is below one unit
            if (halvings >= 60) return 0;
            // y < 2^60 and every term below 2^80
            uint256 y = (LN2 * (elapsed % halfLife)) / halfLife;
            uint256 y2 = (y * y) / WAD;
            uint256 y4 = (y2 * y2) / WAD;
            uint256 even = 665_280 * WAD + 75_600 * y2 + 840 * y4 + (y4 * y2) / WAD;
            uint256 odd = (y * (332_640 * WAD + 10_080 * y2 + 42 * y4)) / WAD;
            return (((even - odd) * WAD) / (even + odd)) >> halvings;
        }
    }

    /// @dev r²/τ a year in units of 1e-10. `variance` is σ², `heldPpb` the held range; prices are not zero and below 2^96.
    function annualised(
        uint256 price,
        uint256 samplePrice,
        uint256 elapsed,
        uint256 variance,
        uint256 heldPpb
    ) internal pure returns (uint256) {
        unchecked {
            uint256 move = price > samplePrice ? price - samplePrice : samplePrice - price;
            // move² < 2^192, times 2^60
            uint256 squared = (move * move * WAD) / (price * samplePrice);
            // variance < 2^40 in 1e-10, elapsed < 2^40: both limits in 1e-18
            uint256 limit = (CLIP_SQUARED * variance * elapsed * 1e8) / YEAR;
            uint256 held = heldPpb * heldPpb;
            if (held > limit) limit = held;
            if (squared > limit) squared = limit;
            return (squared * YEAR) / (elapsed * 1e8);
        }
    }

    /// @dev v·d + x·(1 − d), rounded up, at most `MOST`.
    function blended(uint256 variance, uint256 observed, uint256 elapsed, uint256 halfLife) internal pure returns (uint256) {
        unchecked {
            uint256 kept = decay(elapsed, halfLife);
            // observed < 2^120: clipped squares are below 2^114 in 1e-18, or tiny times a year
            uint256 next = (variance * kept + observed * (WAD - kept) + (WAD - 1)) / WAD;
            return next > MOST ? MOST : next;
        }
    }

    /// @dev Both variances with the return from the sample to (`price`, `time`). A word without a sample, or τ = 0, keeps its own.
    /// @param floor the least σ², 1e-10 a year
    function updated(
        uint256 sampleWord,
        uint256 price,
        uint256 time,
        uint256 floor,
        uint256 heldPpb
    ) internal pure returns (uint256 fast, uint256 slow) {
        fast = SampleWord.fast(sampleWord);
        slow = SampleWord.slow(sampleWord);
        uint256 sampled = SampleWord.time(sampleWord);
        if (sampled == 0 || time <= sampled) return (fast, slow);
        uint256 elapsed = time - sampled;
        uint256 observed = annualised(price, SampleWord.price(sampleWord), elapsed, largest(fast, slow, floor), heldPpb);
        fast = blended(fast, observed, elapsed, FAST);
        slow = blended(slow, observed, elapsed, SLOW);
    }

    /// @dev σ² as read at (`price`, `time`): the largest of the floor, both variances and both with the return since the sample, so that a
    /// crash widens margins before its hour is over and a quiet minute narrows nothing.
    function reading(uint256 sampleWord, uint256 price, uint256 time, uint256 floor, uint256 heldPpb) internal pure returns (uint256) {
        (uint256 fast, uint256 slow) = updated(sampleWord, price, time, floor, heldPpb);
        uint256 before = largest(SampleWord.fast(sampleWord), SampleWord.slow(sampleWord), floor);
        return largest(fast, slow, before);
    }

    function largest(uint256 a, uint256 b, uint256 c) internal pure returns (uint256) {
        if (b > a) a = b;
        return c > a ? c : a;
    }
}
