// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IFundingRateSource} from "./interfaces/IFundingRateSource.sol";
import {IPriceSource} from "./interfaces/IPriceSource.sol";
import {GuardianMeasure, IVaultGovernance, Parameter, UnderlyingListing} from "./interfaces/IVaultGovernance.sol";
import {ConfigLogic} from "./logic/ConfigLogic.sol";
import {VaultState} from "./VaultStorage.sol";

/// @title The vault's entries for governance and guardian: who may call is the authority's matter, what they may do ConfigLogic's
abstract contract VaultGovernance is IVaultGovernance {
    /// @dev Unlike OpenZeppelin's AccessManaged there is no setAuthority: the delays promised at deployment cannot be stepped around.
    IAccessManager public immutable AUTHORITY;

    modifier restricted() {
        _restricted();
        _;
    }

    constructor(IAccessManager accessManager) {
        if (address(accessManager).code.length == 0) revert AuthorityHasNoCode(address(accessManager));
        AUTHORITY = accessManager;
    }

    /// @dev To be called once, by the constructor of the vault.
    function _initialise(uint256 marginWord, uint256 liquidationWord, uint256 fundWord) internal {
        ConfigLogic.initialise(_state(), marginWord, liquidationWord, fundWord);
    }

    function _restricted() private {
        _whenUnlocked();
        ConfigLogic.authorise(AUTHORITY, msg.data);
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
    function listUnderlying(UnderlyingListing calldata listing) external restricted {
        ConfigLogic.listUnderlying(_state(), listing);
    }

    /// @inheritdoc IVaultGovernance
    function listCollateral(address token, uint8 underlying, uint256 haircut, uint256 cap) external restricted {
        ConfigLogic.listCollateral(_state(), _settlementToken(), token, underlying, haircut, cap);
    }

    /// @inheritdoc IVaultGovernance
    function setParameter(Parameter id, uint8 index, uint256 value) external restricted {
        ConfigLogic.setParameter(_state(), id, index, value);
    }

    /// @inheritdoc IVaultGovernance
    function setModule(uint8 index, address module) external restricted {
        ConfigLogic.setModule(_state(), index, module);
    }

    /// @inheritdoc IVaultGovernance
    function setSources(uint8 underlying, IPriceSource[] calldata sources) external restricted {
        ConfigLogic.setSources(_state(), underlying, sources);
    }

    /// @inheritdoc IVaultGovernance
    function setRateSource(uint8 underlying, IFundingRateSource source) external restricted {
        ConfigLogic.setRateSource(_state(), underlying, source);
    }

    /// @inheritdoc IVaultGovernance
    function liftMeasure(GuardianMeasure measure, uint8 index) external restricted {
        ConfigLogic.liftMeasure(_state(), measure, index);
    }

    // ---------------------------------------------------------------- guardian

    /// @inheritdoc IVaultGovernance
    function stopOpens(uint8 underlying) external restricted {
        ConfigLogic.stopOpens(_state(), underlying);
    }

    /// @inheritdoc IVaultGovernance
    function lowerOpenInterestCap(uint8 underlying, uint256 lots) external restricted {
        ConfigLogic.lowerOpenInterestCap(_state(), underlying, lots);
    }

    /// @inheritdoc IVaultGovernance
    function dropSource(uint8 underlying, uint8 index) external restricted {
        ConfigLogic.dropSource(_state(), underlying, index);
    }

    /// @inheritdoc IVaultGovernance
    function disableModule(uint8 index) external restricted {
        ConfigLogic.disableModule(_state(), index);
    }
}
