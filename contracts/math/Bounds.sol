// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Parameter} from "../interfaces/IVaultGovernance.sol";

/// @title The least and the most of every parameter (I-25)
/// @dev One table, fixed at compile time: governance can move within it and no farther, whatever its keys are worth. Tests walk it.
library Bounds {
    /// @dev Half the spread of a liquid perpetual, ppm: what leaving through the market costs beside the fee.
    uint256 internal constant HALF_SPREAD_PPM = 200;

    /// @dev A lot is at most this part of the smallest account, so that whole lots never make a slice much larger than its formula.
    uint256 internal constant LOTS_IN_SMALLEST = 1_000;

    /// @dev Settlement tokens. A position that is larger needs no look at the parameter.
    uint256 internal constant MOST_SMALLEST_NOTIONAL = 10_000;

    /// @dev ppm of the whole cap that may be reserved to underlyings: a tenth at least is nobody's.
    uint256 internal constant MOST_WEIGHTS = 900_000;

    uint256 internal constant MAX_UNDERLYINGS = 32;
    uint256 internal constant MAX_COLLATERALS = 32;
    uint256 internal constant MAX_MODULES = 16;
    uint256 internal constant MAX_SOURCES = 3;
    uint256 internal constant MAX_LOT_EXPONENT = 18;
    uint256 internal constant MIN_DECIMALS = 6;
    uint256 internal constant MAX_DECIMALS = 18;

    /// @dev How long a guardian's measure holds, and how long it rests afterwards.
    uint256 internal constant MEASURE_DURATION = 7 days;
    uint256 internal constant MEASURE_REST = 7 days;

    /// @dev Least and most, both allowed, in the unit given at `Parameter`; whether a change moves over three days.
    function forParameter(Parameter id) internal pure returns (uint256 least, uint256 most, bool ramped) {
        if (id == Parameter.Maintenance) return (500_000, 950_000, true);
        // below it no discount on notional that the bounds allow is at most half of what a box needs
        if (id == Parameter.Provision) return (2_000, 50_000, true);
        // not below 1.75 %: a spread between tenors is not riskless
        if (id == Parameter.InterMonth) return (17_500, 200_000, true);
        if (id == Parameter.TradingAge) return (30, 4 hours, false);
        if (id == Parameter.LiquidationAge) return (5, type(uint8).max, false);
        if (id == Parameter.OpenInterestCharge) return (0, 200_000, false);
        if (id == Parameter.GainLock) return (100_000, 1_000_000, false);
        // above one, or a slice would leave an account at its line again
        if (id == Parameter.Recovery) return (1_010_000, 1_500_000, false);
        if (id == Parameter.DiscountMin) return (5_000, 200_000, false);
        if (id == Parameter.DiscountMax) return (10_000, 500_000, false);
        if (id == Parameter.GrossDiscount) return (500, 20_000, false);
        // below one: the rest is what a round trip through the fund costs (D_out ≤ (1 − share)·D_in)
        if (id == Parameter.KeeperShare) return (50_000, 700_000, false);
        if (id == Parameter.FundShare) return (50_000, 900_000, false);
        if (id == Parameter.Bounty) return (0, 62_500, false);
        if (id == Parameter.SmallestNotional) return (1, MOST_SMALLEST_NOTIONAL, false);
        if (id == Parameter.TopUp) return (1_000, 1_000_000, false);
        if (id == Parameter.EpochLength) return (1 hours, 30 days, false);
        if (id == Parameter.ShedTime) return (1 minutes, 2 hours, false);
        // at most all of the shedding discount, which is itself at most (1 − keeper's share)·D_in
        if (id == Parameter.ShedStart) return (0, 1_000_000, false);
        if (id == Parameter.FundPerOpenInterest) return (10_000, 1_000_000, false);
        if (id == Parameter.BountyCap) return (0, 10_000_000_000, false);
        if (id == Parameter.StakeCap) return (1_000, 1_000_000, false);
        // 0: none set, a share of what the others leave
        if (id == Parameter.FundWeight) return (0, MOST_WEIGHTS, false);
        if (id == Parameter.FillBand) return (1_000, 100_000, false);
        if (id == Parameter.PositionCap) return (0, (1 << 44) - 1, false);
        if (id == Parameter.OpenInterestCap) return (0, (1 << 44) - 1, false);
        if (id == Parameter.FeeCap) return (0, 5_000, false);
        // the five of the scan range lower a health no faster than the held range may follow its target: 10 % a day
        if (id == Parameter.RangeMultiple) return (1_000_000, 20_000_000, false);
        if (id == Parameter.Horizon) return (10 minutes, 7 days, false);
        if (id == Parameter.RangeFloor) return (10_000_000, 500_000_000, false);
        // the extreme scenarios are twice as far: half keeps a price from falling below nothing
        if (id == Parameter.RangeCap) return (20_000_000, 500_000_000, false);
        if (id == Parameter.SigmaFloor) return (10_000, 5_000_000, false);
        if (id == Parameter.AgreementBand) return (100, 100_000, false);
        if (id == Parameter.Band) return (1_000, 200_000, false);
        if (id == Parameter.WidestBand) return (10_000, 500_000, false);
        // ramped when it falls, at once when it rises, which only lowers margins
        if (id == Parameter.Depth) return (1, type(uint40).max, true);
        if (id == Parameter.Haircut) return (10_000, 900_000, true);
        // the last: SupplyCap
        return (0, type(uint128).max, false);
    }
}
