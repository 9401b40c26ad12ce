// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {vm} from "../Vm.sol";
import {Assessment} from "../../interfaces/IMarginVault.sol";
import {SeriesFigures} from "../../interfaces/IVaultSeries.sol";
import {AccountId} from "../../types/AccountId.sol";
import {ActionKind, SETTLEMENT} from "../../types/Action.sol";
import {Fill} from "../../types/Fill.sol";
import {FIRST_SERIES, STRIKE_ZERO, WITH_NEXT} from "../../types/Instrument.sol";
import {Lots} from "../../types/Lots.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";
import {FundingWord} from "../../words/FundingWord.sol";
import {FundWord} from "../../words/ParameterWords.sol";
import {Actors} from "./Actors.sol";
import {ISeriesWorld, SeriesMarkets} from "./SeriesMarkets.sol";

/// @dev The operations on options and dated futures that the stateful fuzz calls at random, each with one seed that everything in it is drawn
/// from. As in VaultHandler an operation posts what it needs, acts once and asserts what holds across a call. Nothing pays funding here,
/// so that the cash of accounts is what is stored.
contract SeriesHandler is SeriesMarkets {
    uint256 internal constant LEAST = 100e18; // smallest notional, as VaultWorld has it

    enum Verb {
        Deposit,
        Withdraw,
        Open, // an option or a dated future
        Combo, // several at once
        Close, // what the taker holds
        Perpetual,
        Move,
        Slice,
        Window,
        Expire,
        Settle,
        Pay,
        List,
        Liquidate,
        LiquidateTo, // an account with series
        Shed, // a fund account with series
        TopUp,
        CloseLoser, // of an account that is about to be sold
        Dust, // the least that may be held, in every market
        Withhold, // a slice is signed and not posted
        Belated, // and posted later
        // and what happened in them
        Settled, // a settlement price came to stand
        Owed, // an account paid at expiry
        Sold, // an account with series was liquidated
        Whole, // a sale of everything
        Part // a sale of a slice
    }
    uint256 public constant VERBS = 26;

    /// @dev The state before the act of the present call, or after it.
    struct State {
        Assessment[] figures; // of the owners' accounts, live
        bytes32[] digests;
        int256 wealth; // of all owners
        int256 value; // of all accounts, at marks
        uint256 tokens;
        uint256 deficit;
    }

    uint256[VERBS] public successes;
    uint256 public calls; // acts that were checked
    int256 internal highestStake;

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

    /// @dev Who raised risk or took value out did so with the sequencer up; who holds series, at prices that are good.
    function _requireGoodPrices(AccountId id) internal {
        (, uint32 held, , , ) = vault.headerOf(id);
        _expect(held == 0 || !_isDown(), "I-17 sequencer");
        _expect(!_holdsAny(id) || !_doubtful(id), "I-17 age");
    }

    /// @dev Lots, of whatever sign, of everything that an account holds.
    function _gross(AccountId id) internal view returns (uint256 sum) {
        for (uint8 u; u < UNDERLYINGS; ++u) {
            (Lots perpetual_, , ) = vault.positionOf(id, u);
            (, Lots[] memory lots, , ) = vault.seriesPositionsOf(id, u);
            sum += perpetual_.abs();
            for (uint256 i; i < lots.length; ++i) {
                sum += lots[i].abs();
            }
        }
    }

    /// @dev E′ ≥ IM′ by fresh words; or, live, IM′ ≤ IM and E′ ≥ min(E, E·IM′/IM).
    function _requireMarginRule(State memory was, State memory now_, AccountId id) internal {
        if (_covered(id)) return;
        uint256 i = _placeOf(id);
        (int256 equity, int256 margin) = (was.figures[i].equity.raw(), was.figures[i].margin.raw());
        (int256 equityAfter, int256 marginAfter) = (now_.figures[i].equity.raw(), now_.figures[i].margin.raw());
        bool eased = marginAfter <= margin && (equityAfter >= equity || (margin > 0 && equityAfter * margin >= equity * marginAfter));
        _expect(eased, "I-11 margin");
    }

    function _covered(AccountId id) internal view returns (bool) {
        Assessment memory a = vault.assess(id, true);
        return vault.mayOpenByWords(id) && a.equity.raw() >= a.margin.raw();
    }

    /// @dev Some account that is below the line, or any.
    function _failing(State memory state) internal returns (uint256 who) {
        who = _roll(accounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            uint256 next = (who + i) % accounts.length;
            if (!_healthy(state.figures[next])) return next;
        }
    }

    // ---------------------------------------------------------------- invariants

    /// @dev What has settled, by the clock as well, is known before anything is expected of it.
    function _refresh() internal override {
        super._refresh();
        _observe();
    }

    /// @dev I-8: a settlement price stands once, from when half an hour is counted, and never changes.
    function _observe() internal {
        for (uint8 u; u < UNDERLYINGS; ++u) {
            for (uint8 series = 1; series <= SERIES; ++series) {
                SeriesFigures memory f = vault.seriesState(u, series);
                Terms storage t = terms[u][series];
                bool listed = (vault.seriesListed(u) >> series) & 1 != 0;
                if (!f.settled) {
                    _expect(t.settlement == 0 && listed, "I-8 unsettled again");
                } else if (t.settlement == 0) {
                    _expect(_time() >= t.expiry, "I-8 settled before the expiry");
                    t.settlement = f.forward.raw();
                    ++successes[uint256(Verb.Settled)];
                } else {
                    _expect(f.forward.raw() == t.settlement, "I-8 another settlement price");
                }
            }
        }
    }

    struct Sums {
        int256 claims; // cash and what is still to be paid of settled series
        int256[2] perpetuals;
        uint256[2] longs;
        uint256[3][2] held;
        int256[256][3][2] net; // of each instrument
    }

    function _addTo(Sums memory sums, AccountId id) private {
        (Wad cash, uint32 held, , , ) = vault.headerOf(id);
        sums.claims += cash.raw();
        uint256 count;
        for (uint8 u; u < UNDERLYINGS; ++u) {
            (Lots lots, , ) = vault.positionOf(id, u);
            sums.perpetuals[u] += lots.raw();
            sums.longs[u] += _longs(lots.raw());
            uint256 here = _addSeries(sums, id, u);
            _expect((held >> u) & 1 == (lots.raw() == 0 && here == 0 ? 0 : 1), "I-3 bitmap of underlyings");
            count += here;
        }
        // headers are the first of what the vault stores
        uint256 header = uint256(vm.load(address(vault), keccak256(abi.encode(id, uint256(0)))));
        _expect(header >> 241 == count, "I-3 count of series positions");
    }

    function _addSeries(Sums memory sums, AccountId id, uint8 u) private returns (uint256) {
        (uint16[] memory instruments, Lots[] memory lots, uint8[] memory halvings, ) = vault.seriesPositionsOf(id, u);
        for (uint256 i; i < instruments.length; ++i) {
            uint256 series = instruments[i] >> 8;
            int256 size = lots[i].raw();
            _expect(size != 0, "I-3 empty position");
            for (uint256 j; j < i; ++j) {
                _expect(instruments[j] != instruments[i], "I-3 instrument twice");
            }
            sums.net[u][series][instruments[i] & 0xff] += size;
            sums.held[u][series] += lots[i].abs();
            sums.longs[u] += (_longs(size) + (1 << halvings[i]) - 1) >> halvings[i];
            if (terms[u][series].settlement != 0) sums.claims += size * int256(_payoff(u, instruments[i]));
        }
        return instruments.length;
    }

    function _conserve() internal {
        _observe();
        (uint256 tokens, uint256 deficit) = vault.totals();
        Sums memory sums;
        uint256 count = accounts.length + fundAccounts.length;
        for (uint256 i; i < count; ++i) {
            _addTo(sums, _any(i));
        }
        // who is paid and who is not: payoffs cancel to the unit
        _expect(sums.claims == int256(tokens + deficit), "I-1 I-8 claims");
        _expect(settlement.balanceOf(address(vault)) == tokens / 1e12 && tokens % 1e12 == 0, "I-1 tokens");
        for (uint8 u; u < UNDERLYINGS; ++u) {
            _expect(sums.perpetuals[u] == 0, "I-2 perpetual");
            _expect(FundingWord.openInterest(vault.underlyingWords(u)[3]) == sums.longs[u], "I-3 open interest");
            for (uint8 series = 1; series <= SERIES; ++series) {
                _expect(_held(u, series) == sums.held[u][series], "I-3 held of a series");
                // some of a settled series may have been paid
                if (terms[u][series].settlement != 0) continue;
                for (uint256 i; i < 256; ++i) {
                    _expect(sums.net[u][series][i] == 0, "I-2 series");
                }
            }
        }
    }

    function _look() internal returns (State memory state) {
        uint256 count = accounts.length;
        state.figures = new Assessment[](count);
        state.digests = _digests();
        for (uint256 i; i < count; ++i) {
            Assessment memory a = vault.assess(accounts[i], false);
            state.figures[i] = a;
            int256 value = a.value.raw() + _roundedOff(accounts[i]);
            state.value += value;
            if (value > 0) state.wealth += value;
        }
        for (uint256 i; i < OWNERS; ++i) {
            state.wealth += int256(settlement.balanceOf(_owner(i)) * 1e12);
        }
        (Wad stake, , , , ) = vault.headerOf(fundAccounts[0]);
        int256 behind = stake.raw();
        for (uint8 u; u < UNDERLYINGS; ++u) {
            behind += int256(FundWord.drawnLately(vault.underlyingWords(u)[7], 1 days));
        }
        if (behind > highestStake) highestStake = behind;
        for (uint256 i; i < fundAccounts.length; ++i) {
            state.value += vault.assess(fundAccounts[i], false).value.raw() + _roundedOff(fundAccounts[i]);
        }
        (state.tokens, state.deficit) = vault.totals();
    }

    /// @dev Time or prices went on.
    function _passed(Verb verb) internal {
        ++successes[uint256(verb)];
        _hold();
    }

    /// @dev What holds at any time, at the new marks too.
    function _hold() internal override {
        _conserve();
        State memory state = _look();
        _expect(state.value == int256(state.tokens + state.deficit), "I-2 values");
    }

    /// @param gain the most by which the owners' joint wealth may rise
    function _check(State memory was, Verb verb, AccountId a, AccountId b, int256 gain) internal returns (State memory now_) {
        ++successes[uint256(verb)];
        ++calls;
        _conserve();
        now_ = _look();
        // all share one mark of every option: what one has another owes, to the unit
        _expect(now_.value == int256(now_.tokens + now_.deficit), "I-2 values");
        _expect(now_.wealth <= was.wealth + gain, "I-20");
        _expect(now_.deficit <= was.deficit || verb == Verb.Liquidate || verb == Verb.TopUp, "I-9");
        for (uint256 i; i < accounts.length; ++i) {
            AccountId id = accounts[i];
            _expect(id == a || id == b || now_.digests[i] == was.digests[i], "I-24");
            _expect(_healthy(now_.figures[i]) || !_healthy(was.figures[i]), "I-11");
        }
        for (uint8 u; u < UNDERLYINGS; ++u) {
            _expect(int256(FundWord.drawnLately(vault.underlyingWords(u)[7], 1 days)) <= highestStake / 4 + 1e12, "I-16");
        }
        (Wad main, , , , ) = vault.headerOf(fundAccounts[0]);
        _expect(main.raw() >= 0, "I-16 stake");
    }

    function _checkSale(
        State memory was,
        Verb verb,
        uint256 who,
        AccountId other,
        Ratio fraction,
        int256 gain
    ) internal returns (State memory now_) {
        now_ = _check(was, verb, accounts[who], other, gain);
        (Assessment memory a, Assessment memory b) = (was.figures[who], now_.figures[who]);
        _expect(b.notional.raw() <= a.notional.raw(), "I-13 risk");
        if (fraction.raw() == 1e18) {
            _expect(b.notional.raw() == 0 && b.margin.raw() == 0 && b.value.raw() >= 0, "I-14 whole");
            _expect(now_.deficit == was.deficit || b.value.raw() == 0, "I-9 left");
            _expect(a.value.raw() >= 0 || b.value.raw() == 0, "I-14 insolvent");
            _expect(!_holdsAny(accounts[who]), "I-14 series left");
        } else {
            _expect(b.margin.raw() <= a.margin.raw(), "I-13 margin");
            _expect(b.equity.raw() * a.margin.raw() >= a.equity.raw() * b.margin.raw(), "I-14");
        }
    }

    // ---------------------------------------------------------------- helpers

    function _any(uint256 i) internal view returns (AccountId) {
        return i < accounts.length ? accounts[i] : fundAccounts[i - accounts.length];
    }

    function _placeOf(AccountId id) internal view returns (uint256 i) {
        while (accounts[i] != id) ++i;
    }

    function _healthy(Assessment memory a) internal view returns (bool) {
        return a.equity.raw() >= _maintenance(a);
    }

    function _longs(int256 lots) internal pure returns (uint256) {
        return lots > 0 ? uint256(lots) : 0;
    }

    function _held(uint8 u, uint8 series) internal view returns (uint256) {
        (, uint256 surface, , ) = vault.seriesWords(u, series);
        return (surface >> 200) & ((1 << 44) - 1);
    }

    function _holds(AccountId id, uint8 u, uint8 series) internal view returns (bool) {
        (uint16[] memory instruments, , , ) = vault.seriesPositionsOf(id, u);
        for (uint256 i; i < instruments.length; ++i) {
            if (instruments[i] >> 8 == series) return true;
        }
        return false;
    }

    function _holdsAny(AccountId id) internal view returns (bool) {
        for (uint8 u; u < UNDERLYINGS; ++u) {
            (uint16[] memory instruments, , , ) = vault.seriesPositionsOf(id, u);
            if (instruments.length != 0) return true;
        }
        return false;
    }

    /// @dev By how much the value of an account is below that of its lots at the marks: a unit a lot that is short, of options alone.
    function _roundedOff(AccountId id) internal view returns (int256 sum) {
        for (uint8 u; u < UNDERLYINGS; ++u) {
            (uint16[] memory instruments, Lots[] memory lots, , ) = vault.seriesPositionsOf(id, u);
            for (uint256 i; i < instruments.length; ++i) {
                bool option = instruments[i] & 0xff != 0xff && terms[u][instruments[i] >> 8].settlement == 0;
                if (option && lots[i].raw() < 0) sum -= lots[i].raw();
            }
        }
    }

    /// @dev What an account is still to be paid of a settled series, or to pay.
    function _unpaid(AccountId id, uint8 u, uint8 series) internal view returns (int256 sum) {
        (uint16[] memory instruments, Lots[] memory lots, , ) = vault.seriesPositionsOf(id, u);
        for (uint256 i; i < instruments.length; ++i) {
            if (instruments[i] >> 8 == series) sum += lots[i].raw() * int256(_payoff(u, instruments[i]));
        }
    }

    function _digest(AccountId id) internal view override returns (bytes32) {
        (Wad cash, uint32 held, uint32 tokens, uint16 modules, uint32 epoch) = vault.headerOf(id);
        bytes memory all = abi.encode(cash, held, tokens, modules, epoch);
        for (uint8 u; u < UNDERLYINGS; ++u) {
            (Lots lots, int256 index, Wad cost) = vault.positionOf(id, u);
            (uint16[] memory instruments, Lots[] memory sizes, , ) = vault.seriesPositionsOf(id, u);
            all = abi.encode(all, lots, index, cost, instruments, sizes);
        }
        return keccak256(all);
    }
}
