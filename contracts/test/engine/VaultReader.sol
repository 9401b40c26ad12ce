// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VaultState} from "../../ledger/VaultStorage.sol";
import {AccountId} from "../../types/AccountId.sol";

/// @dev Put in place of the vault's code for one eth_call, it shows stored words. Its storage is laid out as the vault's.
contract VaultReader {
    VaultState private $;

    /// @dev Base slots: headers, positions, collateral, operators, exchangeSince, prices, samples, pendings, fundings, tradings,
    /// volatilities, guards, fundAccounts, collaterals, supplies, modules, totals, marginParameters, liquidationParameters, fundParameters,
    /// watched, shortfalls, waterLines.
    function slotsOfState() external view returns (uint256[23] memory slots) {
        mapping(AccountId => uint256) storage headers = $.headers;
        mapping(AccountId => mapping(uint256 => uint256)) storage positions = $.positions;
        mapping(AccountId => mapping(uint256 => uint256)) storage collateral = $.collateral;
        mapping(AccountId => mapping(address => uint256)) storage operators = $.operators;
        mapping(AccountId => uint256) storage exchangeSince = $.exchangeSince;
        assembly {
            mstore(slots, headers.slot)
            mstore(add(slots, 0x20), positions.slot)
            mstore(add(slots, 0x40), collateral.slot)
            mstore(add(slots, 0x60), operators.slot)
            mstore(add(slots, 0x80), exchangeSince.slot)
        }
        slots[5] = _slotOf($.prices);
        slots[6] = _slotOf($.samples);
        slots[7] = _slotOf($.pendings);
        slots[8] = _slotOf($.fundings);
        slots[9] = _slotOf($.tradings);
        slots[10] = _slotOf($.volatilities);
        slots[11] = _slotOf($.guards);
        slots[12] = _slotOf($.fundAccounts);
        slots[13] = _slotOf($.collaterals);
        slots[14] = _slotOf($.supplies);
        slots[15] = _slotOf($.modules);
        slots[21] = _slotOf($.shortfalls);
        slots[20] = slots[21] - 1;
        slots[22] = _slotOf($.waterLines);
        // single words follow the last mapping, in this order
        for (uint256 i = 1; i <= 4; ++i) {
            slots[15 + i] = slots[12] + i;
        }
    }

    function _slotOf(mapping(uint256 => uint256) storage map) private pure returns (uint256 slot) {
        assembly {
            slot := map.slot
        }
    }

    /// @dev Takes slots, a word each and nothing before them, and returns what they hold: as few steps a word as there can be, for walks read every
    /// word of every account after each call.
    // solhint-disable-next-line payable-fallback
    fallback() external {
        assembly {
            let size := calldatasize()
            for {
                let at := 0
            } lt(at, size) {
                at := add(at, 0x20)
            } {
                mstore(at, sload(calldataload(at)))
            }
            return(0, size)
        }
    }
}
