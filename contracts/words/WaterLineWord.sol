// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Field} from "./Field.sol";

/// @dev The water-line of an underlying while its fund account is short; zero otherwise.
/// bits 0–127 λ (ratio, 18 decimals) | 128–167 time of its last whole step (s) | 168–255 spare                          128+40+88 = 256
library WaterLineWord {
    function level(uint256 word) internal pure returns (uint256) {
        return word & type(uint128).max;
    }

    function time(uint256 word) internal pure returns (uint256) {
        return Field.get(word, 128, 40);
    }

    /// @dev λ begins at 1/μ, far below 2^128, and falls.
    function pack(uint256 level_, uint256 time_) internal pure returns (uint256) {
        return level_ | (time_ << 128);
    }
}
