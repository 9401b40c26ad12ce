// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SeriesListing} from "../../../contracts/interfaces/IVaultGovernance.sol";
import {MockVolatilitySource} from "../../../contracts/test/prices/MockVolatilitySource.sol";
import {VaultWorld} from "./VaultWorld.sol";

/// @dev The same vault with a source of volatilities for each underlying.
contract SeriesWorld is VaultWorld {
    constructor() {
        for (uint8 u; u < 2; ++u) {
            vault.setVolatilitySource(u, new MockVolatilitySource());
        }
    }

    function listSeries(uint8 underlying, SeriesListing calldata listing) external {
        vault.listSeries(underlying, listing);
    }
}
