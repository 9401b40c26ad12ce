// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @dev Only so that the manager is compiled among our contracts.
contract AccessManagerForTests is AccessManager {
    constructor(address admin) AccessManager(admin) {}
}
