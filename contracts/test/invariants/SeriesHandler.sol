// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {vm} from "../Vm.sol";
import {Assessment} from "../../interfaces/IMarginVault.sol";
import {AccountId} from "../../types/AccountId.sol";
import {ActionKind, SETTLEMENT} from "../../types/Action.sol";
import {Fill} from "../../types/Fill.sol";
import {FIRST_SERIES, STRIKE_ZERO, WITH_NEXT} from "../../types/Instrument.sol";
import {Lots} from "../../types/Lots.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";
import {Actors} from "./Actors.sol";
import {SeriesBooks} from "./SeriesBooks.sol";
import {ISeriesWorld} from "./SeriesMarkets.sol";

/// @dev The operations on options and dated futures that the stateful fuzz calls at random, each with one seed that everything in it is drawn
/// from. As in VaultHandler an operation posts what it needs, acts once and asserts what holds across a call. Nothing pays funding here,
/// so that the cash of accounts is what is stored.
contract SeriesHandler is SeriesBooks {
    uint256 internal constant LEAST = 100e18; // smallest notional, as VaultWorld has it

    constructor(ISeriesWorld deployed) Actors(deployed, 3_000e6) {
        for (uint8 u; u < UNDERLYINGS; ++u) {
            for (uint8 series = 1; series <= SERIES; ++series) {
                _list(u, series);
            }
        }
        _prepare();
    }

    // ---------------------------------------------------------------- operations

    function deposit(uint256 seed) external {
        dice = seed;
        AccountId id = accounts[_roll(accounts.length)];
        uint256 units = 1 + _roll(2_000e6);
        _refresh();
        State memory was = _look();
        _give(id.owner(), id, SETTLEMENT, units);
        was.wealth += int256(units * 1e12);
        _check(was, Verb.Deposit, id, id, 0);
    }

    function withdraw(uint256 seed) external {
        dice = seed;
        AccountId id = accounts[_roll(accounts.length)];
        uint256 units = 1 + _roll(3_000e6);
        _prepareMostly();
        State memory was = _look();
        bool fresh = vault.mayOpenByWords(id);
        uint256 tries;
        while (!_execute(id, ActionKind.Withdraw, abi.encode(SETTLEMENT, units, id.owner()))) {
            if (++tries == 5) return;
            units = units / 2 + 1;
        }
        _expect(fresh, "I-11 words of a withdrawal");
        _expect(_covered(id), "I-11 withdrawal");
        _requireGoodPrices(id);
        _check(was, Verb.Withdraw, id, id, 0);
    }

    /// @dev Options and futures, one or several at once; as much as margin lets stand of a size that is mostly too much.
    function open(uint256 seed) external {
        dice = seed;
        AccountId taker = _trader();
        AccountId maker = _maker();
        if (taker == maker) return;
        for (uint8 u; u < UNDERLYINGS; ++u) {
            for (uint8 series = 1; series <= SERIES && !_opens(u, 3 - series); ++series) {
                if (terms[u][series].settlement != 0) _renew(u, series, true, true);
            }
        }
        _prepareMostly();
        uint256 legs = _roll(3) == 0 ? 2 + _roll(3) : 1;
        Fill[] memory list = _draw(maker, legs);
        State memory was = _look();
        _tryTrade(was, taker, maker, list, legs == 1 ? Verb.Open : Verb.Combo);
    }

    /// @dev Closes what the taker holds first, or a part of it, with whom it can.
    function close(uint256 seed) external {
        dice = seed;
        AccountId taker;
        uint8 u;
        uint16[] memory instruments;
        Lots[] memory lots;
        for (uint256 tries; tries < 6 && instruments.length == 0; ++tries) {
            (taker, u) = (accounts[_roll(OWNERS)], uint8(_roll(UNDERLYINGS)));
            (instruments, lots, , ) = vault.seriesPositionsOf(taker, u);
        }
        AccountId maker = _maker();
        if (taker == maker || instruments.length == 0) return;
        _prepareMostly();
        uint256 i = _roll(instruments.length);
        uint256 named = u | (uint256(instruments[i]) << 8);
        Fill[] memory list = new Fill[](1);
        list[0] = _fill(maker, named, _roll(2) == 0 ? -lots[i].raw() : -lots[i].raw() / 2);
        _trade(_look(), taker, maker, list, Verb.Close);
    }

    /// @dev Whoever is about to be sold closes first what he owes most for, and leaves the rest.
    function closeLoser(uint256 seed) external {
        dice = seed;
        _prepareMostly();
        State memory was = _look();
        AccountId id = accounts[_failing(was)];
        uint256 named;
        Lots held;
        int256 least = type(int256).max;
        for (uint8 u; u < UNDERLYINGS; ++u) {
            (uint16[] memory instruments, Lots[] memory lots, , ) = vault.seriesPositionsOf(id, u);
            for (uint256 i; i < instruments.length; ++i) {
                int256 value = lots[i].raw() * int256(_markOf(u, instruments[i]));
                if (value < least) (least, named, held) = (value, u | (uint256(instruments[i]) << 8), lots[i]);
            }
        }
        AccountId maker = accounts[_roll(2)];
        if (named == 0 || maker == id) return;
        Fill[] memory list = new Fill[](1);
        list[0] = _fill(maker, named, -held.raw());
        _trade(was, id, maker, list, Verb.CloseLoser);
    }

    /// @dev The least that may be held, in each series and perpetual: nothing that weighs so little may decide over an account.
    function dust(uint256 seed) external {
        dice = seed;
        AccountId taker = _trader();
        AccountId maker = accounts[_roll(2)];
        if (taker == maker) return;
        _prepare();
        for (uint8 u; u < UNDERLYINGS; ++u) {
            int256 least = int256(LEAST / _mark(u) + 1);
            for (uint256 series; series <= SERIES; ++series) {
                if (series != 0 && !_opens(u, series)) continue;
                uint256 named = series == 0 ? u : u | (((series << 8) | (_roll(STRIKES) << 1) | _roll(2)) << 8);
                Fill[] memory list = new Fill[](1);
                list[0] = _fill(maker, named, _roll(2) == 0 ? least : -least);
                _trade(_look(), taker, maker, list, Verb.Dust);
            }
        }
    }

    function perpetual(uint256 seed) external {
        dice = seed;
        AccountId taker = _trader();
        AccountId maker = accounts[_roll(2)];
        if (taker == maker) return;
        _prepareMostly();
        Fill[] memory list = new Fill[](1);
        list[0] = _fill(maker, _roll(UNDERLYINGS), _size());
        _tryTrade(_look(), taker, maker, list, Verb.Perpetual);
    }

    /// @dev A price, up or down by at most 18 %.
    function move(uint256 seed) external {
        dice = seed;
        uint8 u = uint8(_roll(UNDERLYINGS));
        uint256 price = (prices[u] * (8_200 + _roll(3_600))) / 10_000;
        uint256 first = u == 0 ? 2_000e18 : 40_000e18;
        if (price < first / 5 || price > first * 5) return;
        vm.warp(_time() + 60);
        prices[u] = price;
        // a move wakes most sources
        if (_roll(4) != 0) _wake(u);
        _refresh();
        _passed(Verb.Move);
    }

    /// @dev The feed says another volatility, from 30 to 130 % a year.
    function slice(uint256 seed) external {
        dice = seed;
        vm.warp(_time() + 1);
        _refresh();
        uint8 u = uint8(_roll(UNDERLYINGS));
        asleep[UNDERLYINGS + u] = false;
        if (_post(u, uint8(1 + _roll(SERIES)), 30 + _roll(100))) _passed(Verb.Slice);
    }

    /// @dev A signer signs, and nobody posts; or somebody posts one of those, now that he can choose.
    function withhold(uint256 seed) external {
        dice = seed;
        if (unposted.length != 0 && _roll(2) == 0) {
            uint256 i = _roll(unposted.length);
            Signed memory late_ = unposted[i];
            unposted[i] = unposted[unposted.length - 1];
            unposted.pop();
            if (_bring(late_.underlying, late_.update)) _passed(Verb.Belated);
        } else if (_withhold(uint8(_roll(UNDERLYINGS)), uint8(1 + _roll(SERIES)), 30 + _roll(100))) {
            ++successes[uint256(Verb.Withhold)];
        }
    }

    /// @dev To the settlement window of the series that expires next, or a step through it.
    function window(uint256 seed) external {
        dice = seed;
        (uint8 u, uint8 series) = _next();
        uint256 opening = terms[u][series].expiry - WINDOW;
        if (_time() < opening) {
            vm.warp(opening - 1);
            _refresh();
            _postAll();
            vm.warp(opening + _roll(30));
        } else {
            vm.warp(_time() + 20 + _roll(160));
            prices[u] = (prices[u] * (9_950 + _roll(100))) / 10_000;
        }
        _refresh();
        _passed(Verb.Window);
    }

    /// @dev All through the window, until the last price has held long enough; then the next post writes the settlement price down, or a call.
    function expire(uint256 seed) external {
        dice = seed;
        (uint8 u, uint8 series) = _next();
        uint256 opening = terms[u][series].expiry - WINDOW;
        if (_time() < opening) vm.warp(opening);
        asleep[u] = false;
        for (uint256 i; i < 12 && terms[u][series].settlement == 0; ++i) {
            prices[u] = (prices[u] * (9_950 + _roll(100))) / 10_000;
            _refresh();
            vm.warp(_time() + 170);
            _observe();
        }
        _expect(terms[u][series].settlement != 0, "I-8 half an hour of posts settles");
        if (_roll(2) == 0) _settle(u, series);
        _refresh();
        _passed(Verb.Expire);
    }

    function settle(uint256 seed) external {
        dice = seed;
        _settle(uint8(_roll(UNDERLYINGS)), uint8(1 + _roll(SERIES)));
    }

    /// @dev Somebody's account in a series, most often one that has something to be paid.
    function pay(uint256 seed) external {
        dice = seed;
        _refresh();
        uint256 count = accounts.length + fundAccounts.length;
        AccountId id;
        uint8 u;
        uint8 series;
        bool due;
        for (uint256 i; i < 8 && !due; ++i) {
            id = _any(_roll(count));
            (u, series) = (uint8(_roll(UNDERLYINGS)), uint8(1 + _roll(SERIES)));
            due = terms[u][series].settlement != 0 && _holds(id, u, series);
        }
        State memory was = _look();
        (Wad cash, , , , ) = vault.headerOf(id);
        int256 payoff = due ? _unpaid(id, u, series) : int256(0);
        try vault.settleExpired(id, u, series) {
            _expect(due, "I-8 nothing to pay");
            (Wad now_, , , , ) = vault.headerOf(id);
            _expect(now_.raw() - cash.raw() == payoff, "I-8 payoff");
            _expect(!_holds(id, u, series), "I-5 paid once");
            _expect(_look().wealth == was.wealth, "I-8 worth the payoff before");
            if (payoff < 0) ++successes[uint256(Verb.Owed)];
            _check(was, Verb.Pay, id, id, 0);
        } catch {
            _expect(!due, "I-8 not paid");
        }
    }

    /// @dev Lists the next series under a number that is free; mostly after everybody has been paid and the number has rested for a day (H-95).
    function list_(uint256 seed) external {
        dice = seed;
        (uint8 u, uint8 series) = (uint8(_roll(UNDERLYINGS)), uint8(1 + _roll(SERIES)));
        if (terms[u][series].settlement == 0) series = 3 - series;
        _renew(u, series, _roll(4) != 0, _roll(4) != 0);
    }

    function _renew(uint8 u, uint8 series, bool pays, bool waits) internal {
        // strikes are chosen by the price that is
        asleep[u] = false;
        _refresh();
        bool over = terms[u][series].settlement != 0;
        if (over && pays) _payAll(u, series);
        uint256 rested = terms[u][series].expiry + 1 days;
        if (over && waits && _time() < rested) {
            vm.warp(rested);
            _refresh();
        }
        bool free_ = over && _held(u, series) == 0 && _time() >= rested;
        State memory was = _look();
        bool done = _list(u, series);
        _expect(done == free_, "I-8 number");
        if (done) _check(was, Verb.List, accounts[0], accounts[0], 0);
    }

    function liquidate(uint256 seed) external {
        dice = seed;
        _refresh();
        State memory was = _look();
        uint256 who = _failing(was);
        AccountId id = accounts[who];
        AccountId keeper = accounts[_roll(OWNERS)];
        if (keeper == id) return;
        Assessment memory a = was.figures[who];
        bool due = a.equity.raw() < _maintenance(a);
        bool series = _holdsAny(id);
        // doubt excuses at most the maintenance margin
        bool certain = a.equity.raw() < 0 || (due && !_doubtful(id));
        int256 bounties = _bounties(id);
        uint256 gasBefore = gasleft();
        try vault.liquidate(id, keeper) returns (Ratio fraction) {
            _expect(gasBefore - gasleft() < HALF_BLOCK, "I-13 gas");
            _expect(due, "I-12");
            _expect(!_isDown(), "I-17 sequencer");
            _checkSale(was, Verb.Liquidate, who, keeper, fraction, bounties);
            if (series) ++successes[uint256(Verb.Sold)];
            ++successes[uint256(fraction.raw() == 1e18 ? Verb.Whole : Verb.Part)];
        } catch {
            // nobody is immune, however old a price is that somebody holds something at
            _expect(!certain || _isDown(), "I-13");
        }
    }

    function liquidateTo(uint256 seed) external {
        dice = seed;
        _prepareMostly();
        State memory was = _look();
        uint256 who = _failing(was);
        AccountId id = accounts[who];
        AccountId taker = accounts[_roll(2)];
        if (taker == id || !_holdsAny(id)) return;
        Assessment memory a = was.figures[who];
        bool doubtful = _doubtful(id);
        vm.prank(taker.owner());
        try vault.liquidateTo(id, taker, Ratio.wrap(1e18), Wad.wrap(0)) returns (Ratio fraction) {
            _expect(a.equity.raw() < _maintenance(a), "I-12");
            _expect(!doubtful && !_isDown(), "I-17 taker");
            _requireMarginRule(was, _checkSale(was, Verb.LiquidateTo, who, taker, fraction, 0), taker);
        } catch {}
    }

    function shed(uint256 seed) external {
        dice = seed;
        _prepareMostly();
        uint8 u = uint8(_roll(UNDERLYINGS));
        if (!_holdsAny(fundAccounts[u + 1])) u = 1 - u;
        if (!_holdsAny(fundAccounts[u + 1])) return;
        AccountId taker = accounts[_roll(OWNERS)];
        State memory was = _look();
        Assessment memory a = vault.assess(fundAccounts[u + 1], false);
        Ratio fraction = Ratio.wrap(_roll(3) == 0 ? 1e18 : 1 + _roll(1e18));
        vm.prank(taker.owner());
        try vault.shedFund(u, taker, fraction, Wad.wrap(0)) {
            // at most (1 − keeper's share)·d_min of the margin of the fund account leaves it
            State memory now_ = _check(was, Verb.Shed, taker, taker, (a.margin.raw() * 35) / 1000 + 1e6);
            _requireMarginRule(was, now_, taker);
        } catch {}
    }

    function topUp(uint256 seed) external {
        dice = seed;
        _refresh();
        State memory was = _look();
        uint8 u = uint8(_roll(UNDERLYINGS));
        try vault.topUpFund(_holdsAny(fundAccounts[u + 1]) ? u : 1 - u) {
            _check(was, Verb.TopUp, fundAccounts[0], fundAccounts[0], 0);
        } catch {}
    }

    /// @dev What holds at any time.
    function conserve() external {
        _conserve();
    }

    // ---------------------------------------------------------------- parts of operations

    /// @dev Often one of those who are small.
    function _trader() internal returns (AccountId) {
        return accounts[_roll(4) == 0 ? _roll(2) : 2 + _roll(OWNERS - 2)];
    }

    /// @dev Mostly one of those who are rich.
    function _maker() internal returns (AccountId) {
        return accounts[_roll(4) == 0 ? _roll(OWNERS) : _roll(2)];
    }

    /// @dev From nothing to what a rich account can carry.
    function _size() internal returns (int256) {
        int256 lots = int256(1 + _roll(20_000_000));
        return _roll(2) == 0 ? lots : -lots;
    }

    function _draw(AccountId maker, uint256 legs) internal returns (Fill[] memory list) {
        list = new Fill[](legs);
        uint256 u = _roll(UNDERLYINGS);
        int256 size = _size();
        uint256 first = _roll(STRIKES + 1);
        for (uint256 i; i < legs; ++i) {
            // no instrument twice
            uint256 index = (first + i) % (STRIKES + 1);
            if (index == STRIKES) index = STRIKE_ZERO;
            uint256 right = index == STRIKE_ZERO ? 1 : _roll(2);
            uint256 series = 1 + _roll(SERIES);
            if (!_opens(uint8(u), series)) series = 3 - series;
            uint256 named = u | (((series << 8) | (index << 1) | right) << 8);
            // mostly a spread, now and then on both underlyings
            list[i] = _fill(maker, named, i % 2 == 0 ? size : -size);
            if (_roll(4) == 0) u = 1 - u;
        }
    }

    /// @dev About 0.1 % of the price around the mark, and fees.
    function _fill(AccountId maker, uint256 named, int256 lots) internal returns (Fill memory fill) {
        uint256 spot = _spot(uint8(named));
        uint256 mark = named < FIRST_SERIES ? spot : _markOf(uint8(named), named >> 8);
        uint256 price = mark + (_roll(spot) / 800);
        price = price > spot / 1_600 ? price - spot / 1_600 : 0;
        // at most an eighth of what is paid
        int256 fee = int256(((_roll(400) * FixedPointMathLib.min(spot / 50_000, price / 9)) / 400) * FixedPointMathLib.abs(lots));
        // casting to uint32 is safe: 24 bits
        fill = Fill(maker, uint32(named), Lots.wrap(lots), Price.wrap(price), Wad.wrap(fee), Wad.wrap(-fee / 3), 0);
    }

    /// @dev As much of it as margin lets stand.
    function _tryTrade(State memory was, AccountId taker, AccountId maker, Fill[] memory list, Verb verb) internal {
        for (uint256 tries; tries < 9; ++tries) {
            if (_trade(was, taker, maker, list, verb)) return;
            for (uint256 i; i < list.length; ++i) {
                Fill memory fill = list[i];
                fill.lots = Lots.wrap(fill.lots.raw() / 2 + 1);
                (fill.takerFee, fill.makerFee) = (Wad.wrap(fill.takerFee.raw() / 3), Wad.wrap(0));
            }
        }
    }

    function _settle(uint8 u, uint8 series) internal {
        _observe();
        bool due = (vault.seriesListed(u) >> series) & 1 != 0 && terms[u][series].settlement != 0;
        try vault.settleSeries(u, series) {
            _expect(due, "I-8 settled early");
            _passed(Verb.Settle);
        } catch {
            _expect(!due, "I-8 not settled");
        }
    }

    function _payAll(uint8 u, uint8 series) internal {
        uint256 count = accounts.length + fundAccounts.length;
        for (uint256 i; i < count; ++i) {
            if (_holds(_any(i), u, series)) vault.settleExpired(_any(i), u, series);
        }
        _expect(_held(u, series) == 0, "I-8 all are paid");
    }

    function _trade(State memory was, AccountId taker, AccountId maker, Fill[] memory list, Verb verb) internal returns (bool) {
        uint256 most;
        Fill[] memory joined = new Fill[](list.length);
        for (uint256 i; i < list.length; ++i) {
            Fill memory f = list[i];
            joined[i] = Fill(
                f.maker,
                i + 1 < list.length ? f.instrument | WITH_NEXT : f.instrument,
                f.lots,
                f.price,
                f.takerFee,
                f.makerFee,
                f.order
            );
            most += f.lots.abs();
        }
        (uint256 ofTaker, uint256 ofMaker) = (_gross(taker), _gross(maker));
        if (!_execute(taker, ActionKind.Trade, abi.encode(uint8(0), abi.encode(joined), most))) return false;
        State memory now_ = _check(was, verb, taker, maker, 0);
        _requireMarginRule(was, now_, taker);
        _requireMarginRule(was, now_, maker);
        if (_gross(taker) > ofTaker) _requireGoodPrices(taker);
        if (_gross(maker) > ofMaker) _requireGoodPrices(maker);
        return true;
    }

    /// @dev Some account that is below the line, or any.
    function _failing(State memory state) internal returns (uint256 who) {
        who = _roll(accounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            uint256 next = (who + i) % accounts.length;
            if (!_healthy(state.figures[next])) return next;
        }
    }
}
