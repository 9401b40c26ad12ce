// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Svi} from "../../math/options/Svi.sol";
import {SviWord} from "../../words/SviWord.sol";

contract SviHarness {
    /// @dev Per log-moneyness: total variance, volatility over `time`, Durrleman's g.
    function evaluate(
        uint256 word,
        int256[] calldata ks,
        uint256 time
    ) external pure returns (uint256[] memory variances, uint256[] memory volatilities, int256[] memory gs) {
        SviWord.Slice memory slice = Svi.requireShape(word);
        (variances, volatilities, gs) = (new uint256[](ks.length), new uint256[](ks.length), new int256[](ks.length));
        for (uint256 i; i < ks.length; ++i) {
            variances[i] = Svi.varianceDown(slice, ks[i]);
            volatilities[i] = Svi.volatilityDown(variances[i], time);
            gs[i] = Svi.durrleman(slice, ks[i]);
        }
    }

    function unpacked(uint256 word) external pure returns (SviWord.Slice memory) {
        return SviWord.unpack(word);
    }

    function agedDown(uint256 word, uint256 left, uint256 span) external pure returns (uint256) {
        return SviWord.agedDown(word, left, span);
    }

    function variances(SviWord.Slice calldata slice, int256[] calldata ks) external pure returns (uint256[] memory out) {
        out = new uint256[](ks.length);
        for (uint256 i; i < ks.length; ++i) {
            out[i] = Svi.varianceDown(slice, ks[i]);
        }
    }

    function requireShape(uint256 word) external pure {
        Svi.requireShape(word);
    }

    function requireFree(uint256 word, int256[] calldata ks) external pure {
        Svi.requireFree(word, ks);
    }

    function requireRising(uint256 earlier, uint256 later, int256[] calldata ks) external pure {
        Svi.requireRising(Svi.variancesDown(earlier, ks), Svi.variancesDown(later, ks), ks);
    }

    function gas(uint256 word, int256 k) external view returns (uint256 unpacking, uint256 variance, uint256 free, uint256 w) {
        uint256 before = gasleft();
        SviWord.Slice memory slice = SviWord.unpack(word);
        unpacking = before - gasleft();
        before = gasleft();
        w = Svi.varianceDown(slice, k);
        variance = before - gasleft();
        int256[] memory ks = new int256[](10);
        for (uint256 i; i < 10; ++i) {
            ks[i] = k;
        }
        before = gasleft();
        Svi.requireFree(word, ks);
        free = before - gasleft();
    }
}
