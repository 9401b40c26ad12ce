// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountValue} from "../margin/AccountValue.sol";
import {DoubtLogic} from "../margin/DoubtLogic.sol";
import {HealthLogic} from "../margin/HealthLogic.sol";
import {MarginRule} from "../margin/MarginRule.sol";
import {Valuation} from "../margin/Valuation.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {SheddingLogic} from "./SheddingLogic.sol";
import {Trading} from "./Trading.sol";

/// @title The margin rule at the end of whatever touched an account
library MarginTest {
    using HeaderWord for uint256;

    /// @notice Reverts where the rule does not hold for `touched`, as it is stored now.
    function requireMargin(
        VaultState storage $,
        Valuation.Basis memory basis,
        Trading.Touched memory touched,
        address uptimeFeed,
        uint256 uptimeGrace
    ) internal {
        Valuation.Figures memory now_ = basis.figures;
        basis.quote.draft = 0;
        // how much of settled money is left has to be known as well as can be
        basis.enough = touched.settledOut ? Valuation.MOST : touched.newRisk;
        AccountValue.write(now_, $, touched.account, $.headers[touched.account], basis);
        Wad lines;
        if (touched.leaving || touched.raised) lines = _requireGood($, basis, touched, now_, uptimeFeed, uptimeGrace);
        if (touched.raised) {
            Wad smallest = Trading.smallestNotional($, now_.notional);
            if (now_.notional != ZERO && now_.notional < smallest) {
                revert IMarginVault.AccountTooSmall(touched.account, now_.notional, smallest);
            }
        }
        // words that are stale bound nothing; the header is read only where a price or words are not good
        bool bounded = now_.oldest != type(uint256).max || Valuation.bounds(now_, $.headers[touched.account]);
        if (!bounded || !MarginRule.covers(now_, touched.newRisk)) {
            SheddingLogic.requireShedding($, touched, now_);
        }
        if (touched.settledOut) {
            // part of an unrealised gain must stay in money, so that a thin market cannot be pumped and carried away (H-70)
            Wad needed = (now_.gain - lines).partUp(MarginWord.gainLock(basis.marginWord));
            Wad settled = now_.settledCash - lines;
            if (settled < needed) revert IMarginVault.SettledCashTooLow(touched.account, settled, needed);
        }
    }

    /// @dev Risk may rise, and value leave, at prices that are normal and not too old, while the sequencer is up; at doubtful ones only by the first form at
    /// their worse edges, which it adds to what is needed. Returns how much less the positions may be worth there.
    function _requireGood(
        VaultState storage $,
        Valuation.Basis memory basis,
        Trading.Touched memory touched,
        Valuation.Figures memory now_,
        address uptimeFeed,
        uint256 uptimeGrace
    ) private returns (Wad lines) {
        // names the price, or the words
        if (!Valuation.good(now_, MarginWord.tradingAge(basis.marginWord))) HealthLogic.requireNormal($, touched.account);
        uint256 header = $.headers[touched.account];
        bool priced = header.underlyings() | header.collaterals() != 0;
        // what raised was refused while the sequencer was not up
        if (uptimeFeed != address(0) && priced) DoubtLogic.requireUp(uptimeFeed, uptimeGrace);
        if (Valuation.good(now_, MarginWord.liquidationAge(basis.marginWord))) return ZERO;
        Wad surplus;
        (surplus, lines) = DoubtLogic.hidden($, touched.account, header, 0, 0);
        touched.newRisk = touched.newRisk + surplus;
        touched.leaving = true;
    }
}
