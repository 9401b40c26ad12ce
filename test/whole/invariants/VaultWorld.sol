// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IInsuranceFund} from "../../../contracts/interfaces/IInsuranceFund.sol";
import {IMarginVault} from "../../../contracts/interfaces/IMarginVault.sol";
import {IPriceSource} from "../../../contracts/interfaces/IPriceSource.sol";
import {Parameter, UnderlyingListing} from "../../../contracts/interfaces/IVaultGovernance.sol";
import {FaucetToken} from "../../../contracts/test/FaucetToken.sol";
import {FillModule} from "../../../contracts/test/FillModule.sol";
import {MockFeed, MockPushSource, MockRateSource, MockSource} from "../../../contracts/test/prices/PriceMocks.sol";
import {VaultBase} from "../../../contracts/vault/VaultBase.sol";
import {deployCode, vm} from "../../../contracts/test/Vm.sol";

/// @dev A whole vault with two underlyings, two collateral tokens, a module that fills as told and an insurance fund. What ships is deployed from its
/// own artifacts: the very code, and nothing of it is compiled once more.
contract VaultWorld {
    IMarginVault public vault;
    IInsuranceFund public fund;
    FaucetToken public settlement;
    FaucetToken[2] public collaterals;
    MockSource public source; // of the first underlying, brought by who posts
    MockPushSource public push; // of the second, read
    MockFeed public uptime;
    MockRateSource public rates;
    FillModule public fills;

    constructor() {
        vm.warp(1_700_000_000);
        settlement = new FaucetToken("Dollar", "USD", 6);
        collaterals[0] = new FaucetToken("Ether", "ETH", 18);
        collaterals[1] = new FaucetToken("Bitcoin", "BTC", 8);
        rates = new MockRateSource();
        source = new MockSource();
        push = new MockPushSource();
        uptime = new MockFeed(0);
        uptime.set(0, block.timestamp - 1 days);
        VaultBase.Construction memory c;
        c.authority = AccessManager(deployCode(type(AccessManager).name, abi.encode(this)));
        c.settlementToken = IERC20Metadata(address(settlement));
        fund = IInsuranceFund(deployCode("InsuranceFund", abi.encode(settlement, "Stake", "STAKE")));
        c.fund = address(fund);
        c.defaultModules = 1;
        c.uptimeFeed = address(uptime);
        c.uptimeGrace = 10 minutes;
        c.marginParameters =
            _pair(800_000, 0) |
            _pair(5_000, 48) |
            _pair(17_500, 96) |
            (600 << 184) |
            (60 << 200) |
            (50_000 << 208) |
            (250_000 << 232);
        c.liquidationParameters =
            1_050_000 |
            (50_000 << 24) |
            (200_000 << 48) |
            (2_000 << 72) |
            (300_000 << 96) |
            (250_000 << 120) |
            (500 << 144) |
            (100 << 192);
        c.fundParameters =
            250_000 |
            (1 days << 32) |
            (600 << 64) |
            (250_000 << 96) |
            (100_000 << 120) |
            (10_000_000 << 144) |
            (500_000 << 192);
        vault = IMarginVault(deployCode("MarginVault", abi.encode(c, deployCode("VaultExtension", abi.encode(c)))));
        fund.bindVault(vault);
        fills = new FillModule(address(vault));
        vault.setModule(0, address(fills));
        uint256[2] memory prices = [uint256(2_000e18), 40_000e18];
        for (uint8 u; u < 2; ++u) {
            UnderlyingListing memory listing;
            listing.lotExponent = u == 0 ? 5 : 6;
            listing.referencePrice = prices[u];
            listing.fillBand = 20_000;
            listing.positionCap = 1 << 40;
            listing.openInterestCap = 1 << 43;
            listing.feeCap = 500;
            listing.rangeMultiple = 5_300_000;
            listing.horizon = 4 hours;
            listing.rangeFloor = 50_000_000;
            listing.rangeCap = 350_000_000;
            listing.sigmaFloor = 300_000;
            listing.agreementBand = 5_000;
            listing.band = 200_000;
            listing.widestBand = 500_000;
            listing.depth = u == 0 ? 50_000_000 : 25_000_000;
            listing.sources = new IPriceSource[](1);
            listing.sources[0] = u == 0 ? IPriceSource(source) : IPriceSource(push);
            listing.rateSource = rates;
            vault.listUnderlying(listing);
            vault.listCollateral(address(collaterals[u]), u, u == 0 ? 100_000 : 150_000, 1e27);
        }
    }

    function setParameter(Parameter id, uint8 index, uint256 value) external {
        vault.setParameter(id, index, value);
    }

    function _pair(uint256 value, uint256 offset) internal pure returns (uint256) {
        return (value << offset) | (value << (offset + 24));
    }
}
