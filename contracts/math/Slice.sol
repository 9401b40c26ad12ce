// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assessment} from "../interfaces/IMarginVault.sol";
import {Price} from "../types/Price.sol";
import {Ratio, ONE, ZERO_RATIO} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad} from "../types/Wad.sol";
import {LiquidationWord} from "../words/ParameterWords.sol";

/// @title How much of an account is sold, and at which discount (DESIGN section 8)
/// @dev Margin is positively homogeneous, so a fraction of an account needs at most that fraction of its margin. With W what the taker pays
/// for everything before the discount D, selling f leaves (1 − f)·E + f·(W − D) − b of equity against (1 − f)·IM of margin; f* is the
/// least f that restores E′ = κ·IM′.
library Slice {
    /// @dev What a sale of `account` is worth; all from its figures and the parameters, nothing from storage or time.
    struct Terms {
        Ratio health; // E / MM in [0, 1], rounded down
        Ratio haircutShare; // λ: the part of the haircut that collateral is paid below its price
        Wad worth; // W
        Wad discount; // D for the whole account
        Wad bounty; // b of everything that is sold
        Ratio fraction; // f*, 1 for a whole sale
    }

    /// @notice Writes into `t` the terms on which an account of figures `a` is sold, that has `count` positions and collaterals.
    function write(Terms memory t, Assessment memory a, Wad maintenance, uint256 liquidationWord, uint256 count) internal pure {
        t.health = healthDown(a, maintenance);
        // half the haircut at the line, all of it when nearly insolvent; rounded up
        t.haircutShare = Ratio.wrap(1e18 - t.health.raw() / 2);
        t.worth = a.value - (a.value - a.equity).partUp(t.haircutShare);
        t.discount = discountUp(a.margin, a.notional, t.health, liquidationWord);
        // what is sold costs the keeper gas each; who holds nothing any more is closed at the price of one
        // casting is safe: at most some 150
        t.bounty = Wad.wrap(LiquidationWord.bounty(liquidationWord).raw() * int256(count == 0 ? 1 : count));
        t.fraction = fractionUp(a, t, LiquidationWord.recovery(liquidationWord));
    }

    /// @notice D = max(d(h)·IM, c·G).
    function discountUp(Wad margin, Wad notional, Ratio health, uint256 liquidationWord) internal pure returns (Wad) {
        return
            maxWad(
                margin.partUp(discountRatioUp(health, liquidationWord)),
                notional.partUp(LiquidationWord.grossDiscount(liquidationWord))
            );
    }

    /// @notice E / MM in [0, 1], rounded down; without margin 0 for a negative equity, else 1.
    function healthDown(Assessment memory a, Wad maintenance) internal pure returns (Ratio) {
        if (a.equity >= maintenance && !a.equity.isNegative()) return ONE;
        if (a.equity <= ZERO) return ZERO_RATIO;
        return Ratio.wrap((uint256(a.equity.raw()) * 1e18) / uint256(maintenance.raw()));
    }

    /// @notice d(h) = d_min + (d_max − d_min)·(1 − h), rounded up.
    function discountRatioUp(Ratio health, uint256 liquidationWord) internal pure returns (Ratio) {
        Ratio least = LiquidationWord.discountMin(liquidationWord);
        return least + (LiquidationWord.discountMax(liquidationWord) - least).partUp(ONE - health);
    }

    /// @notice f* = (κ·IM − E + b) / ((κ·IM − E) + (W − D)), rounded up, at most 1; 1 when the sale of all would bring no more than b.
    function fractionUp(Assessment memory a, Terms memory t, Ratio recovery) internal pure returns (Ratio) {
        Wad proceeds = t.worth - t.discount;
        if (proceeds <= t.bounty) return ONE;
        Wad missing = a.margin.partUp(recovery) - a.equity;
        uint256 numerator = uint256((missing + t.bounty).raw());
        uint256 denominator = uint256((missing + proceeds).raw());
        if (numerator >= denominator) return ONE;
        unchecked {
            // amounts of one account are below 2^149
            return Ratio.wrap((numerator * 1e18 + denominator - 1) / denominator);
        }
    }

    /// @notice The fewest lots of an underlying whose lot is worth `price` that a position may have.
    function leastLots(Wad smallest, Price price) internal pure returns (uint256) {
        if (price.raw() == 0) return type(uint256).max;
        return (uint256(smallest.raw()) + price.raw() - 1) / price.raw();
    }

    /// @notice What a sale of the part `part` (1e18) takes of `size`: the part rounded up, and all where less than `least` would be left.
    function soldUp(uint256 size, uint256 part, uint256 least) internal pure returns (uint256 sold) {
        unchecked {
            // size < 2^128, a part of at most 1e18
            sold = (size * part + (1e18 - 1)) / 1e18;
            if (size - sold < least) sold = size;
        }
    }
}
