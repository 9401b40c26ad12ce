// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DeleverageLogic} from "../actions/DeleverageLogic.sol";
import {ExchangeLogic} from "../actions/ExchangeLogic.sol";
import {FundLogic} from "../actions/FundLogic.sol";
import {LiquidationLogic} from "../actions/LiquidationLogic.sol";
import {SeriesLogic} from "../actions/SeriesLogic.sol";
import {SeriesMoveLogic} from "../actions/SeriesMoveLogic.sol";
import {
    Assessment,
    FundFigures,
    IVaultBooks,
    IVaultExtension,
    OwnerFigures,
    Portfolio,
    QuoteBasis,
    QuoteRequest
} from "../interfaces/IMarginVault.sol";
import {IOrderSettlement} from "../interfaces/IOrderSettlement.sol";
import {IVaultSeries, SeriesFigures, SliceUpdate} from "../interfaces/IVaultSeries.sol";
import {Deficit} from "../ledger/Deficit.sol";
import {SeriesState} from "../ledger/options/SeriesState.sol";
import {Uptime} from "../ledger/Uptime.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountValue} from "../margin/AccountValue.sol";
import {FundValue} from "../margin/FundValue.sol";
import {HealthLogic} from "../margin/HealthLogic.sol";
import {OwnerLogic} from "../margin/OwnerLogic.sol";
import {QuoteLogic} from "../margin/QuoteLogic.sol";
import {Valuation} from "../margin/Valuation.sol";
import {AccountId} from "../types/AccountId.sol";
import {SCOPE_TRADE} from "../types/Action.sol";
import {FIRST_SERIES, underlyingOf, withinUnderlying} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {NonceWord} from "../words/OrderWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {VaultBase} from "./VaultBase.sol";
import {VaultGovernance} from "./VaultGovernance.sol";

/// @title The entries of the vault that are called seldom: its books, valuing views, series and governance
/// @dev The vault hands on to this contract, which never changes, every call that it does not know itself; the code runs in the vault and on its
/// storage. Called at its own address it finds an empty vault. An entry here costs the vault no code, and those beside it no gas.
contract VaultExtension is VaultBase, IVaultExtension, IVaultBooks, IVaultSeries, VaultGovernance {
    using HeaderWord for uint256;

    /// @inheritdoc IVaultExtension
    bytes32 public immutable BUILT_FROM;

    address private immutable SELF;

    constructor(Construction memory c) VaultBase(c) VaultGovernance(c.authority) {
        BUILT_FROM = keccak256(abi.encode(c));
        SELF = address(this);
    }

    // ---------------------------------------------------------------- books

    /// @inheritdoc IVaultBooks
    function constants() external view returns (address, address, uint16, address, uint256, address) {
        return (address(SETTLEMENT_TOKEN), FUND, DEFAULT_MODULES, UPTIME_FEED, UPTIME_GRACE, SELF);
    }

    /// @inheritdoc IVaultBooks
    function headerOf(
        AccountId account
    ) external view returns (Wad cash, uint32 underlyings, uint32 collaterals, uint16 modules, uint32 epoch) {
        uint256 header = $.headers[account];
        return (
            header.cash(),
            uint32(header.underlyings()),
            uint32(header.collaterals()),
            uint16(header.moduleDifference()) ^ DEFAULT_MODULES,
            header.epoch()
        );
    }

    /// @inheritdoc IVaultBooks
    function positionOf(AccountId account, uint8 underlying) external view returns (Lots lots, int256 fundingIndex, Wad entryCost) {
        uint256 word = $.positions[account][underlying];
        return (PositionWord.lots(word), PositionWord.fundingIndex(word), PositionWord.entryCost(word));
    }

    /// @inheritdoc IVaultBooks
    function seriesPositionsOf(
        AccountId account,
        uint8 underlying
    ) external view returns (uint16[] memory, Lots[] memory, uint8[] memory, Wad[] memory) {
        _answer(SeriesMoveLogic.positionsOf($, account, underlying));
    }

    /// @inheritdoc IVaultBooks
    function lotsOf(AccountId account, uint24 instrument) external view returns (Lots) {
        if (instrument < FIRST_SERIES) return PositionWord.lots($.positions[account][instrument]);
        return SeriesMoveLogic.lotsOf($, account, instrument);
    }

    /// @inheritdoc IVaultBooks
    function collateralOf(AccountId account, uint8 token) external view returns (uint256) {
        return $.collateral[account][token];
    }

    /// @inheritdoc IVaultBooks
    function mayAct(AccountId account, address signer, uint8 scope) external view returns (bool) {
        return _mayAct(account, signer, scope);
    }

    /// @inheritdoc IVaultBooks
    function nonceWordOf(AccountId account, uint256 nonceKey) external view returns (uint256) {
        return $.orderNonces[account][nonceKey];
    }

    /// @inheritdoc IVaultBooks
    function totals() external view returns (uint256 settlement, uint256 deficit) {
        return (Deficit.settlement($.totals), Deficit.deficit($.totals));
    }

    /// @inheritdoc IVaultBooks
    function shortfalls() external view returns (uint256 watched, uint256[] memory stored) {
        stored = new uint256[]($.listed & 0xff);
        for (uint256 u; u < stored.length; ++u) {
            stored[u] = $.shortfalls[u];
        }
        return ($.watched, stored);
    }

    /// @inheritdoc IVaultBooks
    function waterLines() external view returns (uint256[] memory words) {
        words = new uint256[]($.listed & 0xff);
        for (uint256 u; u < words.length; ++u) {
            words[u] = $.waterLines[u];
        }
    }

    /// @inheritdoc IVaultBooks
    function shortfall() external view whenUnlocked returns (uint256) {
        return FundLogic.shortfall($, FUND);
    }

    /// @inheritdoc IVaultBooks
    function fundFigures(Ratio part) external view whenUnlocked returns (FundFigures memory f) {
        FundValue.write(f, $, FUND, part);
        uint256 totals_ = $.totals;
        f.settlement = Deficit.settlement(totals_);
        // neither a deficit nor an account to look at
        if (totals_ >> 128 != 0) f.owed = Deficit.deficit(totals_) + FundLogic.shortfall($, FUND);
    }

    /// @inheritdoc IVaultBooks
    function ownerFigures(address owner, bool leaving) external view whenUnlocked returns (OwnerFigures memory) {
        uint256 totals_ = $.totals;
        uint256 owed = totals_ >> 128 == 0 ? 0 : Deficit.deficit(totals_) + FundLogic.shortfall($, FUND);
        _answer(OwnerLogic.figures($, owner, leaving, Deficit.settlement(totals_), owed));
    }

    /// @inheritdoc IVaultBooks
    function quoteBasis(QuoteRequest calldata request) external view returns (QuoteBasis memory) {
        _authorise(request.account, msg.sender, 0);
        _answer(QuoteLogic.basis($, request));
    }

    /// @inheritdoc IVaultBooks
    function underlyingWords(uint8 u) external view returns (uint256[8] memory) {
        return [$.prices[u], $.samples[u], $.pendings[u], $.fundings[u], $.tradings[u], $.volatilities[u], $.guards[u], $.fundAccounts[u]];
    }

    /// @inheritdoc IVaultBooks
    function collateralWords(uint8 token) external view returns (uint256 parameters, uint256 supply) {
        return ($.collaterals[token], $.supplies[token]);
    }

    /// @inheritdoc IVaultBooks
    function parameterWords() external view returns (uint256 margin, uint256 liquidation, uint256 fund, uint256 listed) {
        return ($.marginParameters, $.liquidationParameters, $.fundParameters, $.listed);
    }

    // ---------------------------------------------------------------- seldom called

    /// @inheritdoc IVaultBooks
    function topUpFund(uint8 underlying) external locked {
        FundLogic.topUp($, FUND, underlying);
    }

    /// @inheritdoc IVaultBooks
    function shedFund(uint8 underlying, AccountId taker, Ratio fraction, Wad minimumDiscount) external locked returns (Wad) {
        _authorise(taker, msg.sender, SCOPE_TRADE);
        _requireUp();
        return FundLogic.shed($, FUND, underlying, taker, fraction, minimumDiscount);
    }

    /// @inheritdoc IVaultBooks
    function deleverage(uint8 underlying, AccountId[] calldata accounts) external locked {
        _requireUp();
        DeleverageLogic.deleverage($, FUND, msg.sender, underlying, accounts);
    }

    /// @inheritdoc IVaultBooks
    function cancelNonces(AccountId account, uint256[] calldata nonces) external {
        mapping(uint256 key => uint256) storage words = $.orderNonces[account];
        for (uint256 i; i < nonces.length; ++i) {
            uint256 nonce = nonces[i];
            // what is beyond the bits of a nonce would reach into those of the module's address, and name the words of another
            if (nonce > type(uint40).max) revert IOrderSettlement.NonceTooLarge(nonce);
            uint256 key = NonceWord.keyOf(msg.sender, nonce);
            words[key] = NonceWord.withCancelled(words[key], nonce % NonceWord.NONCES);
        }
    }

    /// @inheritdoc IVaultBooks
    function refreshOpenInterestCap(uint8 underlying) external locked {
        FundLogic.refreshOpenInterestCap($, FUND, underlying);
    }

    /// @inheritdoc IVaultBooks
    function declareExchange(AccountId account) external locked {
        ExchangeLogic.declare($, FUND, account);
    }

    /// @inheritdoc IVaultBooks
    function exchangeCollateral(AccountId account, uint8 token, uint256 amount, AccountId buyer) external locked {
        _authorise(buyer, msg.sender, SCOPE_TRADE);
        _requireUp();
        ExchangeLogic.exchange($, FUND, account, token, amount, buyer);
    }

    /// @inheritdoc IVaultBooks
    function settleExpired(AccountId account, uint8 underlying, uint8 series) external locked {
        SeriesMoveLogic.settleExpired($, account, underlying, series);
        ExchangeLogic.review($, account);
    }

    // ---------------------------------------------------------------- valuing views

    /// @inheritdoc IVaultBooks
    function mayOpenByWords(AccountId account) external view whenUnlocked returns (bool) {
        Valuation.Basis memory basis;
        Valuation.open(basis, $);
        // as the first form of the margin rule asks
        basis.enough = ZERO;
        uint256 header = $.headers[account];
        AccountValue.write(basis.figures, $, account, header, basis);
        return Valuation.bounds(basis.figures, header);
    }

    /// @inheritdoc IVaultBooks
    function portfolioOf(AccountId account) external view whenUnlocked returns (Portfolio memory) {
        _answer(HealthLogic.portfolio($, account));
    }

    /// @inheritdoc IVaultBooks
    function previewLiquidation(
        AccountId account
    ) external view whenUnlocked returns (Ratio fraction, Wad discount, Wad bounty, Assessment memory figures) {
        Uptime.requireUpNow(UPTIME_FEED, UPTIME_GRACE);
        _answer(LiquidationLogic.preview($, FUND, account));
    }

    /// @inheritdoc IVaultBooks
    function mayBeLiquidated(AccountId[] calldata accounts) external view whenUnlocked returns (bool[] memory) {
        _answer(HealthLogic.candidates($, FUND, accounts));
    }

    /// @inheritdoc IVaultBooks
    function deleveragingOf(AccountId account, uint8 underlying) external view whenUnlocked returns (Ratio leverage, Ratio level) {
        return DeleverageLogic.standing($, account, underlying);
    }

    /// @inheritdoc IVaultBooks
    function assess(AccountId account, bool opening) external view whenUnlocked returns (Assessment memory) {
        return HealthLogic.assess($, account, opening);
    }

    // ---------------------------------------------------------------- series

    /// @inheritdoc IVaultSeries
    function postSlices(uint8 underlying, SliceUpdate[] calldata updates) external locked {
        SeriesLogic.postSlices($, underlying, updates);
    }

    /// @inheritdoc IVaultSeries
    function refreshSeries(uint8 underlying, uint8 series) external locked {
        SeriesLogic.refresh($, underlying, series);
    }

    /// @inheritdoc IVaultSeries
    function settleSeries(uint8 underlying, uint8 series) external locked {
        SeriesLogic.settle($, underlying, series);
    }

    /// @inheritdoc IVaultSeries
    function termsOf(uint24 instrument) external view returns (uint256 expiry, Price strike, uint256 lotExponent) {
        uint256 underlying = underlyingOf(instrument);
        lotExponent = PriceWord.lotExponent($.prices[underlying]);
        if (instrument < FIRST_SERIES) return (0, Price.wrap(0), lotExponent);
        (expiry, strike) = SeriesState.termsOf($, underlying, withinUnderlying(instrument));
    }

    /// @inheritdoc IVaultSeries
    function seriesWords(
        uint8 underlying,
        uint8 series
    ) external view returns (uint256 word, uint256 surface, uint256 sliceWord, uint256 average) {
        return ($.series[underlying][series], $.surfaces[underlying][series], $.slices[underlying][series], $.averages[underlying][series]);
    }

    /// @inheritdoc IVaultSeries
    function riskWords(uint8 underlying, uint8 series) external view returns (uint256[] memory) {
        _answer(SeriesLogic.riskWords($, underlying, series));
    }

    /// @inheritdoc IVaultSeries
    function seriesListed(uint8 underlying) external view returns (uint256) {
        return $.seriesListed[underlying];
    }

    /// @inheritdoc IVaultSeries
    function seriesState(uint8 underlying, uint8 series) external view whenUnlocked returns (SeriesFigures memory) {
        _answer(SeriesLogic.figures($, underlying, series));
    }

    // ---------------------------------------------------------------- governance

    function _state() internal view override returns (VaultState storage) {
        return $;
    }

    function _settlementToken() internal view override returns (address) {
        return address(SETTLEMENT_TOKEN);
    }

    function _whenUnlocked() internal view override whenUnlocked {}
}
