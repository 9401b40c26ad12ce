// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LANES} from "../../words/RiskWord.sol";

/// @title Seventeen amounts, at the mark and in the sixteen scenarios, without checks of the index and of overflow
/// @dev The scenario is at most 16 wherever these are called, and all are amounts of one account. The checks were a sixth of the bound for opening.
library Lanes {
    function get(int256[LANES] memory lanes, uint256 scenario) internal pure returns (int256 amount) {
        assembly ("memory-safe") {
            amount := mload(add(lanes, shl(5, scenario)))
        }
    }

    function set(int256[LANES] memory lanes, uint256 scenario, int256 amount) internal pure {
        assembly ("memory-safe") {
            mstore(add(lanes, shl(5, scenario)), amount)
        }
    }

    function add(int256[LANES] memory lanes, uint256 scenario, int256 change) internal pure {
        assembly ("memory-safe") {
            let place := add(lanes, shl(5, scenario))
            mstore(place, add(mload(place), change))
        }
    }
}
