// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVolatilitySource} from "../../interfaces/IVolatilitySource.sol";

/// @dev A volatility source that says of every series what the update says, or the last one did.
contract MockVolatilitySource is IVolatilitySource {
    mapping(uint256 expiry => Report) private _reports;

    function report(uint8, uint256 expiry, bytes calldata update) external returns (Report memory) {
        if (update.length != 0) _reports[expiry] = abi.decode(update, (Report));
        return _reports[expiry];
    }
}
