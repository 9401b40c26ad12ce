// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev An account: owner address (high 160 bits) and sub-account index (low 96 bits).
type AccountId is uint256;

using {owner, subAccount} for AccountId global;
using {sameAccount as ==, otherAccount as !=} for AccountId global;

function toAccountId(address accountOwner, uint96 index) pure returns (AccountId) {
    return AccountId.wrap((uint256(uint160(accountOwner)) << 96) | index);
}

function owner(AccountId id) pure returns (address) {
    // casting to uint160 is safe: 256 - 96 bits are left
    return address(uint160(AccountId.unwrap(id) >> 96));
}

function subAccount(AccountId id) pure returns (uint96) {
    // forge-lint: disable-next-line(unsafe-typecast) the low 96 bits are the index
    return uint96(AccountId.unwrap(id));
}

function sameAccount(AccountId a, AccountId b) pure returns (bool) {
    return AccountId.unwrap(a) == AccountId.unwrap(b);
}

function otherAccount(AccountId a, AccountId b) pure returns (bool) {
    return AccountId.unwrap(a) != AccountId.unwrap(b);
}
