// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {AccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Wad} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {VaultState} from "./VaultStorage.sol";

/// @title The only writer of cash, positions and collateral
/// @dev Every change has two sides somewhere in the vault; `moved` and `credit` are used in pairs that sum to zero, or beside a change of
/// the tokens held or of the deficit (idea 1: market values of all accounts = tokens + deficit).
library Ledger {
    using HeaderWord for uint256;

    uint256 internal constant MAX_UNDERLYINGS = 16;
    uint256 internal constant MAX_COLLATERALS = 8;

    // ---------------------------------------------------------------- reading

    /// @notice floor(amount · price of a lot · lots in one token).
    function collateralValueDown(uint256 amount, Price price, uint256 lotExponent) internal pure returns (Wad) {
        // amount < 2^128, price < 2^96, 10^18 < 2^60: below 2^255 by the supply caps; checked arithmetic
        return Wad.wrap(int256((amount * price.raw() * 10 ** lotExponent) / 1e18));
    }

    /// @notice What a position pays for the funding between two indices: exact.
    function payment(Lots lots, int256 index, int256 last) internal pure returns (Wad) {
        unchecked {
            // lots < 2^47, indices < 2^95
            return Wad.wrap(lots.raw() * (index - last));
        }
    }

    // ---------------------------------------------------------------- writing

    function credit(VaultState storage $, AccountId account, Wad amount) internal {
        uint256 header = $.headers[account];
        $.headers[account] = header.withCash(header.cash() + amount);
    }

    /// @notice The words of an account that gets `change` lots and pays their price, and the funding due, from its cash.
    /// @dev The entry cost is at average price: a reduction takes its share, what crosses zero starts anew. It is rounded down, which makes an
    /// unrealised gain, of which a part must stay, no smaller.
    /// @param extra further cash credited (negative: debited): a fee, a payment
    function moved(
        uint256 header,
        uint256 position,
        AccountId account,
        uint256 underlying,
        Lots change,
        Price price,
        int256 index,
        Wad extra
    ) internal pure returns (uint256, uint256) {
        unchecked {
            // lots < 2^48, prices < 2^97, indices and costs < 2^96: no product or sum comes near 2^255
            int256 before = PositionWord.lots(position).raw();
            int256 lots = before + change.raw();
            int256 cost = change.raw() * int256(price.raw());
            header = header.withCash(
                Wad.wrap(header.cash().raw() - before * (index - PositionWord.fundingIndex(position)) - cost + extra.raw())
            );
            uint256 seriesPositions = PositionWord.seriesPositions(position);
            if (lots == 0) return (header.withUnderlying(underlying, seriesPositions != 0), seriesPositions << 240);
            if (before == 0) {
                header = header.withUnderlying(underlying, true);
                if (LibBit.popCount(header.underlyings()) > MAX_UNDERLYINGS) {
                    revert IMarginVault.TooManyUnderlyings(account, MAX_UNDERLYINGS);
                }
            } else if (before ^ change.raw() >= 0) {
                cost += PositionWord.entryCost(position).raw();
            } else if (before ^ lots >= 0) {
                cost = PositionWord.entryCost(position).raw() * lots;
                int256 quotient = cost / before;
                // division goes toward zero: one less where the exact quotient is negative
                cost = quotient * before != cost && cost ^ before < 0 ? quotient - 1 : quotient;
            } else {
                cost = lots * int256(price.raw());
            }
            return (header, PositionWord.pack(lots, index, cost) | (seriesPositions << 240));
        }
    }

    /// @notice Adds or takes collateral; the caller moves the other side.
    function moveCollateral(VaultState storage $, AccountId account, uint256 token, uint256 amount, bool received) internal {
        uint256 held = $.collateral[account][token];
        if (received) {
            $.collateral[account][token] = held + amount;
            if (held == 0 && amount != 0) {
                uint256 header = $.headers[account].withCollateral(token, true);
                if (LibBit.popCount(header.collaterals()) > MAX_COLLATERALS) {
                    revert IMarginVault.TooManyCollaterals(account, MAX_COLLATERALS);
                }
                $.headers[account] = header;
            }
        } else {
            if (amount > held) revert IMarginVault.InsufficientCollateral(account, token, held, amount);
            $.collateral[account][token] = held - amount;
            if (held == amount) $.headers[account] = $.headers[account].withCollateral(token, false);
        }
    }

    /// @notice Stops the clock of the exchange discount of an account that is not the fund's, where it runs.
    function stopExchange(VaultState storage $, AccountId account) internal {
        uint256 header = $.headers[account];
        if (!header.declaredShort()) return;
        $.headers[account] = header.withDeclaredShort(false);
        delete $.exchangeSince[account];
        emit IMarginVault.ExchangeDeclared(account, false);
    }

    /// @notice Open interest, the lots that accounts are long, after one went from `before` to `afterwards`.
    function openInterestAfter(uint256 openInterest, int256 before, int256 afterwards) internal pure returns (uint256) {
        unchecked {
            // x & ~(x >> 255) is x where positive, otherwise nothing; it counts what `before` is long; sizes are below 2^48
            return openInterest + uint256(afterwards & ~(afterwards >> 255)) - uint256(before & ~(before >> 255));
        }
    }
}
