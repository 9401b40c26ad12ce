// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Net stable funding and liquidity coverage over seven days
/// @dev Amounts are WAD of the settlement token below 2^160, times seconds below 2^40: no product overflows. docs/funding-ratio.md works an example through.
library StableFunding {
    /// @dev Shares that the vault holds of one strategy, at their rate.
    struct Strategy {
        uint256 value;
        uint256 liquid; // of it, what could be redeemed in each of the last 24 hours
    }

    /// @dev Stake of the fund that was asked for.
    struct Cooling {
        uint256 amount;
        uint256 time; // seconds until it may leave
    }

    struct Sheet {
        uint256 tokens; // settlement tokens of the ledger
        Strategy[] strategies;
        uint256 collateral; // other collateral at market
        uint256 margin; // what positions bind of their owners' money
        uint256 stake; // of the fund, not cooling
        Cooling[] cooling;
        uint256 coolDown; // seconds
        uint256 poolBound; // of the pool, what its inventory keeps from leaving
        uint256 poolRequested; // of the pool, what waits to be paid
        uint256 inventory; // of the fund
        uint256 lost; // deficit and shortfall
    }

    /// @dev What is above and below the line of each.
    struct Ratios {
        uint256 available; // rounded down
        uint256 required; // rounded up
        uint256 liquid; // rounded down
        uint256 outflow; // rounded up
    }

    uint256 private constant PPM = 1e6;
    uint256 internal constant COVERAGE_TIME = 7 days;

    // parts per million
    uint256 private constant POOL_PART = 950_000;
    uint256 private constant MARGIN_PART = 500_000;
    uint256 private constant STRATEGY_LEAST = 150_000;
    uint256 private constant OWED_PART = 100_000;
    uint256 private constant INVENTORY_PART = 850_000;
    uint256 private constant LIQUID_PART = 900_000;
    uint256 private constant RUN_PART = 500_000;

    function ratios(Sheet memory s) internal pure returns (Ratios memory r) {
        uint256 horizon = Math.max(s.coolDown, COVERAGE_TIME);
        uint256 owed = _partUp(s.collateral, OWED_PART);
        uint256 claimed = s.tokens + s.lost + owed;
        r.available = (s.stake * s.coolDown) / horizon + (s.poolBound * POOL_PART) / PPM + (s.margin * MARGIN_PART) / PPM;
        r.required = owed + _partUp(s.inventory, INVENTORY_PART) + s.lost;
        r.liquid = s.tokens;
        r.outflow = s.poolRequested;
        for (uint256 i; i < s.strategies.length; ++i) {
            Strategy memory held = s.strategies[i];
            claimed += held.value;
            r.required += Math.max(_partUp(held.value, STRATEGY_LEAST), held.value - held.liquid);
            r.liquid += (held.liquid * LIQUID_PART) / PPM;
        }
        for (uint256 i; i < s.cooling.length; ++i) {
            Cooling memory left = s.cooling[i];
            r.available += (left.amount * Math.min(left.time, horizon)) / horizon;
            if (left.time <= COVERAGE_TIME) r.outflow += left.amount;
        }
        r.outflow += _partUp(Math.saturatingSub(claimed, s.margin), RUN_PART);
    }

    /// @dev Whether both are at least their limits (ppm), exactly; what needs nothing passes.
    function hold(Ratios memory r, uint256 stable, uint256 coverage) internal pure returns (bool) {
        return r.available * PPM >= r.required * stable && r.liquid * PPM >= r.outflow * coverage;
    }

    /// @dev How much of a strategy has to become cash for the ratios to be at their limits, at the stored rate, at most all of it.
    function curingUp(Ratios memory r, Strategy memory held, uint256 stable, uint256 coverage) internal pure returns (uint256) {
        uint256 lacksStable = Math.saturatingSub(r.required, (r.available * PPM) / stable);
        uint256 lacksLiquid = Math.saturatingSub(Math.ceilDiv(r.outflow * coverage, PPM), r.liquid);
        // needed falls as value does while what is not liquid is more than 15 % of it, from there on by 15 %
        uint256 turn = Math.saturatingSub(held.value, (held.liquid * PPM) / (PPM - STRATEGY_LEAST));
        if (lacksStable > turn) lacksStable = turn + Math.ceilDiv((lacksStable - turn) * PPM, STRATEGY_LEAST);
        // cash counts in full, what was liquid beyond what is left counted 90 %
        turn = held.value - held.liquid;
        if (lacksLiquid > turn) lacksLiquid = turn + Math.ceilDiv((lacksLiquid - turn) * PPM, PPM - LIQUID_PART);
        return Math.min(Math.max(lacksStable, lacksLiquid), held.value);
    }

    function _partUp(uint256 amount, uint256 ppm) private pure returns (uint256) {
        return Math.ceilDiv(amount * ppm, PPM);
    }
}
