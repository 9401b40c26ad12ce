// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {ComboFill, ComboLimit, ComboOrder, MakerFill, Order} from "../types/Order.sol";
import {Price} from "../types/Price.sol";
import {IMarginVault} from "./IMarginVault.sol";
import {IModule} from "./IModule.sol";

/// @title Signed orders: one taker against many makers in one trade
/// @notice `data` of a Trade action is one of
///   abi.encode(uint256 FILL = 0, uint256[] limits, MakerFill[] makers)    limits are TakerLimitWords, tried in order
///   abi.encode(uint256 CANCEL = 1, uint256[] nonces)                      cancels nonces of the account that trades
///   abi.encode(uint256 COMBO = 2, ComboLimit limit, ComboFill[] makers)   legs that are filled together or not at all
///
/// Each maker is filled at its own limit price, for the least of the lots asked for, the lots left of its order, the lots the taker still
/// wants and, for an order that only reduces, the lots there are to reduce. A maker that cannot be filled is passed over with the event
/// `OrderSkipped`, whose reason is the selector of an error below; the taker says through `minimumLots` of the action what it needs at
/// least. A maker is passed over without an event once the taker has all it wants.
///
/// Orders name what they trade by what it is: underlying, expiry, strike and right, field by field (types/Order.sol). The taker gives the number that the vault has for
/// it, once for all makers, and the module asks the vault what that number is (`termsOf`): an order that was signed for anything else, say for a series whose
/// number is listed again, has another digest, and its signature is invalid. From the expiry on nothing of a series is filled. A number that is not listed
/// reverts (`UnknownSeries`). Where two series expire together and have a strike in common it is the same thing, and an order for it can be filled in either.
///
/// A combo is filled in whole units at the prices of its legs. The legs are named once, by the taker. The vault applies the legs of a maker together and tests its
/// margin once; the lots of every leg count for `minimumLots`.
///
/// `validFrom` is when an order was signed, or later: nothing is filled before it. It is what the signer says, and may be earlier than the truth: what depends on
/// its being true needs a witness.
///
/// Fees are fixed at deployment and thereby part of what a maker signs (the domain names this contract); the signed cap makes an order
/// portable to a fee that can change. Taker: rounded up. Maker: a fee is rounded up, a rebate down, so their sum is never negative.
///
/// Fills are not repeated in events here: the vault's `Filled` has them, and in its `order` the nonce and what it counts there (`FillOrderWord`).
interface IOrderSettlement is IModule {
    // ---------------------------------------------------------------- events

    event OrderSkipped(AccountId indexed account, uint256 indexed nonce, bytes4 reason);
    event NoncesCancelled(AccountId indexed account, uint256[] nonces);

    // ---------------------------------------------------------------- reasons of OrderSkipped (with SelfTrade and ZeroLots of the vault)

    /// @notice The taker asked for nothing on the other side of this instrument.
    error NoTakerLimit(uint256 instrument);
    /// @notice The order's price is worse than the taker's worst.
    error PriceBeyondLimit(Price price, Price worst);
    /// @notice The last second of the order has passed.
    error OrderExpired(uint256 validUntil);
    /// @notice The order may not be filled yet.
    error OrderNotYetValid(uint256 validFrom);
    /// @notice What the taker names, or a leg of its combo, has expired.
    error SeriesExpired(uint256 expiry);
    /// @notice The order names another taker.
    error TakerNotNamed(AccountId named);
    error MakerFeeAboveCap(int256 fee, int256 cap);
    error OrderCancelled(AccountId account, uint256 nonce);
    /// @notice All lots of the order are filled, by it or by another order of the same nonce.
    error OrderUsedUp(uint256 filled, uint256 size);
    /// @notice The account voided the orders of that epoch, or was liquidated since.
    error EpochPassed(uint256 signed, uint256 current);
    /// @notice The signer is neither the owner of the account nor an operator with the trade scope.
    error SignerNotAuthorised(AccountId account, address signer);
    /// @notice What was signed is another order: with other figures, or for another instrument than the number stands for now.
    error SignatureInvalid(address signer);
    /// @notice The order or the taker only reduces, and there is nothing on the other side to reduce.
    error NothingToReduce(Lots held);

    /// @notice A unit of the combo pays the taker less than it asks for.
    error CashBelowLimit(int256 cash, int256 least);
    /// @notice A combo order has not as many prices as legs.
    error PricesDiffer(uint256 prices, uint256 legs);

    // ---------------------------------------------------------------- errors

    /// @notice Thrown when a combo has fewer than two legs or more than eight, or not as many instruments as lots.
    error LegsOutOfBounds(uint256 instruments, uint256 lots);
    /// @notice Thrown when `data` starts with neither FILL nor CANCEL nor COMBO.
    error UnknownKind(uint256 kind);
    /// @notice Thrown when `data` announces more makers than it can hold.
    error MakersBeyondData(uint256 makers, uint256 dataLength);
    /// @notice Thrown also for a perpetual among the legs of a combo.
    error UnknownInstrument(uint256 instrument);
    /// @notice Thrown when the taker's fee is above what its limit allows.
    error TakerFeeAboveCap(int256 fee, int256 cap);
    error NonceTooLarge(uint256 nonce);
    /// @notice Thrown at deployment: a taker pays at most 1 %, a maker too, and a rebate is at most the taker's fee.
    error FeesOutOfBounds(uint256 takerFee, int256 makerFee);

    // ---------------------------------------------------------------- views

    function vault() external view returns (IMarginVault);

    /// @notice What a taker pays, parts per million of the notional.
    function takerFeePpm() external view returns (uint256);

    /// @notice What a maker pays, parts per million of the notional; negative: receives.
    function makerFeePpm() external view returns (int256);

    /// @notice Both fees, of the taker and of the maker, parts per million of the notional: by them the vault fills orders itself (`IVaultCore.take`). It asks
    /// once, when the module is set: they never change.
    function orderFees() external view returns (uint256 takerPpm, int256 makerPpm);

    /// @notice The EIP-712 digest to sign for `order`.
    function digestOf(Order calldata order) external view returns (bytes32);

    /// @notice The EIP-712 digest to sign for `order`.
    function digestOfCombo(ComboOrder calldata order) external view returns (bytes32);

    function domainSeparator() external view returns (bytes32);

    /// @notice The lots, or units of a combo, filled so far under `nonce` of `account`, and whether it is cancelled.
    function nonceOf(AccountId account, uint256 nonce) external view returns (uint256 filled, bool cancelled);

    /// @notice What would be filled of `maker` by `taker` if it came first in a trade: the lots, or zero and the reason.
    /// @param limit a TakerLimitWord
    function fillable(AccountId taker, uint256 limit, MakerFill calldata maker) external view returns (uint256 lots, bytes4 reason);

    /// @notice As `fillable`, of a combo: the units, or zero and the reason. Reverts where the limit is wrong, as the trade does.
    function fillableCombo(
        AccountId taker,
        ComboLimit calldata limit,
        ComboFill calldata combo
    ) external view returns (uint256 units, bytes4 reason);
}
