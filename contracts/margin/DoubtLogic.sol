// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {IPushSource} from "../interfaces/IPushSource.sol";
import {Uptime} from "../ledger/Uptime.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {Judgement, PriceGuard, Quote} from "../math/PriceGuard.sol";
import {ScanRange} from "../math/ScanRange.sol";
import {AccountId} from "../types/AccountId.sol";
import {Ratio, fromPpb, fromPpm} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {GuardWord} from "../words/GuardWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {VolatilityWord} from "../words/VolatilityWord.sol";
import {Margin} from "./Margin.sol";
import {Valuation} from "./Valuation.sol";

/// @title What prices that are not seconds old may hide from who opens and withdraws; and whether the sequencer is up
/// @dev Linked: its code runs in the vault. Reached only where a price is doubtful, or where there is a sequencer.
library DoubtLogic {
    using HeaderWord for uint256;

    uint256 private constant PPB = 1e9;

    /// @notice See `Uptime.ask`.
    function ask(address feed, uint256 grace) external {
        Uptime.ask(feed, grace);
    }

    /// @notice See `Uptime.requireUp`.
    function requireUp(address feed, uint256 grace) external {
        Uptime.requireUp(feed, grace);
    }

    /// @notice How much less E − IM of `account` may be at the worse edge of every doubtful price, and how much less its positions may be worth. Prices are
    /// normal; `header` is taken for the stored one, and `draft`, unless it is zero, for the position on `drafted`.
    /// @dev Everything but cash is in proportion to the price, so at an edge it is as much more or less as the price, and no edge needs to be priced. That does
    /// not hold for options: who holds a series opens and withdraws at good prices only.
    function hidden(
        VaultState storage $,
        AccountId account,
        uint256 header,
        uint256 drafted,
        uint256 draft
    ) external view returns (Wad surplus, Wad lines) {
        uint256 marginWord = $.marginParameters;
        uint256 fresh = MarginWord.liquidationAge(marginWord);
        Margin.Terms memory terms = Margin.terms(marginWord);
        (Valuation.Holding[] memory holdings, uint256 left) = Valuation.holdings($, account, header.collaterals());
        for (left |= header.underlyings(); left != 0; left &= left - 1) {
            uint256 underlying = LibBit.ffs(left);
            uint256 priceWord = $.prices[underlying];
            uint256 age = PriceWord.age(priceWord);
            if (PriceWord.isGood(priceWord, age, fresh)) continue;
            if (header.seriesPositions() != 0) {
                revert IMarginVault.RiskMayNotRise(account, underlying, PriceWord.state(priceWord), age);
            }
            uint256 position;
            // what `header` does not hold is only what collateral is of
            if ((header >> (128 + underlying)) & 1 != 0) {
                position = underlying == drafted && draft != 0 ? draft : $.positions[account][underlying];
            }
            Valuation.Figures memory f;
            Wad collateral = Valuation.pledged(f, holdings, underlying, priceWord);
            Valuation.add(f, priceWord, position, 0, collateral, terms);
            Wad line = PositionWord.lots(position).times(PriceWord.price(priceWord));
            Ratio width = _width($, underlying, priceWord, age);
            surplus = surplus + (line + collateral + f.equity - f.openingMargin).abs().partUp(width);
            lines = lines + line.abs().partUp(width);
        }
    }

    /// @dev While nothing newer can be had: what the source lets pass without a word, or k·σ·√age, whichever is more. Otherwise the band of the guard.
    function _width(VaultState storage $, uint256 underlying, uint256 priceWord, uint256 age) private view returns (Ratio) {
        uint256 guardWord = $.guards[underlying];
        uint256 deviationPpm = _deviationOf($, underlying, priceWord, guardWord);
        if (deviationPpm == 0) return PriceGuard.doubt(guardWord, age);
        uint256 range = PriceWord.widerRange(priceWord).raw() / PPB;
        Ratio moved = fromPpb(ScanRange.moveUp(range, age, VolatilityWord.horizon($.volatilities[underlying])));
        Ratio silent = fromPpm(deviationPpm);
        return silent > moved ? silent : moved;
    }

    /// @dev The widest deviation threshold of the sources, where each of them, asked now, still stands at the rounds that the price is made of; otherwise zero.
    function _deviationOf(
        VaultState storage $,
        uint256 underlying,
        uint256 priceWord,
        uint256 guardWord
    ) private view returns (uint256 widest) {
        uint256 count = GuardWord.sources(guardWord);
        uint256 dropped = GuardWord.dropped(guardWord, block.timestamp);
        Quote[] memory quotes = new Quote[](count);
        uint256 asked;
        for (uint256 i; i < count; ++i) {
            if ((dropped >> i) & 1 != 0) continue;
            // casting is safe: there are 32 underlyings
            try IPushSource(address($.sources[underlying][i])).round(uint8(underlying)) returns (
                IPriceSource.Report memory said,
                uint256 deviationPpm
            ) {
                if (deviationPpm == 0) return 0;
                quotes[asked] = PriceGuard.quoteOf(i, said, PriceWord.lotExponent(priceWord), block.timestamp);
                if (quotes[asked++].answer != PriceGuard.VALID) return 0;
                widest = Math.max(widest, deviationPpm);
            } catch {
                return 0;
            }
        }
        assembly ("memory-safe") {
            // shorter than what was reserved
            mstore(quotes, asked)
        }
        Judgement memory now_ = PriceGuard.judge(guardWord, priceWord, 0, quotes, block.timestamp);
        bool same =
            now_.verdict == PriceGuard.ACCEPTED && now_.price == PriceWord.price(priceWord).raw() && now_.time == PriceWord.time(priceWord);
        return same ? widest : 0;
    }
}
