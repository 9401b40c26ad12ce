// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "./AccountId.sol";
import {Lots} from "./Lots.sol";
import {Price} from "./Price.sol";
import {Wad} from "./Wad.sol";

/// @dev What a module proposes: the actor's account receives `lots` (negative: gives) of `instrument` from `maker` at `price`.
/// A fill has two sides, so sizes and cash of every trade sum to zero by construction.
/// The fees are what each side pays, on top of the price, to the insurance fund; the maker's may be negative (a rebate out of the
/// taker's), their sum may not.
struct Fill {
    AccountId maker;
    uint24 instrument; // bits 0–7 the underlying, 8–23 an Instrument of it; 0 there is the perpetual
    Lots lots;
    Price price;
    Wad takerFee;
    Wad makerFee;
}

/// @dev What the vault tells a module about the trade that it is asked to propose.
struct TradeContext {
    address actor; // who called execute: the owner of `account` or an operator with the trade scope
    AccountId account; // the taker
}
