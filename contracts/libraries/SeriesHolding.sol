// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "../types/AccountId.sol";
import {Instrument} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
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

    /// @dev All positions of one series that is not settled.
    struct Group {
        uint256 series;
        SeriesState.Live live;
        int256 futures; // lots
        uint256 gross; // lots of options, of either side
    }

    /// @dev A position; those of settled series are not among them.
    struct Position {
        Instrument instrument;
        int256 lots;
        uint256 group; // index of its series
        Price strike; // of an option
    }

    struct Holding {
        uint256 underlying;
        Price price; // of a lot, now
        int256 line; // market value of perpetual and collateral
        int256 perpetual; // its gross market value
        Wad collateral;
        uint256 lots; // of the perpetual, of either side
        uint256 depth; // of the perpetual
        Group[] groups;
        uint256 groupCount;
        Position[] positions;
        uint256 positionCount;
        int256 paid; // what positions in settled series pay
    }

    /// @dev A short option needs at least this part of the scan range, of the forward.
    uint256 private constant SHORT_OPTION_PART = 4;

    /// @notice Writes into `h`, whose price there is, the positions that `account` has on `underlying`.
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
        h.groups = new Group[](count);
        h.positions = new Position[](count);
        mapping(uint256 place => uint256) storage list = $.seriesPositions[account][underlying];
        uint256 four;
        for (uint256 i; i < count; ++i) {
            if (i & 3 == 0) four = list[i >> 2];
            _add(h, $, Instrument.wrap(four & 0xffff), SeriesPositions.lotsIn(four));
            four >>= 64;
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

    function _add(Holding memory h, VaultState storage $, Instrument instrument, int256 lots) private view {
        uint256 series = instrument.series();
        uint256 at;
        while (at < h.groupCount && h.groups[at].series != series) ++at;
        Group memory group = h.groups[at];
        if (at == h.groupCount) {
            SeriesState.write(group.live, $, h.underlying, series, h.price);
            // a settled series is asked for anew by its next position: there are few, and they are paid out soon
            if (!group.live.settled) {
                group.series = series;
                ++h.groupCount;
            }
        }
        if (group.live.settled) {
            h.paid += Lots.wrap(lots).times(Expiry.payoff(instrument, group.live.word, group.live.forward)).raw();
            return;
        }
        Position memory position = h.positions[h.positionCount++];
        (position.instrument, position.lots, position.group) = (instrument, lots, at);
        if (instrument.isFuture()) group.futures += lots;
        else {
            position.strike = group.live.word.strike(instrument.strikeIndex());
            group.gross += Lots.wrap(lots).abs();
        }
    }

    /// @notice The least that short options need at the scan range of the price, rounded up.
    /// @dev A lot weighs m·F·min(1, F/K) as a call and m·min(F, K) as a put, m a quarter of the range; long lots count against short ones of the same
    /// right, a long line against calls and a short one against puts. The price goes one way: the larger side counts.
    function shortOptionMinimumUp(Holding memory h, Ratio range) internal pure returns (Wad) {
        int256 calls;
        int256 puts;
        int256 line = h.line;
        for (uint256 i; i < h.positionCount; ++i) {
            Position memory position = h.positions[i];
            // casting is safe: prices are below 2^96
            int256 forward = int256(h.groups[position.group].live.forward.raw());
            int256 strike = int256(position.strike.raw());
            int256 value = position.lots * forward;
            if (position.instrument.isFuture()) line += value;
            else if (!position.instrument.isCall()) puts += strike < forward ? position.lots * strike : value;
            else calls += strike <= forward ? value : _floor(value * forward, strike);
        }
        int256 naked = -calls - (line > 0 ? line : int256(0));
        int256 other = -puts - (line < 0 ? -line : int256(0));
        if (other > naked) naked = other;
        if (naked <= 0) return ZERO;
        uint256 whole = SHORT_OPTION_PART * 1e18;
        return Wad.wrap(int256((uint256(naked) * range.raw() + (whole - 1)) / whole));
    }

    /// @notice Eight hours of the highest funding and what it costs to trade out of everything, rounded up, and the gross notional of all positions.
    function provisionsUp(Holding memory h, Ratio provision) internal pure returns (Wad provisions, Wad notional) {
        int256 dated;
        for (uint256 i; i < h.groupCount; ++i) {
            dated += int256(_lotsIn(h.groups[i]) * h.groups[i].live.forward.raw());
        }
        notional = Wad.wrap(h.perpetual + dated);
        provisions = Wad.wrap(h.perpetual).partUp(Margin.FUNDING_PROVISION) + (notional + h.collateral).partUp(provision);
    }

    /// @notice The charge for size, rounded up: the notional times its share of the depth, for the perpetual and for each series.
    function sizeChargeUp(Holding memory h) internal pure returns (Wad charge) {
        charge = Margin.sizeChargeUp(Lots.wrap(int256(h.lots)), h.price, h.depth);
        for (uint256 i; i < h.groupCount; ++i) {
            Group memory group = h.groups[i];
            charge = charge + Margin.sizeChargeUp(Lots.wrap(int256(_lotsIn(group))), group.live.forward, group.live.surface.depth());
        }
    }

    /// @notice The exposures of perpetual and collateral, with room for those of the series.
    function spotExposures(Holding memory h) internal pure returns (InterMonth.Exposures memory e) {
        e = InterMonth.made(h.groupCount + 2);
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

    function _lotsIn(Group memory group) private pure returns (uint256) {
        return Lots.wrap(group.futures).abs() + group.gross;
    }

    function _floor(int256 a, int256 b) private pure returns (int256 quotient) {
        quotient = a / b;
        if (a < 0 && quotient * b != a) --quotient;
    }
}
