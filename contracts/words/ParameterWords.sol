// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ramp} from "../types/Ramp.sol";
import {Ratio, fromPpm} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {Field} from "./Field.sol";

/// @dev Margin parameters of the whole vault; all that a valuation needs, in one slot. Ratios in ppm, ramping together.
/// bits 0–23 maintenance ratio μ from | 24–47 to | 48–71 provision on gross notional and collateral from | 72–95 to | 96–119 inter-month
/// charge from | 120–143 to | 144–183 end of the ramp | 184–199 oldest price for trading and withdrawing (s) | 200–207 oldest price for
/// liquidating (s) | 208–231 open-interest charge on new risk at full use | 232–255 share of unrealised gain that stays as settled cash
///                                                                        24+24+24+24+24+24+40+16+8+24+24 = 256
library MarginWord {
    function maintenance(uint256 word) internal view returns (Ratio) {
        return fromPpm(Ramp.valueNow(word & 0xffffff, (word >> 24) & 0xffffff, rampEnd(word)));
    }

    function provision(uint256 word) internal view returns (Ratio) {
        return fromPpm(Ramp.valueNow((word >> 48) & 0xffffff, (word >> 72) & 0xffffff, rampEnd(word)));
    }

    function interMonth(uint256 word) internal view returns (Ratio) {
        return fromPpm(Ramp.valueNow((word >> 96) & 0xffffff, (word >> 120) & 0xffffff, rampEnd(word)));
    }

    function rampEnd(uint256 word) internal pure returns (uint256) {
        return (word >> 144) & type(uint40).max;
    }

    function tradingAge(uint256 word) internal pure returns (uint256) {
        return (word >> 184) & 0xffff;
    }

    function liquidationAge(uint256 word) internal pure returns (uint256) {
        return (word >> 200) & 0xff;
    }

    function openInterestCharge(uint256 word) internal pure returns (Ratio) {
        return fromPpm((word >> 208) & 0xffffff);
    }

    function gainLock(uint256 word) internal pure returns (Ratio) {
        return fromPpm(word >> 232);
    }

    /// @dev Where the ramps lead, ppm.
    function maintenanceTarget(uint256 word) internal pure returns (uint256) {
        return Field.get(word, 24, 24);
    }

    function provisionTarget(uint256 word) internal pure returns (uint256) {
        return Field.get(word, 72, 24);
    }

    function interMonthTarget(uint256 word) internal pure returns (uint256) {
        return Field.get(word, 120, 24);
    }

    /// @dev All three ramps start afresh from where they are now: they share one end, and moving only that would make the others jump.
    function rebased(uint256 word) internal view returns (uint256) {
        uint256 end = rampEnd(word);
        uint256 maintenanceNow = Ramp.valueNow(Field.get(word, 0, 24), maintenanceTarget(word), end);
        uint256 provisionNow = Ramp.valueNow(Field.get(word, 48, 24), provisionTarget(word), end);
        uint256 interMonthNow = Ramp.valueNow(Field.get(word, 96, 24), interMonthTarget(word), end);
        word = Field.put(word, 0, 24, maintenanceNow);
        word = Field.put(word, 48, 24, provisionNow);
        word = Field.put(word, 96, 24, interMonthNow);
        return Field.put(word, 144, 40, block.timestamp + Ramp.DURATION);
    }

    function withMaintenanceTarget(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 24, 24, ppm);
    }

    function withProvisionTarget(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 72, 24, ppm);
    }

    function withInterMonthTarget(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 120, 24, ppm);
    }

    function withTradingAge(uint256 word, uint256 age) internal pure returns (uint256) {
        return Field.put(word, 184, 16, age);
    }

    function withLiquidationAge(uint256 word, uint256 age) internal pure returns (uint256) {
        return Field.put(word, 200, 8, age);
    }

    function withOpenInterestCharge(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 208, 24, ppm);
    }

    function withGainLock(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 232, 24, ppm);
    }

    /// @dev Nothing ramps in the word.
    function isSteady(uint256 word) internal pure returns (bool) {
        return
            rampEnd(word) == 0 &&
            Field.get(word, 0, 24) == maintenanceTarget(word) &&
            Field.get(word, 48, 24) == provisionTarget(word) &&
            Field.get(word, 96, 24) == interMonthTarget(word);
    }
}

/// @dev bits 0–23 target of a slice κ | 24–47 d_min | 48–71 d_max | 72–95 least discount on gross notional c | 96–119 keeper's share of
/// d_min | 120–143 fund's share α of a discount in liquidateTo | 144–191 gas bounty (1e-4 settlement tokens) | 192–223 smallest gross
/// notional of an account with positions (settlement tokens) | 224–255 spare                       24·6+48+32+32 = 256; ratios in ppm
library LiquidationWord {
    function recovery(uint256 word) internal pure returns (Ratio) {
        return fromPpm(word & 0xffffff);
    }

    function discountMin(uint256 word) internal pure returns (Ratio) {
        return fromPpm((word >> 24) & 0xffffff);
    }

    function discountMax(uint256 word) internal pure returns (Ratio) {
        return fromPpm((word >> 48) & 0xffffff);
    }

    function grossDiscount(uint256 word) internal pure returns (Ratio) {
        return fromPpm((word >> 72) & 0xffffff);
    }

    function keeperShare(uint256 word) internal pure returns (Ratio) {
        return fromPpm((word >> 96) & 0xffffff);
    }

    function fundShare(uint256 word) internal pure returns (Ratio) {
        return fromPpm((word >> 120) & 0xffffff);
    }

    function bounty(uint256 word) internal pure returns (Wad) {
        // casting to int256 is safe: 48 bits times 1e14
        return Wad.wrap(int256(((word >> 144) & type(uint48).max) * 1e14));
    }

    function smallestNotional(uint256 word) internal pure returns (Wad) {
        // casting to int256 is safe: 32 bits times 1e18
        return Wad.wrap(int256(((word >> 192) & type(uint32).max) * 1e18));
    }

    function withRecovery(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 0, 24, ppm);
    }

    function withDiscountMin(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 24, 24, ppm);
    }

    function withDiscountMax(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 48, 24, ppm);
    }

    function withGrossDiscount(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 72, 24, ppm);
    }

    function withKeeperShare(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 96, 24, ppm);
    }

    function withFundShare(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 120, 24, ppm);
    }

    function withBounty(uint256 word, uint256 units) internal pure returns (uint256) {
        return Field.put(word, 144, 48, units);
    }

    function withSmallestNotional(uint256 word, uint256 tokens) internal pure returns (uint256) {
        return Field.put(word, 192, 32, tokens);
    }
}

/// @dev How trades of an underlying are bounded.
/// bits 0–23 band of a fill around the mark (ppm) | 24–71 cap of a position (lots) | 72–115 governance's cap of the open interest (lots) |
/// 116–155 opens stopped until | 156–179 highest fee on a fill (ppm) | 180–219 guardian's cap of the open interest holds until |
/// 220–255 spare                                                                         24+48+44+40+24+40+36 = 256
library TradingWord {
    function fillBandPpm(uint256 word) internal pure returns (uint256) {
        return word & 0xffffff;
    }

    function positionCap(uint256 word) internal pure returns (uint256) {
        return (word >> 24) & type(uint48).max;
    }

    function openInterestCap(uint256 word) internal pure returns (uint256) {
        return (word >> 72) & ((1 << 44) - 1);
    }

    function stoppedUntil(uint256 word) internal pure returns (uint256) {
        return (word >> 116) & type(uint40).max;
    }

    function feeCapPpm(uint256 word) internal pure returns (uint256) {
        return (word >> 156) & 0xffffff;
    }

    function guardianCapUntil(uint256 word) internal pure returns (uint256) {
        return (word >> 180) & type(uint40).max;
    }

    function withFillBand(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 0, 24, ppm);
    }

    function withPositionCap(uint256 word, uint256 lots) internal pure returns (uint256) {
        return Field.put(word, 24, 48, lots);
    }

    function withOpenInterestCap(uint256 word, uint256 lots) internal pure returns (uint256) {
        return Field.put(word, 72, 44, lots);
    }

    function withStoppedUntil(uint256 word, uint256 until) internal pure returns (uint256) {
        return Field.put(word, 116, 40, until);
    }

    function withFeeCap(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 156, 24, ppm);
    }

    function withGuardianCapUntil(uint256 word, uint256 until) internal pure returns (uint256) {
        return Field.put(word, 180, 40, until);
    }
}

/// @dev A collateral token; all that a valuation needs, in one slot.
/// bits 0–159 token | 160–167 decimals | 168–175 underlying | 176–199 haircut from (ppm) | 200–223 haircut to (ppm) |
/// 224–255 end of the ramp                                                                     160+8+8+24+24+32 = 256
library CollateralWord {
    function token(uint256 word) internal pure returns (address) {
        // casting to uint160 is safe: an address in the low bits
        return address(uint160(word));
    }

    function decimals(uint256 word) internal pure returns (uint256) {
        return (word >> 160) & 0xff;
    }

    function underlying(uint256 word) internal pure returns (uint256) {
        return (word >> 168) & 0xff;
    }

    function haircut(uint256 word) internal view returns (Ratio) {
        return fromPpm(Ramp.valueNow((word >> 176) & 0xffffff, (word >> 200) & 0xffffff, word >> 224));
    }

    /// @dev Where the ramp leads, ppm.
    function haircutTarget(uint256 word) internal pure returns (uint256) {
        return Field.get(word, 200, 24);
    }

    /// @dev From where the haircut is now, over the time of a ramp.
    function withHaircutTarget(uint256 word, uint256 ppm) internal view returns (uint256) {
        uint256 present = Ramp.valueNow(Field.get(word, 176, 24), haircutTarget(word), word >> 224);
        return Field.put(Field.put(Field.put(word, 176, 24, present), 200, 24, ppm), 224, 32, block.timestamp + Ramp.DURATION);
    }

    function first(address listedToken, uint8 tokenDecimals, uint8 listedUnderlying, uint256 haircutPpm) internal pure returns (uint256) {
        return
            uint256(uint160(listedToken)) |
            (uint256(tokenDecimals) << 160) |
            (uint256(listedUnderlying) << 168) |
            (haircutPpm << 176) |
            (haircutPpm << 200);
    }
}

/// @dev The state of one fund account, or of what the main stake gives that is reserved to none. Drawn is what came out of the main stake, in 1e-6
/// settlement tokens, rounded up.
/// bits 0–39 since when its inventory is not zero | 40–79 start of the epoch | 80–143 drawn in it | 144–207 drawn in the epoch before |
/// 208–231 weight, ppm of what the main stake may lose in an epoch, 0: none set | 232–255 spare               40+40+64+64+24+24 = 256
library FundWord {
    uint256 private constant COUNTED = 1e12;
    uint256 private constant MOST_COUNTED = type(uint64).max;

    /// @dev WAD
    uint256 internal constant MOST = MOST_COUNTED * COUNTED;

    function inventorySince(uint256 word) internal pure returns (uint256) {
        return word & type(uint40).max;
    }

    function epochStart(uint256 word) internal pure returns (uint256) {
        return (word >> 40) & type(uint40).max;
    }

    /// @dev Drawn, in WAD, within one epoch's length of now at least: in the epoch under way and in the one before it. So no choice of moments gets more
    /// than one cap in any span of an epoch's length; what was drawn counts for one epoch at least and for two at most.
    function drawnLately(uint256 word, uint256 length) internal view returns (uint256) {
        uint256 start = epochStart(word);
        uint256 present = (word >> 80) & MOST_COUNTED;
        if (block.timestamp < start + length) return (present + ((word >> 144) & MOST_COUNTED)) * COUNTED;
        return block.timestamp < start + 2 * length ? present * COUNTED : 0;
    }

    /// @dev Drawn, in WAD, in the epoch under way.
    function drawnInEpoch(uint256 word, uint256 length) internal view returns (uint256) {
        return block.timestamp < epochStart(word) + length ? ((word >> 80) & MOST_COUNTED) * COUNTED : 0;
    }

    function weightPpm(uint256 word) internal pure returns (uint256) {
        return Field.get(word, 208, 24);
    }

    function withInventorySince(uint256 word, uint40 since) internal pure returns (uint256) {
        return (word & ~uint256(type(uint40).max)) | since;
    }

    /// @dev `amount` in WAD; together with what was drawn lately at most MOST.
    function withDrawn(uint256 word, uint256 length, uint256 amount) internal view returns (uint256) {
        uint256 start = epochStart(word);
        uint256 present = (word >> 80) & MOST_COUNTED;
        uint256 added = (amount + COUNTED - 1) / COUNTED;
        if (block.timestamp < start + length) return Field.put(word, 80, 64, present + added);
        bool follows = block.timestamp < start + 2 * length;
        // epochs begin at multiples of their length: nobody chooses when
        start = follows ? start + length : block.timestamp - (block.timestamp % length);
        return (word & ~(((uint256(1) << 168) - 1) << 40)) | (start << 40) | (added << 80) | (follows ? present << 144 : 0);
    }

    function withWeight(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 208, 24, ppm);
    }
}

/// @dev Parameters of the fund accounts.
/// bits 0–31 most that an underlying is topped up in an epoch, ppm of the main stake | 32–63 length of the epoch (s) | 64–95 time in which
/// the shedding discount reaches its most (s) | 96–119 shedding discount at the start, ppm of its most | 120–143 fund equity that open
/// interest needs (ppm) | 144–191 bounties that the fund pays in an epoch (1e-4 settlement tokens) | 192–215 most that the main stake loses in an
/// epoch, ppm of it | 216–239 sum of the weights of underlyings that have one, ppm of that | 240–247 underlyings that have none | 248–255 spare
///                                                                                    32+32+32+24+24+48+24+24+8+8 = 256
library FundParametersWord {
    uint256 private constant PPM = 1e6;

    function topUpPpm(uint256 word) internal pure returns (uint256) {
        return word & type(uint32).max;
    }

    function epochLength(uint256 word) internal pure returns (uint256) {
        return (word >> 32) & type(uint32).max;
    }

    function shedTime(uint256 word) internal pure returns (uint256) {
        return (word >> 64) & type(uint32).max;
    }

    function shedStart(uint256 word) internal pure returns (Ratio) {
        return fromPpm((word >> 96) & 0xffffff);
    }

    function fundPerOpenInterest(uint256 word) internal pure returns (Ratio) {
        return fromPpm((word >> 120) & 0xffffff);
    }

    function bountyCap(uint256 word) internal pure returns (Wad) {
        // casting to int256 is safe: 48 bits times 1e14
        return Wad.wrap(int256(((word >> 144) & type(uint48).max) * 1e14));
    }

    function stakeCapPpm(uint256 word) internal pure returns (uint256) {
        return Field.get(word, 192, 24);
    }

    function weights(uint256 word) internal pure returns (uint256) {
        return Field.get(word, 216, 24);
    }

    function unweighted(uint256 word) internal pure returns (uint256) {
        return Field.get(word, 240, 8);
    }

    /// @dev The part of the main stake, ppm, that is reserved to an underlying of this weight; no draw gets more of it than the most for one underlying.
    function reservedPpm(uint256 word, uint256 weight) internal pure returns (uint256) {
        return ((weight == 0 ? _defaultWeight(word) : weight) * stakeCapPpm(word)) / PPM;
    }

    /// @dev The part of the main stake, ppm, that is reserved to no underlying.
    function unreservedPpm(uint256 word) internal pure returns (uint256) {
        return ((PPM - weights(word) - unweighted(word) * _defaultWeight(word)) * stakeCapPpm(word)) / PPM;
    }

    /// @dev Underlyings without a weight share four fifths of what the others leave.
    function _defaultWeight(uint256 word) private pure returns (uint256) {
        uint256 count = unweighted(word);
        return count == 0 ? 0 : ((PPM - weights(word)) * 4) / (5 * count);
    }

    function withTopUp(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 0, 32, ppm);
    }

    function withEpochLength(uint256 word, uint256 length) internal pure returns (uint256) {
        return Field.put(word, 32, 32, length);
    }

    function withShedTime(uint256 word, uint256 time) internal pure returns (uint256) {
        return Field.put(word, 64, 32, time);
    }

    function withShedStart(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 96, 24, ppm);
    }

    function withFundPerOpenInterest(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 120, 24, ppm);
    }

    function withBountyCap(uint256 word, uint256 units) internal pure returns (uint256) {
        return Field.put(word, 144, 48, units);
    }

    function withStakeCap(uint256 word, uint256 ppm) internal pure returns (uint256) {
        return Field.put(word, 192, 24, ppm);
    }

    function withWeights(uint256 word, uint256 ppm, uint256 without) internal pure returns (uint256) {
        return Field.put(Field.put(word, 216, 24, ppm), 240, 8, without);
    }
}
