// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ScenarioPrices} from "../../ledger/options/ScenarioPrices.sol";
import {SeriesHolding} from "../../ledger/options/SeriesHolding.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Lots} from "../../types/Lots.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";
import {PriceWord} from "../../words/PriceWord.sol";
import {KnownPrices} from "./KnownPrices.sol";
import {LiveMargin} from "./LiveMargin.sol";
import {PricedSeries} from "./PricedSeries.sol";

/// @title Options and dated futures priced live
/// @dev Linked: its code runs in the vault. What an account holds on one underlying is priced once, and valued in parts without pricing again.
library PortfolioLogic {
    /// @dev The perpetual and the collateral beside the series.
    struct Spot {
        Lots lots;
        Wad collateral; // market value
        Price price; // of a lot
        uint256 depth;
    }

    /// @notice The options and dated futures of `account` on `underlying` priced at `price` and the held range, as PricedSeries packs them, and what those
    /// of settled series pay. Where all have settled nothing is packed, and it is as if they had been paid.
    /// @param scenarios to price, a bit each: all, or the mark alone for who asks for no margin
    function priced(
        VaultState storage $,
        AccountId account,
        uint256 underlying,
        Price price,
        uint256 scenarios
    ) external view returns (bytes memory packed, Wad paid) {
        SeriesHolding.Holding memory h = _holding($, account, underlying, price);
        if (h.positions.length == 0) return (packed, Wad.wrap(h.paid));
        LiveMargin.Prices memory prices;
        LiveMargin.price(prices, $, h, scenarios);
        return (PricedSeries.pack(h, prices), Wad.wrap(h.paid));
    }

    /// @notice As `priced` in all scenarios, with the prices in `known` of what is held there too.
    /// @param known packed by this library earlier in the same call, in all scenarios, or empty: nothing that prices has changed since
    function pricedLike(
        VaultState storage $,
        AccountId account,
        uint256 underlying,
        Price price,
        bytes memory known
    ) external view returns (bytes memory packed, Wad paid) {
        SeriesHolding.Holding memory h = _holding($, account, underlying, price);
        if (h.positions.length == 0) return (packed, Wad.wrap(h.paid));
        LiveMargin.Prices memory prices;
        if (known.length == 0) LiveMargin.price(prices, $, h, ScenarioPrices.ALL);
        else KnownPrices.write(prices, $, h, known);
        return (PricedSeries.pack(h, prices), Wad.wrap(h.paid));
    }

    function _holding(
        VaultState storage $,
        AccountId account,
        uint256 underlying,
        Price price
    ) private view returns (SeriesHolding.Holding memory h) {
        (h.price, h.range) = (price, PriceWord.heldRange($.prices[underlying]));
        SeriesHolding.write(h, $, account, underlying, $.positions[account][underlying], Wad.wrap(0));
    }

    /// @notice The figures of an underlying: `part` of what is `packed`, beside `spot`.
    function figures(
        bytes memory packed,
        Spot memory spot,
        PricedSeries.Part memory part,
        Ratio provision,
        Ratio interMonth
    ) external pure returns (LiveMargin.Figures memory f) {
        SeriesHolding.Holding memory h;
        LiveMargin.Prices memory prices;
        (h.price, h.depth) = (spot.price, spot.depth);
        SeriesHolding.writeSpot(h, spot.lots, spot.collateral);
        PricedSeries.unpack(packed, part, h, prices);
        LiveMargin.write(f, h, prices, provision, interMonth);
    }
}
