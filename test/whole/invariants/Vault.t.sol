// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Backers} from "../../../contracts/test/invariants/Backers.sol";
import {Feeds} from "../../../contracts/test/invariants/Feeds.sol";
import {VaultHandler} from "../../../contracts/test/invariants/VaultHandler.sol";
import {deployCode} from "../../../contracts/test/Vm.sol";
import {TransientProbe} from "./TransientProbe.sol";
import {VaultWorld} from "./VaultWorld.sol";

/// @dev Stateful fuzz of the whole vault; see docs/invariants.md. What holds across one call is asserted by the handler, with the number of
/// the invariant, and kept there.
contract VaultInvariants {
    VaultHandler internal handler;

    function setUp() public {
        address world = deployCode(type(VaultWorld).name, "");
        handler = VaultHandler(deployCode(type(VaultHandler).name, abi.encode(world)));
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
        bytes4[] memory selectors = new bytes4[](31);
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
        selectors[24] = Feeds.sleep.selector;
        selectors[25] = Feeds.sleep.selector;
        selectors[26] = Feeds.outage.selector;
        selectors[27] = Feeds.late.selector;
        selectors[28] = VaultHandler.dust.selector;
        selectors[29] = VaultHandler.closeLoser.selector;
        selectors[30] = Backers.back.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    /// @dev One function for all: the campaign is long, and what it checks costs little.
    /// hardhat-config: invariant.runs = 8
    /// hardhat-config: invariant.depth = 100
    function invariant_all() public {
        handler.conserve();
        handler.withdrawIdle();
        require(bytes(handler.failure()).length == 0, handler.failure());
    }

    /// @dev A fuzz that does nothing must fail: over one run of the campaign the common operations succeed many times. What needs a crash
    /// first is counted by `test_everyOperationSucceeds`.
    function afterInvariant() public view {
        require(handler.calls() < 100 || handler.successes(3) > 0, "no trade succeeded");
        require(handler.calls() < 100 || handler.successes(4) > 0, "no price moved");
    }

    /// @dev A walk of fixed seed through all operations; each must have succeeded.
    /// A runner without isolation makes one transaction of it, in which a used price cannot be posted again: then there is nothing to walk.
    /// hardhat-config: isolate = true
    function test_everyOperationSucceeds() public {
        TransientProbe probe = new TransientProbe();
        probe.mark();
        if (probe.marked()) return;
        for (uint256 round; round < 4; ++round) {
            _crash(round);
        }
        uint256 seed = 1;
        for (uint256 i; i < 120; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            _step(seed);
        }
        for (uint256 verb; verb < handler.VERBS(); ++verb) {
            require(handler.successes(verb) > 0, string.concat("operation without a success: ", _digits(verb)));
        }
        for (uint256 fault; fault < 3; ++fault) {
            require(handler.faults(fault) > 0, string.concat("fault of the world without a success: ", _digits(fault)));
        }
        for (uint256 backing; backing < 5; ++backing) {
            require(handler.backings(backing) > 0, string.concat("step of a backer without a success: ", _digits(backing)));
        }
        require(bytes(handler.failure()).length == 0, handler.failure());
    }

    /// @dev Small accounts take all the leverage they get, one of them against collateral; then the price moves against them.
    function _crash(uint256 round) private {
        uint256 u = round % 2;
        for (uint256 i; i < 3; ++i) {
            handler.deposit(2 + i, i == 2 ? 0 : 1, i == 2 ? 2.9e18 : 2_000e6);
            for (int256 size = 1_900_000; size > 50_000; size = (size * 3) / 4) {
                handler.trade(2 + i, 1, u, size, 15_001, 100);
            }
        }
        handler.liquidateTo(3, 0);
        // a backer asks for a part of his stake, waits, and files his claim an hour before the worst of it: one for no less than it is worth then, one for what
        // there will be
        uint256 backer = round % 2 == 0 ? 36 : 4;
        handler.back(backer);
        handler.back(backer);
        for (uint256 i; i < 6; ++i) {
            handler.fall(u, 200 + 150 * round);
            handler.liquidateTo(2, 0);
            handler.liquidate(3, 0);
            handler.declareExchange(4);
            handler.wait_(600);
            handler.exchange(4, 0, 0, 5);
            handler.liquidate(4, 0);
        }
        handler.back(backer);
        handler.shed(u, 0, 0);
        handler.withdraw(round % 2, 1, 1_000e6);
        handler.transfer(1, 1, 1_000e18);
        handler.donate(1e6 + round);
        handler.rate(u, int256(round) - 2);
    }

    function _step(uint256 seed) private {
        uint256 a = (seed >> 16) & type(uint32).max;
        uint256 b = (seed >> 48) & type(uint32).max;
        uint256 c = (seed >> 80) & type(uint32).max;
        uint256 d = (seed >> 112) & type(uint64).max;
        uint256 verb = seed % 26;
        if (verb < 5) handler.trade(a, b, c, int256(d) * (c % 2 == 0 ? int256(1) : int256(-1)), b, c);
        else if (verb == 5) handler.rise(a, b);
        else if (verb < 8) handler.fall(a, b);
        else if (verb < 11) handler.liquidate(a, b);
        else if (verb == 11) handler.liquidateTo(a, b);
        else if (verb == 12) handler.shed(a, b, c);
        else if (verb == 13) handler.deposit(a, b, d);
        else if (verb == 14) handler.withdraw(a, b, d);
        else if (verb == 15) handler.transfer(a, b, d);
        else if (verb == 16) handler.exchange(a, b, c, d);
        else if (verb == 17) handler.declareExchange(a);
        else if (verb == 18) handler.wait_(a);
        else if (verb == 20) handler.sleep(a);
        else if (verb == 21) handler.outage(a);
        else if (verb == 22) handler.dust(a);
        else if (verb > 23) handler.back(d);
        else if (verb == 23 && b % 2 == 0) handler.late(a);
        else if (verb == 23) handler.closeLoser(a);
        else if (a % 4 == 0) handler.rate(b, int256(c));
        else if (a % 4 == 1) handler.topUp(b);
        else if (a % 4 == 2) handler.ramp(b, c);
        else handler.donate(b);
    }

    function _digits(uint256 n) private pure returns (string memory) {
        return string(abi.encodePacked(bytes1(uint8(48 + n / 10)), bytes1(uint8(48 + (n % 10)))));
    }
}
