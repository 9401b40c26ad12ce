// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {Bounds} from "../math/Bounds.sol";
import {AccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Wad} from "../types/Wad.sol";
import {CollateralWord, LiquidationWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {Ledger} from "./Ledger.sol";
import {VaultState} from "./VaultStorage.sol";

/// @title The least size of every position and every collateral
/// @dev A sale costs gas for each thing that it moves, and its bounty counts each: below this size one would not bear it (docs/governance.md, inequalities).
/// Of an underlying a lot counts at its price, whatever instrument it is of.
library LeastSize {
    /// @notice Whether a position of `lots` at `price` a lot is smaller than what is allowed, and that before, if there was one, was not.
    /// @dev The parameter is read only for what is below its highest bound.
    function falls(VaultState storage $, int256 before, int256 lots, Price price) internal view returns (bool) {
        if (lots == 0) return false;
        uint256 value = Lots.wrap(lots).abs() * price.raw();
        if (value >= Bounds.MOST_SMALLEST_NOTIONAL * 1e18) return false;
        uint256 least = smallest($);
        return value < least && (before == 0 || Lots.wrap(before).abs() * price.raw() >= least);
    }

    /// @notice Takes collateral from an account; the caller moves the other side. Refuses what leaves less of it than is allowed, and not nothing, unless it was
    /// less before. Less than a unit of the token, which no withdrawal could take, counts as nothing.
    /// @param unit of the token, WAD
    function takeCollateral(VaultState storage $, AccountId account, uint256 token, uint256 amount, uint256 unit) internal {
        uint256 before = $.collateral[account][token];
        Ledger.moveCollateral($, account, token, amount, false);
        uint256 left;
        unchecked {
            // more than was held is refused
            left = before - amount;
        }
        if (left < unit) return;
        uint256 priceWord = $.prices[CollateralWord.underlying($.collaterals[token])];
        (Price price, uint256 exponent) = (PriceWord.price(priceWord), PriceWord.lotExponent(priceWord));
        Wad value = Ledger.collateralValueDown(left, price, exponent);
        if (value >= Wad.wrap(int256(Bounds.MOST_SMALLEST_NOTIONAL * 1e18))) return;
        Wad least = LiquidationWord.smallestNotional($.liquidationParameters);
        if (value < least && Ledger.collateralValueDown(before, price, exponent) >= least) {
            revert IMarginVault.CollateralTooSmall(account, token, value, least);
        }
    }

    /// @notice WAD.
    function smallest(VaultState storage $) internal view returns (uint256) {
        // casting is safe: an unsigned field
        return uint256(LiquidationWord.smallestNotional($.liquidationParameters).raw());
    }
}
