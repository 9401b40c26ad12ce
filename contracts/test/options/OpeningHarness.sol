// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SeriesHolding} from "../../ledger/options/SeriesHolding.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {OpeningBound} from "../../margin/options/OpeningBound.sol";
import {OpeningLogic} from "../../margin/options/OpeningLogic.sol";
import {Valuation} from "../../margin/Valuation.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {StaleCause} from "../../types/StaleCause.sol";
import {Wad} from "../../types/Wad.sol";
import {PositionWord} from "../../words/PositionWord.sol";
import {PlainOpeningBound} from "./plain/PlainOpeningBound.sol";

/// @dev An account on one underlying, as it is stored.
abstract contract OneUnderlying {
    struct Listed {
        uint256 number;
        uint256 word; // SeriesWord
        uint256 surface; // SurfaceWord
        uint256 average; // AverageWord
        uint256[] risks; // by strike
    }

    struct Given {
        uint256 position; // PositionWord
        Wad collateral; // its market value
        Price price;
        Ratio range;
        uint256 depth;
        Ratio provision;
        Ratio interMonth;
        uint256 sample; // SampleWord
        uint256 volatility; // VolatilityWord
        uint256[] list; // SeriesPositions
        Listed[] series;
    }

    AccountId internal constant ACCOUNT = AccountId.wrap(1);
    uint256 internal constant UNDERLYING = 3;

    VaultState internal $;

    function _store(uint256 underlying, Given calldata given) internal {
        ($.samples[underlying], $.volatilities[underlying]) = (given.sample, given.volatility);
        for (uint256 i; i < given.list.length; ++i) {
            $.seriesPositions[ACCOUNT][underlying][i] = given.list[i];
        }
        for (uint256 i; i < given.series.length; ++i) {
            Listed calldata one = given.series[i];
            $.series[underlying][one.number] = one.word;
            $.surfaces[underlying][one.number] = one.surface;
            $.averages[underlying][one.number] = one.average;
            for (uint256 k; k < one.risks.length; ++k) {
                $.risks[underlying][(one.number << 7) | k] = one.risks[k];
            }
        }
    }

    function _writeSpot(SeriesHolding.Holding memory h, Given calldata given) internal pure {
        (h.underlying, h.price, h.range, h.depth) = (UNDERLYING, given.price, given.range, given.depth);
        SeriesHolding.writeSpot(h, PositionWord.lots(given.position), given.collateral);
    }

    /// @dev Of the short option minimum, calls and puts of each series: rounded one by one, which the minimum alone would hide.
    function _weights(SeriesHolding.Group[] memory groups) internal pure returns (int256[] memory weights) {
        weights = new int256[](2 * groups.length);
        for (uint256 i; i < groups.length; ++i) {
            (weights[2 * i], weights[2 * i + 1]) = (groups[i].calls, groups[i].puts);
        }
    }
}

/// @dev What a trade works out: gathered once, by the coarse bound and by the tight one.
contract OpeningHarness is OneUnderlying {
    function bounds(
        Given calldata given
    )
        external
        returns (
            OpeningBound.Figures memory coarse,
            OpeningBound.Figures memory tight,
            bool hasCoarse,
            uint256[3] memory spent,
            int256[] memory weights
        )
    {
        _store(UNDERLYING, given);
        OpeningBound.Gathered memory g;
        _writeSpot(g.holding, given);
        spent[0] = gasleft();
        OpeningBound.gather(tight, g, $, ACCOUNT, given.position, given.provision, given.interMonth);
        spent[0] -= gasleft();
        (coarse.notional, coarse.cause, coarse.series) = (tight.notional, tight.cause, tight.series);
        if (tight.cause != StaleCause.NONE) return (coarse, tight, false, spent, weights);
        if (g.coarse) {
            spent[1] = gasleft();
            OpeningBound.writeCoarse(coarse, g);
            spent[1] -= gasleft();
        }
        spent[2] = gasleft();
        OpeningBound.writeTight(tight, g);
        spent[2] -= gasleft();
        return (coarse, tight, g.coarse, spent, _weights(g.holding.groups));
    }
}

/// @dev The plain twin: position by position and scenario by scenario.
contract PlainOpeningHarness is OneUnderlying {
    function bound(Given calldata given) external returns (PlainOpeningBound.Figures memory plain, int256[] memory weights) {
        _store(UNDERLYING, given);
        SeriesHolding.Holding memory h;
        _writeSpot(h, given);
        SeriesHolding.write(h, $, ACCOUNT, UNDERLYING, given.position, given.collateral);
        PlainOpeningBound.write(plain, $, h, given.provision, given.interMonth);
        if (plain.cause == StaleCause.NONE) weights = _weights(h.groups);
    }
}

/// @dev What a trade asks of the library, of an account on several underlyings without collateral.
contract OpeningLogicHarness is OneUnderlying {
    /// @param marginWord MarginWord; the ratios of `given` are not read
    /// @param enough E − IM with which the caller asks no further
    function value(
        uint256 marginWord,
        uint256 header,
        uint256[] calldata priceWords,
        Given[] calldata given,
        Wad[] calldata enough
    ) external returns (Valuation.Figures[] memory figures) {
        $.marginParameters = marginWord;
        for (uint256 i; i < given.length; ++i) {
            _store(i, given[i]);
            ($.prices[i], $.positions[ACCOUNT][i]) = (priceWords[i], given[i].position);
        }
        figures = new Valuation.Figures[](enough.length);
        for (uint256 i; i < enough.length; ++i) {
            (figures[i], ) = OpeningLogic.value($, ACCOUNT, header, 0, 0, enough[i]);
        }
    }
}
