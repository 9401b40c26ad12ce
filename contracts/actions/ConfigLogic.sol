// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AuthorityUtils} from "@openzeppelin/contracts/access/manager/AuthorityUtils.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";
import {IFundingRateSource} from "../interfaces/IFundingRateSource.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {IOrderSettlement} from "../interfaces/IOrderSettlement.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {GuardianMeasure, IVaultGovernance, Parameter, UnderlyingListing} from "../interfaces/IVaultGovernance.sol";
import {IVolatilitySource} from "../interfaces/IVolatilitySource.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {Bounds} from "../math/Bounds.sol";
import {Funding} from "../math/Funding.sol";
import {InterMonth} from "../math/options/InterMonth.sol";
import {PriceGuard} from "../math/PriceGuard.sol";
import {Ramp} from "../types/Ramp.sol";
import {Field} from "../words/Field.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {GuardWord} from "../words/GuardWord.sol";
import {ModuleWord} from "../words/ModuleWord.sol";
import {CollateralWord, FundParametersWord, FundWord, LiquidationWord, MarginWord, TradingWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {VolatilityWord} from "../words/VolatilityWord.sol";

/// @title What governance and guardian may do to the vault's configuration
/// @dev Linked: its code runs in the vault, its size does not count there. Callers are authorised first, through `authorise`.
library ConfigLogic {
    // keccak256("plimsoll.governance.consuming") - 1; nothing else is kept in this slot
    bytes32 private constant CONSUMING_SLOT = 0xdf5eb643ddbc7d5809097e1179c1076f936017ad4a9a4a25163108da11e8d8c9;

    uint256 private constant PPM = 1e6;

    /// @notice Carries out `data`, a call of one of the entries of IVaultGovernance as the vault received it, when the authority lets the
    /// caller make it.
    function configure(VaultState storage $, IAccessManager authority, address settlementToken, bytes calldata data) external {
        bytes4 selector = bytes4(data[0:4]);
        _authorise(authority, selector, data);
        bytes calldata args = data[4:];
        if (selector == IVaultGovernance.setParameter.selector) {
            (Parameter id, uint8 index, uint256 value) = abi.decode(args, (Parameter, uint8, uint256));
            _setParameter($, id, index, value);
        } else if (selector == IVaultGovernance.listUnderlying.selector) {
            _listUnderlying($, abi.decode(args, (UnderlyingListing)));
        } else if (selector == IVaultGovernance.listCollateral.selector) {
            (address token, uint8 underlying, uint256 haircut, uint256 cap) = abi.decode(args, (address, uint8, uint256, uint256));
            _listCollateral($, settlementToken, token, underlying, haircut, cap);
        } else if (selector == IVaultGovernance.setSources.selector) {
            (uint8 underlying, IPriceSource[] memory sources) = abi.decode(args, (uint8, IPriceSource[]));
            _requireUnderlying($, underlying);
            _setSources($, underlying, sources);
        } else if (selector == IVaultGovernance.setRateSource.selector) {
            (uint8 underlying, IFundingRateSource source) = abi.decode(args, (uint8, IFundingRateSource));
            _requireUnderlying($, underlying);
            _setRateSource($, underlying, source);
        } else if (selector == IVaultGovernance.setVolatilitySource.selector) {
            (uint8 underlying, IVolatilitySource source) = abi.decode(args, (uint8, IVolatilitySource));
            _requireUnderlying($, underlying);
            _setVolatilitySource($, underlying, source);
        } else if (selector == IVaultGovernance.listSeries.selector) {
            // carried out by SeriesLogic, which the entry calls next
            _requireUnderlying($, abi.decode(args, (uint8)));
        } else if (selector == IVaultGovernance.setModule.selector) {
            (uint8 index, address module) = abi.decode(args, (uint8, address));
            _setModule($, index, module);
        } else if (selector == IVaultGovernance.liftMeasure.selector) {
            (GuardianMeasure measure, uint8 index) = abi.decode(args, (GuardianMeasure, uint8));
            _liftMeasure($, measure, index);
        } else if (selector == IVaultGovernance.stopOpens.selector) {
            _stopOpens($, abi.decode(args, (uint8)));
        } else if (selector == IVaultGovernance.lowerOpenInterestCap.selector) {
            (uint8 underlying, uint256 lots) = abi.decode(args, (uint8, uint256));
            _lowerOpenInterestCap($, underlying, lots);
        } else if (selector == IVaultGovernance.dropSource.selector) {
            (uint8 underlying, uint8 index) = abi.decode(args, (uint8, uint8));
            _dropSource($, underlying, index);
        } else if (selector == IVaultGovernance.disableModule.selector) {
            _disableModule($, abi.decode(args, (uint8)));
        } else {
            revert IVaultGovernance.CallerNotAllowed(msg.sender, selector);
        }
    }

    // ---------------------------------------------------------------- authority

    /// @dev Passes when the authority lets the caller make the call `data` now, at once or by consuming what it had scheduled.
    function _authorise(IAccessManager authority, bytes4 selector, bytes calldata data) private {
        (bool immediate, uint32 delay) = AuthorityUtils.canCallWithDelay(address(authority), msg.sender, address(this), selector);
        if (immediate) return;
        if (delay == 0) revert IVaultGovernance.CallerNotAllowed(msg.sender, selector);
        // the manager asks back whether this is a consumption, so that nobody else can spend what was scheduled for this vault
        _setConsuming(1);
        authority.consumeScheduledOp(msg.sender, data);
        _setConsuming(0);
    }

    function consuming() internal view returns (bool set) {
        bytes32 slot = CONSUMING_SLOT;
        assembly ("memory-safe") {
            set := tload(slot)
        }
    }

    function _setConsuming(uint256 set) private {
        bytes32 slot = CONSUMING_SLOT;
        assembly ("memory-safe") {
            tstore(slot, set)
        }
    }

    // ---------------------------------------------------------------- parameters

    /// @notice The parameters of the whole vault at construction: the same bounds and inequalities hold, and nothing ramps yet.
    function initialise(VaultState storage $, uint256 marginWord, uint256 liquidationWord, uint256 fundWord) external {
        if (!MarginWord.isSteady(marginWord)) revert IVaultGovernance.WordMalformed(marginWord);
        if (Field.get(liquidationWord, 224, 32) != 0) revert IVaultGovernance.WordMalformed(liquidationWord);
        if (Field.get(fundWord, 216, 40) != 0) revert IVaultGovernance.WordMalformed(fundWord);
        $.marginParameters = marginWord;
        $.liquidationParameters = liquidationWord;
        $.fundParameters = fundWord;
        for (uint256 i; i <= uint256(Parameter.StakeCap); ++i) {
            Parameter id = Parameter(i);
            uint256 value = _valueOf($, id);
            _requireWithin(id, value);
            emit IVaultGovernance.ParameterSet(id, 0, value, block.timestamp);
        }
        _requireConsistent($);
    }

    function _setParameter(VaultState storage $, Parameter id, uint8 index, uint256 value) private {
        if (id <= Parameter.StakeCap) {
            if (index != 0) revert IVaultGovernance.IndexNotZero(id, index);
        } else if (id <= Parameter.Depth) {
            _requireUnderlying($, index);
        } else if (index >= _collateralCount($)) {
            revert IMarginVault.UnknownToken(index);
        }
        if (id == Parameter.TradingAge) _accrueAll($);
        _store($, id, index, value);
        if (id == Parameter.SmallestNotional) _requireLotsSmall($);
        _requireConsistent($);
    }

    /// @notice The least and the most of `Parameter(id)`, and whether it ramps. The type is the enumeration's own in every ABI.
    function bounds(uint8 id) external pure returns (uint256 least, uint256 most, bool ramped) {
        return Bounds.forParameter(Parameter(id));
    }

    function _requireWithin(Parameter id, uint256 value) private pure {
        (uint256 least, uint256 most, ) = Bounds.forParameter(id);
        if (value < least || value > most) revert IMarginVault.ParameterOutOfBounds(uint256(id), value, least, most);
    }

    /// @dev Writes a parameter within its bounds, starting a ramp where it has one.
    function _store(VaultState storage $, Parameter id, uint8 index, uint256 value) private {
        _requireWithin(id, value);
        uint256 effective = block.timestamp;
        if (id <= Parameter.GainLock) {
            $.marginParameters = _marginWith($.marginParameters, id, value);
            if (id <= Parameter.InterMonth) effective += Ramp.DURATION;
        } else if (id <= Parameter.SmallestNotional) {
            $.liquidationParameters = _liquidationWith($.liquidationParameters, id, value);
        } else if (id <= Parameter.StakeCap) {
            $.fundParameters = _fundWith($.fundParameters, id, value);
        } else if (id == Parameter.FundWeight) {
            _setWeight($, index, value);
        } else if (id <= Parameter.FeeCap) {
            $.tradings[index] = _tradingWith($.tradings[index], id, value);
            if (id == Parameter.OpenInterestCap) _limitOpenInterest($, index, value);
        } else if (id <= Parameter.SigmaFloor) {
            $.volatilities[index] = _volatilityWith($.volatilities[index], id, value);
        } else if (id <= Parameter.WidestBand) {
            $.guards[index] = _guardWith($.guards[index], id, value);
        } else if (id == Parameter.Depth) {
            if (_setDepth($, index, value)) effective += Ramp.DURATION;
        } else if (id == Parameter.Haircut) {
            $.collaterals[index] = CollateralWord.withHaircutTarget($.collaterals[index], value);
            effective += Ramp.DURATION;
        } else {
            $.supplies[index] = Field.put($.supplies[index], 128, 128, value);
        }
        emit IVaultGovernance.ParameterSet(id, index, value, effective);
    }

    function _marginWith(uint256 word, Parameter id, uint256 value) private view returns (uint256) {
        if (id == Parameter.Maintenance) return MarginWord.withMaintenanceTarget(MarginWord.rebased(word), value);
        if (id == Parameter.Provision) return MarginWord.withProvisionTarget(MarginWord.rebased(word), value);
        if (id == Parameter.InterMonth) return MarginWord.withInterMonthTarget(MarginWord.rebased(word), value);
        if (id == Parameter.TradingAge) return MarginWord.withTradingAge(word, value);
        if (id == Parameter.LiquidationAge) return MarginWord.withLiquidationAge(word, value);
        if (id == Parameter.OpenInterestCharge) return MarginWord.withOpenInterestCharge(word, value);
        return MarginWord.withGainLock(word, value);
    }

    function _liquidationWith(uint256 word, Parameter id, uint256 value) private pure returns (uint256) {
        if (id == Parameter.Recovery) return LiquidationWord.withRecovery(word, value);
        if (id == Parameter.DiscountMin) return LiquidationWord.withDiscountMin(word, value);
        if (id == Parameter.DiscountMax) return LiquidationWord.withDiscountMax(word, value);
        if (id == Parameter.GrossDiscount) return LiquidationWord.withGrossDiscount(word, value);
        if (id == Parameter.KeeperShare) return LiquidationWord.withKeeperShare(word, value);
        if (id == Parameter.FundShare) return LiquidationWord.withFundShare(word, value);
        if (id == Parameter.Bounty) return LiquidationWord.withBounty(word, value);
        return LiquidationWord.withSmallestNotional(word, value);
    }

    function _fundWith(uint256 word, Parameter id, uint256 value) private pure returns (uint256) {
        if (id == Parameter.TopUp) return FundParametersWord.withTopUp(word, value);
        if (id == Parameter.EpochLength) return FundParametersWord.withEpochLength(word, value);
        if (id == Parameter.ShedTime) return FundParametersWord.withShedTime(word, value);
        if (id == Parameter.ShedStart) return FundParametersWord.withShedStart(word, value);
        if (id == Parameter.FundPerOpenInterest) return FundParametersWord.withFundPerOpenInterest(word, value);
        if (id == Parameter.BountyCap) return FundParametersWord.withBountyCap(word, value);
        return FundParametersWord.withStakeCap(word, value);
    }

    /// @dev A tenth at least is reserved to no underlying: bounties, and accounts that hold nothing, are paid of it. The sum and the number of those without a weight stand beside the cap: a draw
    /// need not read the others.
    function _setWeight(VaultState storage $, uint256 underlying, uint256 ppm) private {
        uint256 state = $.fundAccounts[underlying];
        uint256 parameters = $.fundParameters;
        uint256 before = FundWord.weightPpm(state);
        uint256 sum = FundParametersWord.weights(parameters) - before + ppm;
        if (sum > Bounds.MOST_WEIGHTS) _inconsistent(Parameter.FundWeight);
        uint256 unweighted = FundParametersWord.unweighted(parameters);
        if (before == 0 && ppm != 0) --unweighted;
        else if (before != 0 && ppm == 0) ++unweighted;
        $.fundParameters = FundParametersWord.withWeights(parameters, sum, unweighted);
        $.fundAccounts[underlying] = FundWord.withWeight(state, ppm);
    }

    function _tradingWith(uint256 word, Parameter id, uint256 value) private pure returns (uint256) {
        if (id == Parameter.FillBand) return TradingWord.withFillBand(word, value);
        if (id == Parameter.PositionCap) return TradingWord.withPositionCap(word, value);
        if (id == Parameter.OpenInterestCap) return TradingWord.withOpenInterestCap(word, value);
        return TradingWord.withFeeCap(word, value);
    }

    function _volatilityWith(uint256 word, Parameter id, uint256 value) private pure returns (uint256) {
        if (id == Parameter.RangeMultiple) return VolatilityWord.withMultiple(word, value);
        if (id == Parameter.Horizon) return VolatilityWord.withHorizon(word, value);
        if (id == Parameter.RangeFloor) return VolatilityWord.withRangeFloor(word, value);
        if (id == Parameter.RangeCap) return VolatilityWord.withRangeCap(word, value);
        return VolatilityWord.withSigmaFloor(word, value);
    }

    function _guardWith(uint256 word, Parameter id, uint256 value) private pure returns (uint256) {
        if (id == Parameter.AgreementBand) return GuardWord.withAgreementBand(word, value);
        if (id == Parameter.Band) return GuardWord.withBand(word, value);
        return GuardWord.withWidestBand(word, value);
    }

    /// @dev The cap in force falls at once; it rises only through `refreshOpenInterestCap`, as far as the fund supports it.
    function _limitOpenInterest(VaultState storage $, uint256 underlying, uint256 lots) private {
        uint256 word = $.fundings[underlying];
        if (lots >= FundingWord.cap(word)) return;
        $.fundings[underlying] = FundingWord.withCap(word, lots);
        // casting to uint8 is safe: at most 32 underlyings
        emit IMarginVault.OpenInterestCapSet(uint8(underlying), lots);
    }

    /// @dev Depth divides the size charge: less of it raises margins, so it ramps from what valuations use now. More of it lowers them at once.
    function _setDepth(VaultState storage $, uint256 underlying, uint256 lots) private returns (bool ramps) {
        uint256 word = $.prices[underlying];
        uint256 present = PriceWord.depth(word);
        ramps = lots < present;
        if (ramps) {
            $.guards[underlying] = GuardWord.withDepthRamp($.guards[underlying], present, lots, block.timestamp + Ramp.DURATION);
        } else {
            $.guards[underlying] = GuardWord.withDepthRamp($.guards[underlying], 0, 0, 0);
            // casting to uint40 is safe: Bounds
            $.prices[underlying] = PriceWord.withDepth(word, uint40(lots));
        }
    }

    /// @dev The stored value of a parameter of the whole vault; where one ramps, its target.
    function _valueOf(VaultState storage $, Parameter id) private view returns (uint256) {
        uint256 i = uint256(id);
        if (id <= Parameter.InterMonth) return Field.get($.marginParameters, 24 + 48 * i, 24);
        if (id == Parameter.TradingAge) return MarginWord.tradingAge($.marginParameters);
        if (id == Parameter.LiquidationAge) return MarginWord.liquidationAge($.marginParameters);
        if (id <= Parameter.GainLock) return Field.get($.marginParameters, 208 + 24 * (i - uint256(Parameter.OpenInterestCharge)), 24);
        if (id <= Parameter.FundShare) return Field.get($.liquidationParameters, 24 * (i - uint256(Parameter.Recovery)), 24);
        if (id == Parameter.Bounty) return Field.get($.liquidationParameters, 144, 48);
        if (id == Parameter.SmallestNotional) return Field.get($.liquidationParameters, 192, 32);
        if (id <= Parameter.ShedTime) return Field.get($.fundParameters, 32 * (i - uint256(Parameter.TopUp)), 32);
        if (id <= Parameter.FundPerOpenInterest) return Field.get($.fundParameters, 96 + 24 * (i - uint256(Parameter.ShedStart)), 24);
        if (id == Parameter.BountyCap) return Field.get($.fundParameters, 144, 48);
        return FundParametersWord.stakeCapPpm($.fundParameters);
    }

    // ---------------------------------------------------------------- inequalities

    /// @dev The inequalities between parameters that keep liquidation from being worth anybody's while; each must hold after every change. While one ramps,
    /// its least value under way counts. `ParametersInconsistent` names the parameter on the left. Those that no values
    /// within Bounds can break are not tested: κ > 1 > μ, d_min ≤ μ/2, D_out ≤ (1 − keeper's share)·D_in, extreme multiple · fraction ≤ 1.
    function _requireConsistent(VaultState storage $) private view {
        uint256 margin = $.marginParameters;
        uint256 liquidation = $.liquidationParameters;
        // an old price must not be good enough to liquidate on when it is too old to trade on
        if (MarginWord.liquidationAge(margin) > MarginWord.tradingAge(margin)) _inconsistent(Parameter.LiquidationAge);
        // the discount grows, never shrinks, with distance below the line
        if (LiquidationWord.discountMin(liquidation) > LiquidationWord.discountMax(liquidation)) {
            _inconsistent(Parameter.DiscountMin);
        }
        uint256 count = _underlyingCount($);
        for (uint256 u; u < count; ++u) {
            _requireConsistentUnderlying($, margin, liquidation, u);
        }
        _requireHaircuts($, margin);
    }

    function _requireConsistentUnderlying(VaultState storage $, uint256 margin, uint256 liquidation, uint256 u) private view {
        uint256 volatility = $.volatilities[u];
        uint256 guard = $.guards[u];
        uint256 smallest = _smallest(liquidation);
        if (VolatilityWord.rangeFloorPpb(volatility) > VolatilityWord.rangeCapPpb(volatility)) _inconsistent(Parameter.RangeFloor);
        // two sources may not be allowed farther apart than one may jump alone, nor that farther than the widest
        if (GuardWord.agreementPpm(guard) > GuardWord.widestBandPpm(guard)) _inconsistent(Parameter.AgreementBand);
        if (GuardWord.bandPpm(guard) > GuardWord.widestBandPpm(guard)) _inconsistent(Parameter.Band);

        // a hedge must not need more than its two sides apart: b·(1 + 2) at the longest tenor, where there are tenors, at most twice the range. Beyond it margin is
        // superadditive, and who splits and joins accounts gains
        uint256 steepest = address($.volatilitySources[u]) == address(0) ? 1 : 1 + InterMonth.TENOR_MULTIPLE;
        if (steepest * _interMonthPpm(margin) * 1000 > 2 * _leastRangePpb($, u)) _inconsistent(Parameter.InterMonth);

        // the least IM / G that any account can have is that of a box, or of an option far out of the money: the provision
        uint256 least = _least(MarginWord.provision(margin).raw() / 1e12, MarginWord.provisionTarget(margin));
        uint256 gross = LiquidationWord.grossDiscount(liquidation).raw() / 1e12;
        uint256 fee = TradingWord.feeCapPpm($.tradings[u]);
        // D at the line ≤ μ·IM/2, so that W − D > 0 there and a slice cures; d_min ≤ μ/2 by Bounds, this is c·G
        if (2 * gross * PPM > _least(MarginWord.maintenance(margin).raw() / 1e12, MarginWord.maintenanceTarget(margin)) * least) {
            _inconsistent(Parameter.GrossDiscount);
        }

        // D at the line over G, in 1e-12: the larger of d_min·IM and c·G
        uint256 discount = (LiquidationWord.discountMin(liquidation).raw() / 1e12) * least;
        if (discount < gross * PPM) discount = gross * PPM;
        // who takes his own account by liquidateTo pays the fund α·D: at least what trading out costs in fees
        if ((LiquidationWord.fundShare(liquidation).raw() / 1e12) * discount < fee * PPM * PPM) _inconsistent(Parameter.FeeCap);
        // who lets himself be liquidated and is the keeper pays D less the keeper's share and the bounty: at least fee and half spread. The
        // bounty is one for each position and collateral, and does not grow with it: the least size decides
        uint256 kept = (PPM - LiquidationWord.keeperShare(liquidation).raw() / 1e12) * discount;
        uint256 exit = (fee + Bounds.HALF_SPREAD_PPM) * PPM * PPM;
        // casting to uint256 is safe: an unsigned field
        uint256 bounty = uint256(LiquidationWord.bounty(liquidation).raw());
        // kept and exit in 1e-18 of G, so times smallest (WAD) over 1e18 is WAD
        if (kept < exit || ((kept - exit) * smallest) / 1e18 < bounty) _inconsistent(Parameter.KeeperShare);
    }

    /// @dev A deposit adds its value less the haircut to equity, and to maintenance margin at most μ·(the widest range + provision + the steepest inter-month charge):
    /// what adds less would put an account below its line.
    function _requireHaircuts(VaultState storage $, uint256 margin) private view {
        uint256 count = _collateralCount($);
        uint256 maintenance = _most(MarginWord.maintenance(margin).raw() / 1e12, MarginWord.maintenanceTarget(margin));
        uint256 charges =
            _most(MarginWord.provision(margin).raw() / 1e12, MarginWord.provisionTarget(margin)) +
                (1 + InterMonth.TENOR_MULTIPLE) * _interMonthPpm(margin);
        for (uint256 i; i < count; ++i) {
            uint256 word = $.collaterals[i];
            uint256 u = CollateralWord.underlying(word);
            uint256 range = _most(VolatilityWord.rangeCapPpb($.volatilities[u]), PriceWord.heldRange($.prices[u]).raw() / 1e9);
            uint256 haircut = _most(CollateralWord.haircut(word).raw() / 1e12, CollateralWord.haircutTarget(word));
            if (haircut * PPM + maintenance * ((range + 999) / 1000 + charges) > PPM * PPM) _inconsistent(Parameter.Haircut);
        }
    }

    /// @dev The most that it is while it ramps.
    function _interMonthPpm(uint256 margin) private view returns (uint256) {
        return _most(MarginWord.interMonth(margin).raw() / 1e12, MarginWord.interMonthTarget(margin));
    }

    /// @dev The least scan range that margins of `u` can be at: after the floor was raised the held one is still on its way to it.
    function _leastRangePpb(VaultState storage $, uint256 u) private view returns (uint256) {
        uint256 floor = VolatilityWord.rangeFloorPpb($.volatilities[u]);
        uint256 priceWord = $.prices[u];
        uint256 held = PriceWord.heldRange(priceWord).raw() / 1e9;
        return PriceWord.time(priceWord) != 0 ? _least(held, floor) : floor;
    }

    function _most(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    /// @dev Tested when the smallest account changes, not at every change: a price that rose must not bar governance from everything else.
    function _requireLotsSmall(VaultState storage $) private view {
        uint256 most = _smallest($.liquidationParameters) / Bounds.LOTS_IN_SMALLEST;
        uint256 count = _underlyingCount($);
        for (uint256 u; u < count; ++u) {
            uint256 lotPrice = PriceWord.price($.prices[u]).raw();
            if (lotPrice > most) revert IVaultGovernance.LotTooLarge(u, lotPrice, most);
        }
    }

    function _smallest(uint256 liquidation) private pure returns (uint256) {
        // casting to uint256 is safe: an unsigned field
        return uint256(LiquidationWord.smallestNotional(liquidation).raw());
    }

    function _inconsistent(Parameter id) private pure {
        revert IMarginVault.ParametersInconsistent(uint256(id));
    }

    // ---------------------------------------------------------------- listing

    function _listUnderlying(VaultState storage $, UnderlyingListing memory listing) private {
        uint256 count = _underlyingCount($);
        if (count == Bounds.MAX_UNDERLYINGS) revert IVaultGovernance.TooManyListed(Bounds.MAX_UNDERLYINGS);
        if (listing.lotExponent > Bounds.MAX_LOT_EXPONENT) {
            revert IVaultGovernance.LotExponentTooLarge(listing.lotExponent, Bounds.MAX_LOT_EXPONENT);
        }
        // casting to uint8 is safe: at most 32
        uint8 u = uint8(count);
        uint256 lotPrice = listing.referencePrice / 10 ** listing.lotExponent;
        uint256 largest = _smallest($.liquidationParameters) / Bounds.LOTS_IN_SMALLEST;
        if (lotPrice == 0 || lotPrice > largest) revert IVaultGovernance.LotTooLarge(u, lotPrice, largest);
        $.listed = Field.put($.listed, 0, 8, count + 1);
        $.prices[u] = PriceWord.first(0, listing.lotExponent);
        // the index starts now, at zero; the cap of the open interest at zero, until the fund supports more
        $.fundings[u] = FundingWord.withIndex(0, 0, uint40(block.timestamp));
        uint256 parameters = $.fundParameters;
        $.fundParameters = FundParametersWord.withWeights(
            parameters,
            FundParametersWord.weights(parameters),
            FundParametersWord.unweighted(parameters) + 1
        );
        _store($, Parameter.FundWeight, u, listing.fundWeight);
        _store($, Parameter.FillBand, u, listing.fillBand);
        _store($, Parameter.PositionCap, u, listing.positionCap);
        _store($, Parameter.OpenInterestCap, u, listing.openInterestCap);
        _store($, Parameter.FeeCap, u, listing.feeCap);
        _store($, Parameter.RangeMultiple, u, listing.rangeMultiple);
        _store($, Parameter.Horizon, u, listing.horizon);
        _store($, Parameter.RangeFloor, u, listing.rangeFloor);
        _store($, Parameter.RangeCap, u, listing.rangeCap);
        _store($, Parameter.SigmaFloor, u, listing.sigmaFloor);
        _store($, Parameter.AgreementBand, u, listing.agreementBand);
        _store($, Parameter.Band, u, listing.band);
        _store($, Parameter.WidestBand, u, listing.widestBand);
        _store($, Parameter.Depth, u, listing.depth);
        _setSources($, u, listing.sources);
        _setRateSource($, u, listing.rateSource);
        _requireConsistent($);
        emit IVaultGovernance.UnderlyingListed(u, listing.lotExponent, listing.referencePrice);
    }

    function _listCollateral(
        VaultState storage $,
        address settlementToken,
        address token,
        uint8 underlying,
        uint256 haircut,
        uint256 cap
    ) private {
        uint256 count = _collateralCount($);
        if (count == Bounds.MAX_COLLATERALS) revert IVaultGovernance.TooManyListed(Bounds.MAX_COLLATERALS);
        _requireUnderlying($, underlying);
        if (token == settlementToken) revert IVaultGovernance.TokenIsSettlement(token);
        uint256 beside;
        for (uint256 i; i < count; ++i) {
            uint256 word = $.collaterals[i];
            if (CollateralWord.token(word) == token) revert IVaultGovernance.TokenListed(token, i);
            if (CollateralWord.underlying(word) == underlying) ++beside;
        }
        // the fund account of the underlying must be able to take them all (I-13)
        if (beside == Ledger.MAX_COLLATERALS) revert IVaultGovernance.TooManyListed(Ledger.MAX_COLLATERALS);
        _requireCode(token);
        uint8 decimals = IERC20Metadata(token).decimals();
        if (decimals < Bounds.MIN_DECIMALS || decimals > Bounds.MAX_DECIMALS) {
            revert IVaultGovernance.DecimalsUnsupported(token, decimals);
        }
        // casting to uint8 is safe: at most 32
        uint8 index = uint8(count);
        $.listed = Field.put($.listed, 8, 8, count + 1);
        _requireWithin(Parameter.Haircut, haircut);
        // nobody holds the token yet: its haircut starts where it is meant to be
        $.collaterals[index] = CollateralWord.first(token, decimals, underlying, haircut);
        emit IVaultGovernance.ParameterSet(Parameter.Haircut, index, haircut, block.timestamp);
        _store($, Parameter.SupplyCap, index, cap);
        _requireConsistent($);
        emit IVaultGovernance.CollateralListed(index, token, underlying, decimals);
    }

    function _setSources(VaultState storage $, uint8 underlying, IPriceSource[] memory sources) private {
        uint256 count = sources.length;
        if (count == 0 || count > Bounds.MAX_SOURCES) revert IVaultGovernance.SourceCountInvalid(count, Bounds.MAX_SOURCES);
        for (uint256 i; i < count; ++i) {
            IPriceSource source = sources[i];
            _requireCode(address(source));
            // one source twice would be its own confirmation
            for (uint256 j; j < i; ++j) {
                if (address(sources[j]) == address(source)) revert IVaultGovernance.SourceRepeated(address(source));
            }
            $.sources[underlying][i] = source;
        }
        for (uint256 i = count; i < Bounds.MAX_SOURCES; ++i) {
            delete $.sources[underlying][i];
        }
        uint256 guard = $.guards[underlying];
        uint256 until = _least(GuardWord.droppedUntil(guard), block.timestamp);
        // casting is safe: count is at most three, until at most now
        $.guards[underlying] = GuardWord.withDropped(GuardWord.withSources(guard, uint8(count)), 0, uint40(until));
        // it waits for a source by its index, which may mean another now
        $.pendings[underlying] = 0;
        emit IVaultGovernance.SourcesSet(underlying, sources);
    }

    function _setRateSource(VaultState storage $, uint8 underlying, IFundingRateSource source) private {
        _requireCode(address(source));
        $.rateSources[underlying] = source;
        emit IVaultGovernance.RateSourceSet(underlying, source);
    }

    function _setVolatilitySource(VaultState storage $, uint8 underlying, IVolatilitySource source) private {
        _requireCode(address(source));
        $.volatilitySources[underlying] = source;
        _requireConsistent($);
        emit IVaultGovernance.VolatilitySourceSet(underlying, source);
    }

    function _setModule(VaultState storage $, uint8 index, address module) private {
        if (index >= Bounds.MAX_MODULES) revert IVaultGovernance.ModuleIndexTooLarge(index, Bounds.MAX_MODULES - 1);
        // accounts consented to what is there
        address present = _moduleAt($, index);
        if (present != address(0)) revert IVaultGovernance.ModuleIndexTaken(index, present);
        _requireCode(module);
        // a second index would let it act where the first is disabled or not consented to
        for (uint256 i; i < Bounds.MAX_MODULES; ++i) {
            if (_moduleAt($, i) == module) revert IVaultGovernance.ModuleListed(module, i);
        }
        uint256 word = ModuleWord.first(module);
        // what settles no orders does not answer, or with something else: no `try`, which reverts where an answer cannot be decoded
        (bool answered, bytes memory fees) = module.staticcall(abi.encodeCall(IOrderSettlement.orderFees, ()));
        if (answered && fees.length == 0x40) {
            (uint256 takerFee, int256 makerFee) = abi.decode(fees, (uint256, int256));
            word = ModuleWord.withFees(word, takerFee, makerFee);
        }
        $.modules[index] = word;
        emit IVaultGovernance.ModuleSet(index, module);
    }

    // ---------------------------------------------------------------- guardian

    function _stopOpens(VaultState storage $, uint8 underlying) private {
        _requireUnderlying($, underlying);
        uint256 trading = $.tradings[underlying];
        _requireRested(GuardianMeasure.StopOpens, underlying, TradingWord.stoppedUntil(trading));
        _requireFollows(GuardianMeasure.StopOpens, underlying, TradingWord.guardianCapUntil(trading));
        uint256 until = block.timestamp + Bounds.MEASURE_DURATION;
        $.tradings[underlying] = TradingWord.withStoppedUntil(trading, until);
        // nobody pays for time in which positions cannot be changed freely (H-59)
        uint256 funding = Funding.accrued($.fundings[underlying], $.prices[underlying], MarginWord.tradingAge($.marginParameters));
        $.fundings[underlying] = FundingWord.withRate(funding, 0);
        emit IMarginVault.FundingRateSet(underlying, 0, FundingWord.index(funding));
        emit IVaultGovernance.OpensStopped(underlying, until);
    }

    function _lowerOpenInterestCap(VaultState storage $, uint8 underlying, uint256 lots) private {
        _requireUnderlying($, underlying);
        uint256 trading = $.tradings[underlying];
        uint256 until = TradingWord.guardianCapUntil(trading);
        if (block.timestamp >= until) {
            _requireRested(GuardianMeasure.LowerOpenInterestCap, underlying, until);
            _requireFollows(GuardianMeasure.LowerOpenInterestCap, underlying, TradingWord.stoppedUntil(trading));
            until = block.timestamp + Bounds.MEASURE_DURATION;
            $.tradings[underlying] = TradingWord.withGuardianCapUntil(trading, until);
        }
        uint256 present = FundingWord.cap($.fundings[underlying]);
        if (lots >= present) revert IVaultGovernance.NotLower(lots, present);
        _limitOpenInterest($, underlying, lots);
        emit IVaultGovernance.OpenInterestCapLowered(underlying, lots, until);
    }

    function _dropSource(VaultState storage $, uint8 underlying, uint8 index) private {
        _requireUnderlying($, underlying);
        uint256 guard = $.guards[underlying];
        uint256 count = GuardWord.sources(guard);
        if (index >= count) revert IVaultGovernance.UnknownSource(underlying, index);
        uint256 until = GuardWord.droppedUntil(guard);
        if (block.timestamp >= until) {
            _requireRested(GuardianMeasure.DropSource, underlying, until);
            until = block.timestamp + Bounds.MEASURE_DURATION;
        }
        uint256 mask = GuardWord.dropped(guard, block.timestamp) | (uint256(1) << index);
        // two remain: any price of one left alone would be confirmed within a minute
        if (LibBit.popCount(mask) + PriceGuard.QUORUM > count) revert IVaultGovernance.LastSource(underlying, index);
        // casting is safe: the mask has at most three bits, until is at most a week from now
        $.guards[underlying] = GuardWord.withDropped(guard, uint8(mask), uint40(until));
        emit IVaultGovernance.SourceDropped(underlying, index, until);
    }

    function _disableModule(VaultState storage $, uint8 index) private {
        address module = _moduleAt($, index);
        if (module == address(0)) revert IMarginVault.UnknownModule(index);
        _requireRested(GuardianMeasure.DisableModule, index, ModuleWord.disabledUntil($.modules[index]));
        uint256 until = block.timestamp + Bounds.MEASURE_DURATION;
        $.modules[index] = ModuleWord.withDisabledUntil($.modules[index], until);
        emit IVaultGovernance.ModuleSwitchedOff(index, until);
    }

    /// @dev Ends a measure now: it then rests as if it had lapsed.
    function _liftMeasure(VaultState storage $, GuardianMeasure measure, uint8 index) private {
        if (measure == GuardianMeasure.DisableModule) {
            _requireInForce(measure, index, ModuleWord.disabledUntil($.modules[index]));
            $.modules[index] = ModuleWord.withDisabledUntil($.modules[index], block.timestamp);
        } else if (measure == GuardianMeasure.DropSource) {
            uint256 guard = $.guards[index];
            _requireInForce(measure, index, GuardWord.droppedUntil(guard));
            $.guards[index] = GuardWord.withDropped(guard, 0, uint40(block.timestamp));
        } else if (measure == GuardianMeasure.StopOpens) {
            _requireInForce(measure, index, TradingWord.stoppedUntil($.tradings[index]));
            $.tradings[index] = TradingWord.withStoppedUntil($.tradings[index], block.timestamp);
        } else {
            // the cap itself rises through `refreshOpenInterestCap`
            _requireInForce(measure, index, TradingWord.guardianCapUntil($.tradings[index]));
            $.tradings[index] = TradingWord.withGuardianCapUntil($.tradings[index], block.timestamp);
        }
        emit IVaultGovernance.MeasureLifted(measure, index);
    }

    function _requireInForce(GuardianMeasure measure, uint256 index, uint256 until) private view {
        if (block.timestamp >= until) revert IVaultGovernance.MeasureNotInForce(measure, index);
    }

    /// @dev A measure that ended, or will end, at `until` may be taken again after a rest. Never taken: `until` is zero.
    function _requireRested(GuardianMeasure measure, uint256 index, uint256 until) private view {
        if (until != 0 && block.timestamp < until + Bounds.MEASURE_REST) {
            revert IVaultGovernance.MeasureTooSoon(measure, index, until + Bounds.MEASURE_REST);
        }
    }

    /// @dev Two measures that halt the same thing must not relieve each other for ever: one may begin while the other holds, or rested.
    function _requireFollows(GuardianMeasure measure, uint256 index, uint256 otherUntil) private view {
        if (block.timestamp >= otherUntil) _requireRested(measure, index, otherUntil);
    }

    // ---------------------------------------------------------------- shared

    /// @dev The trading age bounds how long funding runs after a post: what ran under the old one is booked first.
    function _accrueAll(VaultState storage $) private {
        uint256 age = MarginWord.tradingAge($.marginParameters);
        uint256 count = _underlyingCount($);
        for (uint256 u; u < count; ++u) {
            $.fundings[u] = Funding.accrued($.fundings[u], $.prices[u], age);
        }
    }

    function _underlyingCount(VaultState storage $) private view returns (uint256) {
        return Field.get($.listed, 0, 8);
    }

    function _collateralCount(VaultState storage $) private view returns (uint256) {
        return Field.get($.listed, 8, 8);
    }

    function _requireUnderlying(VaultState storage $, uint256 underlying) private view {
        if (underlying >= _underlyingCount($)) revert IMarginVault.UnknownUnderlying(underlying);
    }

    function _moduleAt(VaultState storage $, uint256 index) private view returns (address) {
        return ModuleWord.target($.modules[index]);
    }

    function _requireCode(address account) private view {
        if (account.code.length == 0) revert IVaultGovernance.HasNoCode(account);
    }
}
