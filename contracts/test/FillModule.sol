// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IModule} from "../interfaces/IModule.sol";
import {Fill, TradeContext} from "../types/Fill.sol";

/// @dev A module that proposes whatever fills it is told, for trades without signatures. `data` is abi.encode(Fill[]).
contract FillModule is IModule {
    address private immutable VAULT;

    constructor(address vault) {
        VAULT = vault;
    }

    function trade(TradeContext calldata, bytes calldata data) external view returns (Fill[] memory fills) {
        if (msg.sender != VAULT) revert CallerNotVault(msg.sender);
        return abi.decode(data, (Fill[]));
    }
}
