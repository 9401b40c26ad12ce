// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IMarginVault} from "../../interfaces/IMarginVault.sol";
import {VaultGovernance} from "../../VaultGovernance.sol";
import {VaultState} from "../../VaultStorage.sol";
import {CollateralWord, MarginWord} from "../../words/ParameterWords.sol";

/// @dev The governance entries over a bare state, with the raw words to look at and to plant.
contract GovernanceHarness is VaultGovernance {
    VaultState private $;
    address public settlementToken;
    bool public locked;

    constructor(IAccessManager accessManager, address settlement, uint256[3] memory words) VaultGovernance(accessManager) {
        settlementToken = settlement;
        _initialise(words[0], words[1], words[2]);
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
        return [
            $.prices[u],
            $.samples[u],
            $.pendings[u],
            $.fundings[u],
            $.tradings[u],
            $.volatilities[u],
            $.guards[u],
            $.fundAccounts[u]
        ];
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
}
