// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "./AccountId.sol";

/// @dev The verbs of `execute` and how `data` of each is encoded (abi.encode of the tuple).
enum ActionKind {
    Deposit, // (uint8 token, uint256 amount)                                     amount in units of the token
    DepositWithPermit, // (uint8 token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
    Withdraw, // (uint8 token, uint256 amount, address to)                        amount in units of the token
    Transfer, // (uint8 token, Wad amount, AccountId to)                          amount in WAD, both accounts of one owner
    SetOperator, // (address operator, uint8 scope, uint40 expiry)                scope 0 revokes
    SetModules, // (uint16 mask)                                                  bit i: consent to module i
    CancelOrders, // ()                                                           raises the order epoch
    Trade // (uint8 module, bytes data, uint256 minimumLots)                      reverts if fewer lots are filled
}

struct Action {
    ActionKind kind;
    AccountId account;
    bytes data;
}

/// @dev What `data` of a Trade holds.
struct TradeData {
    uint8 module;
    bytes data; // encoded as the module wants it
    uint256 minimumLots;
}

/// @dev `data` of a Trade, the module's part left where it is. Every access is checked against the end of the calldata, all of which is the actor's.
function tradeData(bytes calldata data) pure returns (uint8 module, bytes calldata moduleData, uint256 minimumLots) {
    TradeData calldata trade;
    assembly ("memory-safe") {
        trade := data.offset
    }
    return (trade.module, trade.data, trade.minimumLots);
}

/// @dev Token index of the settlement token in Deposit, Withdraw and Transfer; collateral tokens are 0 to 31.
uint8 constant SETTLEMENT = 255;

/// @dev Scopes of an operator, one bit each. Withdrawals by an operator go to the owner only; SetOperator and SetModules are the owner's.
uint8 constant SCOPE_TRADE = 1;
uint8 constant SCOPE_DEPOSIT = 2;
uint8 constant SCOPE_WITHDRAW = 4;
uint8 constant SCOPE_TRANSFER = 8;
uint8 constant SCOPE_CANCEL = 16;
