// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Ratio} from "../../types/Ratio.sol";

/// @title The leverage above which accounts are closed while a fund account is short
library WaterLine {
    /// @dev In so many seconds it falls by one part in a hundred, and not at all in fewer.
    uint256 internal constant STEP = 12;

    /// @dev λ at the beginning of a shortage: the leverage of an account at its line, 1/μ, rounded up.
    function highest(Ratio maintenance) internal pure returns (Ratio) {
        return Ratio.wrap(Math.ceilDiv(1e36, maintenance.raw()));
    }

    /// @dev λ at `now_`. Only whole steps count, and what is left of one stays: whoever looks, and however often, finds the same.
    /// @param level λ at `time`, below 2^128
    /// @return the level and the time of its last whole step
    function levelAt(Ratio level, uint256 time, uint256 now_) internal pure returns (Ratio, uint256) {
        if (now_ <= time) return (level, time);
        uint256 steps = (now_ - time) / STEP;
        uint256 fallen = level.raw();
        unchecked {
            // rounded up: it falls by one part in a hundred at most, and below a hundred units no more
            for (uint256 i; i < steps && fallen >= 100; ++i) {
                fallen = (fallen * 99 + 99) / 100;
            }
        }
        return (Ratio.wrap(fallen), time + steps * STEP);
    }
}
