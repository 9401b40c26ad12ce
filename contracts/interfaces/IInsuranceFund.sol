// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IMarginVault} from "./IMarginVault.sol";

/// @title Stake behind the vault's losses
/// @notice Its assets are accounts of the vault: a main account that holds the stake in cash, and one account for each underlying that takes
/// over what liquidations sell. Shares are ERC-4626. Deposits are priced at the upper net asset value, redemptions at the lower, so that nobody gains
/// by choosing between them. Redemptions cool down: `requestRedeem`, then `redeem`, `withdraw` or `claim` once the ticket has matured and before it
/// lapses. `deposit`, `mint`, `redeem` and `withdraw` follow ERC-4626 within these limits.
interface IInsuranceFund is IERC4626 {
    // ---------------------------------------------------------------- events

    event VaultBound(IMarginVault indexed vault);
    /// @dev `shares`: all that cool from now on, those of a ticket that was open included.
    event RedeemRequested(address indexed owner, uint256 shares, uint256 maturity, uint256 lapse);
    event RedeemCancelled(address indexed owner, uint256 shares);
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
    /// @notice Thrown while a price of the inventory of `underlying` is not normal or older than liquidations take.
    error FundUnpriceable(uint256 underlying, uint256 state, uint256 age);
    /// @notice Thrown on deposits while a deficit is outstanding: who withdrew would be paid φ, so a deposit would give its part away.
    error DeficitOutstanding(uint256 deficit);
    /// @notice Thrown when assets or shares would be zero, so that nothing is given for something.
    error NothingGiven(uint256 assets, uint256 shares);
    error SharesCooling(address owner, uint256 balance, uint256 cooling);
    error NoTicket(address owner);
    error TicketCools(address owner, uint256 maturity);
    error BelowMinimum(uint256 received, uint256 minimum);
    /// @notice Thrown when the accounts of the fund that hold nothing else have less cash than would be paid.
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

    // ---------------------------------------------------------------- shares with limits

    /// @notice As `deposit`, reverting when fewer shares are minted.
    function stake(uint256 assets, address receiver, uint256 minimumShares) external returns (uint256 shares);

    /// @notice As `redeem` for the caller, reverting when less is paid.
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
