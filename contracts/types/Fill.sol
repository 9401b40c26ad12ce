// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "./AccountId.sol";
import {standsWithNext} from "./Instrument.sol";
import {Lots} from "./Lots.sol";
import {Price} from "./Price.sol";
import {Wad} from "./Wad.sol";

/// @dev What a module proposes: the actor's account receives `lots` (negative: gives) of `instrument` from `maker` at `price`.
/// A fill has two sides, so sizes and cash of every trade sum to zero by construction.
/// The fees are what each side pays, on top of the price, to the insurance fund; the maker's may be negative (a rebate out of the
/// taker's), their sum may not.
/// Fills that stand together or not at all, a combo, follow each other; each but the last says so in its instrument.
struct Fill {
    AccountId maker;
    uint32 instrument; // bits 0–23 its name, 24–31 whether it stands only with the next fill; see types/Instrument.sol
    Lots lots;
    Price price;
    Wad takerFee;
    Wad makerFee;
    uint256 order; // FillOrderWord: the order that is filled. The vault repeats it in its events, and counts by it where the fill stands
}

/// @dev What the vault tells a module about the trade that it is asked to propose.
struct TradeContext {
    address actor; // who called execute: the owner of `account` or an operator with the trade scope
    AccountId account; // the taker
}

/// @dev The fill at `first` and those that it stands with. The fills themselves are shared, not copied.
function comboAt(Fill[] memory fills, uint256 first) pure returns (Fill[] memory legs) {
    uint256 last = first;
    while (standsWithNext(fills[last].instrument) && last + 1 < fills.length) {
        ++last;
    }
    assembly ("memory-safe") {
        let size := mul(0x20, add(sub(last, first), 1))
        legs := mload(0x40)
        mstore(legs, shr(5, size))
        mcopy(add(legs, 0x20), add(fills, mul(0x20, add(first, 1))), size)
        mstore(0x40, add(add(legs, 0x20), size))
    }
}
