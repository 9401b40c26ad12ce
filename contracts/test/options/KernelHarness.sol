// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VegaBound} from "../../margin/options/VegaBound.sol";
import {CoarseBound} from "../../math/options/CoarseBound.sol";
import {LineSums} from "../../math/options/LineSums.sol";
import {RiskArray, SeriesBook} from "../../math/options/RiskArray.sol";
import {SecantKernel} from "../../math/options/SecantKernel.sol";
import {Lots} from "../../types/Lots.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";
import {Secant} from "./plain/Secant.sol";
import {VegaTaken} from "./plain/VegaTaken.sol";

/// @dev What trades work out by blocks of assembly, beside the plain twin of each.
contract KernelHarness {
    using RiskArray for SeriesBook;

    struct Place {
        Price forward;
        Ratio range;
    }

    struct Line {
        Wad mark;
        Wad line;
        Ratio range;
    }

    /// @dev By price: the mark, the upper and the lower extreme, and from −1 scan range to +1 the row up and the row down.
    function scenarios() public pure returns (uint8[17] memory) {
        return [0, 15, 16, 13, 14, 9, 10, 5, 6, 1, 2, 3, 4, 7, 8, 11, 12];
    }

    /// @return values by price, and what the delta is taken from: of the book above and below, of the opposite one above and below
    function bound(
        uint256[] calldata words,
        Lots[] calldata lots,
        Place calldata anchor,
        Place calldata live,
        VegaBound.Drift calldata drift
    ) external view returns (int256[17] memory values, int256[4] memory ofDelta, uint256 spent) {
        SeriesBook memory book = _book(words, lots);
        VegaBound.Drift memory d = drift;
        SecantKernel.Frame memory frame;
        spent = gasleft();
        SecantKernel.write(frame, book, anchor.forward, anchor.range, live.forward, live.range);
        (frame.markWeight, frame.upWeight, frame.downWeight) = VegaBound.weights(d, frame.longLots, frame.shortLots);
        (, frame.oppositeWeight, ) = VegaBound.weights(d, frame.shortLots, frame.longLots);
        SecantKernel.addBounds(frame, values);
        spent -= gasleft();
        ofDelta = [frame.above, frame.below, frame.oppositeAbove, frame.oppositeBelow];
    }

    /// @dev The plain twin of `bound`.
    function plainBound(
        uint256[] calldata words,
        Lots[] calldata lots,
        Place calldata anchor,
        Place calldata live,
        VegaBound.Drift calldata drift
    ) external pure returns (int256[17] memory byPrice, int256[4] memory ofDelta) {
        VegaBound.Drift memory d = drift;
        Secant.Nodes memory nodes;
        Secant.write(nodes, _book(words, lots), anchor.forward, anchor.range, live.forward, live.range);
        int256[17] memory values;
        Secant.addBounds(nodes, values);
        VegaTaken.take(d, nodes.step, live.forward, nodes.longLots, nodes.shortLots, values);
        uint8[17] memory order = scenarios();
        for (uint256 i; i < 17; ++i) {
            byPrice[i] = values[order[i]];
        }
        (ofDelta[0], ofDelta[1]) = _ofDelta(nodes, d, live.forward);
        Secant.reverse(nodes);
        (ofDelta[2], ofDelta[3]) = _ofDelta(nodes, d, live.forward);
    }

    function _ofDelta(
        Secant.Nodes memory nodes,
        VegaBound.Drift memory drift,
        Price forward
    ) private pure returns (int256 above, int256 below) {
        (above, below) = Secant.boundsOfDelta(nodes);
        (int256 lostAbove, int256 lostBelow) = VegaTaken.ofDeltaUp(drift, nodes.step, forward, nodes.longLots, nodes.shortLots);
        return (above - lostAbove, below - lostBelow);
    }

    /// @return values by price; what the book gains from −⅓ to +⅓ of the range, and how far from it that can be
    function coarse(
        uint256[] calldata words,
        Lots[] calldata lots,
        Place calldata anchor,
        Place calldata live,
        uint256 weight
    ) external view returns (int256[17] memory values, int256 gain, int256 doubt, uint256 spent) {
        SeriesBook memory book = _book(words, lots);
        CoarseBound.Sums memory s;
        CoarseBound.Book memory b;
        spent = gasleft();
        CoarseBound.add(s, b, book, anchor.forward, anchor.range, live.forward, live.range, weight);
        spent -= gasleft();
        for (uint256 i; i < 17; ++i) {
            values[i] = s.values[i] - s.common;
        }
        return (values, b.gain, b.doubt, spent);
    }

    /// @return the least over mark and scenarios of `values`, by price, and `lines`: as trades add them up, and line by line
    function least(int256[17] calldata values, Line[] calldata lines) external pure returns (int256, int256) {
        LineSums.Sums memory sums;
        int256[17] memory byPrice = values;
        int256[17] memory byScenario;
        uint8[17] memory order = scenarios();
        for (uint256 i; i < 17; ++i) {
            byScenario[order[i]] = values[i];
        }
        for (uint256 i; i < lines.length; ++i) {
            LineSums.add(sums, lines[i].mark, lines[i].line, lines[i].range);
            RiskArray.addLine(lines[i].mark, lines[i].line, lines[i].range, byScenario);
        }
        (Wad loss, ) = RiskArray.worst(byScenario);
        return (LineSums.least(sums, byPrice), byScenario[0] - loss.raw());
    }

    function _book(uint256[] calldata words, Lots[] calldata lots) private pure returns (SeriesBook memory book) {
        book = RiskArray.empty();
        for (uint256 i; i < words.length; ++i) {
            book.addStored(words[i], lots[i]);
        }
    }
}
