// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assessment, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {Market} from "../ledger/Market.sol";
import {SeriesPositions} from "../ledger/options/SeriesPositions.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountValue} from "../margin/AccountValue.sol";
import {Margin} from "../margin/Margin.sol";
import {MarginRule} from "../margin/MarginRule.sol";
import {Portfolios} from "../margin/Portfolios.sol";
import {Valuation} from "../margin/Valuation.sol";
import {AccountId} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {Instrument, nameOf, underlyingOf, withinUnderlying} from "../types/Instrument.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {Trading} from "./Trading.sol";

/// @title The second form of the margin rule, which looks back: whether an account that fails the first only shed risk
/// @dev Linked: its code runs in the vault. Few trades need it, so that its call costs less than its code would.
library SheddingLogic {
    using HeaderWord for uint256;

    /// @dev An account before it changed.
    struct Past {
        Valuation.Figures figures; // of one that held series and was not covered, priced live
        bool series; // options or dated futures were held
        bool covered; // by the first form, by words, so that the second has nothing to forgive
        bytes seen; // what was priced for `figures`, which is not priced again; empty where nothing was
    }

    /// @notice What `requireShedding` looks back at: `account` as it is now, encoded.
    function remember(VaultState storage $, AccountId account) external view returns (bytes memory) {
        Past memory past;
        _write(past, $, account, $.headers[account]);
        return abi.encode(past);
    }

    /// @notice Reverts unless `touched` only shed risk since it was touched.
    /// @param now_ what it is by words
    function requireShedding(VaultState storage $, Trading.Touched memory touched, Valuation.Figures memory now_) external {
        Past memory past;
        if (touched.before.length != 0) past = abi.decode(touched.before, (Past));
        else if (touched.fills.length != 0) _lookBack(past, $, touched);
        else if (touched.header != 0) _writePlain(past.figures, $, touched);
        bool looked = !touched.leaving && !past.covered;
        if (looked && (past.series || $.headers[touched.account].seriesPositions() != 0)) {
            (now_.equity, now_.openingMargin, now_.margin, ) = _look($, touched.account, past.seen);
        }
        if (!looked || !MarginRule.sheds(past.figures, now_)) {
            revert IMarginVault.MarginTooLow(
                touched.account,
                now_.equity,
                now_.openingMargin + touched.newRisk,
                past.figures.equity,
                past.figures.openingMargin
            );
        }
    }

    /// @dev With `header` in place of what is stored.
    function _write(Past memory past, VaultState storage $, AccountId account, uint256 header) private view {
        Valuation.Figures memory v = past.figures;
        Valuation.Basis memory basis;
        Valuation.open(basis, $);
        AccountValue.write(v, $, account, header, basis);
        if (header.seriesPositions() == 0) return;
        past.series = true;
        past.covered = Valuation.bounds(v, header) && MarginRule.covers(v, ZERO);
        if (!past.covered) (v.equity, v.openingMargin, v.margin, past.seen) = _look($, account, past.seen);
    }

    /// @dev As before the only trade, which was in one perpetual.
    function _writePlain(Valuation.Figures memory v, VaultState storage $, Trading.Touched memory touched) private view {
        Valuation.Basis memory basis;
        Valuation.open(basis, $);
        Market.writeForValuing(basis.quote, $, touched.underlying, basis.marginWord);
        basis.quote.draft = touched.position;
        AccountValue.write(v, $, touched.account, touched.header, basis);
    }

    /// @dev As before the only trade, by its fills alone, all on one underlying: what is stored is put back, looked at, and put again as it is.
    function _lookBack(Past memory past, VaultState storage $, Trading.Touched memory touched) private {
        AccountId account = touched.account;
        uint256 underlying = touched.underlying;
        (uint256 headerNow, uint256 positionNow) = ($.headers[account], $.positions[account][underlying]);
        SeriesPositions.List memory list;
        SeriesPositions.read(list, $, account, underlying, 0);
        // the last first: sizes and counts go through what they have been
        for (uint256 i = touched.fills.length; i != 0;) {
            if ((touched.stood >> --i) & 1 != 0) _takeBack($, account, touched.fills[i]);
        }
        ($.headers[account], $.positions[account][underlying]) = (touched.header, touched.position);
        _write(past, $, account, touched.header);
        list.stored = PositionWord.seriesPositions(touched.position);
        SeriesPositions.write(list, $, account, underlying);
        ($.headers[account], $.positions[account][underlying]) = (headerNow, positionNow);
    }

    /// @dev Equity, and initial margin at the wider range and at the held one; series are priced live, at the held one alone.
    function _look(
        VaultState storage $,
        AccountId account,
        bytes memory known
    ) private view returns (Wad equity, Wad openingMargin, Wad margin, bytes memory seen) {
        uint256 marginWord = $.marginParameters;
        Portfolio memory before;
        if (known.length != 0) before = abi.decode(known, (Portfolio));
        Portfolio memory p = Portfolios.portfolioLike($, account, marginWord, before);
        Assessment memory a = Margin.assess(p, Margin.terms(marginWord), false);
        return (a.equity, a.margin + Margin.widening(p), a.margin, known.length == 0 ? abi.encode(p) : known);
    }

    /// @dev Counts are kept, and cash is not.
    function _takeBack(VaultState storage $, AccountId account, Fill memory fill) private {
        uint24 named = nameOf(fill.instrument);
        (uint256 underlying, Instrument instrument) = (underlyingOf(named), withinUnderlying(named));
        SeriesPositions.Place memory side;
        SeriesPositions.find(side, $, account, underlying, instrument);
        SeriesPositions.set(side, $, account, underlying, instrument, side.lots - fill.lots.raw(), side.halvings);
        $.headers[account] = side.header;
        $.positions[account][underlying] = side.position;
    }
}
