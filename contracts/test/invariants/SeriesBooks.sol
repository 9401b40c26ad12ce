// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "../Vm.sol";
import {Assessment} from "../../interfaces/IMarginVault.sol";
import {SeriesFigures} from "../../interfaces/IVaultSeries.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Lots} from "../../types/Lots.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";
import {FundingWord} from "../../words/FundingWord.sol";
import {FundWord} from "../../words/ParameterWords.sol";
import {SeriesMarkets} from "./SeriesMarkets.sol";

/// @dev What has to hold of books with options and dated futures, at any time and across a call: invariants by their numbers, see docs/invariants.md.
abstract contract SeriesBooks is SeriesMarkets {
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
