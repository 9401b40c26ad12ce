// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, TradeContext} from "../types/Fill.sol";

/// @title A trading module: it proposes fills, the vault disposes.
interface IModule {
    /// @notice Thrown when anybody but the vault calls `trade`.
    error CallerNotVault(address caller);

    /// @notice Proposes the fills of one trade of `context.account`.
    /// @dev Called by the vault only, while the vault is locked: the module may read the vault's books (`contextOf`, `positionOf`)
    /// but none of its valuing views, and may not call any entry that changes state. A counterparty that cannot be filled is left out of the
    /// result, not reverted. The vault drops fills whose maker has not consented to this module or would break the margin rule.
    /// Fills of options and dated futures of one maker may be a combo, up to eight, each with another instrument: every fill but the last has
    /// `WITH_NEXT` set in its instrument (types/Instrument.sol). They stand together or not at all, and the maker's margin is tested after all.
    /// @param context who trades, for which account
    /// @param data encoding chosen by the module
    /// @return fills proposals in the order in which they are to be applied
    function trade(TradeContext calldata context, bytes calldata data) external returns (Fill[] memory fills);

    /// @notice Tells the module that a fill of the trade just proposed was not applied.
    /// @dev Called by the vault only, once for each fill that it skips, before the next trade; of a combo for every leg, as all are skipped. What the module booked when it proposed the fill
    /// has to be undone. Otherwise anybody could use up a maker's order with fills that cannot stand.
    /// @param index position in the fills that `trade` returned
    /// @param fill as `trade` returned it
    function dropped(uint256 index, Fill calldata fill) external;
}
