// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Instrument} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {LiveMargin} from "./LiveMargin.sol";
import {SeriesHolding} from "./SeriesHolding.sol";

/// @title Options and dated futures of one underlying, priced, in one array of words: so they are passed on and valued in parts without pricing again
/// @dev Word 0: series 0–15 | positions 16–31 | scenarios that were priced 32–63. Word 1: scan range of the price. Then six words a series
/// (number, forward, price that moves, variance time, SurfaceWord, scan range) and for each position one word (instrument 0–15 | lots 16–63 | place of
/// its series 64–79 | the call is priced 80), its strike and a value for each scenario that was priced, lowest first.
library PricedSeries {
    uint256 private constant HEAD = 2;
    uint256 private constant PER_SERIES = 6;

    function pack(SeriesHolding.Holding memory h, LiveMargin.Book memory b) internal pure returns (uint256[] memory words) {
        uint256 values = LibBit.popCount(b.scenarios);
        words = new uint256[](HEAD + PER_SERIES * h.groupCount + (2 + values) * h.positionCount);
        words[0] = h.groupCount | (h.positionCount << 16) | (b.scenarios << 32);
        words[1] = b.range.raw();
        uint256 at = HEAD;
        for (uint256 i; i < h.groupCount; ++i) {
            SeriesHolding.Group memory group = h.groups[i];
            words[at++] = group.series;
            words[at++] = group.live.forward.raw();
            words[at++] = group.live.moving;
            words[at++] = group.live.varianceTime;
            words[at++] = group.live.surface;
            words[at++] = b.ranges[i].raw();
        }
        for (uint256 i; i < h.positionCount; ++i) {
            SeriesHolding.Position memory p = h.positions[i];
            LiveMargin.Option memory option = b.options[i];
            // casting keeps the sign in 48 bits
            words[at++] = p.instrument.raw() | (uint256(uint48(uint256(p.lots))) << 16) | (p.group << 64) | (option.call ? 1 << 80 : 0);
            words[at++] = p.strike.raw();
            for (uint256 left = b.scenarios; left != 0; left &= left - 1) {
                words[at++] = option.values[LibBit.ffs(left)];
            }
        }
    }

    /// @notice Writes into `h` and `b` what `pack` has packed, less the share `sold` of every position, rounded up to whole lots.
    function unpack(uint256[] memory words, Ratio sold, SeriesHolding.Holding memory h, LiveMargin.Book memory b) internal pure {
        uint256 head = words[0];
        (uint256 groups, uint256 positions) = (head & 0xffff, (head >> 16) & 0xffff);
        b.scenarios = (head >> 32) & type(uint32).max;
        b.range = Ratio.wrap(words[1]);
        b.ranges = new Ratio[](groups);
        b.options = new LiveMargin.Option[](positions);
        h.groups = new SeriesHolding.Group[](groups);
        h.positions = new SeriesHolding.Position[](positions);
        (h.groupCount, h.positionCount) = (groups, positions);
        uint256 at = HEAD;
        for (uint256 i; i < groups; ++i) {
            SeriesHolding.Group memory group = h.groups[i];
            group.series = words[at++];
            group.live.forward = Price.wrap(words[at++]);
            group.live.moving = words[at++];
            group.live.varianceTime = words[at++];
            group.live.surface = words[at++];
            b.ranges[i] = Ratio.wrap(words[at++]);
        }
        for (uint256 i; i < positions; ++i) {
            uint256 word = words[at++];
            SeriesHolding.Position memory p = h.positions[i];
            p.instrument = Instrument.wrap(word & 0xffff);
            // casting restores the sign of 48 bits
            int256 lots = int48(uint48(word >> 16));
            p.lots = lots - shareUp(lots, sold);
            p.group = (word >> 64) & 0xffff;
            p.strike = Price.wrap(words[at++]);
            b.options[i].call = (word >> 80) & 1 != 0;
            SeriesHolding.Group memory group = h.groups[p.group];
            if (p.instrument.isFuture()) group.futures += p.lots;
            else group.gross += Lots.wrap(p.lots).abs();
            for (uint256 left = b.scenarios; left != 0; left &= left - 1) {
                b.options[i].values[LibBit.ffs(left)] = words[at++];
            }
        }
    }

    /// @notice ⌈part·|lots|⌉ with the sign of `lots`.
    function shareUp(int256 lots, Ratio part) internal pure returns (int256) {
        unchecked {
            // lots < 2^47, a part of at most 1e18
            uint256 size = (Lots.wrap(lots).abs() * part.raw() + (1e18 - 1)) / 1e18;
            return lots < 0 ? -int256(size) : int256(size);
        }
    }
}
