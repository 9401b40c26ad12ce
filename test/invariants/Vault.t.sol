// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVaultWorld, VaultHandler} from "../../contracts/test/invariants/VaultHandler.sol";
import {VaultWorld} from "./VaultWorld.sol";

/// @dev Stateful fuzz of the whole vault; see docs/invariants.md. What holds across one call is asserted by the handler, with the number of
/// the invariant; a failed assertion there fails the run, so the profile needs `failOnRevert`.
contract VaultInvariants {
    VaultHandler internal handler;

    function setUp() public {
        handler = new VaultHandler(IVaultWorld(address(new VaultWorld())));
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @dev Trades and prices more often than the rest: without positions nothing else can happen.
    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](24);
        selectors[0] = VaultHandler.trade.selector;
        selectors[1] = VaultHandler.trade.selector;
        selectors[2] = VaultHandler.trade.selector;
        selectors[3] = VaultHandler.trade.selector;
        selectors[4] = VaultHandler.trade.selector;
        selectors[5] = VaultHandler.rise.selector;
        selectors[6] = VaultHandler.rise.selector;
        selectors[7] = VaultHandler.fall.selector;
        selectors[8] = VaultHandler.fall.selector;
        selectors[9] = VaultHandler.liquidate.selector;
        selectors[10] = VaultHandler.liquidate.selector;
        selectors[11] = VaultHandler.liquidate.selector;
        selectors[12] = VaultHandler.liquidateTo.selector;
        selectors[13] = VaultHandler.shed.selector;
        selectors[14] = VaultHandler.deposit.selector;
        selectors[15] = VaultHandler.withdraw.selector;
        selectors[16] = VaultHandler.transfer.selector;
        selectors[17] = VaultHandler.wait_.selector;
        selectors[18] = VaultHandler.rate.selector;
        selectors[19] = VaultHandler.topUp.selector;
        selectors[20] = VaultHandler.declareExchange.selector;
        selectors[21] = VaultHandler.exchange.selector;
        selectors[22] = VaultHandler.ramp.selector;
        selectors[23] = VaultHandler.donate.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function invariant_conservation() public view {
        handler.conserve();
    }

    function invariant_idleMoneyCanLeave() public {
        handler.withdrawIdle();
    }
}
