// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Margin} from "../libraries/Margin.sol";
import {Takeover} from "../libraries/Takeover.sol";
import {AccountId} from "../types/AccountId.sol";
import {Ratio, ONE} from "../types/Ratio.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {CollateralWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";

/// @title Buying collateral from an account whose settled cash is short
/// @dev Losses are owed in settlement tokens; an account that holds only collateral would let them grow. Anyone may bring the money.
library ExchangeLogic {
    Ratio internal constant SHORT_BEYOND = Ratio.wrap(0.05e18); // of the value of the collateral
    Ratio internal constant MOST_DISCOUNT = Ratio.wrap(0.01e18);
    uint256 internal constant DISCOUNT_PER_HOUR = 0.001e18;

    /// @notice Starts the clock of an account that is short; stops it for one that is not any more.
    function declare(VaultState storage $, address fund, AccountId account) external {
        if (account.owner() == fund) revert IMarginVault.ProtocolAccount(account);
        uint256 marginWord = $.marginParameters;
        Portfolio memory p = Ledger.value($, account, marginWord);
        Takeover.requireNormal(account, p, marginWord);
        (bool short, Wad settled, Wad collateral) = _short(p, Margin.terms(marginWord));
        uint256 since = $.exchangeSince[account];
        if (short == (since != 0)) revert IMarginVault.ExchangeNotAllowed(account, settled, collateral);
        $.exchangeSince[account] = short ? block.timestamp : 0;
        emit IMarginVault.ExchangeDeclared(account, short);
    }

    /// @notice `buyer` pays cash for `amount` (WAD) of collateral at a discount of 0.1 % an hour since the declaration, at most 1 % and at
    /// most half the haircut, and only as far as it cures settled cash.
    function exchange(VaultState storage $, address fund, AccountId account, uint8 token, uint256 amount, AccountId buyer) external {
        if (account.owner() == fund) revert IMarginVault.ProtocolAccount(account);
        if (buyer.owner() == fund) revert IMarginVault.ProtocolAccount(buyer);
        if (buyer == account) revert IMarginVault.TakerIsAccount(account);
        if (amount == 0) revert IMarginVault.NothingToDo();
        uint256 marginWord = $.marginParameters;
        Portfolio memory p = Ledger.value($, account, marginWord);
        (bool short, Wad settled, Wad collateral) = _short(p, Margin.terms(marginWord));
        if (!short || $.exchangeSince[account] == 0) revert IMarginVault.ExchangeNotAllowed(account, settled, collateral);
        // nobody's property is sold at an old price, which the buyer could wait for
        Takeover.requireFresh(p, marginWord);
        Portfolio memory buyerBefore = Ledger.value($, buyer, marginWord);

        Wad cash = _priceUp($, account, token, amount);
        if (cash > -settled) revert IMarginVault.ExchangeTooLarge(account, cash, -settled);
        Ledger.moveCollateral($, account, token, amount, false);
        Ledger.moveCollateral($, buyer, token, amount, true);
        Ledger.credit($, account, cash);
        Ledger.credit($, buyer, -cash);
        emit IMarginVault.CollateralExchanged(account, buyer, token, amount, uint256(cash.raw()));

        // it could strip a hedge: the seller's margin is tested as after a trade of its own
        Takeover.requireMargin($, account, p, marginWord);
        Takeover.requireMargin($, buyer, buyerBefore, marginWord);
    }

    /// @dev What `amount` costs, rounded up.
    function _priceUp(VaultState storage $, AccountId account, uint256 token, uint256 amount) private view returns (Wad) {
        uint256 word = $.collaterals[token];
        if (CollateralWord.token(word) == address(0)) revert IMarginVault.UnknownToken(token);
        uint256 held = $.collateral[account][token];
        if (amount > held) revert IMarginVault.InsufficientCollateral(account, token, held, amount);
        uint256 priceWord = $.prices[CollateralWord.underlying(word)];
        Ratio most = Ratio.wrap(CollateralWord.haircut(word).raw() / 2);
        if (most > MOST_DISCOUNT) most = MOST_DISCOUNT;
        Ratio discount = Ratio.wrap(((block.timestamp - $.exchangeSince[account]) * DISCOUNT_PER_HOUR) / 1 hours);
        if (discount > most) discount = most;
        Wad value = Ledger.collateralValueDown(amount, PriceWord.price(priceWord), PriceWord.lotExponent(priceWord));
        return (value + Wad.wrap(1)).partUp(ONE - discount);
    }

    /// @dev Settled cash below −5 % of the value of the collateral.
    function _short(Portfolio memory p, Margin.Terms memory terms) private pure returns (bool short, Wad settled, Wad collateral) {
        settled = Margin.settledCash(p, terms);
        for (uint256 i; i < p.books.length; ++i) {
            collateral = collateral + p.books[i].collateral;
        }
        short = settled < -collateral.partDown(SHORT_BEYOND) && collateral != ZERO;
    }
}
