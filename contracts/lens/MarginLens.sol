// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginLens, Summary} from "../interfaces/IMarginLens.sol";
import {Assessment, Book, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Margin} from "../libraries/Margin.sol";
import {AccountId} from "../types/AccountId.sol";
import {Action} from "../types/Action.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad, minWad} from "../types/Wad.sol";
import {MarginWord} from "../words/ParameterWords.sol";

/// @title Reading accounts
contract MarginLens is IMarginLens {
    IMarginVault public immutable VAULT;

    uint256 private constant FARTHEST = 16; // times the mark
    uint256 private constant PRECISION = 1 << 40;

    constructor(IMarginVault vault) {
        VAULT = vault;
    }

    /// @inheritdoc IMarginLens
    function summary(AccountId account) external view returns (Summary memory) {
        (uint256 marginWord, , , ) = VAULT.parameterWords();
        return _summary(account, marginWord, Margin.terms(marginWord));
    }

    /// @inheritdoc IMarginLens
    function summaries(AccountId[] calldata accounts) external view returns (Summary[] memory page) {
        (uint256 marginWord, , , ) = VAULT.parameterWords();
        Margin.Terms memory terms = Margin.terms(marginWord);
        page = new Summary[](accounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            page[i] = _summary(accounts[i], marginWord, terms);
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
        uint256 i;
        while (i < p.books.length && p.books[i].underlying != underlying) ++i;
        if (i == p.books.length) return (Price.wrap(0), Price.wrap(type(uint96).max));
        uint256 mark = p.books[i].price.raw();
        if (_surplus(p, terms).isNegative()) return (Price.wrap(mark), Price.wrap(mark));
        low = _surplusAt(p, i, 1, terms).isNegative() ? _bisect(p, i, 1, mark, terms) : Price.wrap(0);
        uint256 far = mark * FARTHEST;
        high = _surplusAt(p, i, far, terms).isNegative() ? _bisect(p, i, far, mark, terms) : Price.wrap(type(uint96).max);
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

    function _summary(AccountId account, uint256 marginWord, Margin.Terms memory terms) private view returns (Summary memory s) {
        Portfolio memory p = VAULT.portfolioOf(account);
        Assessment memory live = Margin.assess(p, terms, false, 0);
        s.account = account;
        s.value = live.value;
        s.equity = live.equity;
        s.margin = live.margin;
        s.notional = live.notional;
        s.openingMargin = Margin.assess(p, terms, true, 0).margin;
        s.maintenance = live.margin.partUp(terms.maintenance);
        s.settledCash = Ledger.settledCash(p);
        Wad locked = Ledger.unrealisedGain(p).partUp(MarginWord.gainLock(marginWord));
        s.withdrawable = maxWad(minWad(s.equity - s.openingMargin, s.settledCash - locked), ZERO);
        if (s.maintenance == ZERO) s.health = Ratio.wrap(s.equity.isNegative() ? 0 : type(uint256).max);
        else if (s.equity > ZERO) s.health = Ratio.wrap((uint256(s.equity.raw()) * 1e18) / uint256(s.maintenance.raw()));
    }

    /// @dev E − MM.
    function _surplus(Portfolio memory p, Margin.Terms memory terms) private pure returns (Wad) {
        Assessment memory a = Margin.assess(p, terms, false, 0);
        return a.equity - a.margin.partUp(terms.maintenance);
    }

    function _surplusAt(Portfolio memory p, uint256 i, uint256 price, Margin.Terms memory terms) private pure returns (Wad surplus) {
        Book memory book = p.books[i];
        (Price mark, Wad collateral, Wad haircut) = (book.price, book.collateral, book.haircut);
        book.price = Price.wrap(price);
        book.collateral = Wad.wrap(int256((uint256(collateral.raw()) * price) / mark.raw()));
        book.haircut = Wad.wrap(int256((uint256(haircut.raw()) * price) / mark.raw()));
        surplus = _surplus(p, terms);
        (book.price, book.collateral, book.haircut) = (mark, collateral, haircut);
    }

    /// @dev The price nearest to `bad` at which the account is still above the line.
    function _bisect(Portfolio memory p, uint256 i, uint256 bad, uint256 good, Margin.Terms memory terms) private pure returns (Price) {
        uint256 precision = good / PRECISION + 1;
        while ((good > bad ? good - bad : bad - good) > precision) {
            uint256 middle = (good + bad) / 2;
            if (_surplusAt(p, i, middle, terms).isNegative()) bad = middle;
            else good = middle;
        }
        return Price.wrap(good);
    }
}
