// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {Margin} from "../margin/Margin.sol";
import {Portfolios} from "../margin/Portfolios.sol";
import {Takeover} from "../margin/Takeover.sol";
import {AccountId} from "../types/AccountId.sol";
import {Ratio, ONE} from "../types/Ratio.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {CollateralWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";

/// @title Buying collateral from an account whose settled cash is short
/// @dev Losses are owed in settlement tokens; an account that holds only collateral would let them grow. Anyone may bring the money.
library ExchangeLogic {
    using HeaderWord for uint256;

    Ratio internal constant SHORT_BEYOND = Ratio.wrap(0.05e18); // of the value of the collateral
    Ratio internal constant MOST_DISCOUNT = Ratio.wrap(0.01e18);
    uint256 internal constant DISCOUNT_PER_HOUR = 0.001e18;
    uint256 internal constant DECLARED_FOR = 1 days;

    /// @notice Starts the clock of an account that is short, anew a day after the last declaration; stops it for one that is not any more.
    function declare(VaultState storage $, address fund, AccountId account) external {
        if (account.owner() == fund) revert IMarginVault.ProtocolAccount(account);
        uint256 marginWord = $.marginParameters;
        Portfolio memory p = Portfolios.value($, account, marginWord);
        (bool short, Wad settled, Wad collateral) = _short(p, Margin.terms(marginWord));
        uint256 since = $.exchangeSince[account];
        if (short ? _runs(since) : since == 0) revert IMarginVault.ExchangeNotAllowed(account, settled, collateral);
        if (!short) return Ledger.stopExchange($, account);
        $.exchangeSince[account] = block.timestamp;
        $.headers[account] = $.headers[account].withDeclaredShort(true);
        emit IMarginVault.ExchangeDeclared(account, true);
    }

    /// @notice Stops the clock of an account that may have been cured, where it is short no longer.
    /// @dev The fund's accounts have none.
    function review(VaultState storage $, AccountId account) external {
        if (!$.headers[account].declaredShort() || $.exchangeSince[account] == 0) return;
        uint256 marginWord = $.marginParameters;
        (bool short, , ) = _short(Portfolios.portfolio($, account, marginWord), Margin.terms(marginWord));
        if (!short) Ledger.stopExchange($, account);
    }

    /// @notice `buyer` pays cash for `amount` (WAD) of collateral at a discount of 0.1 % an hour since the declaration, at most 1 % and at
    /// most half the haircut, and only as far as it cures settled cash.
    function exchange(VaultState storage $, address fund, AccountId account, uint8 token, uint256 amount, AccountId buyer) external {
        if (account.owner() == fund) revert IMarginVault.ProtocolAccount(account);
        if (buyer.owner() == fund) revert IMarginVault.ProtocolAccount(buyer);
        if (buyer == account) revert IMarginVault.TakerIsAccount(account);
        if (amount == 0) revert IMarginVault.NothingToDo();
        uint256 marginWord = $.marginParameters;
        Portfolio memory p = Portfolios.value($, account, marginWord);
        Margin.Terms memory terms = Margin.terms(marginWord);
        (bool short, Wad settled, Wad collateral) = _short(p, terms);
        if (!short || !_runs($.exchangeSince[account])) revert IMarginVault.ExchangeNotAllowed(account, settled, collateral);
        Portfolio memory buyerBefore = Portfolios.value($, buyer, marginWord);

        Wad cash = _priceUp($, account, token, amount);
        if (cash > -settled) revert IMarginVault.ExchangeTooLarge(account, cash, -settled);
        // it may leave less than the least size: where all would cure more than is short there would be no other way
        Ledger.moveCollateral($, account, token, amount, false);
        Ledger.moveCollateral($, buyer, token, amount, true);
        Ledger.credit($, account, cash);
        Ledger.credit($, buyer, -cash);
        emit IMarginVault.CollateralExchanged(account, buyer, token, amount, uint256(cash.raw()));

        // it could strip a hedge: the seller's margin is tested as after a trade of its own
        p = Takeover.requireMarginLeft($, account, p, marginWord);
        Portfolio memory bought = Takeover.requireMargin($, buyer, buyerBefore, marginWord);
        // who has no money would pass the shortfall round
        settled = Margin.settledCash(bought, terms);
        if (settled.isNegative()) revert IMarginVault.SettledCashTooLow(buyer, settled, ZERO);
        (short, , ) = _short(p, terms);
        if (!short) Ledger.stopExchange($, account);
        // neither is who paid, whatever cured it before
        Ledger.stopExchange($, buyer);
    }

    /// @dev Whether the clock that was started at `since` still runs.
    function _runs(uint256 since) private view returns (bool) {
        return since != 0 && block.timestamp - since <= DECLARED_FOR;
    }

    /// @dev What `amount` costs, rounded up.
    function _priceUp(VaultState storage $, AccountId account, uint256 token, uint256 amount) private view returns (Wad) {
        uint256 word = $.collaterals[token];
        if (CollateralWord.token(word) == address(0)) revert IMarginVault.UnknownToken(token);
        uint256 held = $.collateral[account][token];
        if (amount > held) revert IMarginVault.InsufficientCollateral(account, token, held, amount);
        uint256 underlying = CollateralWord.underlying(word);
        uint256 priceWord = $.prices[underlying];
        // nobody's property is sold at an old price, which the buyer could wait for; what stays may be as old as it is
        Takeover.requireFreshPrice(underlying, priceWord, $.marginParameters);
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
