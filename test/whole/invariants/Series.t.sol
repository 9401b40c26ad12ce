// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Backers} from "../../../contracts/test/invariants/Backers.sol";
import {Feeds} from "../../../contracts/test/invariants/Feeds.sol";
import {SeriesBooks} from "../../../contracts/test/invariants/SeriesBooks.sol";
import {SeriesHandler} from "../../../contracts/test/invariants/SeriesHandler.sol";
import {deployCode} from "../../../contracts/test/Vm.sol";
import {SeriesWorld} from "./SeriesWorld.sol";
import {TransientProbe} from "./TransientProbe.sol";

/// @dev Stateful fuzz of a vault with options and dated futures; see docs/invariants.md. As in Vault.t.sol the handler asserts, and keeps, what
/// fails.
contract SeriesInvariants {
    /// @dev Trades, moves and what follows from them more often than the rest.
    uint256 internal constant WEIGHTS = 50;

    /// @dev Of the walk: one that meets everything.
    uint256 internal constant SEED = 2;

    SeriesHandler internal handler;

    function setUp() public {
        address world = deployCode(type(SeriesWorld).name, "");
        handler = SeriesHandler(deployCode(type(SeriesHandler).name, abi.encode(world)));
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        FuzzSelector memory all = FuzzSelector(address(handler), new bytes4[](WEIGHTS));
        for (uint256 i; i < WEIGHTS; ++i) {
            all.selectors[i] = _operation(i);
        }
        targets = new FuzzSelector[](1);
        targets[0] = all;
    }

    /// hardhat-config: invariant.runs = 3
    /// hardhat-config: invariant.depth = 60
    function invariant_all() public {
        handler.conserve();
        require(bytes(handler.failure()).length == 0, handler.failure());
    }

    /// @dev A fuzz that does nothing must fail. What needs a crash or an expiry first is counted by `test_everyOperationSucceeds`.
    function afterInvariant() public view {
        if (handler.calls() < 20) return;
        uint256 trades = _successes(SeriesBooks.Verb.Open) + _successes(SeriesBooks.Verb.Combo);
        require(trades > 0, "no trade succeeded");
        require(_successes(SeriesBooks.Verb.Move) > 0, "no price moved");
    }

    /// @dev A walk of fixed seed through all operations; each must have succeeded.
    /// A runner without isolation makes one transaction of it, in which a used price cannot be posted again: then there is nothing to walk.
    /// hardhat-config: isolate = true
    function test_everyOperationSucceeds() public {
        TransientProbe probe = new TransientProbe();
        probe.mark();
        if (probe.marked()) return;
        uint256 seed = SEED;
        for (uint256 i; i < 250; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            bytes4 operation = _operation((seed >> 128) % WEIGHTS);
            _call(operation, seed);
            // keepers look after every move, takers at what the fund has of it
            if (operation != SeriesHandler.move.selector) continue;
            _call(seed % 4 == 0 ? SeriesHandler.liquidateTo.selector : SeriesHandler.liquidate.selector, seed);
            if (seed % 3 == 0) _call(SeriesHandler.shed.selector, seed);
        }
        for (uint256 verb; verb < handler.VERBS(); ++verb) {
            require(handler.successes(verb) > 0, string.concat("without a success: ", _digits(verb), " of", _counts()));
        }
        for (uint256 fault; fault < 3; ++fault) {
            require(handler.faults(fault) > 0, string.concat("fault of the world without a success: ", _digits(fault)));
        }
        // what puts a claim off is a loss, which the walk of Vault.t.sol has
        require(handler.backings(uint256(Backers.Backing.Pay)) > 0, "no claim was paid");
    }

    /// @dev I-8: what settles by the clock while the sequencer is down is paid with no post in between; a walk of `npm run test:deep`, shrunk.
    /// hardhat-config: isolate = true
    function test_whatSettlesInAnOutageIsPaid() public {
        TransientProbe probe = new TransientProbe();
        probe.mark();
        if (probe.marked()) return;
        _call(SeriesHandler.open.selector, 120791056731061213314361942805780696598822130534147394551388292);
        _call(SeriesHandler.expire.selector, 3e18);
        _call(Feeds.outage.selector, 419529300558355673947543488755532591837120804136685840476);
        _call(SeriesHandler.pay.selector, 81088);
        require(_successes(SeriesBooks.Verb.Pay) > 0, "nobody was paid");
    }

    function _call(bytes4 operation, uint256 seed) private {
        (bool done, ) = address(handler).call(abi.encodeWithSelector(operation, seed));
        require(done, "an operation reverted");
        require(bytes(handler.failure()).length == 0, handler.failure());
    }

    function _successes(SeriesBooks.Verb verb) private view returns (uint256) {
        return handler.successes(uint256(verb));
    }

    /// @dev Of `WEIGHTS` places.
    function _operation(uint256 place) private pure returns (bytes4) {
        if (place < 12) return SeriesHandler.open.selector;
        if (place < 18) return SeriesHandler.move.selector;
        if (place < 21) return SeriesHandler.liquidate.selector;
        if (place < 24) return SeriesHandler.liquidateTo.selector;
        if (place == 24) return SeriesHandler.pay.selector;
        if (place < 27) return SeriesHandler.shed.selector;
        if (place < 29) return SeriesHandler.list_.selector;
        if (place == 29) return SeriesHandler.topUp.selector;
        if (place == 30) return SeriesHandler.close.selector;
        if (place == 31) return SeriesHandler.slice.selector;
        if (place == 32) return SeriesHandler.window.selector;
        if (place == 33) return SeriesHandler.expire.selector;
        if (place == 34) return SeriesHandler.settle.selector;
        if (place == 35) return SeriesHandler.deposit.selector;
        if (place < 38) return SeriesHandler.withdraw.selector;
        if (place == 38) return SeriesHandler.perpetual.selector;
        if (place < 41) return SeriesHandler.closeLoser.selector;
        if (place == 41) return SeriesHandler.dust.selector;
        if (place < 44) return SeriesHandler.withhold.selector;
        if (place < 46) return Feeds.sleep.selector;
        if (place == 46) return Feeds.outage.selector;
        if (place == 47) return Feeds.late.selector;
        return Backers.back.selector;
    }

    /// @dev How often each operation succeeded, in the order of SeriesBooks.Verb.
    function _counts() private view returns (string memory all) {
        for (uint256 verb; verb < handler.VERBS(); ++verb) {
            all = string.concat(all, " ", _digits(handler.successes(verb)));
        }
    }

    function _digits(uint256 n) private pure returns (string memory) {
        return string(abi.encodePacked(bytes1(uint8(48 + n / 10)), bytes1(uint8(48 + (n % 10)))));
    }
}
