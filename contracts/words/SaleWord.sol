// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lots} from "../types/Lots.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";

/// @dev What the log says of a sale.
/// sale: bits 0–63 fraction of the account | 64–191 what the keeper got (WAD) | 192 the keeper took what was sold, and not the fund        64+128+1 = 193
/// figures: bits 0–127 equity before (signed WAD) | 128–255 initial margin before (WAD)                                                    128+128 = 256
/// book, of each underlying of which something moved: bits 0–7 underlying | 8–55 lots of the perpetual (signed) | 56–71 how many words follow with what
/// moved in options and dated futures, four positions each as SeriesPositions stores them, none halved | 72–255 what was paid (signed WAD)
///                                                                                                                                   8+48+16+184 = 256
library SaleWord {
    function sale(Ratio fraction, Wad reward, bool taken) internal pure returns (uint256) {
        // a fraction is at most 1e18, a reward is cash of a header
        return fraction.raw() | (uint256(uint128(uint256(reward.raw()))) << 64) | (taken ? 1 << 192 : 0);
    }

    /// @dev Saturated: a sale never fails for what is said of it.
    function figures(Wad equity, Wad margin) internal pure returns (uint256) {
        int256 e = equity.raw();
        if (e > type(int128).max) e = type(int128).max;
        if (e < type(int128).min) e = type(int128).min;
        // casting is safe: a margin is not negative
        uint256 m = uint256(margin.raw());
        if (m > type(uint128).max) m = type(uint128).max;
        // the cast keeps the sign in 128 bits
        return uint128(uint256(e)) | (m << 128);
    }

    function book(uint256 underlying, Lots lots, Wad paid, uint256 words) internal pure returns (uint256) {
        // the casts keep the signs: lots < 2^47, what is paid changes the cash of a header
        return underlying | (uint256(uint48(uint256(lots.raw()))) << 8) | (words << 56) | (uint256(paid.raw()) << 72);
    }
}
