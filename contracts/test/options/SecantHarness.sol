// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RiskArray, SeriesBook} from "../../math/options/RiskArray.sol";
import {Lots} from "../../types/Lots.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Secant} from "./plain/Secant.sol";

contract SecantHarness {
    using RiskArray for SeriesBook;

    struct Place {
        Price forward;
        Ratio range;
    }

    function bounds(
        uint256[] calldata words,
        Lots[] calldata lots,
        Place calldata anchor,
        Place calldata live
    ) external view returns (int256[17] memory out, uint256 spent) {
        SeriesBook memory book = RiskArray.empty();
        for (uint256 i; i < words.length; ++i) {
            book.addStored(words[i], lots[i]);
        }
        spent = gasleft();
        Secant.Nodes memory nodes;
        Secant.write(nodes, book, anchor.forward, anchor.range, live.forward, live.range);
        Secant.addBounds(nodes, out);
        spent -= gasleft();
    }
}
