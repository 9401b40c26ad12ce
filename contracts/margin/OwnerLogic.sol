// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountFigures, Assessment, IMarginVault, OwnerFigures, Portfolio} from "../interfaces/IMarginVault.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountId, toAccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {AccountValue} from "./AccountValue.sol";
import {Margin} from "./Margin.sol";
import {Portfolios} from "./Portfolios.sol";
import {Valuation} from "./Valuation.sol";

/// @title What the accounts of an owner who keeps each underlying apart are worth and need
/// @dev Linked: its code runs in the vault.
library OwnerLogic {
    using HeaderWord for uint256;

    /// @notice As `IVaultBooks.ownerFigures` answers, encoded.
    function figures(
        VaultState storage $,
        address owner,
        bool leaving,
        uint256 settlement,
        uint256 owed
    ) external view returns (bytes memory) {
        Valuation.Basis memory basis;
        Valuation.open(basis, $);
        OwnerFigures memory all;
        (all.marginWord, all.settlement, all.owed) = (basis.marginWord, settlement, owed);
        AccountFigures[] memory list = new AccountFigures[](($.listed & 0xff) + 1);
        all.accounts = list;
        for (uint256 i; i < list.length; ++i) {
            // casting is safe: at most 32 underlyings
            AccountId account = toAccountId(owner, uint96(i));
            AccountFigures memory a = list[i];
            uint256 header = $.headers[account];
            // an account without a bit to hold is worth its cash
            uint256 held = header.underlyings();
            if (held | header.collaterals() == 0) {
                (a.cash, a.settledCash, a.fresh) = (header.cash(), header.cash(), true);
                (a.equity, a.openingEquity) = (a.cash, a.cash);
                continue;
            }
            if (i == 0 || held != 1 << (i - 1) || header.collaterals() != 0) revert IMarginVault.HoldsMore(account, i);
            a.priceWord = $.prices[i - 1];
            _write(a, $, account, i - 1, basis, leaving);
        }
        return abi.encode(all);
    }

    function _write(
        AccountFigures memory a,
        VaultState storage $,
        AccountId account,
        uint256 underlying,
        Valuation.Basis memory basis,
        bool leaving
    ) private view {
        uint256 header = $.headers[account];
        bool series = header.seriesPositions() != 0;
        a.series = series;
        Valuation.Figures memory v = basis.figures;
        if (!series || leaving) {
            AccountValue.write(v, $, account, header, basis);
            (a.openingEquity, a.openingMargin, a.settledCash, a.gain) = (v.equity, v.openingMargin, v.settledCash, v.gain);
            a.fresh = !series || Valuation.bounds(v, header);
        }
        if (!series) {
            (a.equity, a.margin) = (v.equity, v.margin);
            Lots lots = PositionWord.lots($.positions[account][underlying]);
            a.cash = v.settledCash - lots.times(PriceWord.price(a.priceWord));
            return;
        }
        Portfolio memory p = Portfolios.portfolio($, account, basis.marginWord);
        Assessment memory live = Margin.assess(p, basis.terms, false);
        (a.cash, a.equity, a.margin) = (p.cash, live.equity, live.margin);
    }
}
