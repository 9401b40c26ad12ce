// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "../types/AccountId.sol";
import {Instrument} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Position, positionOf} from "../types/Position.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {SeriesWord} from "../words/SeriesWord.sol";
import {SurfaceWord} from "../words/SurfaceWord.sol";
import {Expiry} from "./Expiry.sol";
import {InterMonth} from "./InterMonth.sol";
import {Margin} from "./Margin.sol";
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
        SeriesState.Live live;
        Ratio range; // of the series
        int256 futures; // lots
        uint256 gross; // lots of options, of either side
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
        (h.groups, h.positions) = (_roomForGroups(count), _roomForPositions(count));
        mapping(uint256 place => uint256) storage list = $.seriesPositions[account][underlying];
        uint256[8] memory places;
        uint256 four;
        unchecked {
            // count < 2^16
            for (uint256 i; i < count; ++i) {
                if (i & 3 == 0) four = list[i >> 2];
                _add(h, $, places, four & SeriesPositions.ENTRY);
                four >>= 64;
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

    /// @param places a byte for each series: where it is among the groups, plus one
    function _add(Holding memory h, VaultState storage $, uint256[8] memory places, uint256 entry) private view {
        Instrument instrument = Instrument.wrap(entry & 0xffff);
        uint256 place = _placeOf(places, instrument.series());
        // a settled series is asked for anew by its next position: there are few, and they are paid out soon
        Group memory group = place == 0 ? _opened(h, $, places, instrument.series()) : h.groups[place - 1];
        int256 lots = SeriesPositions.lotsIn(entry);
        if (group.live.settled) {
            h.paid += Lots.wrap(lots).times(Expiry.payoff(instrument, group.live.word, group.live.forward)).raw();
            return;
        }
        Price strike;
        unchecked {
            // sums of sizes < 2^44 but for the fund's, whose every size is a part of what others can hold
            if (instrument.isFuture()) group.futures += lots;
            else {
                strike = group.live.word.strike(instrument.strikeIndex());
                group.gross += Lots.wrap(lots).abs();
            }
            // a series is there as soon as a position is
            place = place == 0 ? h.groups.length : place;
            _push(h.positions, positionOf(entry, place - 1, strike));
        }
    }

    /// @dev The series as it is now, among the groups unless it is settled.
    function _opened(
        Holding memory h,
        VaultState storage $,
        uint256[8] memory places,
        uint256 series
    ) private view returns (Group memory group) {
        SeriesState.write(group.live, $, h.underlying, series, h.price);
        if (group.live.settled) return group;
        group.series = series;
        group.range = group.live.rangeUp(h.range);
        _push(h.groups, group);
        uint256 place = h.groups.length;
        assembly ("memory-safe") {
            mstore8(add(places, series), place)
        }
    }

    /// @notice The least that short options need at the scan range of the price, rounded up.
    /// @dev A lot weighs m·F·min(1, F/K) as a call and m·min(F, K) as a put, m a quarter of the range; long lots count against short ones of the same
    /// right, a long line against calls and a short one against puts. The price goes one way: the larger side counts.
    function shortOptionMinimumUp(Holding memory h) internal pure returns (Wad) {
        int256 calls;
        int256 puts;
        int256 line = h.line;
        unchecked {
            // lots < 2^47, prices < 2^96: products of two prices and lots < 2^239
            Position[] memory positions = h.positions;
            for (uint256 i; i < positions.length; ++i) {
                Position p = positions[i];
                int256 forward = int256(h.groups[p.group()].live.forward.raw());
                int256 strike = int256(p.strike().raw());
                int256 lots = p.lots();
                Instrument instrument = p.instrument();
                if (instrument.isFuture()) line += lots * forward;
                else if (!instrument.isCall()) puts += lots * (strike < forward ? strike : forward);
                else calls += strike <= forward ? lots * forward : _floor(lots * forward * forward, strike);
            }
        }
        int256 naked = -calls - (line > 0 ? line : int256(0));
        int256 other = -puts - (line < 0 ? -line : int256(0));
        if (other > naked) naked = other;
        if (naked <= 0) return ZERO;
        uint256 whole = SHORT_OPTION_PART * 1e18;
        return Wad.wrap(int256((uint256(naked) * h.range.raw() + (whole - 1)) / whole));
    }

    /// @notice Eight hours of the highest funding and what it costs to trade out of everything, rounded up, and the gross notional of all positions.
    function provisionsUp(Holding memory h, Ratio provision) internal pure returns (Wad provisions, Wad notional) {
        int256 dated;
        for (uint256 i; i < h.groups.length; ++i) {
            dated += int256(_lotsIn(h.groups[i]) * h.groups[i].live.forward.raw());
        }
        notional = Wad.wrap(h.perpetual + dated);
        provisions = Wad.wrap(h.perpetual).partUp(Margin.FUNDING_PROVISION) + (notional + h.collateral).partUp(provision);
    }

    /// @notice The charge for size, rounded up: the notional times its share of the depth, for the perpetual and for each series.
    function sizeChargeUp(Holding memory h) internal pure returns (Wad charge) {
        charge = Margin.sizeChargeUp(Lots.wrap(int256(h.lots)), h.price, h.depth);
        for (uint256 i; i < h.groups.length; ++i) {
            Group memory group = h.groups[i];
            charge = charge + Margin.sizeChargeUp(Lots.wrap(int256(_lotsIn(group))), group.live.forward, group.live.surface.depth());
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
        uint256 moved = 20 * step;
        int256 moving = int256(live.moving);
        return _floor(gain * moving, int256(moved == 0 ? 1 : moved)) + forwards * moving;
    }

    /// @notice Whole seconds of variance time: tenor, and the time that prices an option.
    function tenor(SeriesState.Live memory live) internal pure returns (uint256) {
        return live.varianceTime / 1e18;
    }

    // ---------------------------------------------------------------- arrays with room

    /// @dev No element yet, and room for `most`: made one by one, for an array of structs makes all of them at once.
    function _roomForGroups(uint256 most) private pure returns (Group[] memory groups) {
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

    function _push(Group[] memory groups, Group memory group) private pure {
        assembly ("memory-safe") {
            let count := add(mload(groups), 1)
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

    function _placeOf(uint256[8] memory places, uint256 series) private pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := byte(0, mload(add(places, series)))
        }
    }

    function _lotsIn(Group memory group) private pure returns (uint256) {
        return Lots.wrap(group.futures).abs() + group.gross;
    }

    function _floor(int256 a, int256 b) private pure returns (int256 quotient) {
        quotient = a / b;
        if (a < 0 && quotient * b != a) --quotient;
    }
}
