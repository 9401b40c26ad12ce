// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginVault} from "../../interfaces/IMarginVault.sol";

/// @dev Refreshes a series and posts a price in one transaction, either first.
contract RefreshAndPost {
    IMarginVault private immutable VAULT;

    constructor(IMarginVault vault) {
        VAULT = vault;
    }

    function refreshAndPost(uint8 underlying, uint8 series, bytes[] calldata updates) external {
        VAULT.refreshSeries(underlying, series);
        VAULT.postPrice(underlying, updates);
    }

    function postAndRefresh(uint8 underlying, uint8 series, bytes[] calldata updates) external {
        VAULT.postPrice(underlying, updates);
        VAULT.refreshSeries(underlying, series);
    }
}
