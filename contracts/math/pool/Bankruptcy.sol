// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Wad} from "../../types/Wad.sol";

/// @title The prices at which the positions of an account that is worth V < 0 are closed, so that it ends with nothing
/// @dev p = mark − V·w/q, w the share of the position in the loss of the worst scenario. Who takes over a long of it pays more than the mark, who takes over a short is
/// paid less. No price is below zero: what is clamped there falls to the others, by their shares. With V ≥ 0 the marks. Each price is rounded towards the mark.
library Bankruptcy {
    /// @notice Puts those prices into `prices`, which are the marks, of a lot, WAD.
    /// @param lots signed, none zero
    /// @param losses of each position in that scenario, WAD; a gain is negative. Its array is used up.
    /// @param value V
    function write(uint256[] memory prices, int256[] memory lots, int256[] memory losses, Wad value) internal pure {
        if (!value.isNegative()) return;
        // casting is safe: positive
        uint256 missing = uint256(-value.raw());
        _weigh(prices, lots, losses);
        bool clamped = true;
        while (clamped && missing != 0) {
            clamped = false;
            uint256 whole;
            for (uint256 i; i < losses.length; ++i) {
                whole += uint256(losses[i]);
            }
            if (whole == 0) return;
            uint256 shared = missing;
            for (uint256 i; i < losses.length; ++i) {
                if (losses[i] == 0) continue;
                uint256 size = uint256(lots[i] < 0 ? -lots[i] : lots[i]);
                uint256 step = Math.mulDiv(shared, uint256(losses[i]), whole * size);
                if (lots[i] > 0) {
                    prices[i] += step;
                } else {
                    if (step > prices[i]) (step, losses[i], clamped) = (prices[i], int256(0), true);
                    prices[i] -= step;
                }
                missing -= step * size;
            }
        }
    }

    /// @dev What loses in the scenario bears by what it loses; where nothing does, all by their size at the mark.
    function _weigh(uint256[] memory marks, int256[] memory lots, int256[] memory losses) private pure {
        bool any;
        for (uint256 i; i < losses.length; ++i) {
            if (losses[i] > 0) any = true;
            else losses[i] = 0;
        }
        if (any) return;
        for (uint256 i; i < losses.length; ++i) {
            // casting is safe: lots < 2^47, prices < 2^96
            losses[i] = (lots[i] < 0 ? -lots[i] : lots[i]) * int256(marks[i]);
        }
    }
}
