// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title What the tokens of the zoo share: any decimals, anybody mints. Each animal overrides one habit.
abstract contract ZooToken is ERC20 {
    uint8 private immutable _decimals;

    constructor(string memory name, uint8 tokenDecimals) ERC20(name, name) {
        _decimals = tokenDecimals;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }
}
