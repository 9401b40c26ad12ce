// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "./AccountId.sol";
import {Price} from "./Price.sol";

/// @dev What a maker signs (EIP-712). Whoever trades with `account` may fill it at `limit`, whole or in parts, until `expiry`.
struct Order {
    address vault;
    AccountId account; // who is bound: a wallet that signs for several accounts signs for each alone
    address signer; // owner of `account` or an operator with the trade scope
    uint24 instrument;
    bool long; // the maker buys
    Price limit; // the price of a lot at which it is filled
    uint48 size; // lots
    int24 maxFee; // highest fee the maker pays, parts per million of the notional; negative: the least rebate
    bool reduceOnly; // fill only what brings the position of `account` nearer to zero
    uint40 expiry; // last second at which it may be filled
    uint40 nonce; // orders of one account and nonce share one count of filled lots
    uint32 epoch; // order epoch of `account` in the vault's books
    AccountId taker; // the only account that may take it; zero: anyone
}

/// @dev What a maker signs (EIP-712) to trade several instruments together or not at all. One unit is `lots` of every leg at its price.
struct ComboOrder {
    address vault;
    AccountId account;
    address signer;
    Leg[] legs; // two to eight, no two of one instrument
    uint48 size; // units
    int24 maxFee; // of the notional of each leg
    bool reduceOnly; // fill only what brings the position of `account` in every leg nearer to zero
    uint40 expiry;
    uint40 nonce; // shared with orders of one instrument: then units count as lots do
    uint32 epoch;
    AccountId taker;
}

/// @dev One instrument of a combo.
struct Leg {
    uint24 instrument; // an option or a dated future
    int48 lots; // of a unit; positive: the maker buys
    Price price; // of a lot, exact
}

/// @dev What a taker asks for in one combo: the instruments and lots as the makers signed them.
struct ComboLimit {
    uint24[] instruments;
    int48[] lots;
    uint48 units; // at most
    int24 maxFee; // highest fee the taker pays, parts per million of the notional of each leg
    int256 leastCash; // that the taker receives for a unit at the prices of the legs, WAD; negative: pays at most
}

/// @dev A signed combo as it travels. Of the words the lots are units; limit, instrument and long say nothing.
struct ComboFill {
    MakerFill maker;
    uint96[] prices; // of a lot, by leg, WAD
}

/// @dev A signed order as it travels, and how much of it to take. The fields of `Order` are packed: calldata is a good part of what a
/// fill costs. The vault is not sent, it is the module's own.
struct MakerFill {
    AccountId account;
    AccountId taker;
    uint256 terms; // TermsWord
    uint256 validity; // ValidityWord
    bytes signature;
}
