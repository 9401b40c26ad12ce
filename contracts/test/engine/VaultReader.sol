// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "../../types/AccountId.sol";
import {VaultState} from "../../VaultStorage.sol";

/// @dev Put in place of the vault's code for one eth_call, it shows the stored words of every account at once. Its storage is laid out as the
/// vault's.
contract VaultReader {
    VaultState private $;

    /// @dev For each account: header, positions by underlying, collateral by token, exchangeSince, operators in the order given.
    function accountWords(AccountId[] calldata accounts, uint256 underlyings, uint256 tokens, address[] calldata operators)
        external
        view
        returns (uint256[] memory words)
    {
        words = new uint256[](accounts.length * (2 + underlyings + tokens + operators.length));
        uint256 next;
        for (uint256 i; i < accounts.length; ++i) {
            AccountId account = accounts[i];
            words[next++] = $.headers[account];
            for (uint256 j; j < underlyings; ++j) {
                words[next++] = $.positions[account][j];
            }
            for (uint256 j; j < tokens; ++j) {
                words[next++] = $.collateral[account][j];
            }
            words[next++] = $.exchangeSince[account];
            for (uint256 j; j < operators.length; ++j) {
                words[next++] = $.operators[account][operators[j]];
            }
        }
    }

    /// @dev For each underlying: price, sample, pending, funding, trading, volatility, guard, fund; for each token: parameters, supply;
    /// then the fund's two other words, totals, margin, liquidation and fund parameters.
    function sharedWords(uint256 underlyings, uint256 tokens) external view returns (uint256[] memory words) {
        words = new uint256[](8 * underlyings + 2 * tokens + 6);
        uint256 next;
        for (uint256 j; j < underlyings; ++j) {
            words[next++] = $.prices[j];
            words[next++] = $.samples[j];
            words[next++] = $.pendings[j];
            words[next++] = $.fundings[j];
            words[next++] = $.tradings[j];
            words[next++] = $.volatilities[j];
            words[next++] = $.guards[j];
            words[next++] = $.fundAccounts[j];
        }
        for (uint256 j; j < tokens; ++j) {
            words[next++] = $.collaterals[j];
            words[next++] = $.supplies[j];
        }
        words[next++] = $.fundAccounts[32];
        words[next++] = $.fundAccounts[33];
        words[next++] = $.totals;
        words[next++] = $.marginParameters;
        words[next++] = $.liquidationParameters;
        words[next++] = $.fundParameters;
    }
}
