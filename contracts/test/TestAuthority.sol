// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @dev An authority whose first admin may call every restricted entry at once.
contract TestAuthority is AccessManager {
    constructor(address admin) AccessManager(admin) {}
}
