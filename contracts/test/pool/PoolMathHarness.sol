// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bankruptcy} from "../../math/pool/Bankruptcy.sol";
import {Closing} from "../../math/pool/Closing.sol";
import {InventoryFunding} from "../../math/pool/InventoryFunding.sol";
import {PoolCost} from "../../math/pool/PoolCost.sol";
import {WaterLine} from "../../math/pool/WaterLine.sol";
import {Lots} from "../../types/Lots.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";

contract PoolMathHarness {
    function costDown(uint256 margin, uint256 capital, Ratio steepness) external pure returns (uint256) {
        return PoolCost.costDown(margin, capital, steepness);
    }

    function capitalAfter(uint256 charged, int256 capital, uint256 elapsed, int256 equity) external pure returns (int256) {
        return PoolCost.capitalAfter(charged, capital, elapsed, equity);
    }

    function moved(
        uint256 charged,
        uint256 before,
        uint256 after_,
        int256 capital,
        Ratio steepness
    ) external pure returns (int256 cost, uint256 left) {
        return PoolCost.moved(charged, before, after_, capital, steepness);
    }

    function rate(Lots inventory, uint256 cap, uint256 rateMost, uint256 reach) external pure returns (int256) {
        return InventoryFunding.rate(inventory, cap, rateMost, reach);
    }

    function paysNobody(uint256 rateMost, uint256 reach, uint256 narrow) external pure returns (bool) {
        return InventoryFunding.paysNobody(rateMost, reach, narrow);
    }

    function bankruptcyPrices(
        uint256[] memory prices,
        int256[] memory lots,
        int256[] memory losses,
        Wad value
    ) external pure returns (uint256[] memory) {
        Bankruptcy.write(prices, lots, losses, value);
        return prices;
    }

    function closing(
        Wad equity,
        Wad scan,
        Wad matched,
        Wad conceded,
        Ratio level
    ) external pure returns (Ratio leverage, Ratio part, bool keeps, Ratio short) {
        leverage = Closing.leverageDown(equity, scan);
        part = Closing.partDownTo(equity, scan, matched, conceded, level);
        keeps = Closing.keepsHealth(equity, conceded, scan, matched);
        short = Closing.shortPartUp(conceded, equity, scan);
    }

    function lotsOfPart(int256 lots, Ratio part, int256 short) external pure returns (int256) {
        return Closing.lotsOfPart(lots, part, short);
    }

    function highest(Ratio maintenance) external pure returns (Ratio) {
        return WaterLine.highest(maintenance);
    }

    function levelAt(Ratio level, uint256 time, uint256 now_) external pure returns (Ratio lowered, uint256 step) {
        return WaterLine.levelAt(level, time, now_);
    }
}
