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

/// @dev A signed order as it travels, and how much of it to take. The fields of `Order` are packed: calldata is a good part of what a
/// fill costs. The vault is not sent, it is the module's own.
struct MakerFill {
    AccountId account;
    AccountId taker;
    uint256 terms; // TermsWord
    uint256 validity; // ValidityWord
    bytes signature;
}
