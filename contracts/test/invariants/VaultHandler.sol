// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "../Vm.sol";
import {Assessment, Book, Portfolio} from "../../interfaces/IMarginVault.sol";
import {Parameter} from "../../interfaces/IVaultGovernance.sol";
import {Margin} from "../../margin/Margin.sol";
import {AccountId} from "../../types/AccountId.sol";
import {ActionKind, SETTLEMENT} from "../../types/Action.sol";
import {Fill} from "../../types/Fill.sol";
import {Lots} from "../../types/Lots.sol";
import {Price} from "../../types/Price.sol";
import {Ratio, fromPpm} from "../../types/Ratio.sol";
import {Wad, minWad} from "../../types/Wad.sol";
import {FundingWord} from "../../words/FundingWord.sol";
import {FundWord, MarginWord} from "../../words/ParameterWords.sol";
import {PriceWord} from "../../words/PriceWord.sol";
import {Actors, IVaultWorld} from "./Actors.sol";
import {Backers} from "./Backers.sol";

/// @dev Six owners on a deployed vault, and the operations that the stateful fuzz calls at random.
/// Every operation posts what it needs first, acts once and then asserts the invariants that hold across a call; the message of an
/// assertion is the number of the invariant. A refused act is not a failure, a successful one is counted.
contract VaultHandler is Backers {
    enum Verb {
        Deposit,
        Withdraw,
        Transfer,
        Trade,
        Rise,
        Fall,
        Wait,
        Rate,
        Liquidate,
        LiquidateTo,
        Shed,
        TopUp,
        Declare,
        Exchange,
        Ramp,
        Donate,
        Dust,
        CloseLoser
    }
    uint256 public constant VERBS = 18;

    uint256[VERBS] public successes;
    uint256 public calls; // acts that were checked
    uint256 public donated; // units of the settlement token

    struct Loss {
        uint256 time;
        int256 amount;
    }

    /// @dev The state before the act of the present call.
    struct Before {
        bool[] healthy;
        bytes32[] digests;
        int256 wealth;
        uint256 deficit;
        uint256 tokens;
        uint256[2] fundingTimes;
        uint256[2] priceTimes;
        int256 stake;
    }

    uint256 internal constant EPOCH = 1 days; // as VaultWorld has it
    Loss[] internal losses;
    int256 internal highestStake;

    constructor(IVaultWorld deployed) Actors(deployed, 2_000e6) {}

    // ---------------------------------------------------------------- operations

    function deposit(uint256 who, uint256 token, uint256 amount) external {
        AccountId id = _account(who);
        // the last owner holds money only
        uint8 index = token % 4 == 0 && !(id == accounts[OWNERS - 1]) ? uint8((token / 4) % 2) : SETTLEMENT;
        uint256 units =
            index == SETTLEMENT
                ? 1 + (amount % 5_000e6)
                : index == 0
                    ? 1 + (amount % 3e18)
                    : 1 + (amount % 0.1e8);
        _refresh();
        Before memory was = _look();
        _give(id.owner(), id, index, units);
        // a deposit brings its own tokens: the wealth of the owner does not change
        _check(was, Verb.Deposit, id, id, int256(index == SETTLEMENT ? units * 1e12 : _worth(index, units)) + 1e6);
    }

    function withdraw(uint256 who, uint256 token, uint256 amount) external {
        AccountId id = _account(who);
        uint8 index = token % 3 == 0 ? uint8((token / 3) % 2) : SETTLEMENT;
        uint256 units =
            index == SETTLEMENT
                ? 1 + (amount % 3_000e6)
                : index == 0
                    ? 1 + (amount % 2e18)
                    : 1 + (amount % 0.05e8);
        _refresh();
        Before memory was = _look();
        if (_execute(id, ActionKind.Withdraw, abi.encode(index, units, id.owner()))) {
            _requireWorseEdge(id);
            // what leaves with a token is rounded apart from what stays
            _check(was, Verb.Withdraw, id, id, index == SETTLEMENT ? int256(0) : int256(2));
        }
    }

    function transfer(uint256 seed, uint256 token, uint256 amount) external {
        (AccountId from, AccountId to) = (accounts[0], accounts[OWNERS]);
        if (seed % 2 == 0) (from, to) = (to, from);
        uint8 index = token % 3 == 0 ? uint8((token / 3) % 2) : SETTLEMENT;
        _refresh();
        Before memory was = _look();
        if (_execute(from, ActionKind.Transfer, abi.encode(index, 1 + (amount % 50_000e18), to))) _check(was, Verb.Transfer, from, to, 1e6);
    }

    function trade(uint256 takerSeed, uint256 makerSeed, uint256 underlying, int256 size, uint256 offset, uint256 fee) external {
        // the last owner never trades
        AccountId taker = accounts[takerSeed % (OWNERS - 1)];
        AccountId maker = makerSeed % 3 == 0 ? accounts[OWNERS] : accounts[makerSeed % (OWNERS - 1)];
        uint8 u = uint8(underlying % UNDERLYINGS);
        _refresh();
        Fill[] memory list = new Fill[](1);
        uint256 mark = _mark(u);
        // sizes from nothing to thirty times a small account, sometimes exactly what closes it
        int256 lots = size % 2_000_000;
        if (offset % 5 == 0) {
            (Lots held, , ) = vault.positionOf(taker, u);
            if (held.raw() != 0) lots = -held.raw();
        }
        // ± 1.5 % around the mark
        uint256 price = (mark * (985_000 + (offset % 30_000))) / 1e6;
        uint256 notional = price * uint256(lots < 0 ? -lots : lots);
        int256 takerFee = int256((notional * (fee % 500)) / 1e6);
        list[0] = Fill(maker, u, Lots.wrap(lots), Price.wrap(price), Wad.wrap(takerFee), Wad.wrap(-takerFee / 3), 0);
        Before memory was = _look();
        uint256 most = uint256(lots < 0 ? -lots : lots);
        (uint256 grossTaker, uint256 grossMaker) = (_gross(taker, u), _gross(maker, u));
        Assessment memory ofTaker = vault.assess(taker, true);
        Assessment memory ofMaker = vault.assess(maker, true);
        if (!_execute(taker, ActionKind.Trade, abi.encode(uint8(0), abi.encode(list), most))) return;
        _check(was, Verb.Trade, taker, maker, 0);
        _requireMarginRule(ofTaker, taker);
        _requireMarginRule(ofMaker, maker);
        if (_gross(taker, u) > grossTaker) _requireWorseEdge(taker);
        if (_gross(maker, u) > grossMaker) _requireWorseEdge(maker);
    }

    function rise(uint256 underlying, uint256 part) external {
        _move(underlying % UNDERLYINGS, 10_000 + (part % 1_500), Verb.Rise);
    }

    function fall(uint256 underlying, uint256 part) external {
        _move(underlying % UNDERLYINGS, 10_000 - (part % 1_500), Verb.Fall);
    }

    /// @dev Mostly minutes; now and then days in which nobody posts.
    function wait_(uint256 time) external {
        Before memory was = _look();
        vm.warp(block.timestamp + 1 + (time % 16 == 0 ? time % 3 days : time % 1 hours));
        _clocks(was);
        _conserve();
        ++successes[uint256(Verb.Wait)];
    }

    function rate(uint256 underlying, int256 proposed) external {
        rates.set(proposed % 10_000_000, false);
        Before memory was = _look();
        vault.updateFundingRate(uint8(underlying % UNDERLYINGS));
        _check(was, Verb.Rate, accounts[0], accounts[0], 0);
    }

    /// @dev One unit of a token in every market: nothing that weighs so little may decide over an account.
    function dust(uint256 who) external {
        AccountId id = _account(who);
        if (id == accounts[OWNERS - 1]) return;
        _refresh();
        Before memory was = _look();
        for (uint8 token; token < 2; ++token) {
            _give(id.owner(), id, token, 1);
        }
        // a deposit brings its own tokens
        _check(was, Verb.Dust, id, id, int256(_worth(0, 1) + _worth(1, 1)) + 1e6);
    }

    /// @dev Whoever is about to be sold closes what loses first, and leaves the rest.
    function closeLoser(uint256 who) external {
        AccountId id = accounts[who % (OWNERS - 1)];
        _refresh();
        uint8 worst;
        int256 least = type(int256).max;
        for (uint8 u; u < UNDERLYINGS; ++u) {
            (Lots lots, , Wad cost) = vault.positionOf(id, u);
            int256 gain = lots.raw() * int256(_mark(u)) - cost.raw();
            if (lots.raw() != 0 && gain < least) (worst, least) = (u, gain);
        }
        (Lots held, , ) = vault.positionOf(id, worst);
        if (held.raw() == 0) return;
        AccountId maker = accounts[who % 2 == 0 && !(id == accounts[0]) ? 0 : 1];
        if (maker == id) return;
        Fill[] memory list = new Fill[](1);
        list[0] = Fill(maker, worst, Lots.wrap(-held.raw()), Price.wrap(_mark(worst)), Wad.wrap(0), Wad.wrap(0), 0);
        Before memory was = _look();
        uint256 size = uint256(held.raw() < 0 ? -held.raw() : held.raw());
        if (_execute(id, ActionKind.Trade, abi.encode(uint8(0), abi.encode(list), size))) _check(was, Verb.CloseLoser, id, maker, 0);
    }

    function liquidate(uint256 who, uint256 keeperSeed) external {
        AccountId id = _account(who);
        AccountId keeper = accounts[keeperSeed % accounts.length];
        if (keeper == id) return;
        _refresh();
        Before memory was = _look();
        Assessment memory a = vault.assess(id, false);
        bool below = a.equity.raw() < _line(id, a);
        int256 bounties = _bounties(id);
        uint256 gasBefore = gasleft();
        try vault.liquidate(id, keeper) returns (Ratio fraction) {
            _expect(gasBefore - gasleft() < HALF_BLOCK, "I-13 gas");
            _expect(below, "I-12");
            _expect(!_isDown(), "I-17 sequencer");
            _checkSale(was, Verb.Liquidate, id, keeper, a, fraction, bounties);
        } catch {
            // nobody is immune, however old a price is that somebody holds something at
            _expect(!below || _isDown(), "I-13");
        }
    }

    function liquidateTo(uint256 who, uint256 takerSeed) external {
        AccountId id = _account(who);
        AccountId taker = accounts[takerSeed % 2];
        if (taker == id) return;
        _refresh();
        Before memory was = _look();
        Assessment memory a = vault.assess(id, false);
        bool doubtful = _doubtful(id);
        vm.prank(taker.owner());
        try vault.liquidateTo(id, taker, Ratio.wrap(1e18), Wad.wrap(0)) returns (Ratio fraction) {
            _expect(a.equity.raw() < _maintenance(a), "I-12");
            _expect(!doubtful && !_isDown(), "I-17 taker");
            _checkSale(was, Verb.LiquidateTo, id, taker, a, fraction, 0);
        } catch {}
    }

    function shed(uint256 underlying, uint256 takerSeed, uint256 fraction) external {
        uint8 u = uint8(underlying % UNDERLYINGS);
        AccountId taker = accounts[takerSeed % (OWNERS - 1)];
        _refresh();
        Before memory was = _look();
        Assessment memory a = vault.assess(fundAccounts[u + 1], false);
        vm.prank(taker.owner());
        try vault.shedFund(u, taker, Ratio.wrap(fraction % 3 == 0 ? 1e18 : fraction % 1e18), Wad.wrap(0)) {
            // at most (1 − keeper's share)·d_min of the margin of the fund account leaves it
            _check(was, Verb.Shed, taker, taker, (a.margin.raw() * 35) / 1000 + 1e6);
        } catch {}
    }

    function topUp(uint256 underlying) external {
        uint8 u = uint8(underlying % UNDERLYINGS);
        _refresh();
        Before memory was = _look();
        try vault.topUpFund(u) {
            _check(was, Verb.TopUp, fundAccounts[0], fundAccounts[0], 0);
        } catch {}
    }

    function declareExchange(uint256 who) external {
        AccountId id = _account(who);
        _refresh();
        Before memory was = _look();
        try vault.declareExchange(id) {
            _check(was, Verb.Declare, fundAccounts[0], fundAccounts[0], 0);
        } catch {}
    }

    function exchange(uint256 who, uint256 buyerSeed, uint256 token, uint256 part) external {
        AccountId id = _account(who);
        AccountId buyer = accounts[buyerSeed % accounts.length];
        uint8 index = uint8(token % 2);
        _refresh();
        uint256 amount = (vault.collateralOf(id, index) * (1 + (part % 100))) / 100;
        Before memory was = _look();
        vm.prank(buyer.owner());
        try vault.exchangeCollateral(id, index, amount, buyer) {
            _check(was, Verb.Exchange, id, buyer, 1e6);
        } catch {}
    }

    function ramp(uint256 what, uint256 value) external {
        _refresh();
        Before memory was = _look();
        // what raises margins moves over three days: nobody's status changes in the block of the change
        (Parameter id, uint8 index, uint256 to) = what % 3 == 0
            ? (Parameter.Maintenance, uint8(0), 750_000 + (value % 100_000))
            : what % 3 == 1
                ? (Parameter.Provision, uint8(0), 5_000 + (value % 3_000))
                : (Parameter.Haircut, uint8(value % 2), 100_000 + (value % 100_000));
        // an inequality may refuse it
        try world.setParameter(id, index, to) {} catch {
            return;
        }
        bool[] memory now_ = _healths();
        for (uint256 i; i < now_.length; ++i) {
            _expect(now_[i] == was.healthy[i], "I-23");
        }
        _check(was, Verb.Ramp, accounts[0], accounts[0], 0);
    }

    function donate(uint256 amount) external {
        uint256 units = amount % 1_000e6;
        Before memory was = _look();
        settlement.mint(address(vault), units);
        donated += units;
        _check(was, Verb.Donate, fundAccounts[0], fundAccounts[0], 0);
        (uint256 tokens, ) = vault.totals();
        _expect(tokens == was.tokens, "I-1 donation");
    }

    // ---------------------------------------------------------------- invariants

    /// @dev What holds at any time.
    function conserve() external {
        _conserve();
    }

    /// @dev I-22: an account that holds money alone can always have it, whatever became of the others.
    function withdrawIdle() external {
        AccountId id = accounts[OWNERS - 1];
        uint256 had = settlement.balanceOf(id.owner());
        (uint256 tokens, ) = vault.totals();
        (Wad cash, , , , ) = vault.headerOf(id);
        if (tokens < 1e18 || cash.raw() < 1e18) return;
        _expect(_execute(id, ActionKind.Withdraw, abi.encode(SETTLEMENT, uint256(1e6), id.owner())), "I-22");
        (, uint256 deficit) = vault.totals();
        _expect(settlement.balanceOf(id.owner()) > had || deficit > tokens, "I-22 paid");
    }

    struct Sums {
        int256 claims;
        int256[2] net;
        uint256[2] longs;
        uint256[2] supplies;
    }

    function _addTo(Sums memory sums, AccountId id) private {
        (, uint32 held, uint32 tokensHeld, , ) = vault.headerOf(id);
        for (uint8 u; u < UNDERLYINGS; ++u) {
            (Lots lots, , ) = vault.positionOf(id, u);
            _expect((held >> u) & 1 == (lots.raw() == 0 ? 0 : 1), "I-3 bitmap of underlyings");
            sums.net[u] += lots.raw();
            if (lots.raw() > 0) sums.longs[u] += uint256(lots.raw());
            uint256 amount = vault.collateralOf(id, u);
            _expect((tokensHeld >> u) & 1 == (amount == 0 ? 0 : 1), "I-3 bitmap of collateral");
            sums.supplies[u] += amount;
        }
    }

    function _hold() internal override {
        _conserve();
    }

    function _conserve() internal {
        (uint256 tokens, uint256 deficit) = vault.totals();
        Sums memory sums;
        uint256 count = accounts.length + fundAccounts.length;
        for (uint256 i; i < count; ++i) {
            AccountId id = i < accounts.length ? accounts[i] : fundAccounts[i - accounts.length];
            // funding accrued: what longs owe shorts are owed (I-4)
            sums.claims += vault.portfolioOf(id).cash.raw();
            _addTo(sums, id);
        }
        _expect(sums.claims == int256(tokens + deficit), "I-1 I-4 claims");
        _expect(settlement.balanceOf(address(vault)) == tokens / 1e12 + donated && tokens % 1e12 == 0, "I-1 tokens");
        for (uint8 u; u < UNDERLYINGS; ++u) {
            _expect(sums.net[u] == 0, "I-2");
            _expect(FundingWord.openInterest(vault.underlyingWords(u)[3]) == sums.longs[u], "I-3 open interest");
            (, uint256 supply) = vault.collateralWords(u);
            _expect(uint128(supply) == sums.supplies[u], "I-3 supply");
            _expect(collaterals[u].balanceOf(address(vault)) == sums.supplies[u] / (u == 0 ? 1 : 1e10), "I-1 collateral");
        }
    }

    // ---------------------------------------------------------------- checks of one call

    function _look() internal returns (Before memory was) {
        was.healthy = _healths();
        was.digests = _digests();
        was.wealth = _wealth();
        (was.tokens, was.deficit) = vault.totals();
        for (uint8 u; u < UNDERLYINGS; ++u) {
            uint256[8] memory words = vault.underlyingWords(u);
            was.priceTimes[u] = PriceWord.time(words[0]);
            was.fundingTimes[u] = FundingWord.time(words[3]);
        }
        (Wad stake, , , , ) = vault.headerOf(fundAccounts[0]);
        int256 behind = stake.raw();
        for (uint8 u; u < UNDERLYINGS; ++u) {
            behind += int256(FundWord.drawnLately(vault.underlyingWords(u)[7], EPOCH));
        }
        if (behind > highestStake) highestStake = behind;
        was.stake = stake.raw();
    }

    /// @param gain the most by which the owners' joint wealth may rise
    function _check(Before memory was, Verb verb, AccountId a, AccountId b, int256 gain) internal {
        ++successes[uint256(verb)];
        ++calls;
        _conserve();
        _clocks(was);
        _expect(_wealth() <= was.wealth + gain, "I-20");
        (, uint256 deficit) = vault.totals();
        _expect(deficit <= was.deficit || verb == Verb.Liquidate || verb == Verb.TopUp, "I-9");
        bytes32[] memory digests = _digests();
        bool[] memory healthy = _healths();
        for (uint256 i; i < accounts.length; ++i) {
            AccountId id = accounts[i];
            // only whose act it was, and whom it traded with, changes (I-24)
            _expect(id == a || id == b || digests[i] == was.digests[i], "I-24");
            // a deposit of collateral may bring more risk than equity only at haircuts beyond those here
            _expect(healthy[i] || !was.healthy[i], "I-11");
        }
        for (uint8 u; u < UNDERLYINGS; ++u) {
            uint256 drawn = FundWord.drawnLately(vault.underlyingWords(u)[7], EPOCH);
            _expect(int256(drawn) <= highestStake / 4 + 1e12, "I-16");
        }
        (Wad main, , , , ) = vault.headerOf(fundAccounts[0]);
        _expect(main.raw() >= 0, "I-16 stake");
        _countLosses(was.stake - main.raw());
    }

    /// @dev What left the stake within the last epoch's length, whatever for, is at most half of it.
    function _countLosses(int256 lost) private {
        if (lost > 0) losses.push(Loss(block.timestamp, lost));
        int256 sum;
        for (uint256 i = losses.length; i != 0 && losses[i - 1].time + EPOCH > block.timestamp; --i) {
            sum += losses[i - 1].amount;
        }
        _expect(sum <= highestStake / 2 + 1e12, "I-27");
    }

    function _checkSale(
        Before memory was,
        Verb verb,
        AccountId id,
        AccountId other,
        Assessment memory a,
        Ratio fraction,
        int256 gain
    ) internal {
        Assessment memory now_ = vault.assess(id, false);
        _expect(now_.notional.raw() <= a.notional.raw() && now_.margin.raw() <= a.margin.raw(), "I-13 risk");
        if (fraction.raw() == 1e18) {
            _expect(now_.notional.raw() == 0 && now_.margin.raw() == 0 && now_.value.raw() >= 0, "I-14 whole");
            (, uint256 deficit) = vault.totals();
            // value is lost for good only by an account that has nothing left
            _expect(deficit == was.deficit || now_.value.raw() == 0, "I-9 left");
            // who had value keeps some unless charges took it, who had none ends at zero
            _expect(a.value.raw() >= 0 || now_.value.raw() == 0, "I-14 insolvent");
        } else {
            _expect(now_.equity.raw() * a.margin.raw() >= a.equity.raw() * now_.margin.raw(), "I-14");
        }
        // limited liability: what an insolvent account owed is nobody's wealth
        _check(was, verb, id, other, gain);
    }

    function _clocks(Before memory was) internal {
        for (uint8 u; u < UNDERLYINGS; ++u) {
            uint256[8] memory words = vault.underlyingWords(u);
            _expect(PriceWord.time(words[0]) >= was.priceTimes[u] && PriceWord.time(words[0]) <= block.timestamp, "I-26 price");
            _expect(FundingWord.time(words[3]) >= was.fundingTimes[u] && FundingWord.time(words[3]) <= block.timestamp, "I-26 funding");
        }
    }

    function _healths() internal view returns (bool[] memory healthy) {
        healthy = new bool[](accounts.length);
        for (uint256 i; i < healthy.length; ++i) {
            Assessment memory a = vault.assess(accounts[i], false);
            healthy[i] = a.equity.raw() >= _maintenance(a);
        }
    }

    function _digest(AccountId id) internal view override returns (bytes32) {
        (Wad cash, uint32 held, uint32 tokens, uint16 modules, uint32 epoch) = vault.headerOf(id);
        bytes memory all = abi.encode(cash, held, tokens, modules, epoch);
        for (uint8 u; u < UNDERLYINGS; ++u) {
            (Lots lots, int256 index, Wad cost) = vault.positionOf(id, u);
            all = abi.encode(all, lots, index, cost, vault.collateralOf(id, u));
        }
        return keccak256(all);
    }

    /// @dev Joint wealth of all owners: what their accounts are worth, at least zero each, and the tokens in their wallets.
    function _wealth() internal view returns (int256 sum) {
        for (uint256 i; i < accounts.length; ++i) {
            int256 value = vault.assess(accounts[i], false).value.raw();
            if (value > 0) sum += value;
        }
        for (uint256 i; i < OWNERS; ++i) {
            sum += int256(settlement.balanceOf(_owner(i)) * 1e12);
            sum += int256(_worth(0, collaterals[0].balanceOf(_owner(i))) + _worth(1, collaterals[1].balanceOf(_owner(i))));
        }
    }

    /// @dev The margin rule, in whole numbers: E′ ≥ IM′; or IM′ ≤ IM and E′ ≥ min(E, E·IM′/IM). A position that grows may pass by the
    /// second form: a short against collateral of the same underlying lowers the margin.
    function _requireMarginRule(Assessment memory was, AccountId id) internal {
        Assessment memory now_ = vault.assess(id, true);
        (int256 equity, int256 margin) = (was.equity.raw(), was.margin.raw());
        (int256 equityAfter, int256 marginAfter) = (now_.equity.raw(), now_.margin.raw());
        bool covered = equityAfter >= marginAfter;
        bool eased = marginAfter <= margin && (equityAfter >= equity || (margin > 0 && equityAfter * margin >= equity * marginAfter));
        _expect(covered || eased, "I-11 margin");
    }

    /// @dev Who raised risk or took value out did so at prices that are not too old, with the sequencer up, and covers the move that an old one may hide: at
    /// least what its source lets pass without a word, or the band of one that nobody stands by.
    function _requireWorseEdge(AccountId id) internal {
        Portfolio memory p = vault.portfolioOf(id);
        (uint256 word, , , ) = vault.parameterWords();
        Margin.Terms memory terms = Margin.terms(word);
        int256 hidden;
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            _expect(book.state == PriceWord.NORMAL && book.age <= MarginWord.tradingAge(word), "I-17 age");
            if (book.doubt.raw() == 0) continue;
            Ratio width = book.underlying == 0 ? book.doubt : fromPpm(world.push().DEVIATION_PPM());
            Wad surplus = book.lots.times(book.price) + book.collateral - book.haircut - Margin.requirement(book, terms, true);
            hidden += surplus.abs().partDown(width).raw();
        }
        _expect(p.books.length == 0 || !_isDown(), "I-17 sequencer");
        Assessment memory now_ = vault.assess(id, true);
        _expect(hidden == 0 || now_.equity.raw() >= now_.margin.raw() + hidden, "I-11 old price");
    }

    /// @dev What an account must have not to be sold: its maintenance margin, less what doubtful prices excuse, each at most its own.
    function _line(AccountId id, Assessment memory a) internal view returns (int256) {
        Portfolio memory p = vault.portfolioOf(id);
        (uint256 word, , , ) = vault.parameterWords();
        Margin.Terms memory terms = Margin.terms(word);
        int256 excused;
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            if (book.doubt.raw() == 0) continue;
            Wad needed = Margin.requirement(book, terms, false).partUp(terms.maintenance);
            Wad surplus = book.lots.times(book.price) + book.collateral - book.haircut - needed;
            excused += minWad(surplus.abs().partUp(book.doubt), needed).raw();
        }
        int256 maintenance = _maintenance(a);
        return excused < maintenance ? maintenance - excused : int256(0);
    }

    function _gross(AccountId id, uint8 u) internal view returns (uint256) {
        (Lots lots, , ) = vault.positionOf(id, u);
        return lots.abs();
    }

    // ---------------------------------------------------------------- helpers

    function _account(uint256 seed) internal view returns (AccountId) {
        return accounts[seed % accounts.length];
    }

    /// @dev WAD of `units` of a collateral token at the mark.
    function _worth(uint8 token, uint256 units) internal view returns (uint256) {
        uint256 wad = token == 0 ? units : units * 1e10;
        return (wad * _mark(token) * (token == 0 ? 1e5 : 1e6)) / 1e18;
    }

    function _move(uint256 u, uint256 tenThousandths, Verb verb) internal {
        Before memory was = _look();
        vm.warp(block.timestamp + 60);
        uint256 price = (prices[u] * tenThousandths) / 10_000;
        uint256 first = u == 0 ? 2_000e18 : 40_000e18;
        // stay within a tenth and ten times, or lots stop meaning anything
        if (price < first / 10 || price > first * 10) return;
        prices[u] = price;
        // a move wakes most sources
        if (tenThousandths % 4 != 0) _wake(u);
        _refresh();
        _clocks(was);
        _conserve();
        ++successes[uint256(verb)];
    }
}
