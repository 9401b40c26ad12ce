// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "../Vm.sol";
import {Portfolio} from "../../interfaces/IMarginVault.sol";
import {AccountId} from "../../types/AccountId.sol";
import {PriceWord} from "../../words/PriceWord.sol";
import {MockFeed} from "../prices/PriceMocks.sol";
import {Actors} from "./Actors.sol";

/// @dev Sources that fall silent, prices that are posted late, and a sequencer that stops.
abstract contract Feeds is Actors {
    uint256 internal constant GRACE = 10 minutes; // as VaultWorld has it

    enum Fault {
        Sleep,
        Outage,
        Late
    }

    bool[4] public asleep; // tells nothing new: of each underlying its price, then its volatility
    uint256[3] public faults;

    /// @dev A source falls silent, or wakes. What others do goes on at what it said last.
    function sleep(uint256 feed) external {
        uint256 i = feed % _feeds();
        asleep[i] = !asleep[i] && (feed / 4) % 4 == 0;
        ++faults[uint256(Fault.Sleep)];
    }

    /// @dev The sequencer goes down, most often to come back after minutes and begin its grace period.
    function outage(uint256 seed) external {
        MockFeed uptime = world.uptime();
        bool back = uptime.answer() != 0;
        if (!back) {
            uptime.set(1, _time());
            back = seed % 6 != 0;
            if (back) vm.warp(_time() + (seed % 40 minutes));
        }
        if (back) uptime.set(0, _time());
        ++faults[uint256(Fault.Outage)];
    }

    /// @dev A price that was signed a while ago and that nobody had posted.
    function late(uint256 part) external {
        uint256 last = PriceWord.time(vault.underlyingWords(0)[0]);
        bytes[] memory updates = new bytes[](1);
        updates[0] = abi.encode(prices[0], last + ((_time() - last) * (part % 100)) / 100, true);
        vault.postPrice(0, updates);
        uint256 now_ = PriceWord.time(vault.underlyingWords(0)[0]);
        _expect(now_ >= last && now_ <= _time(), "I-26 price");
        _hold();
        ++faults[uint256(Fault.Late)];
    }

    /// @dev A market that moves is one whose sources speak, on a sequencer that runs.
    function _wake(uint256 u) internal {
        (asleep[u], asleep[UNDERLYINGS + u]) = (false, false);
        if (world.uptime().answer() != 0) world.uptime().set(0, _time());
    }

    function _feeds() internal pure virtual returns (uint256) {
        return UNDERLYINGS;
    }

    /// @dev Brings every price up to this block whose source is awake.
    function _refresh() internal virtual {
        for (uint8 u; u < UNDERLYINGS; ++u) {
            if (!asleep[u] && PriceWord.time(vault.underlyingWords(u)[0]) < _time()) _post(u);
        }
    }

    function _isDown() internal view returns (bool) {
        MockFeed uptime = world.uptime();
        return uptime.answer() != 0 || _time() < uptime.startedAt() + GRACE;
    }

    /// @dev Whether a price that the account is valued with is in doubt.
    function _doubtful(AccountId id) internal view returns (bool) {
        Portfolio memory p = vault.portfolioOf(id);
        for (uint256 i; i < p.books.length; ++i) {
            if (p.books[i].doubt.raw() != 0) return true;
        }
        return false;
    }
}
