// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IMarginVault} from "./IMarginVault.sol";

/// @title Stake behind the vault's losses
/// @notice Its assets are accounts of the vault: a main account that holds the stake in cash, and one account for each underlying that takes
/// over what liquidations sell. Shares are ERC-4626. Deposits are priced at the upper net asset value, redemptions at the lower, so that nobody gains
/// by choosing between them. Redemptions cool down: `requestRedeem`, then `fileClaim` once the ticket has matured and before it lapses; the claim is paid
/// from 60 to 70 minutes later, by `payClaim` of anyone, or by `redeem`, `withdraw` or `claim` of its owner. `deposit`, `mint`, `redeem` and `withdraw`
/// follow ERC-4626 within these limits: `max…` are zero outside those ten minutes.
interface IInsuranceFund is IERC4626 {
    // ---------------------------------------------------------------- events

    event VaultBound(IMarginVault indexed vault);
    /// @dev `shares`: all that cool from now on, those of a ticket that was open included.
    event RedeemRequested(address indexed owner, uint256 shares, uint256 maturity, uint256 lapse);
    event RedeemCancelled(address indexed owner, uint256 shares);
    /// @dev The claim on `shares`, worth `assets` units now, can be paid from `payableFrom` until `lapse`. Once more when its owner extended it.
    event ClaimFiled(address indexed owner, uint256 shares, uint256 assets, uint256 payableFrom, uint256 lapse);
    /// @dev Net asset value in WAD: `net` with everything, of which `unvested` does not count for redemptions yet.
    event Recorded(uint256 net, uint256 unvested);
    /// @dev The net asset value fell by `amount` WAD since it was last recorded.
    event LossRecorded(uint256 amount);

    // ---------------------------------------------------------------- errors

    error NotBound();
    error AlreadyBound(IMarginVault vault);
    error CallerNotDeployer(address caller);
    /// @notice Thrown when the vault to bind names another fund or another settlement token.
    error VaultMismatch(address fund, address settlementToken);
    /// @notice Thrown while prices in doubt, one of them that of the inventory of `underlying`, may have moved the net asset value by more than a bound,
    /// or that of an inventory of options is in doubt.
    error FundUnpriceable(uint256 underlying, uint256 state, uint256 age);
    /// @notice Thrown on deposits while a deficit, or a shortfall of a fund account, is outstanding: who withdrew would be paid φ, so a deposit would give its part away.
    error DeficitOutstanding(uint256 deficit);
    /// @notice Thrown when assets or shares would be zero, so that nothing is given for something.
    error NothingGiven(uint256 assets, uint256 shares);
    error SharesCooling(address owner, uint256 balance, uint256 cooling);
    error NoTicket(address owner);
    error TicketCools(address owner, uint256 maturity);
    error NoClaim(address owner);
    error ClaimOpen(address owner, uint256 lapse);
    error ClaimCools(address owner, uint256 payableFrom);
    /// @notice Thrown when a claim that can be paid in full is to be extended: when to be paid is nobody's choice.
    error ClaimPayable(address owner);
    /// @notice Thrown when a claim is to be extended beyond the lapse of the ticket that it was filed with.
    error TicketLapses(address owner, uint256 lapse);
    /// @notice Thrown when the fund could not be priced with the gas that was given, though it may have a price.
    error GasTooLow(uint256 given, uint256 left);
    error BelowMinimum(uint256 received, uint256 minimum);
    /// @notice Thrown when the accounts of the fund that hold nothing else have less cash than would be paid, or the vault fewer settlement tokens.
    error StakeInUse(uint256 asked, uint256 available);
    /// @notice Thrown when the vault credited another amount than was deposited: a settlement token with a fee.
    error DepositMismatch(uint256 asked, uint256 credited);

    // ---------------------------------------------------------------- binding

    /// @notice Binds the fund to the vault that was deployed with it; once, by its deployer.
    function bindVault(IMarginVault vault) external;

    function vault() external view returns (IMarginVault);

    // ---------------------------------------------------------------- tickets

    /// @notice Starts the cool-down of `shares`, together with those of a ticket already open: one ticket an owner, one clock.
    /// @dev Cooling shares do not transfer and bear losses like all others. The ticket matures after ten days and lapses two days later: the
    /// shares are then as if nothing had been asked.
    function requestRedeem(uint256 shares) external;

    function cancelRedeem() external;

    /// @notice The ticket of `owner`; all zero when there is none or it lapsed.
    function ticketOf(address owner) external view returns (uint256 shares, uint256 maturity, uint256 lapse);

    // ---------------------------------------------------------------- claims

    /// @notice Claims `shares` of the caller's matured ticket: paid from 60 to 70 minutes from now, by anyone, at most with what they are worth now. Who is
    /// not paid by then has his shares back, as if nothing had been asked.
    /// @param minimumAssets nobody but the owner may have the claim paid with less for the whole of it; at most what it is worth now
    /// @return assets what the shares are worth now, in units
    function fileClaim(uint256 shares, uint256 minimumAssets) external returns (uint256 assets);

    /// @notice Puts the caller's claim off by another hour when it could be paid but for a price, the vault's tokens or its minimum: nobody loses a
    /// cool-down by what others do. It is for at most what it is worth now, and ends before the ticket that it was filed with would have lapsed.
    function extendClaim() external;

    /// @notice Pays the claim of `owner`, as far as there is cash, to `owner`; anyone may.
    function payClaim(address owner) external returns (uint256 assets);

    /// @notice The claim of `owner`; all zero when there is none or it lapsed.
    function claimOf(address owner) external view returns (uint256 shares, uint256 assets, uint256 payableFrom, uint256 lapse);

    // ---------------------------------------------------------------- shares with limits

    /// @notice As `deposit`, reverting when fewer shares are minted.
    function stake(uint256 assets, address receiver, uint256 minimumShares) external returns (uint256 shares);

    /// @notice As `redeem` for the caller, whose claim is payable, reverting when less is paid.
    function claim(uint256 shares, address receiver, uint256 minimumAssets) external returns (uint256 assets);

    // ---------------------------------------------------------------- value

    /// @notice Takes the present net asset value into the record: gains since then vest over 24 hours. Anyone may.
    function record() external;

    /// @notice The two net asset values, in units of the asset; reverts when the fund cannot be priced.
    /// @return upper what deposits are priced at, rounded up
    /// @return lower what redemptions are priced at, rounded down
    function netAssetValues() external view returns (uint256 upper, uint256 lower);

    /// @notice Cash, in units of the asset, that redemptions can be paid from now.
    function liquidAssets() external view returns (uint256);
}
