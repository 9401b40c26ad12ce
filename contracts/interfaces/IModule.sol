// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, TradeContext} from "../types/Fill.sol";

/// @title A trading module: it proposes fills, the vault disposes.
interface IModule {
    /// @notice Thrown when anybody but the vault calls `trade`.
    error CallerNotVault(address caller);

    /// @notice Proposes the fills of one trade of `context.account`.
    /// @dev Called by the vault only, while the vault is locked: the module may read the vault's books (`contextOf`, `positionOf`)
    /// but none of its valuing views, and may not call any entry that changes state but `cancelNonces`. A counterparty that cannot be filled is left out
    /// of the result, not reverted. The vault drops fills whose maker has not consented to this module or would break the margin rule, and says so in its
    /// events alone. Of those that stand it counts what their `order` says (`FillOrderWord`) under the nonce of the maker: a module reads there what is
    /// filled (`contextOf`, `nonceWordOf`), and keeps no count of its own.
    /// Fills of options and dated futures of one maker may be a combo, up to eight, each with another instrument: every fill but the last has
    /// `WITH_NEXT` set in its instrument (types/Instrument.sol). They stand together or not at all, and the maker's margin is tested after all.
    /// @param context who trades, for which account
    /// @param data encoding chosen by the module
    /// @return fills proposals in the order in which they are to be applied
    function trade(TradeContext calldata context, bytes calldata data) external returns (Fill[] memory fills);
}
