// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lots} from "../../types/Lots.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";
import {SaleWord} from "../../words/SaleWord.sol";

/// @dev The words of a sale.
contract SaleHarness {
    function sale(uint256 fraction, int256 reward, bool taken) external pure returns (uint256) {
        return SaleWord.sale(Ratio.wrap(fraction), Wad.wrap(reward), taken);
    }

    function figures(int256 equity, int256 margin) external pure returns (uint256) {
        return SaleWord.figures(Wad.wrap(equity), Wad.wrap(margin));
    }

    function book(uint256 underlying, int256 lots, int256 paid, uint256 words) external pure returns (uint256) {
        return SaleWord.book(underlying, Lots.wrap(lots), Wad.wrap(paid), words);
    }
}
