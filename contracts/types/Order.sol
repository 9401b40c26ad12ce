// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "./AccountId.sol";

// What makers sign (EIP-712), as a wallet shows it. Amounts have 18 decimals and are those of a whole unit of the underlying, whatever its lot: 2000e18
// is a price of 2,000 settlement tokens for a unit, 0.5e18 half a unit. An instrument is named by what it is: its number in the vault is handed out
// again after it has settled, what it is can be nothing else.

// The domain of an order: name and version, the chain, and the module that settles it. Whole literals: the compiler hashes only those itself.

string constant ORDER_DOMAIN_NAME = "Plimsoll Orders";
string constant ORDER_DOMAIN_VERSION = "1";
bytes32 constant ORDER_DOMAIN_NAME_HASH = keccak256("Plimsoll Orders");
bytes32 constant ORDER_DOMAIN_VERSION_HASH = keccak256("1");
bytes32 constant INSTRUMENT_TYPEHASH = keccak256("Instrument(uint8 underlying,string right,uint40 expiry,uint256 strike)");
bytes32 constant ORDER_TYPEHASH = keccak256(
    "Order(address vault,uint256 account,address signer,Instrument instrument,string side,uint256 limit,uint256 size,int24 maxFeePpm,bool reduceOnly,uint40 validFrom,uint40 validUntil,uint40 nonce,uint32 epoch,uint256 taker)Instrument(uint8 underlying,string right,uint40 expiry,uint256 strike)"
);

// a string counts in a typed hash by its own
bytes32 constant SIDE_BUY = keccak256("buy");
bytes32 constant SIDE_SELL = keccak256("sell");
bytes32 constant RIGHT_PERPETUAL = keccak256("perpetual");

/// @dev EIP-712 type `Instrument`.
struct InstrumentTerms {
    uint8 underlying; // its index in the vault, which stands for nothing else ever
    string right; // perpetual, future, call or put
    uint40 expiry; // of the series, unix seconds; 0 of a perpetual
    uint256 strike; // of a call or a put; otherwise 0
}

/// @dev Whoever trades with `account` may fill it at `limit`, whole or in parts, from `validFrom` to `validUntil`.
struct Order {
    address vault;
    AccountId account; // who is bound: a wallet that signs for several accounts signs for each alone
    address signer; // owner of `account` or an operator with the trade scope
    InstrumentTerms instrument;
    string side; // buy or sell: what the maker does
    uint256 limit; // the price at which it is filled
    uint256 size;
    int24 maxFeePpm; // highest fee the maker pays, of the notional; negative: the least rebate
    bool reduceOnly; // fill only what brings the position of `account` nearer to zero
    uint40 validFrom; // first second at which it may be filled: when it was signed, or later
    uint40 validUntil; // last second; before the expiry of what it trades
    uint40 nonce; // orders of one account and nonce share one count of what is filled
    uint32 epoch; // order epoch of `account` in the vault's books
    AccountId taker; // the only account that may take it; zero: anyone
}

/// @dev Several instruments together or not at all.
struct ComboOrder {
    address vault;
    AccountId account;
    address signer;
    Leg[] legs; // two to eight, no two of one instrument
    uint48 units; // equal parts in which it may be filled
    int24 maxFeePpm; // of the notional of each leg
    bool reduceOnly; // fill only what brings the position of `account` in every leg nearer to zero
    uint40 validFrom;
    uint40 validUntil; // before the first expiry among its legs
    uint40 nonce; // shared with orders of one instrument: then units count as lots do
    uint32 epoch;
    AccountId taker;
}

/// @dev One instrument of a combo, an option or a dated future.
struct Leg {
    InstrumentTerms instrument;
    string side;
    uint256 size; // of all units together
    uint256 price; // exact
}

/// @dev What a taker asks for in one combo: the instruments and lots as the makers signed them.
struct ComboLimit {
    uint24[] instruments;
    int48[] lots; // of a unit; positive: the makers buy
    uint48 units; // at most
    int24 maxFee; // highest fee the taker pays, parts per million of the notional of each leg
    int256 leastCash; // that the taker receives for a unit at the prices of the legs, WAD; negative: pays at most
}

/// @dev A signed combo as it travels. Of the words the lots are units; limit, instrument and long say nothing.
struct ComboFill {
    MakerFill maker;
    uint96[] prices; // of a lot, by leg, WAD
}

/// @dev A signed order as it travels, and how much of it to take. What is signed is packed, in lots and prices of a lot: calldata is a good part of
/// what a fill costs. The vault is not sent, it is the module's own; what the instrument is the module asks the vault.
struct MakerFill {
    AccountId account;
    AccountId taker;
    uint256 terms; // TermsWord
    uint256 validity; // ValidityWord
    uint256 validFrom;
    bytes signature;
}
