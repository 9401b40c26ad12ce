// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {ConfigLogic} from "../actions/ConfigLogic.sol";
import {SeriesLogic} from "../actions/SeriesLogic.sol";
import {IFundingRateSource} from "../interfaces/IFundingRateSource.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {GuardianMeasure, IVaultGovernance, Parameter, SeriesListing, UnderlyingListing} from "../interfaces/IVaultGovernance.sol";
import {IVolatilitySource} from "../interfaces/IVolatilitySource.sol";
import {VaultState} from "../ledger/VaultStorage.sol";

/// @title The vault's entries for governance and guardian: who may call is the authority's matter, what they may do ConfigLogic's
abstract contract VaultGovernance is IVaultGovernance {
    /// @dev Unlike OpenZeppelin's AccessManaged there is no setAuthority: the delays promised at deployment cannot be stepped around.
    IAccessManager private immutable AUTHORITY;

    constructor(IAccessManager accessManager) {
        if (address(accessManager).code.length == 0) revert AuthorityHasNoCode(address(accessManager));
        AUTHORITY = accessManager;
    }

    /// @dev Hands the call on as it came: authorised, decoded and carried out by ConfigLogic, whose size does not count here.
    function _configure() private {
        _whenUnlocked();
        ConfigLogic.configure(_state(), AUTHORITY, _settlementToken(), msg.data);
    }

    function _state() internal view virtual returns (VaultState storage);

    function _whenUnlocked() internal view virtual;

    function _settlementToken() internal view virtual returns (address);

    // ---------------------------------------------------------------- authority

    /// @inheritdoc IVaultGovernance
    function authority() external view returns (address) {
        return address(AUTHORITY);
    }

    /// @inheritdoc IVaultGovernance
    function isConsumingScheduledOp() external view returns (bytes4) {
        return ConfigLogic.consuming() ? IVaultGovernance.isConsumingScheduledOp.selector : bytes4(0);
    }

    // ---------------------------------------------------------------- governance

    /// @inheritdoc IVaultGovernance
    function listUnderlying(UnderlyingListing calldata) external {
        _configure();
    }

    /// @inheritdoc IVaultGovernance
    function listCollateral(address, uint8, uint256, uint256) external {
        _configure();
    }

    /// @inheritdoc IVaultGovernance
    function setParameter(Parameter, uint8, uint256) external {
        _configure();
    }

    /// @inheritdoc IVaultGovernance
    function setModule(uint8, address) external {
        _configure();
    }

    /// @inheritdoc IVaultGovernance
    function setSources(uint8, IPriceSource[] calldata) external {
        _configure();
    }

    /// @inheritdoc IVaultGovernance
    function setRateSource(uint8, IFundingRateSource) external {
        _configure();
    }

    /// @inheritdoc IVaultGovernance
    function setVolatilitySource(uint8, IVolatilitySource) external {
        _configure();
    }

    /// @inheritdoc IVaultGovernance
    /// @dev What prices options stays out of ConfigLogic, and of all that is compiled with it.
    function listSeries(uint8 underlying, SeriesListing calldata listing) external {
        _configure();
        SeriesLogic.list(_state(), underlying, listing);
    }

    /// @inheritdoc IVaultGovernance
    function liftMeasure(GuardianMeasure, uint8) external {
        _configure();
    }

    // ---------------------------------------------------------------- guardian

    /// @inheritdoc IVaultGovernance
    function stopOpens(uint8) external {
        _configure();
    }

    /// @inheritdoc IVaultGovernance
    function lowerOpenInterestCap(uint8, uint256) external {
        _configure();
    }

    /// @inheritdoc IVaultGovernance
    function dropSource(uint8, uint8) external {
        _configure();
    }

    /// @inheritdoc IVaultGovernance
    function disableModule(uint8) external {
        _configure();
    }
}
