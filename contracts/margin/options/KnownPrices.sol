// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ScenarioPrices} from "../../ledger/options/ScenarioPrices.sol";
import {SeriesHolding} from "../../ledger/options/SeriesHolding.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {Position, positionAt} from "../../types/Position.sol";
import {ZERO_RATIO} from "../../types/Ratio.sol";
import {LANES} from "../../words/RiskWord.sol";
import {LiveMargin} from "./LiveMargin.sol";
import {PricedSeries} from "./PricedSeries.sol";

/// @title Prices of options that were worked out before in the same call
/// @dev The second form of the margin rule looks at an account before and after: most of what it holds is the same, and a price costs more than all the rest.
library KnownPrices {
    /// @notice Writes the prices of every option of `h`, in all scenarios: those in `known` where they are there, the rest priced anew; and into its positions
    /// where. A strike of which both rights are held has two places.
    /// @param known as PricedSeries packs it, of the same underlying in the same state of its price and its series
    function write(
        LiveMargin.Prices memory prices,
        VaultState storage $,
        SeriesHolding.Holding memory h,
        bytes memory known
    ) internal view {
        SeriesHolding.Holding memory was;
        LiveMargin.Prices memory seen;
        PricedSeries.unpack(known, PricedSeries.Part(ZERO_RATIO, 0, false), was, seen);
        Position[] memory positions = h.positions;
        uint256[] memory values = new uint256[](LANES * positions.length);
        SeriesHolding.Holding memory rest;
        uint256[] memory places = _outline(rest, h);
        uint256 count;
        uint256 hint;
        for (uint256 i; i < positions.length; ++i) {
            Position p = positionAt(positions, i);
            if (p.instrument().isFuture()) continue;
            positions[i] = p.withPlace(i);
            (bool found, uint256 place) = _find(was.positions, p, hint);
            if (found) {
                _copy(values, i, seen.values, was.positions[place].place());
                hint = place + 1;
                continue;
            }
            rest.groups[p.group()] = h.groups[p.group()];
            (rest.positions[count], places[count]) = (p, i);
            ++count;
        }
        (prices.scenarios, prices.values) = (ScenarioPrices.ALL, values);
        if (count == 0) return;
        _shorten(rest.positions, count);
        LiveMargin.price(seen, $, rest, ScenarioPrices.ALL);
        for (uint256 i; i < count; ++i) {
            _copy(values, places[i], seen.values, rest.positions[i].place());
        }
    }

    /// @dev `rest` with as much room as `h` has, and no lots in any series: one of which nothing is priced makes no frame.
    function _outline(SeriesHolding.Holding memory rest, SeriesHolding.Holding memory h) private pure returns (uint256[] memory places) {
        rest.underlying = h.underlying;
        rest.groups = new SeriesHolding.Group[](h.groups.length);
        rest.positions = new Position[](h.positions.length);
        places = new uint256[](h.positions.length);
    }

    /// @dev Where `p` is in `list`, begun at `hint` and once around: the lists differ in few places.
    function _find(Position[] memory list, Position p, uint256 hint) private pure returns (bool, uint256) {
        uint256 wanted = p.instrument().raw();
        for (uint256 i; i < list.length; ++i) {
            uint256 place = hint + i;
            if (place >= list.length) place -= list.length;
            if (list[place].instrument().raw() == wanted) return (true, place);
        }
        return (false, 0);
    }

    /// @dev The prices of one strike, from the place that a position names in one array to the place that another names in the other.
    function _copy(uint256[] memory values, uint256 place, uint256[] memory source, uint256 from) private pure {
        uint256 size = LANES << 5;
        assembly ("memory-safe") {
            mcopy(add(add(values, 0x20), mul(place, size)), add(add(source, 0x20), mul(from, size)), size)
        }
    }

    function _shorten(Position[] memory list, uint256 count) private pure {
        assembly ("memory-safe") {
            mstore(list, count) // never longer than it was made
        }
    }
}
