// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginLens, Summary} from "../interfaces/IMarginLens.sol";
import {Assessment, Book, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {SeriesFigures} from "../interfaces/IVaultSeries.sol";
import {Uptime} from "../ledger/Uptime.sol";
import {Margin} from "../margin/Margin.sol";
import {AccountId} from "../types/AccountId.sol";
import {Action} from "../types/Action.sol";
import {Instrument} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad, minWad} from "../types/Wad.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";

/// @title Reading accounts
contract MarginLens is IMarginLens {
    IMarginVault public immutable VAULT;

    uint256 private constant FARTHEST = 16; // times the mark

    constructor(IMarginVault vault) {
        VAULT = vault;
    }

    /// @inheritdoc IMarginLens
    function summary(AccountId account) external view returns (Summary memory) {
        (uint256 marginWord, , , ) = VAULT.parameterWords();
        return _summary(account, marginWord, Margin.terms(marginWord), _payable());
    }

    /// @inheritdoc IMarginLens
    function summaries(AccountId[] calldata accounts) external view returns (Summary[] memory page) {
        (uint256 marginWord, , , ) = VAULT.parameterWords();
        Margin.Terms memory terms = Margin.terms(marginWord);
        Wad most = _payable();
        page = new Summary[](accounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            page[i] = _summary(accounts[i], marginWord, terms, most);
        }
    }

    /// @inheritdoc IMarginLens
    function belowMaintenance(AccountId[] calldata accounts) external view returns (AccountId[] memory below) {
        (uint256 marginWord, , , ) = VAULT.parameterWords();
        Margin.Terms memory terms = Margin.terms(marginWord);
        below = new AccountId[](accounts.length);
        uint256 count;
        for (uint256 i; i < accounts.length; ++i) {
            if (_surplus(VAULT.portfolioOf(accounts[i]), terms).isNegative()) below[count++] = accounts[i];
        }
        assembly ("memory-safe") {
            mstore(below, count) // never longer than it was made
        }
    }

    /// @inheritdoc IMarginLens
    function liquidationPrices(AccountId account, uint8 underlying) external view returns (Price low, Price high) {
        (uint256 marginWord, , , ) = VAULT.parameterWords();
        Margin.Terms memory terms = Margin.terms(marginWord);
        Portfolio memory p = VAULT.portfolioOf(account);
        uint256 mark = PriceWord.price(VAULT.underlyingWords(underlying)[0]).raw();
        if (_surplus(p, terms).isNegative()) return (Price.wrap(mark), Price.wrap(mark));
        (low, high) = (Price.wrap(0), Price.wrap(type(uint96).max));
        uint256 i;
        while (i < p.books.length && p.books[i].underlying != underlying) ++i;
        // what was never priced counts for nothing, at any price of it
        if (i == p.books.length || mark == 0) return (low, high);
        // priced at the present price only
        if (p.books[i].series.length != 0) revert SeriesHeld(account, underlying);
        if (_surplusAt(p, i, 1, terms).isNegative()) low = _bisect(p, i, 1, mark, terms);
        uint256 far = mark * FARTHEST;
        if (far > high.raw()) far = high.raw();
        if (_surplusAt(p, i, far, terms).isNegative()) high = _bisect(p, i, far, mark, terms);
    }

    /// @inheritdoc IMarginLens
    function preview(
        address actor,
        Action[] calldata actions,
        AccountId account
    ) external returns (Assessment memory before, Assessment memory afterwards) {
        try VAULT.simulate(actor, actions, account) {
            assert(false); // it always reverts
        } catch (bytes memory reason) {
            if (bytes4(reason) != IMarginVault.Simulated.selector) revert ActionReverts(reason);
            assembly ("memory-safe") {
                // the arguments follow the selector
                mstore(add(reason, 4), sub(mload(reason), 4))
                reason := add(reason, 4)
            }
            return abi.decode(reason, (Assessment, Assessment));
        }
    }

    function _summary(AccountId account, uint256 marginWord, Margin.Terms memory terms, Wad most) private view returns (Summary memory s) {
        Portfolio memory p = VAULT.portfolioOf(account);
        Assessment memory live = Margin.assess(p, terms, false);
        s.account = account;
        s.value = live.value;
        s.equity = live.equity;
        s.margin = live.margin;
        s.notional = live.notional;
        bool series = _holdsSeries(p);
        s.openingMargin = series ? VAULT.assess(account, true).margin : Margin.assess(p, terms, true).margin;
        s.maintenance = live.margin.partUp(terms.maintenance);
        s.settledCash = Margin.settledCash(p, terms);
        // as the vault tests a withdrawal: prices first, then the margin rule, the locked gain, and what there is
        if (_mayLeave(p, series, MarginWord.tradingAge(marginWord)) && (!series || VAULT.mayOpenByWords(account))) {
            (Wad surplus, Wad lines) = _hidden(p, terms);
            Wad locked = (_unrealisedGain(account, p) - lines).partUp(MarginWord.gainLock(marginWord));
            Wad free = minWad(s.equity - s.openingMargin - surplus, s.settledCash - lines - locked);
            s.withdrawable = maxWad(minWad(free, most), ZERO);
        }
        if (s.maintenance == ZERO) s.health = Ratio.wrap(s.equity.isNegative() ? 0 : type(uint256).max);
        else if (s.equity > ZERO) s.health = Ratio.wrap((uint256(s.equity.raw()) * 1e18) / uint256(s.maintenance.raw()));
    }

    /// @dev Of perpetuals and dated futures together, at least zero.
    function _unrealisedGain(AccountId account, Portfolio memory p) private view returns (Wad gain) {
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            gain = gain + book.lots.times(book.price) - book.entryCost;
            if (book.series.length != 0) gain = gain + _gainOfFutures(account, uint8(book.underlying));
        }
        gain = maxWad(gain, ZERO);
    }

    function _gainOfFutures(AccountId account, uint8 underlying) private view returns (Wad gain) {
        (uint16[] memory instruments, Lots[] memory lots, , Wad[] memory costs) = VAULT.seriesPositionsOf(account, underlying);
        for (uint256 i; i < instruments.length; ++i) {
            Instrument instrument = Instrument.wrap(instruments[i]);
            if (!instrument.isFuture()) continue;
            SeriesFigures memory figures = VAULT.seriesState(underlying, uint8(instrument.series()));
            if (!figures.settled) gain = gain + lots[i].times(figures.forward) - costs[i];
        }
    }

    function _holdsSeries(Portfolio memory p) private pure returns (bool) {
        for (uint256 i; i < p.books.length; ++i) {
            if (p.books[i].series.length != 0) return true;
        }
        return false;
    }

    /// @dev The largest debit that the vault can pay: its settlement tokens, and at φ deficit and shortfall beside them.
    function _payable() private view returns (Wad) {
        (uint256 tokens, uint256 deficit) = VAULT.totals();
        // all below 2^128
        return Wad.wrap(int256(tokens + deficit + VAULT.shortfall()));
    }

    /// @dev Whether every price of the account is normal and at most `most` seconds old, where it holds series good, and the sequencer up.
    function _mayLeave(Portfolio memory p, bool series, uint256 most) private view returns (bool) {
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            if (book.state != PriceWord.NORMAL || book.age > most || (series && book.doubt.raw() != 0)) return false;
        }
        if (p.books.length == 0) return true;
        (, , , address feed, uint256 grace, ) = VAULT.constants();
        return Uptime.isUpNow(feed, grace);
    }

    /// @dev How much less E − IM, and the positions, may be worth at the edges of the bands of doubtful prices; see `DoubtLogic.hidden`.
    function _hidden(Portfolio memory p, Margin.Terms memory terms) private pure returns (Wad surplus, Wad lines) {
        for (uint256 i; i < p.books.length; ++i) {
            Book memory book = p.books[i];
            if (book.doubt.raw() == 0) continue;
            Wad line = book.lots.times(book.price);
            Wad margin = Margin.requirement(book, terms, true);
            surplus = surplus + (line + book.collateral - book.haircut - margin).abs().partUp(book.doubt);
            lines = lines + line.abs().partUp(book.doubt);
        }
    }

    /// @dev E − MM.
    function _surplus(Portfolio memory p, Margin.Terms memory terms) private pure returns (Wad) {
        Assessment memory a = Margin.assess(p, terms, false);
        return a.equity - a.margin.partUp(terms.maintenance);
    }

    /// @dev E − MM with the book `i` at another price: its collateral rounded down and its haircut up, at most the collateral.
    function _surplusAt(Portfolio memory p, uint256 i, uint256 price, Margin.Terms memory terms) private pure returns (Wad surplus) {
        Book memory book = p.books[i];
        (Price mark, Wad collateral, Wad haircut) = (book.price, book.collateral, book.haircut);
        book.price = Price.wrap(price);
        // amounts here are non-negative and below 2^148, prices below 2^96
        book.collateral = Wad.wrap(int256((uint256(collateral.raw()) * price) / mark.raw()));
        book.haircut = minWad(Wad.wrap(int256((uint256(haircut.raw()) * price + mark.raw() - 1) / mark.raw())), book.collateral);
        surplus = _surplus(p, terms);
        (book.price, book.collateral, book.haircut) = (mark, collateral, haircut);
    }

    /// @dev The price nearest to `bad` at which the account is still above the line.
    function _bisect(Portfolio memory p, uint256 i, uint256 bad, uint256 good, Margin.Terms memory terms) private pure returns (Price) {
        while ((good > bad ? good - bad : bad - good) > 1) {
            uint256 middle = (good + bad) / 2;
            if (_surplusAt(p, i, middle, terms).isNegative()) bad = middle;
            else good = middle;
        }
        return Price.wrap(good);
    }
}
