// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IMarginLens, Summary} from "../../interfaces/IMarginLens.sol";
import {Assessment, IMarginVault, Portfolio} from "../../interfaces/IMarginVault.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Price} from "../../types/Price.sol";

/// @dev Asks the valuing views about many accounts in one call.
contract VaultViews {
    struct Prices {
        Price low;
        Price high;
    }

    /// @dev For each account the live figures, the opening figures, and whether it may be liquidated: words one after another, which cost little to read.
    function figures(IMarginVault vault, AccountId[] calldata accounts) external view returns (int256[9][] memory list) {
        list = new int256[9][](accounts.length);
        bool[] memory sale = vault.mayBeLiquidated(accounts);
        for (uint256 i; i < accounts.length; ++i) {
            Assessment memory live = vault.assess(accounts[i], false);
            Assessment memory opening = vault.assess(accounts[i], true);
            list[i] = [
                live.value.raw(),
                live.equity.raw(),
                live.margin.raw(),
                live.notional.raw(),
                opening.value.raw(),
                opening.equity.raw(),
                opening.margin.raw(),
                opening.notional.raw(),
                sale[i] ? int256(1) : int256(0)
            ];
        }
    }

    /// @dev What any views answer, one after the other; one that reverts reverts all.
    function answers(address target, bytes[] calldata calls) external view returns (bytes[] memory list) {
        list = new bytes[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            list[i] = Address.functionStaticCall(target, calls[i]);
        }
    }

    function portfolios(IMarginVault vault, AccountId[] calldata accounts) external view returns (Portfolio[] memory list) {
        list = new Portfolio[](accounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            list[i] = vault.portfolioOf(accounts[i]);
        }
    }

    function seen(
        IMarginLens lens,
        AccountId[] calldata accounts,
        uint8 underlying
    ) external view returns (Summary[] memory page, AccountId[] memory below, Prices[] memory prices) {
        page = lens.summaries(accounts);
        below = lens.belowMaintenance(accounts);
        prices = new Prices[](accounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            (prices[i].low, prices[i].high) = lens.liquidationPrices(accounts[i], underlying);
        }
    }
}
