// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Ratio} from "../../types/Ratio.sol";

/// @title What moving the inventory of the pool costs a taker beside the half spread
/// @dev Φ = a·IM²/(2·C) of the initial margin of the pool's account on one underlying. A trade that raises it pays Φ₁ − Φ₀, one that lowers it is paid
/// min(Φ₀ − Φ₁, Q·(1 − Φ₁/Φ₀)), Q being what the open inventory has been charged, and never more than Φ₀ (docs/pool.md). At one state every path costs at least
/// what the straight one does. Margins, capital and Q are below 2^96 and `a` is at most one, so that products of a and a square fit 256 bits.
library PoolCost {
    uint256 private constant WAD = 1e18;

    /// @dev Seconds in which a capital of nothing would grow to all that is there.
    uint256 internal constant CAPITAL_TIME = 1 days;

    /// @dev Φ, rounded down. `capital` is positive.
    function costDown(uint256 margin, uint256 capital, Ratio steepness) internal pure returns (uint256) {
        return (steepness.raw() * margin * margin) / (2 * capital * WAD);
    }

    /// @dev C: it falls at once with equity less Q, and rises with time alone, so that nothing that comes in makes what follows it cheaper.
    /// @param charged Q
    /// @param capital C when last touched
    /// @param elapsed seconds since
    function capitalAfter(uint256 charged, int256 capital, uint256 elapsed, int256 equity) internal pure returns (int256) {
        // casting is safe: below 2^96
        int256 free = equity - int256(charged);
        if (free <= 0) return free;
        // what grew for a day is all there: no time overflows
        if (elapsed >= CAPITAL_TIME) return free;
        int256 grown = (capital > 0 ? capital : int256(0)) + (free * int256(elapsed)) / int256(CAPITAL_TIME);
        return grown < free ? grown : free;
    }

    /// @dev Q that may still be paid back: what is more than Φ stays with the pool for good, or who raises and lowers between two states would be paid what
    /// others were charged.
    function backedDown(uint256 charged, uint256 margin, int256 capital, Ratio steepness) internal pure returns (uint256) {
        if (capital <= 0) return charged;
        // casting is safe: positive
        return Math.min(charged, costDown(margin, uint256(capital), steepness));
    }

    /// @dev What a trade pays that takes the margin from `before` to `after_`, rounded against the taker; negative: is paid. Without capital nothing.
    /// @return cost
    /// @return left Q after it
    function moved(
        uint256 charged,
        uint256 before,
        uint256 after_,
        int256 capital,
        Ratio steepness
    ) internal pure returns (int256 cost, uint256 left) {
        left = backedDown(charged, before, capital, steepness);
        if (capital <= 0 || before == after_) return (0, left);
        // casting is safe: positive
        uint256 divisor = 2 * uint256(capital) * WAD;
        if (after_ > before) {
            uint256 paid = Math.ceilDiv(steepness.raw() * (after_ * after_ - before * before), divisor);
            // casting is safe: below 2^252
            return (int256(paid), left + paid);
        }
        uint256 squares = before * before - after_ * after_;
        uint256 rebate = Math.min((steepness.raw() * squares) / divisor, Math.mulDiv(left, squares, before * before));
        // casting is safe: at most Q
        return (-int256(rebate), left - rebate);
    }
}
