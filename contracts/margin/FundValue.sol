// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assessment, Book, FundFigures, Portfolio} from "../interfaces/IMarginVault.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountId, toAccountId} from "../types/AccountId.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {AccountValue} from "./AccountValue.sol";
import {Margin} from "./Margin.sol";
import {Portfolios} from "./Portfolios.sol";
import {Valuation} from "./Valuation.sol";

/// @title What the accounts of the insurance fund are worth together, at the one edge of doubtful prices and at the other
library FundValue {
    using HeaderWord for uint256;

    /// @dev More than any part of what accounts can be worth.
    Wad private constant UNKNOWN = Wad.wrap(1 << 200);

    /// @notice Everything but the deficit.
    /// @dev Margin is live, at the held range, as the discount of `shedFund` is: cached words may be stale, and who redeems could choose when.
    function write(FundFigures memory f, VaultState storage $, address fund, Ratio part) internal view {
        Valuation.Basis memory basis;
        Valuation.open(basis, $);
        uint256 oldest = MarginWord.liquidationAge(basis.marginWord);
        f.cash = new uint256[](($.listed & 0xff) + 1);
        for (uint256 i; i < f.cash.length; ++i) {
            // casting to uint96 is safe: at most 32 underlyings
            AccountId account = toAccountId(fund, uint96(i));
            uint256 header = $.headers[account];
            if (header.underlyings() == 0 && header.collaterals() == 0) {
                Wad cash = maxWad(header.cash(), ZERO);
                f.cash[i] = uint256(cash.raw()); // casting is safe: not negative
                f.upper = f.upper + cash;
                f.lower = f.lower + header.cash();
                continue;
            }
            if (header.seriesPositions() == 0) {
                Valuation.Figures memory v = basis.figures;
                AccountValue.write(v, $, account, header, basis);
                if (Valuation.good(v, oldest)) {
                    _add(f, v.value, v.equity - v.margin.partUp(part), ZERO);
                    continue;
                }
            }
            _addByBook(f, Portfolios.portfolio($, account, basis.marginWord), basis.terms, part, oldest);
        }
    }

    /// @dev An account with options or dated futures, or at a doubtful price.
    function _addByBook(FundFigures memory f, Portfolio memory p, Margin.Terms memory terms, Ratio part, uint256 oldest) private pure {
        Assessment memory a = Margin.assess(p, terms, false);
        Wad less = a.margin.partUp(part);
        Book memory book = p.books[0]; // a fund account holds one underlying
        Wad moved;
        if (book.state != PriceWord.NORMAL || book.age > oldest) {
            moved = _movedBy(book, less);
            if (f.doubt < UNKNOWN) f.doubtful = book.underlying;
            f.doubt = f.doubt + moved;
        }
        _add(f, a.value, a.equity - less, moved);
    }

    function _add(FundFigures memory f, Wad value, Wad least, Wad moved) private pure {
        f.upper = f.upper + maxWad(value + moved, ZERO);
        f.lower = f.lower + least - moved;
    }

    /// @dev By how much a doubtful price may have moved value, equity, and the part of the margin that is taken off, `less`.
    function _movedBy(Book memory book, Wad less) private pure returns (Wad) {
        if (book.series.length != 0) return UNKNOWN;
        return (book.lots.times(book.price).abs() + book.collateral + less).partUp(book.doubt);
    }
}
