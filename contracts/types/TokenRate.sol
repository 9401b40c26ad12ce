// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What a collateral token is worth in its underlying or in the settlement token. Rates are WAD of one token and below 2^80, times unix seconds.
struct TokenRate {
    uint256 rate; // what counts
    uint256 read; // when its source was last read
    uint256 fallen; // when it last fell
    uint256 risen; // when it last rose
    uint256 reading; // one that waits to be read again
    uint256 readingTime; // when it was read, 0: none waits
    uint256 peak; // the highest from which it fell lately, 0: none
    uint256 peakTime;
}
