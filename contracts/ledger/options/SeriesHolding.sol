// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Charges} from "../../math/Charges.sol";
import {InterMonth} from "../../math/options/InterMonth.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Instrument} from "../../types/Instrument.sol";
import {Lots} from "../../types/Lots.sol";
import {Position, positionAt, positionOf} from "../../types/Position.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad, ZERO} from "../../types/Wad.sol";
import {PositionWord} from "../../words/PositionWord.sol";
import {SeriesWord} from "../../words/SeriesWord.sol";
import {SurfaceWord} from "../../words/SurfaceWord.sol";
import {VaultState} from "../VaultStorage.sol";
import {Expiry} from "./Expiry.sol";
import {SeriesPositions} from "./SeriesPositions.sol";
import {SeriesState} from "./SeriesState.sol";

/// @title What an account has on one underlying in options and dated futures, beside its perpetual and collateral, and the charges on it that
/// need neither scenarios nor volatility
/// @dev docs/margin.md, "Options and dated futures". Amounts are WAD.
library SeriesHolding {
    using SeriesWord for uint256;
    using SurfaceWord for uint256;
    using SeriesState for SeriesState.Live;

    /// @dev All positions of one series that is not settled.
    struct Group {
        uint256 series;
        uint256 expiry; // unix seconds, as it was listed with
        SeriesState.Live live;
        Ratio range; // of the series
        uint256 base; // lowest strike, and from one to the next: prices of a lot
        uint256 step;
        int256 futures; // lots
        uint256 gross; // lots of options, of either side
        int256 calls; // weights of all lots in the short option minimum, once they are weighed
        int256 puts;
    }

    struct Holding {
        uint256 underlying;
        Price price; // of a lot, now
        Ratio range; // scan range of the price
        int256 line; // market value of perpetual and collateral
        int256 perpetual; // its gross market value
        Wad collateral;
        uint256 lots; // of the perpetual, of either side
        uint256 depth; // of the perpetual
        Group[] groups;
        Position[] positions; // in series that are not settled
        int256 paid; // what positions in settled series pay
    }

    /// @dev A short option needs at least this part of the scan range, of the forward.
    uint256 private constant SHORT_OPTION_PART = 4;

    /// @notice Writes into `h`, whose price and range there are, the positions that `account` has on `underlying`.
    /// @param position PositionWord of the account
    function write(
        Holding memory h,
        VaultState storage $,
        AccountId account,
        uint256 underlying,
        uint256 position,
        Wad collateral
    ) internal view {
        h.underlying = underlying;
        writeSpot(h, PositionWord.lots(position), collateral);
        uint256 count = PositionWord.seriesPositions(position);
        (Group[] memory groups, Position[] memory positions) = (roomForGroups(count), _roomForPositions(count));
        (h.groups, h.positions) = (groups, positions);
        mapping(uint256 place => uint256) storage list = $.seriesPositions[account][underlying];
        uint256[8] memory places; // a byte for each series: where it is among the groups, plus one
        Group memory group;
        uint256 four;
        unchecked {
            // count < 2^16
            for (uint256 i; i < count; ++i) {
                four = i & 3 == 0 ? list[i >> 2] : four >> 64;
                uint256 entry = four & SeriesPositions.ENTRY;
                Instrument instrument = Instrument.wrap(entry & 0xffff);
                uint256 place = placeOf(places, instrument.series());
                if (place == 0) {
                    group = opened(h, $, instrument.series());
                    if (group.live.settled) {
                        // a settled series is asked for anew by its next position: there are few, and they are paid out soon
                        Price payoff = Expiry.payoff(instrument, group.live.word, group.live.forward);
                        h.paid += Lots.wrap(SeriesPositions.lotsIn(entry)).times(payoff).raw();
                        continue;
                    }
                    place = push(groups, group);
                    setPlace(places, instrument.series(), place);
                } else {
                    // without the check of the index: the place is one that was set
                    assembly ("memory-safe") {
                        group := mload(add(groups, shl(5, place)))
                    }
                }
                // sums of sizes < 2^44 but for the fund's, whose every size is a part of what others can hold
                Price strike;
                if (instrument.isFuture()) group.futures += SeriesPositions.lotsIn(entry);
                else {
                    strike = Price.wrap(group.base + instrument.strikeIndex() * group.step);
                    group.gross += Lots.wrap(SeriesPositions.lotsIn(entry)).abs();
                }
                _push(positions, positionOf(entry, place - 1, strike));
            }
        }
    }

    /// @notice Writes into `h`, whose price there is, the perpetual and the collateral.
    function writeSpot(Holding memory h, Lots lots, Wad collateral) internal pure {
        h.collateral = collateral;
        h.lots = lots.abs();
        h.line = lots.times(h.price).raw();
        h.perpetual = h.line < 0 ? -h.line : h.line;
        h.line += collateral.raw();
    }

    /// @notice The series as it is now.
    function opened(Holding memory h, VaultState storage $, uint256 series) internal view returns (Group memory group) {
        SeriesState.write(group.live, $, h.underlying, series, h.price);
        if (group.live.settled) return group;
        group.series = series;
        group.expiry = group.live.word.expiry();
        group.range = group.live.rangeUp(h.range);
        (group.base, group.step) = group.live.word.strikes();
    }

    /// @notice Weighs all positions for the short option minimum.
    function weigh(Holding memory h) internal pure {
        (Position[] memory positions, Group[] memory groups) = (h.positions, h.groups);
        Group memory group;
        unchecked {
            // as many as an array has
            for (uint256 i; i < positions.length; ++i) {
                Position p = positionAt(positions, i);
                uint256 place = p.group();
                // without the check of the index: a position has the place of a group
                assembly ("memory-safe") {
                    group := mload(add(groups, shl(5, add(place, 1))))
                }
                weigh(group, p);
            }
        }
    }

    /// @notice Adds what `p`, one of `group`, weighs in the short option minimum; of a future the lots are counted already.
    function weigh(Group memory group, Position p) internal pure {
        Instrument instrument = p.instrument();
        if (instrument.isFuture()) return;
        unchecked {
            // lots < 2^47, prices < 2^96: products of two prices and lots < 2^239
            int256 forward = int256(group.live.forward.raw());
            int256 strike = int256(p.strike().raw());
            int256 lots = p.lots();
            if (!instrument.isCall()) group.puts += lots * (strike < forward ? strike : forward);
            else group.calls += strike <= forward ? lots * forward : _floor(lots * forward * forward, strike);
        }
    }

    /// @notice The least that short options need at the scan range of the price, rounded up. All positions are weighed.
    /// @dev A lot weighs m·F·min(1, F/K) as a call and m·min(F, K) as a put, m a quarter of the range; long lots count against short ones of the same
    /// right, a long line against calls and a short one against puts. What expires covers nothing that outlives it: from the last expiry to the first,
    /// what is short so far counts against what is long so far, and the largest of these sums is naked. The price goes one way: the larger side counts.
    function shortOptionMinimumUp(Holding memory h) internal pure returns (Wad) {
        uint256[] memory order = _latestFirst(h.groups);
        (int256 calls, int256 puts, int256 line, int256 naked) = (int256(0), int256(0), h.line, int256(0));
        unchecked {
            // sums of amounts of one account, ranges below 2^72
            for (uint256 i; i < order.length; ++i) {
                Group memory group = h.groups[order[i] & type(uint32).max];
                calls += group.calls;
                puts += group.puts;
                line += group.futures * int256(group.live.forward.raw());
                // what expires at one time covers each other
                if (i + 1 < order.length && order[i + 1] >> 32 == order[i] >> 32) continue;
                int256 ofCalls = -calls - (line > 0 ? line : int256(0));
                int256 ofPuts = -puts - (line < 0 ? -line : int256(0));
                if (ofCalls > naked) naked = ofCalls;
                if (ofPuts > naked) naked = ofPuts;
            }
            if (naked == 0) return ZERO;
            uint256 whole = SHORT_OPTION_PART * 1e18;
            return Wad.wrap(int256((uint256(naked) * h.range.raw() + (whole - 1)) / whole));
        }
    }

    /// @notice The least that a lot of an option needs when it is short, rounded up.
    /// @param range of the price
    function leastOfShortUp(bool call, uint256 strike, Price price, Ratio range) internal pure returns (uint256) {
        uint256 weight = price.raw();
        unchecked {
            // prices < 2^96, ranges < 2^72
            if (!call && strike < weight) weight = strike;
            else if (call && strike > weight) weight = (weight * weight + strike - 1) / strike;
            uint256 whole = SHORT_OPTION_PART * 1e18;
            return (weight * range.raw() + (whole - 1)) / whole;
        }
    }

    /// @dev Places of groups, 32 bits, below their expiries.
    function _latestFirst(Group[] memory groups) private pure returns (uint256[] memory order) {
        order = new uint256[](groups.length);
        unchecked {
            // as many as an array has
            for (uint256 i; i < order.length; ++i) {
                uint256 key = (groups[i].expiry << 32) | i;
                uint256 place = i;
                for (; place != 0 && order[place - 1] < key; --place) {
                    order[place] = order[place - 1];
                }
                order[place] = key;
            }
        }
    }

    /// @notice Eight hours of the highest funding and what it costs to trade out of everything, rounded up, and the gross notional of all positions.
    function provisionsUp(Holding memory h, Ratio provision) internal pure returns (Wad provisions, Wad notional) {
        Group[] memory groups = h.groups;
        int256 dated;
        unchecked {
            // amounts of one account
            for (uint256 i; i < groups.length; ++i) {
                Group memory group = groups[i];
                dated += int256(_lotsIn(group) * group.live.forward.raw());
            }
            notional = Wad.wrap(h.perpetual + dated);
        }
        provisions = Wad.wrap(h.perpetual).partUp(Charges.FUNDING_PROVISION) + (notional + h.collateral).partUp(provision);
    }

    /// @notice The charge for size, rounded up: the notional times its share of the depth, for the perpetual and for each series.
    function sizeChargeUp(Holding memory h) internal pure returns (Wad charge) {
        Group[] memory groups = h.groups;
        charge = Charges.sizeUp(Lots.wrap(int256(h.lots)), h.price, h.depth);
        for (uint256 i; i < groups.length; ++i) {
            Group memory group = groups[i];
            charge = charge + Charges.sizeUp(Lots.wrap(int256(_lotsIn(group))), group.live.forward, group.live.surface.depth());
        }
    }

    /// @notice The exposures of perpetual and collateral, with room for those of the series.
    function spotExposures(Holding memory h) internal pure returns (InterMonth.Exposures memory e) {
        e = InterMonth.made(h.groups.length + 2);
        int256 perpetual = h.line - h.collateral.raw();
        if (perpetual != 0) InterMonth.add(e, 0, perpetual);
        if (h.collateral != ZERO) InterMonth.add(e, 0, h.collateral.raw());
    }

    /// @notice The dollar delta of a series, from what its options gain between −⅓ and +⅓ of the range with volatility up.
    /// @param step a thirtieth of the range of the series, as a price
    /// @param forwards lots of the forward, of futures and parity
    function deltaDown(SeriesState.Live memory live, int256 gain, uint256 step, int256 forwards) internal pure returns (int256) {
        unchecked {
            // an amount of one account below 2^149 and prices below 2^96
            uint256 moved = 20 * step;
            int256 moving = int256(live.moving);
            return _floor(gain * moving, int256(moved == 0 ? 1 : moved)) + forwards * moving;
        }
    }

    /// @notice Whole seconds of variance time: tenor, and the time that prices an option.
    function tenor(SeriesState.Live memory live) internal pure returns (uint256) {
        return live.varianceTime / 1e18;
    }

    // ---------------------------------------------------------------- arrays with room

    /// @dev No element yet, and room for `most`: made one by one, for an array of structs makes all of them at once.
    function roomForGroups(uint256 most) internal pure returns (Group[] memory groups) {
        assembly ("memory-safe") {
            groups := mload(0x40)
            mstore(groups, 0)
            mstore(0x40, add(groups, shl(5, add(most, 1))))
        }
    }

    function _roomForPositions(uint256 most) private pure returns (Position[] memory positions) {
        assembly ("memory-safe") {
            positions := mload(0x40)
            mstore(positions, 0)
            mstore(0x40, add(positions, shl(5, add(most, 1))))
        }
    }

    /// @return count of groups then
    function push(Group[] memory groups, Group memory group) internal pure returns (uint256 count) {
        assembly ("memory-safe") {
            count := add(mload(groups), 1)
            mstore(groups, count)
            mstore(add(groups, shl(5, count)), group)
        }
    }

    function _push(Position[] memory positions, Position position) private pure {
        assembly ("memory-safe") {
            let count := add(mload(positions), 1)
            mstore(positions, count)
            mstore(add(positions, shl(5, count)), position)
        }
    }

    function placeOf(uint256[8] memory places, uint256 series) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := byte(0, mload(add(places, series)))
        }
    }

    function setPlace(uint256[8] memory places, uint256 series, uint256 place) internal pure {
        assembly ("memory-safe") {
            mstore8(add(places, series), place)
        }
    }

    function _lotsIn(Group memory group) private pure returns (uint256) {
        unchecked {
            // sums of sizes < 2^45
            return Lots.wrap(group.futures).abs() + group.gross;
        }
    }

    /// @param b positive
    function _floor(int256 a, int256 b) private pure returns (int256) {
        unchecked {
            // what makes division towards zero the floor
            return (a - ((a >> 255) & (b - 1))) / b;
        }
    }
}
