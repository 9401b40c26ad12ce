// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Instrument} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {LANES} from "../words/RiskWord.sol";
import {LiveMargin} from "./LiveMargin.sol";
import {SeriesHolding} from "./SeriesHolding.sol";

/// @title Options and dated futures of one underlying, priced, in one piece of memory: so they are passed on and valued in parts without pricing again
/// @dev Words of 32 bytes. Word 0: series 0–15 | positions 16–31 | scenarios that were priced 32–63. Word 1: scan range of the price. Then six words a
/// series (number, forward, price that moves, variance time, SurfaceWord, scan range) and for each position one word (instrument 0–15 | lots 16–63 |
/// place of its series 64–79 | the call is priced 80), its strike and a value for each scenario that was priced, lowest first. Bytes and not an
/// array of words, because the compiler copies those whole from call to call, and these one by one.
library PricedSeries {
    uint256 private constant HEAD = 2;
    uint256 private constant PER_SERIES = 6;

    function pack(SeriesHolding.Holding memory h, LiveMargin.Book memory b) internal pure returns (bytes memory packed) {
        uint256 perPosition = 2 + LibBit.popCount(b.scenarios);
        packed = new bytes(0x20 * (HEAD + PER_SERIES * h.groupCount + perPosition * h.positionCount));
        uint256 at = _start(packed);
        at = _put(at, h.groupCount | (h.positionCount << 16) | (b.scenarios << 32));
        at = _put(at, b.range.raw());
        for (uint256 i; i < h.groupCount; ++i) {
            SeriesHolding.Group memory group = h.groups[i];
            at = _put(at, group.series);
            at = _put(at, group.live.forward.raw());
            at = _put(at, group.live.moving);
            at = _put(at, group.live.varianceTime);
            at = _put(at, group.live.surface);
            at = _put(at, b.ranges[i].raw());
        }
        for (uint256 i; i < h.positionCount; ++i) {
            SeriesHolding.Position memory p = h.positions[i];
            LiveMargin.Option memory option = b.options[i];
            // casting keeps the sign in 48 bits
            uint256 lots = uint48(uint256(p.lots));
            at = _put(at, p.instrument.raw() | (lots << 16) | (p.group << 64) | (option.call ? 1 << 80 : 0));
            at = _put(at, p.strike.raw());
            for (uint256 k; k < LANES; ++k) {
                if ((b.scenarios >> k) & 1 != 0) at = _put(at, option.values[k]);
            }
        }
    }

    /// @notice Writes into `h` and `b` what `pack` has packed, less the share `sold` of every position, rounded up to whole lots.
    function unpack(bytes memory packed, Ratio sold, SeriesHolding.Holding memory h, LiveMargin.Book memory b) internal pure {
        uint256 at = _start(packed);
        uint256 word;
        (word, at) = _take(at);
        (h.groupCount, h.positionCount) = (word & 0xffff, (word >> 16) & 0xffff);
        b.scenarios = (word >> 32) & type(uint32).max;
        (word, at) = _take(at);
        b.range = Ratio.wrap(word);
        b.ranges = new Ratio[](h.groupCount);
        b.options = new LiveMargin.Option[](h.positionCount);
        h.groups = new SeriesHolding.Group[](h.groupCount);
        h.positions = new SeriesHolding.Position[](h.positionCount);
        for (uint256 i; i < h.groupCount; ++i) {
            SeriesHolding.Group memory group = h.groups[i];
            (group.series, at) = _take(at);
            (word, at) = _take(at);
            group.live.forward = Price.wrap(word);
            (group.live.moving, at) = _take(at);
            (group.live.varianceTime, at) = _take(at);
            (group.live.surface, at) = _take(at);
            (word, at) = _take(at);
            b.ranges[i] = Ratio.wrap(word);
        }
        for (uint256 i; i < h.positionCount; ++i) {
            at = _takePosition(at, sold, h, h.positions[i], b.options[i], b.scenarios);
        }
    }

    function _takePosition(
        uint256 at,
        Ratio sold,
        SeriesHolding.Holding memory h,
        SeriesHolding.Position memory p,
        LiveMargin.Option memory option,
        uint256 scenarios
    ) private pure returns (uint256) {
        uint256 word;
        (word, at) = _take(at);
        p.instrument = Instrument.wrap(word & 0xffff);
        // casting restores the sign of 48 bits
        int256 lots = int48(uint48(word >> 16));
        p.lots = lots - shareUp(lots, sold);
        p.group = (word >> 64) & 0xffff;
        option.call = (word >> 80) & 1 != 0;
        (word, at) = _take(at);
        p.strike = Price.wrap(word);
        SeriesHolding.Group memory group = h.groups[p.group];
        if (p.instrument.isFuture()) group.futures += p.lots;
        else group.gross += Lots.wrap(p.lots).abs();
        for (uint256 k; k < LANES; ++k) {
            if ((scenarios >> k) & 1 != 0) (option.values[k], at) = _take(at);
        }
        return at;
    }

    /// @notice ⌈part·|lots|⌉ with the sign of `lots`.
    function shareUp(int256 lots, Ratio part) internal pure returns (int256) {
        unchecked {
            // lots < 2^47, a part of at most 1e18
            uint256 size = (Lots.wrap(lots).abs() * part.raw() + (1e18 - 1)) / 1e18;
            return lots < 0 ? -int256(size) : int256(size);
        }
    }

    /// @dev Where the first word is. `pack` made as many as it puts, and `unpack` takes as many as it put.
    function _start(bytes memory packed) private pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := add(packed, 0x20)
        }
    }

    function _put(uint256 at, uint256 word) private pure returns (uint256 next) {
        assembly ("memory-safe") {
            mstore(at, word)
            next := add(at, 0x20)
        }
    }

    function _take(uint256 at) private pure returns (uint256 word, uint256 next) {
        assembly ("memory-safe") {
            word := mload(at)
            next := add(at, 0x20)
        }
    }
}
