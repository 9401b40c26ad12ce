// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {LANES} from "../words/RiskWord.sol";
import {SviWord} from "../words/SviWord.sol";
import {Black76} from "./Black76.sol";
import {InterMonth} from "./InterMonth.sol";
import {OptionStress} from "./OptionStress.sol";
import {RiskArray} from "./RiskArray.sol";
import {SeriesHolding} from "./SeriesHolding.sol";
import {SeriesRefresh} from "./SeriesRefresh.sol";
import {SeriesState} from "./SeriesState.sol";
import {Stress} from "./Stress.sol";
import {VolatilityShock} from "./VolatilityShock.sol";

/// @title An underlying with options and dated futures, priced anew: what liquidations and the second form of the margin rule go by
/// @dev docs/margin.md, "Liquidation". No word is read, so a stale one can liquidate nobody. What an option is worth is kept a lot, so that any part
/// of the positions can be valued without pricing again.
library LiveMargin {
    using SeriesState for SeriesState.Live;

    /// @dev Scenarios, a bit each, that are priced whatever is named: the mark, and the two that a delta is taken from.
    uint256 private constant ALWAYS = 1 | (1 << 3) | (1 << 5);
    uint256 internal constant ALL = (1 << LANES) - 1;

    struct Figures {
        Wad value; // V of the underlying, without cash, rounded down
        Wad scan;
        Wad margin; // IM
        Wad sizeCharge; // in it
        Wad notional; // gross, of all positions
        Wad settled; // of value, what counts as settled cash
    }

    /// @dev One option. The side that is out of the money now is priced; the other is that and a line.
    struct Option {
        bool call; // the side that is priced
        uint256[LANES] values; // of a lot, rounded down; those that were asked for
    }

    struct Book {
        uint256 scenarios; // that were priced, a bit each
        Ratio range; // of the price
        Ratio[] ranges; // of each series
        Option[] options; // beside the positions of the holding; none for a future
    }

    /// @dev What the strikes of a series share.
    struct Frame {
        uint256[LANES] forwards;
        int256[LANES] logs; // of a stressed forward over the forward
        SviWord.Slice slice;
        uint256 span;
        uint256 root;
        uint256 shock;
        bool made;
    }

    /// @notice The scenarios to price for the one that is named, 1 to 16; for 0 all.
    function scenariosOf(uint256 named) internal pure returns (uint256) {
        if (named == 0) return ALL;
        Stress.move(named); // reverts where there is no such scenario
        return ALWAYS | (1 << named);
    }

    /// @notice Prices every option of `h` in `scenarios`, a bit each.
    function price(Book memory b, VaultState storage $, SeriesHolding.Holding memory h, Ratio range, uint256 scenarios) internal view {
        b.scenarios = scenarios;
        b.range = range;
        b.ranges = new Ratio[](h.groupCount);
        b.options = new Option[](h.positionCount);
        Frame[] memory frames = new Frame[](h.groupCount);
        for (uint256 i; i < h.groupCount; ++i) {
            b.ranges[i] = h.groups[i].live.rangeUp(range);
        }
        for (uint256 i; i < h.positionCount; ++i) {
            SeriesHolding.Position memory p = h.positions[i];
            if (p.instrument.isFuture()) continue;
            Frame memory frame = frames[p.group];
            if (!frame.made) _frame(frame, $, h, p.group, b.ranges[p.group], scenarios);
            _price(b.options[i], frame, p.strike.raw(), scenarios);
        }
    }

    function _frame(
        Frame memory frame,
        VaultState storage $,
        SeriesHolding.Holding memory h,
        uint256 group,
        Ratio range,
        uint256 scenarios
    ) private view {
        SeriesState.Live memory live = h.groups[group].live;
        uint256 forward = live.forward.raw();
        for (uint256 k; k < LANES; ++k) {
            if ((scenarios >> k) & 1 == 0) continue;
            uint256 moved = OptionStress.forwardAt(live.forward, range, k).raw();
            frame.forwards[k] = moved;
            // the forward itself is not stressed in the mark and the scenarios of volatility alone; pairs have one price
            if (moved != forward) {
                frame.logs[k] = k & 1 == 0 && frame.forwards[k - 1] == moved ? frame.logs[k - 1] : Black76.logMoneynessOf(moved, forward);
            }
        }
        (frame.slice, frame.span) = live.slice($, h.underlying, h.groups[group].series);
        frame.root = SeriesRefresh.rootOf(live.varianceTime);
        frame.shock = VolatilityShock.factor(live.varianceTime / 1e18);
        frame.made = true;
    }

    function _price(Option memory option, Frame memory frame, uint256 strike, uint256 scenarios) private pure {
        uint256 forward = frame.forwards[0];
        bool call = strike >= forward;
        option.call = call;
        int256 x = Black76.logMoneynessOf(forward, strike);
        uint256 volatility = SeriesRefresh.impliedDown(frame.slice, -x, frame.span);
        uint256[3] memory widths = [
            Black76.totalVolatilityOf(volatility, frame.root),
            Black76.totalVolatilityOf(VolatilityShock.up(volatility, frame.shock), frame.root),
            Black76.totalVolatilityOf(VolatilityShock.down(volatility, frame.shock), frame.root)
        ];
        uint256[LANES] memory forwards = frame.forwards;
        int256[LANES] memory logs = frame.logs;
        uint256[LANES] memory values = option.values;
        unchecked {
            // logarithms < 2^70
            for (uint256 k; k < LANES; ++k) {
                if ((scenarios >> k) & 1 == 0) continue;
                (uint256 value, uint256 put) = Black76.undiscounted(forwards[k], strike, x + logs[k], widths[OptionStress.row(k)]);
                if (!call) value = put;
                values[k] = k < 15 ? value : OptionStress.dampedDown(values[0], value);
            }
        }
    }

    /// @notice Writes the figures of `h`, whose options `b` has priced: of as many lots as its positions say.
    /// @param named the scenario whose loss counts; 0 the worst
    function write(
        Figures memory f,
        SeriesHolding.Holding memory h,
        Book memory b,
        uint256 named,
        Ratio provision,
        Ratio interMonth
    ) internal pure {
        int256[LANES] memory values;
        RiskArray.addLine(Wad.wrap(h.line), Wad.wrap(h.line), b.range, values);
        InterMonth.Exposures memory exposures = SeriesHolding.spotExposures(h);
        int256 futures;
        for (uint256 i; i < h.groupCount; ++i) {
            // casting is safe: a price is below 2^96
            futures += h.groups[i].futures * int256(h.groups[i].live.forward.raw());
            _addSeries(h, b, i, exposures, values);
        }
        f.scan = _scan(values, named);
        (Wad provisions, Wad notional) = SeriesHolding.provisionsUp(h, provision);
        f.sizeCharge = SeriesHolding.sizeChargeUp(h);
        f.margin =
            maxWad(f.scan, SeriesHolding.shortOptionMinimumUp(h, b.range)) +
            InterMonth.chargeUp(exposures, interMonth) +
            provisions +
            f.sizeCharge;
        f.notional = notional;
        f.value = Wad.wrap(values[0] + h.paid);
        int256 options = values[0] - h.line - futures;
        f.settled = Wad.wrap(futures + h.paid + (options < 0 ? options : int256(0)));
    }

    function _scan(int256[LANES] memory values, uint256 named) private pure returns (Wad loss) {
        if (named != 0) return maxWad(Wad.wrap(values[0] - values[named]), ZERO);
        (loss, ) = RiskArray.worst(values);
    }

    function _addSeries(
        SeriesHolding.Holding memory h,
        Book memory b,
        uint256 group,
        InterMonth.Exposures memory exposures,
        int256[LANES] memory values
    ) private pure {
        SeriesState.Live memory live = h.groups[group].live;
        int256 gain = values[3] - values[5];
        (int256 forwards, int256 strikes) = _addOptions(h, b, group, values);
        gain = values[3] - values[5] - gain;
        int256 line = forwards * int256(live.forward.raw());
        RiskArray.addLine(Wad.wrap(line - strikes), Wad.wrap(line), b.ranges[group], values);
        uint256 step = OptionStress.stepDown(live.forward, b.ranges[group]);
        InterMonth.add(exposures, SeriesHolding.tenor(live), SeriesHolding.deltaDown(live, gain, step, forwards));
    }

    /// @dev Adds the priced sides and returns the lines: lots of the forward, and lots times strike.
    function _addOptions(
        SeriesHolding.Holding memory h,
        Book memory b,
        uint256 group,
        int256[LANES] memory values
    ) private pure returns (int256 forwards, int256 strikes) {
        for (uint256 i; i < h.positionCount; ++i) {
            SeriesHolding.Position memory p = h.positions[i];
            if (p.group != group) continue;
            int256 lots = p.lots;
            if (p.instrument.isFuture()) {
                forwards += lots;
                continue;
            }
            Option memory option = b.options[i];
            uint256[LANES] memory each = option.values;
            uint256 scenarios = b.scenarios;
            // a short owes what the rounding down left out
            int256 more = lots < 0 ? int256(1) : int256(0);
            unchecked {
                // lots < 2^47, values < 2^96
                for (uint256 k; k < LANES; ++k) {
                    if ((scenarios >> k) & 1 != 0) values[k] += lots * (int256(each[k]) + more);
                }
            }
            if (option.call == p.instrument.isCall()) continue;
            int256 longForward = option.call ? -lots : lots;
            forwards += longForward;
            strikes += longForward * int256(p.strike.raw());
        }
    }
}
