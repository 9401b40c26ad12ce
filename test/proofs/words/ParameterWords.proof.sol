// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    CollateralWord,
    FundParametersWord,
    FundWord,
    LiquidationWord,
    MarginWord,
    TradingWord
} from "../../../contracts/words/ParameterWords.sol";
import {Proof} from "../Proof.sol";

contract ParameterWordsProof is Proof {
    function setUp() external {
        _atAnyTime();
    }

    /// @notice P-20: Margin parameters: every field is read from its documented bits.
    /// @custom:formula getter(w) = bits(w, from, width), in ppm times 10^12 where it is a ratio
    function check_P20_marginReads(uint256 word) external proof {
        assert(MarginWord.rampEnd(word) == _field(word, 144, 40));
        assert(MarginWord.tradingAge(word) == _field(word, 184, 16));
        assert(MarginWord.liquidationAge(word) == _field(word, 200, 8));
        assert(MarginWord.openInterestCharge(word).raw() == _scaled(_field(word, 208, 24), 1e12));
        assert(MarginWord.gainLock(word).raw() == _scaled(_field(word, 232, 24), 1e12));
        assert(MarginWord.maintenanceTarget(word) == _field(word, 24, 24));
        assert(MarginWord.provisionTarget(word) == _field(word, 72, 24));
        assert(MarginWord.interMonthTarget(word) == _field(word, 120, 24));
    }

    /// @notice P-21: Margin parameters: what is written is read back without loss, and no neighbour changes.
    /// @custom:formula field(write(w, x)) = x mod 2^width and write(w, x) differs from w in no other bit
    function check_P21_marginWrites(uint256 word, uint256 value) external proof {
        {
            uint256 next = MarginWord.withMaintenanceTarget(word, value);
            assert(_field(next, 24, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 24, 24));
        }
        {
            uint256 next = MarginWord.withProvisionTarget(word, value);
            assert(_field(next, 72, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 72, 24));
        }
        {
            uint256 next = MarginWord.withInterMonthTarget(word, value);
            assert(_field(next, 120, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 120, 24));
        }
        {
            uint256 next = MarginWord.withTradingAge(word, value);
            assert(_field(next, 184, 16) == value & _mask(0, 16));
            assert(_sameBut(word, next, 184, 16));
        }
        {
            uint256 next = MarginWord.withLiquidationAge(word, value);
            assert(_field(next, 200, 8) == value & _mask(0, 8));
            assert(_sameBut(word, next, 200, 8));
        }
        {
            uint256 next = MarginWord.withOpenInterestCharge(word, value);
            assert(_field(next, 208, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 208, 24));
        }
        {
            uint256 next = MarginWord.withGainLock(word, value);
            assert(_field(next, 232, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 232, 24));
        }
    }

    /// @notice P-22: Margin parameters: when ramps start afresh nothing jumps: all three have the values they had, their targets stay, and they end together three days from now.
    /// @custom:formula maintenance, provision, interMonth(rebased(w)) = those of w, now; rampEnd = now + 3 days; bits 24–47, 72–95, 120–143 and 184–255 stay
    /// @custom:domain times below 2^40
    /// @custom:bounds ratios below 2^10 ppm
    function check_P22_rebased(uint256 word) external proof {
        uint256 time = block.timestamp;
        _assume(time < type(uint40).max - 3 days);
        _assume(word & (_mask(10, 14) | _mask(34, 14) | _mask(58, 14) | _mask(82, 14) | _mask(106, 14) | _mask(130, 14)) == 0);
        uint256 next = MarginWord.rebased(word);
        assert(MarginWord.maintenance(next).raw() == MarginWord.maintenance(word).raw());
        assert(MarginWord.provision(next).raw() == MarginWord.provision(word).raw());
        assert(MarginWord.interMonth(next).raw() == MarginWord.interMonth(word).raw());
        assert(MarginWord.rampEnd(next) == uint256(time) + 3 days);
        assert((word ^ next) & (_mask(24, 24) | _mask(72, 24) | _mask(120, 24) | _mask(184, 72)) == 0);
    }

    /// @notice P-23: Liquidation parameters: every field is read from its documented bits.
    /// @custom:formula getter(w) = bits(w, from, width), in the unit of the field
    function check_P23_liquidationReads(uint256 word) external proof {
        assert(LiquidationWord.recovery(word).raw() == _scaled(_field(word, 0, 24), 1e12));
        assert(LiquidationWord.discountMin(word).raw() == _scaled(_field(word, 24, 24), 1e12));
        assert(LiquidationWord.discountMax(word).raw() == _scaled(_field(word, 48, 24), 1e12));
        assert(LiquidationWord.grossDiscount(word).raw() == _scaled(_field(word, 72, 24), 1e12));
        assert(LiquidationWord.keeperShare(word).raw() == _scaled(_field(word, 96, 24), 1e12));
        assert(LiquidationWord.fundShare(word).raw() == _scaled(_field(word, 120, 24), 1e12));
        assert(uint256(LiquidationWord.bounty(word).raw()) == _scaled(_field(word, 144, 48), 1e14));
        assert(uint256(LiquidationWord.smallestNotional(word).raw()) == _scaled(_field(word, 192, 32), 1e18));
    }

    /// @notice P-24: Liquidation parameters: what is written is read back without loss, and no neighbour changes.
    /// @custom:formula field(write(w, x)) = x mod 2^width and write(w, x) differs from w in no other bit
    function check_P24_liquidationWrites(uint256 word, uint256 value) external proof {
        {
            uint256 next = LiquidationWord.withRecovery(word, value);
            assert(_field(next, 0, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 0, 24));
        }
        {
            uint256 next = LiquidationWord.withDiscountMin(word, value);
            assert(_field(next, 24, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 24, 24));
        }
        {
            uint256 next = LiquidationWord.withDiscountMax(word, value);
            assert(_field(next, 48, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 48, 24));
        }
        {
            uint256 next = LiquidationWord.withGrossDiscount(word, value);
            assert(_field(next, 72, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 72, 24));
        }
        {
            uint256 next = LiquidationWord.withKeeperShare(word, value);
            assert(_field(next, 96, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 96, 24));
        }
        {
            uint256 next = LiquidationWord.withFundShare(word, value);
            assert(_field(next, 120, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 120, 24));
        }
        {
            uint256 next = LiquidationWord.withBounty(word, value);
            assert(_field(next, 144, 48) == value & _mask(0, 48));
            assert(_sameBut(word, next, 144, 48));
        }
        {
            uint256 next = LiquidationWord.withSmallestNotional(word, value);
            assert(_field(next, 192, 32) == value & _mask(0, 32));
            assert(_sameBut(word, next, 192, 32));
        }
    }

    /// @notice P-25: Bounds of trades: every field is read from its documented bits, what is written is read back, and no neighbour changes.
    /// @custom:formula getter(w) = bits(w, from, width); field(write(w, x)) = x mod 2^width and write(w, x) differs from w in no other bit
    function check_P25_trading(uint256 word, uint256 value) external proof {
        assert(TradingWord.fillBandPpm(word) == _field(word, 0, 24));
        assert(TradingWord.positionCap(word) == _field(word, 24, 48));
        assert(TradingWord.openInterestCap(word) == _field(word, 72, 44));
        assert(TradingWord.stoppedUntil(word) == _field(word, 116, 40));
        assert(TradingWord.feeCapPpm(word) == _field(word, 156, 24));
        assert(TradingWord.guardianCapUntil(word) == _field(word, 180, 40));
        {
            uint256 next = TradingWord.withFillBand(word, value);
            assert(_field(next, 0, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 0, 24));
        }
        {
            uint256 next = TradingWord.withPositionCap(word, value);
            assert(_field(next, 24, 48) == value & _mask(0, 48));
            assert(_sameBut(word, next, 24, 48));
        }
        {
            uint256 next = TradingWord.withOpenInterestCap(word, value);
            assert(_field(next, 72, 44) == value & _mask(0, 44));
            assert(_sameBut(word, next, 72, 44));
        }
        {
            uint256 next = TradingWord.withStoppedUntil(word, value);
            assert(_field(next, 116, 40) == value & _mask(0, 40));
            assert(_sameBut(word, next, 116, 40));
        }
        {
            uint256 next = TradingWord.withFeeCap(word, value);
            assert(_field(next, 156, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 156, 24));
        }
        {
            uint256 next = TradingWord.withGuardianCapUntil(word, value);
            assert(_field(next, 180, 40) == value & _mask(0, 40));
            assert(_sameBut(word, next, 180, 40));
        }
    }

    /// @notice P-26: Collateral token: what is listed is read back; a new haircut starts from the present one, and token, decimals and underlying stay.
    /// @custom:formula fields(first(a, d, u, h)) = (a, d, u, h); haircut(withHaircutTarget(w, h)) = haircut(w) now, target = h, bits 0–175 stay
    /// @custom:domain a time until which 32 bits suffice: the year 2106
    /// @custom:bounds haircuts of the word below 2^10 ppm where one ramps
    function check_P26_collateral(address token, uint8 decimals, uint8 underlying, uint24 ppm, uint256 word, uint24 target) external proof {
        uint256 time = block.timestamp;
        uint256 made = CollateralWord.first(token, decimals, underlying, ppm);
        assert(CollateralWord.token(made) == token && CollateralWord.decimals(made) == decimals);
        assert(CollateralWord.underlying(made) == underlying && CollateralWord.haircutTarget(made) == ppm);
        assert(CollateralWord.haircut(made).raw() == _scaled(ppm, 1e12));
        _assume(time < type(uint32).max - 3 days && word & (_mask(186, 14) | _mask(210, 14)) == 0);
        uint256 next = CollateralWord.withHaircutTarget(word, target);
        assert(CollateralWord.haircut(next).raw() == CollateralWord.haircut(word).raw());
        assert(CollateralWord.haircutTarget(next) == target && _sameBut(word, next, 176, 80));
        assert(_field(next, 224, 32) == uint256(time) + 3 days);
    }

    /// @notice P-27: Fund account: fields are read from their documented bits; weight and time of its inventory are written without touching a neighbour.
    /// @custom:formula getter(w) = bits(w, from, width); field(write(w, x)) = x mod 2^width and write(w, x) differs from w in no other bit
    function check_P27_fund(uint256 word, uint256 value, uint40 since) external proof {
        assert(FundWord.inventorySince(word) == _field(word, 0, 40));
        assert(FundWord.epochStart(word) == _field(word, 40, 40));
        assert(FundWord.weightPpm(word) == _field(word, 208, 24));
        {
            uint256 next = FundWord.withWeight(word, value);
            assert(_field(next, 208, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 208, 24));
        }
        {
            uint256 next = FundWord.withInventorySince(word, since);
            assert(_field(next, 0, 40) == since);
            assert(_sameBut(word, next, 0, 40));
        }
    }

    /// @notice P-28: What a fund account draws counts at once and whole, rounded up by less than a unit, and nothing of the word changes beside it.
    /// @custom:formula in the epoch under way: drawn′ = drawn + ⌈x/10^12⌉; no bit changes but 80–143
    /// @custom:bounds the stored epoch is the one under way, amounts below 2^64, drawn before below 2^63 units
    function check_P28_drawn(uint256 word, uint32 length, uint64 amount) external proof {
        _assume(block.timestamp < FundWord.epochStart(word) + length && _field(word, 80, 64) < 1 << 63);
        uint256 next = FundWord.withDrawn(word, length, amount);
        unchecked {
            uint256 added = (_field(next, 80, 64) - _field(word, 80, 64)) * 1e12;
            assert(added >= amount && added < uint256(amount) + 1e12);
        }
        assert(_sameBut(word, next, 80, 64));
    }

    /// @notice P-29: Parameters of the fund: every field is read from its documented bits, what is written is read back, and no neighbour changes.
    /// @custom:formula getter(w) = bits(w, from, width), in the unit of the field; field(write(w, x)) = x mod 2^width and write(w, x) differs from w in no other bit
    function check_P29_fundParameters(uint256 word, uint256 value) external proof {
        assert(FundParametersWord.topUpPpm(word) == _field(word, 0, 32));
        assert(FundParametersWord.epochLength(word) == _field(word, 32, 32));
        assert(FundParametersWord.shedTime(word) == _field(word, 64, 32));
        assert(FundParametersWord.shedStart(word).raw() == _scaled(_field(word, 96, 24), 1e12));
        assert(FundParametersWord.fundPerOpenInterest(word).raw() == _scaled(_field(word, 120, 24), 1e12));
        assert(uint256(FundParametersWord.bountyCap(word).raw()) == _scaled(_field(word, 144, 48), 1e14));
        assert(FundParametersWord.stakeCapPpm(word) == _field(word, 192, 24));
        assert(FundParametersWord.weights(word) == _field(word, 216, 24));
        assert(FundParametersWord.unweighted(word) == _field(word, 240, 8));
        {
            uint256 next = FundParametersWord.withTopUp(word, value);
            assert(_field(next, 0, 32) == value & _mask(0, 32));
            assert(_sameBut(word, next, 0, 32));
        }
        {
            uint256 next = FundParametersWord.withEpochLength(word, value);
            assert(_field(next, 32, 32) == value & _mask(0, 32));
            assert(_sameBut(word, next, 32, 32));
        }
        {
            uint256 next = FundParametersWord.withShedTime(word, value);
            assert(_field(next, 64, 32) == value & _mask(0, 32));
            assert(_sameBut(word, next, 64, 32));
        }
        {
            uint256 next = FundParametersWord.withShedStart(word, value);
            assert(_field(next, 96, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 96, 24));
        }
        {
            uint256 next = FundParametersWord.withFundPerOpenInterest(word, value);
            assert(_field(next, 120, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 120, 24));
        }
        {
            uint256 next = FundParametersWord.withBountyCap(word, value);
            assert(_field(next, 144, 48) == value & _mask(0, 48));
            assert(_sameBut(word, next, 144, 48));
        }
        {
            uint256 next = FundParametersWord.withStakeCap(word, value);
            assert(_field(next, 192, 24) == value & _mask(0, 24));
            assert(_sameBut(word, next, 192, 24));
        }
        {
            uint256 next = FundParametersWord.withWeights(word, value, value);
            assert(_field(next, 216, 24) == value & _mask(0, 24) && _field(next, 240, 8) == value & 0xff);
            assert(_sameBut(word, next, 216, 32));
        }
    }
}

contract ParameterWordsReach is ParameterWordsProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
