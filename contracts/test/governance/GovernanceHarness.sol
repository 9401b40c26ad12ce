// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {ConfigLogic} from "../../actions/ConfigLogic.sol";
import {IMarginVault} from "../../interfaces/IMarginVault.sol";
import {Parameter} from "../../interfaces/IVaultGovernance.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";
import {VaultGovernance} from "../../vault/VaultGovernance.sol";
import {FundingWord} from "../../words/FundingWord.sol";
import {GuardWord} from "../../words/GuardWord.sol";
import {CollateralWord, FundParametersWord, FundWord, LiquidationWord, MarginWord, TradingWord} from "../../words/ParameterWords.sol";
import {PriceWord} from "../../words/PriceWord.sol";
import {VolatilityWord} from "../../words/VolatilityWord.sol";

/// @dev The governance entries over a bare state, with the raw words to look at and to plant.
contract GovernanceHarness is VaultGovernance {
    VaultState private $;
    address public settlementToken;
    bool public locked;

    constructor(IAccessManager accessManager, address settlement, uint256[3] memory words) VaultGovernance(accessManager) {
        settlementToken = settlement;
        ConfigLogic.initialise($, words[0], words[1], words[2]);
    }

    function _state() internal view override returns (VaultState storage) {
        return $;
    }

    function _whenUnlocked() internal view override {
        if (locked) revert IMarginVault.Locked();
    }

    function _settlementToken() internal view override returns (address) {
        return settlementToken;
    }

    function setLocked(bool value) external {
        locked = value;
    }

    function plantPrice(uint256 underlying, uint256 word) external {
        $.prices[underlying] = word;
    }

    function plantFunding(uint256 underlying, uint256 word) external {
        $.fundings[underlying] = word;
    }

    function plantPending(uint256 underlying, uint256 word) external {
        $.pendings[underlying] = word;
    }

    function underlyingWords(uint8 u) external view returns (uint256[8] memory) {
        return [$.prices[u], $.samples[u], $.pendings[u], $.fundings[u], $.tradings[u], $.volatilities[u], $.guards[u], $.fundAccounts[u]];
    }

    function collateralWords(uint8 token) external view returns (uint256 parameters, uint256 supply) {
        return ($.collaterals[token], $.supplies[token]);
    }

    function parameterWords() external view returns (uint256 margin, uint256 liquidation, uint256 fund, uint256 listed) {
        return ($.marginParameters, $.liquidationParameters, $.fundParameters, $.listed);
    }

    function moduleWord(uint256 index) external view returns (uint256) {
        return $.modules[index];
    }

    function sourceOf(uint256 underlying, uint256 index) external view returns (address) {
        return address($.sources[underlying][index]);
    }

    function rateSourceOf(uint256 underlying) external view returns (address) {
        return address($.rateSources[underlying]);
    }

    /// @dev The three margin ratios now, WAD.
    function marginRatios() external view returns (uint256 maintenance, uint256 provision, uint256 interMonth) {
        uint256 word = $.marginParameters;
        return (MarginWord.maintenance(word).raw(), MarginWord.provision(word).raw(), MarginWord.interMonth(word).raw());
    }

    function haircut(uint8 token) external view returns (uint256) {
        return CollateralWord.haircut($.collaterals[token]).raw();
    }

    /// @dev A parameter as the rest of the vault reads it, through the words' getters, in the unit of `Parameter`.
    function read(Parameter id, uint8 i) external view returns (uint256) {
        uint256 m = $.marginParameters;
        uint256 l = $.liquidationParameters;
        uint256 f = $.fundParameters;
        if (id == Parameter.Maintenance) return _ppm(MarginWord.maintenance(m));
        if (id == Parameter.Provision) return _ppm(MarginWord.provision(m));
        if (id == Parameter.InterMonth) return _ppm(MarginWord.interMonth(m));
        if (id == Parameter.TradingAge) return MarginWord.tradingAge(m);
        if (id == Parameter.LiquidationAge) return MarginWord.liquidationAge(m);
        if (id == Parameter.OpenInterestCharge) return _ppm(MarginWord.openInterestCharge(m));
        if (id == Parameter.GainLock) return _ppm(MarginWord.gainLock(m));
        if (id == Parameter.Recovery) return _ppm(LiquidationWord.recovery(l));
        if (id == Parameter.DiscountMin) return _ppm(LiquidationWord.discountMin(l));
        if (id == Parameter.DiscountMax) return _ppm(LiquidationWord.discountMax(l));
        if (id == Parameter.GrossDiscount) return _ppm(LiquidationWord.grossDiscount(l));
        if (id == Parameter.KeeperShare) return _ppm(LiquidationWord.keeperShare(l));
        if (id == Parameter.FundShare) return _ppm(LiquidationWord.fundShare(l));
        if (id == Parameter.Bounty) return _amount(LiquidationWord.bounty(l), 1e14);
        if (id == Parameter.SmallestNotional) return _amount(LiquidationWord.smallestNotional(l), 1e18);
        if (id == Parameter.TopUp) return FundParametersWord.topUpPpm(f);
        if (id == Parameter.EpochLength) return FundParametersWord.epochLength(f);
        if (id == Parameter.ShedTime) return FundParametersWord.shedTime(f);
        if (id == Parameter.ShedStart) return _ppm(FundParametersWord.shedStart(f));
        if (id == Parameter.FundPerOpenInterest) return _ppm(FundParametersWord.fundPerOpenInterest(f));
        if (id == Parameter.BountyCap) return _amount(FundParametersWord.bountyCap(f), 1e14);
        if (id == Parameter.StakeCap) return FundParametersWord.stakeCapPpm(f);
        if (id == Parameter.FundWeight) return FundWord.weightPpm($.fundAccounts[i]);
        if (id == Parameter.FillBand) return TradingWord.fillBandPpm($.tradings[i]);
        if (id == Parameter.PositionCap) return TradingWord.positionCap($.tradings[i]);
        if (id == Parameter.OpenInterestCap) return TradingWord.openInterestCap($.tradings[i]);
        if (id == Parameter.FeeCap) return TradingWord.feeCapPpm($.tradings[i]);
        if (id == Parameter.RangeMultiple) return VolatilityWord.multiplePpm($.volatilities[i]);
        if (id == Parameter.Horizon) return VolatilityWord.horizon($.volatilities[i]);
        if (id == Parameter.RangeFloor) return VolatilityWord.rangeFloorPpb($.volatilities[i]);
        if (id == Parameter.RangeCap) return VolatilityWord.rangeCapPpb($.volatilities[i]);
        if (id == Parameter.SigmaFloor) return VolatilityWord.sigmaFloorPpm($.volatilities[i]);
        if (id == Parameter.AgreementBand) return GuardWord.agreementPpm($.guards[i]);
        if (id == Parameter.Band) return GuardWord.bandPpm($.guards[i]);
        if (id == Parameter.WidestBand) return GuardWord.widestBandPpm($.guards[i]);
        if (id == Parameter.Depth) return GuardWord.depthAtPost($.guards[i], PriceWord.depth($.prices[i]));
        if (id == Parameter.Haircut) return _ppm(CollateralWord.haircut($.collaterals[i]));
        return $.supplies[i] >> 128;
    }

    /// @dev What the guardian's measures have left, as the rest of the vault reads it.
    function measures(
        uint8 underlying
    )
        external
        view
        returns (uint256 stoppedUntil, uint256 capUntil, uint256 cap, uint256 droppedMask, int256 rate, int256 index, uint256 indexTime)
    {
        uint256 funding = $.fundings[underlying];
        return (
            TradingWord.stoppedUntil($.tradings[underlying]),
            TradingWord.guardianCapUntil($.tradings[underlying]),
            FundingWord.cap(funding),
            GuardWord.dropped($.guards[underlying], block.timestamp),
            FundingWord.rate(funding),
            FundingWord.index(funding),
            FundingWord.time(funding)
        );
    }

    function _ppm(Ratio ratio) private pure returns (uint256) {
        return ratio.raw() / 1e12;
    }

    function _amount(Wad amount, uint256 unit) private pure returns (uint256) {
        return uint256(amount.raw()) / unit;
    }
}
