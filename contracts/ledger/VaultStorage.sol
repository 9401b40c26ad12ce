// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFundingRateSource} from "../interfaces/IFundingRateSource.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {IVolatilitySource} from "../interfaces/IVolatilitySource.sol";
import {AccountId} from "../types/AccountId.sol";

/// @dev Everything the vault stores. Packed words are written and read whole, through the libraries of `words/`, which document their bits.
struct VaultState {
    // accounts
    mapping(AccountId account => uint256) headers; // HeaderWord
    mapping(AccountId account => mapping(uint256 underlying => uint256)) positions; // PositionWord
    mapping(AccountId account => mapping(uint256 token => uint256)) collateral; // WAD of the token
    mapping(AccountId account => mapping(address operator => uint256)) operators; // scope 8 | expiry 40
    mapping(AccountId account => uint256) exchangeSince; // unix seconds since settled cash is short, 0 when not declared
    // underlyings
    mapping(uint256 underlying => uint256) prices; // PriceWord
    mapping(uint256 underlying => uint256) samples; // SampleWord
    mapping(uint256 underlying => uint256) pendings; // PendingWord
    mapping(uint256 underlying => uint256) fundings; // FundingWord
    mapping(uint256 underlying => uint256) tradings; // TradingWord
    mapping(uint256 underlying => uint256) volatilities; // VolatilityWord
    mapping(uint256 underlying => uint256) guards; // GuardWord
    mapping(uint256 underlying => mapping(uint256 index => IPriceSource)) sources;
    mapping(uint256 underlying => IFundingRateSource) rateSources;
    // collateral tokens
    mapping(uint256 token => uint256) collaterals; // CollateralWord
    mapping(uint256 token => uint256) supplies; // total held 128 (WAD) | cap 128 (WAD)
    // modules
    mapping(uint256 module => uint256) modules; // address 160 | disabled until 40
    // fund accounts, one an underlying
    mapping(uint256 underlying => uint256) fundAccounts; // FundWord
    // the whole vault
    uint256 totals; // settlement tokens of the ledger 128 (WAD) | deficit 127 (WAD) | fund accounts are watched 1
    uint256 marginParameters; // MarginWord
    uint256 liquidationParameters; // LiquidationWord
    uint256 fundParameters; // FundParametersWord
    uint256 listed; // underlyings 8 | collateral tokens 8
    // series of options and dated futures, by their number from 1 on; instruments as types/Instrument.sol has them
    mapping(uint256 underlying => uint256) seriesListed; // a bit a series
    mapping(uint256 underlying => mapping(uint256 series => uint256)) series; // SeriesWord
    mapping(uint256 underlying => mapping(uint256 series => uint256)) surfaces; // SurfaceWord
    mapping(uint256 underlying => mapping(uint256 series => uint256)) slices; // SviWord
    mapping(uint256 underlying => mapping(uint256 series => uint256)) averages; // AverageWord
    mapping(uint256 underlying => uint256[1 << 15]) risks; // RiskWord, of a strike, at its `Instrument.wordKey`
    mapping(uint256 underlying => IVolatilitySource) volatilitySources;
    mapping(AccountId account => mapping(uint256 underlying => mapping(uint256 place => uint256))) seriesPositions; // SeriesPositionsWord
    mapping(AccountId account => mapping(uint256 underlying => mapping(uint256 series => int256))) futureCosts; // WAD, of a dated future
    // fund accounts that have used up their caps
    uint256 watched; // a bit an underlying
    mapping(uint256 underlying => uint256) shortfalls; // WAD below zero beyond the cap, when last looked at
    // signed orders
    mapping(AccountId account => mapping(uint256 key => uint256)) orderNonces; // NonceWord, by module and nonce: NonceWord.keyOf
    // fund accounts that hold more than their margin bears
    mapping(uint256 underlying => uint256) waterLines; // WaterLineWord
}
