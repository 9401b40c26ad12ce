// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Assessment, IMarginVault} from "../interfaces/IMarginVault.sol";
import {Market} from "../ledger/Market.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountId} from "../types/AccountId.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {AccountValue} from "./AccountValue.sol";
import {Margin} from "./Margin.sol";
import {OpeningLogic} from "./options/OpeningLogic.sol";
import {Portfolios} from "./Portfolios.sol";
import {Takeover} from "./Takeover.sol";
import {Valuation} from "./Valuation.sol";

/// @title How accounts stand: which may be liquidated, and what keeps one from taking risk
/// @dev Linked: its code runs in the vault, its size does not count there.
library HealthLogic {
    using HeaderWord for uint256;

    /// @notice The figures of `account` priced anew at the held ranges, which liquidations go by; or, where `opening`, with the margin that it needs to open.
    function assess(VaultState storage $, AccountId account, bool opening) external view returns (Assessment memory) {
        return _assess($, account, opening);
    }

    /// @notice What `account` needs to open now, for `revertSimulated`.
    function figures(VaultState storage $, AccountId account) external view returns (bytes memory) {
        return abi.encode(_assess($, account, true));
    }

    /// @notice Ends a simulation: tells the figures of `account` `before` and now.
    function revertSimulated(VaultState storage $, AccountId account, bytes calldata before) external view {
        revert IMarginVault.Simulated(abi.decode(before, (Assessment)), _assess($, account, true));
    }

    function _assess(VaultState storage $, AccountId account, bool opening) private view returns (Assessment memory) {
        uint256 header = $.headers[account];
        bool series = header.seriesPositions() != 0;
        Assessment memory live;
        if (series) {
            uint256 marginWord = $.marginParameters;
            live = Margin.assess(Portfolios.portfolio($, account, marginWord), Margin.terms(marginWord), false);
            if (!opening) return live;
        }
        Valuation.Basis memory basis;
        Valuation.open(basis, $);
        Valuation.Figures memory f = basis.figures;
        AccountValue.write(f, $, account, header, basis);
        if (!series) return Assessment(f.value, f.equity, opening ? f.openingMargin : f.margin, f.notional);
        // words say what an account needs to open, and what of its value is surplus then; nothing else
        live.margin = live.equity - (f.equity - f.openingMargin);
        return live;
    }

    /// @notice What liquidations plan from. As `IMarginVault.portfolioOf` answers, encoded.
    function portfolio(VaultState storage $, AccountId account) external view returns (bytes memory) {
        return abi.encode(Portfolios.portfolio($, account, $.marginParameters));
    }

    /// @notice Names the first price, or the first series by its words, that is not good enough for risk to rise.
    function requireNormal(VaultState storage $, AccountId account) external view {
        uint256 marginWord = $.marginParameters;
        Takeover.requireNormal(account, Portfolios.portfolio($, account, marginWord), marginWord);
        OpeningLogic.requireFresh($, account);
    }

    /// @notice For each of `accounts`, false where `_plan` would find it healthy: a doubtful price spares and never condemns. As `IMarginVault.mayBeLiquidated` answers, encoded.
    function candidates(VaultState storage $, address fund, AccountId[] calldata accounts) external view returns (bytes memory) {
        Valuation.Basis memory basis;
        Valuation.open(basis, $);
        Valuation.Figures memory f = basis.figures;
        bool[] memory found = new bool[](accounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            AccountId account = accounts[i];
            uint256 header = $.headers[account];
            // words say what an account needs to open, not what it is liquidated by
            if (header.seriesPositions() != 0) {
                found[i] = true;
                continue;
            }
            // the market at hand is the first one that anybody holds: mostly that of the others too
            if (basis.quote.underlying == Market.NONE && header.underlyings() != 0) {
                Market.writeForValuing(basis.quote, $, LibBit.ffs(header.underlyings()), basis.marginWord);
            }
            AccountValue.write(f, $, account, header, basis);
            found[i] = f.equity < f.margin.partUp(basis.terms.maintenance) || account.owner() == fund;
        }
        return abi.encode(found);
    }
}
