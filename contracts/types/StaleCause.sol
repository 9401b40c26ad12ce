// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Why the risk words of a series may not be used to open and to withdraw any more; `Freshness` has the limits.
enum StaleCause {
    NONE,
    NEVER_REFRESHED,
    TIME,
    PRICE,
    RANGE,
    VOLATILITY
}
