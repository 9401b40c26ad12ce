// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {ScenarioPrices} from "../../ledger/options/ScenarioPrices.sol";
import {SeriesHolding} from "../../ledger/options/SeriesHolding.sol";
import {SeriesState} from "../../ledger/options/SeriesState.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {InterMonth} from "../../math/options/InterMonth.sol";
import {Lanes} from "../../math/options/Lanes.sol";
import {OptionStress} from "../../math/options/OptionStress.sol";
import {RiskArray} from "../../math/options/RiskArray.sol";
import {STRIKE_ZERO} from "../../types/Instrument.sol";
import {Position, positionAt} from "../../types/Position.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad, maxWad} from "../../types/Wad.sol";
import {LANES} from "../../words/RiskWord.sol";
import {SviWord} from "../../words/SviWord.sol";

/// @title An underlying with options and dated futures, priced anew: what liquidations and the second form of the margin rule go by
/// @dev docs/margin.md, "Liquidation". No word is read, so a stale one can liquidate nobody. What an option is worth is kept a lot, so that any part
/// of the positions can be valued without pricing again.
library LiveMargin {
    using SeriesState for SeriesState.Live;
    using Lanes for int256[LANES];

    /// @dev Bytes in a table of the strikes of a series.
    uint256 private constant PLACES = 2 * STRIKE_ZERO;

    struct Figures {
        Wad value; // V of the underlying, without cash, rounded down
        Wad scan;
        Wad margin; // IM
        Wad sizeCharge; // in it
        Wad notional; // gross, of all positions
        Wad settled; // of value, what counts as settled cash
    }

    /// @dev For each strike, at the place that its positions name, what a lot of the option that is out of the money is worth in each of `scenarios`, lowest
    /// first (`ScenarioPrices`). The other option of the strike is that and a line.
    struct Prices {
        uint256 scenarios; // a bit each
        uint256[] values;
    }

    /// @dev The options and futures of one series.
    struct Sums {
        int256[LANES] values; // of the options, in the scenarios that are priced, lowest first
        int256 forwards; // lots of the forward, of futures and parity
        int256 strikes; // lots times strike that parity owes
        int256 owed; // lots of shorts, each owes the unit that rounding down has left out
    }

    /// @notice Prices every strike of `h` in `scenarios`, and writes into its positions where.
    function price(Prices memory prices, VaultState storage $, SeriesHolding.Holding memory h, uint256 scenarios) internal view {
        uint256 each = LibBit.popCount(scenarios);
        Position[] memory positions = h.positions;
        uint256[] memory values = new uint256[](each * _placeStrikes(positions, h.groups.length));
        (prices.scenarios, prices.values) = (scenarios, values);
        ScenarioPrices.Frame[] memory frames = new ScenarioPrices.Frame[](h.groups.length);
        for (uint256 i; i < frames.length; ++i) {
            SeriesHolding.Group memory group = h.groups[i];
            if (group.gross == 0) continue;
            SeriesState.Live memory live = group.live;
            (SviWord.Slice memory slice, uint256 span) = live.slice($, h.underlying, group.series);
            frames[i] = ScenarioPrices.frameOf(live.forward, group.range, slice, span, live.varianceTime, scenarios);
        }
        unchecked {
            // fewer than 2^16 positions
            uint256 priced;
            ScenarioPrices.Frame memory frame;
            for (uint256 i; i < positions.length; ++i) {
                Position p = positionAt(positions, i);
                if (p.instrument().isFuture() || p.place() != priced) continue;
                uint256 place = p.group();
                assembly ("memory-safe") {
                    frame := mload(add(frames, shl(5, add(place, 1)))) // one for each group
                }
                ScenarioPrices.write(frame, p.strike().raw(), values, priced++ * each);
            }
        }
    }

    /// @dev Gives each strike a place, in the order in which its first position comes, and writes it into its positions; returns how many there are.
    function _placeStrikes(Position[] memory positions, uint256 groups) private pure returns (uint256 strikes) {
        // two bytes for each strike of each series: its place and one more, 0 where it has none yet
        bytes memory places = new bytes(PLACES * groups);
        unchecked {
            // fewer than 2^16 positions
            for (uint256 i; i < positions.length; ++i) {
                Position p = positionAt(positions, i);
                if (p.instrument().isFuture()) continue;
                uint256 entry = p.group() * PLACES + 2 * p.instrument().strikeIndex();
                uint256 place;
                assembly ("memory-safe") {
                    entry := add(add(places, 0x20), entry)
                    place := shr(240, mload(entry))
                    if iszero(place) {
                        strikes := add(strikes, 1)
                        place := strikes
                        mstore8(entry, shr(8, place))
                        mstore8(add(entry, 1), place)
                    }
                }
                positions[i] = p.withPlace(place - 1);
            }
        }
    }

    /// @notice Writes the figures of `h`, whose options are priced: of as many lots as its positions say. Where they are priced at the mark alone, only
    /// `value`, `notional` and `settled` mean something.
    function write(
        Figures memory f,
        SeriesHolding.Holding memory h,
        Prices memory prices,
        Ratio provision,
        Ratio interMonth
    ) internal pure {
        int256[LANES] memory values;
        RiskArray.addLine(Wad.wrap(h.line), Wad.wrap(h.line), h.range, values);
        InterMonth.Exposures memory exposures = SeriesHolding.spotExposures(h);
        Sums[] memory sums = _sums(h, prices);
        int256 futures;
        for (uint256 i; i < sums.length; ++i) {
            SeriesHolding.Group memory group = h.groups[i];
            // casting is safe: a price is below 2^96
            futures += group.futures * int256(group.live.forward.raw());
            _addSeries(group, sums[i], prices.scenarios, exposures, values);
        }
        (f.scan, ) = RiskArray.worst(values);
        (Wad provisions, Wad notional) = SeriesHolding.provisionsUp(h, provision);
        f.sizeCharge = SeriesHolding.sizeChargeUp(h);
        SeriesHolding.weigh(h);
        f.margin =
            maxWad(f.scan, SeriesHolding.shortOptionMinimumUp(h)) +
            InterMonth.chargeUp(exposures, interMonth) +
            provisions +
            f.sizeCharge;
        f.notional = notional;
        f.value = Wad.wrap(values[0] + h.paid);
        int256 options = values[0] - h.line - futures;
        f.settled = Wad.wrap(futures + h.paid + (options < 0 ? options : int256(0)));
    }

    /// @notice What the perpetual of `h`, whose options are priced in all scenarios, and then each of its positions lose by themselves in the worst scenario of all with the
    /// collateral; a gain is negative. Nothing where nothing loses.
    function losses(SeriesHolding.Holding memory h, Prices memory prices) internal pure returns (int256[] memory lost) {
        int256[LANES] memory values;
        RiskArray.addLine(Wad.wrap(h.line), Wad.wrap(h.line), h.range, values);
        // of no use here
        InterMonth.Exposures memory exposures = SeriesHolding.spotExposures(h);
        Sums[] memory sums = _sums(h, prices);
        for (uint256 i; i < sums.length; ++i) {
            _addSeries(h.groups[i], sums[i], prices.scenarios, exposures, values);
        }
        (, uint256 scenario) = RiskArray.worst(values);
        Position[] memory positions = h.positions;
        lost = new int256[](positions.length + 1);
        Wad perpetual = Wad.wrap(h.line) - h.collateral;
        lost[0] = _lossOfLine(perpetual, perpetual, h.range, scenario);
        for (uint256 i; i < positions.length; ++i) {
            lost[i + 1] = _lossOf(positions[i], h.groups[positions[i].group()], prices.values, scenario);
        }
    }

    /// @dev As `_sums` and `_addSeries` have it, of one position alone.
    function _lossOf(
        Position p,
        SeriesHolding.Group memory group,
        uint256[] memory values,
        uint256 scenario
    ) private pure returns (int256 lost) {
        int256 lots = p.lots();
        int256 forward = int256(group.live.forward.raw());
        if (p.instrument().isFuture()) return _lossOfLine(Wad.wrap(lots * forward), Wad.wrap(lots * forward), group.range, scenario);
        uint256 first = p.place() * LANES;
        // what shorts owe beside it is the same in all scenarios
        lost = lots * (int256(values[first]) - int256(values[first + scenario]));
        int256 strike = int256(p.strike().raw());
        bool call = p.instrument().isCall();
        if (call == (strike >= forward)) return lost;
        int256 line = (call ? lots : -lots) * forward;
        lost += _lossOfLine(Wad.wrap(line - (call ? lots : -lots) * strike), Wad.wrap(line), group.range, scenario);
    }

    function _lossOfLine(Wad mark, Wad line, Ratio range, uint256 scenario) private pure returns (int256) {
        int256[LANES] memory values;
        RiskArray.addLine(mark, line, range, values);
        return values[0] - values.get(scenario);
    }

    /// @dev By series.
    function _sums(SeriesHolding.Holding memory h, Prices memory prices) private pure returns (Sums[] memory sums) {
        sums = new Sums[](h.groups.length);
        Position[] memory positions = h.positions;
        SeriesHolding.Group[] memory groups = h.groups;
        uint256 each = LibBit.popCount(prices.scenarios);
        Sums memory sum;
        SeriesHolding.Group memory group;
        unchecked {
            // lots < 2^47, prices < 2^96
            for (uint256 i; i < positions.length; ++i) {
                Position p = positionAt(positions, i);
                uint256 place = p.group();
                // without checks of the index: a position has the place of a group, and there are sums for each
                assembly ("memory-safe") {
                    let from := shl(5, add(place, 1))
                    sum := mload(add(sums, from))
                    group := mload(add(groups, from))
                }
                int256 lots = p.lots();
                if (p.instrument().isFuture()) {
                    sum.forwards += lots;
                    continue;
                }
                _addTimes(sum.values, lots, prices.values, p.place() * each, each);
                if (lots < 0) sum.owed += lots;
                uint256 strike = p.strike().raw();
                bool call = p.instrument().isCall();
                if (call == (strike >= group.live.forward.raw())) continue;
                int256 longForward = call ? lots : -lots;
                sum.forwards += longForward;
                sum.strikes += longForward * int256(strike);
            }
        }
    }

    /// @dev Without checks of indices: there are `each` values from `start` on, and as many lanes or more.
    function _addTimes(int256[LANES] memory sums, int256 lots, uint256[] memory values, uint256 start, uint256 each) private pure {
        assembly ("memory-safe") {
            let value := add(values, shl(5, add(start, 1)))
            let end := add(value, shl(5, each))
            for {
                let sum := sums
            } lt(value, end) {
                value := add(value, 0x20)
                sum := add(sum, 0x20)
            } {
                mstore(sum, add(mload(sum), mul(lots, mload(value))))
            }
        }
    }

    function _addSeries(
        SeriesHolding.Group memory group,
        Sums memory sum,
        uint256 scenarios,
        InterMonth.Exposures memory exposures,
        int256[LANES] memory values
    ) private pure {
        SeriesState.Live memory live = group.live;
        int256 gain;
        unchecked {
            // amounts of one account, at most as many as lanes
            uint256 next;
            for (uint256 k; k < LANES; ++k) {
                if ((scenarios >> k) & 1 == 0) continue;
                int256 options = sum.values.get(next++);
                values.add(k, options + sum.owed);
                if (k == 3) gain += options;
                else if (k == 5) gain -= options;
            }
        }
        int256 line = sum.forwards * int256(live.forward.raw());
        RiskArray.addLine(Wad.wrap(line - sum.strikes), Wad.wrap(line), group.range, values);
        uint256 step = OptionStress.stepDown(live.forward, group.range);
        InterMonth.add(exposures, SeriesHolding.tenor(live), SeriesHolding.deltaDown(live, gain, step, sum.forwards));
    }
}
