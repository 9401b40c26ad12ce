// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev The last hourly sample and the variances up to it; variances are per year in units of 1e-10 (0.36, a volatility of 60 %, is 3.6e9).
/// The word also keeps when the funding rate was last set, which has no room beside the rate.
/// bits 0–95 price of a lot (WAD) | 96–135 time of the sample | 136–175 fast variance | 176–215 slow variance | 216–255 time of the rate
///                                                                                                       96+40+40+40+40 = 256
library SampleWord {
    function price(uint256 word) internal pure returns (uint256) {
        return word & type(uint96).max;
    }

    function time(uint256 word) internal pure returns (uint256) {
        return (word >> 96) & type(uint40).max;
    }

    function fast(uint256 word) internal pure returns (uint256) {
        return (word >> 136) & type(uint40).max;
    }

    function slow(uint256 word) internal pure returns (uint256) {
        return (word >> 176) & type(uint40).max;
    }

    function pack(uint96 samplePrice, uint40 sampleTime, uint40 fastVariance, uint40 slowVariance) internal pure returns (uint256) {
        return samplePrice | (uint256(sampleTime) << 96) | (uint256(fastVariance) << 136) | (uint256(slowVariance) << 176);
    }

    function rateTime(uint256 word) internal pure returns (uint256) {
        return word >> 216;
    }

    function withRateTime(uint256 word, uint40 newTime) internal pure returns (uint256) {
        return (word & ((uint256(1) << 216) - 1)) | (uint256(newTime) << 216);
    }
}
