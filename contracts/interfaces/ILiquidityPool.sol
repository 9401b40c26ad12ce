// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {AccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {IFundingRateSource} from "./IFundingRateSource.sol";
import {IMarginVault} from "./IMarginVault.sol";
import {IModule} from "./IModule.sol";

/// @dev What a taker asks of the pool: lots of one perpetual, or of up to eight options and dated futures of one underlying, all or none.
struct PoolOrder {
    AccountId account;
    uint24[] instruments; // as fills name them
    Lots[] lots; // received by `account`; negative: given
    Wad limit; // the most that it may pay beyond the marks; negative: the least that it is paid
    uint256 salt; // anything: tells two committed orders apart that are the same otherwise
}

/// @dev What the pool asks for one.
struct PoolQuote {
    Wad cost; // of moving the inventory; negative: a rebate
    Wad halfSpread;
    Wad beyond; // what the taker pays beyond the marks: both, and what prices are rounded by
    Wad margin; // IM of the pool's account before
    Wad marginAfter;
}

/// @dev What is set of the pool. Parts per million, rates in parts per billion over eight hours.
struct PoolParameters {
    uint24 steepness; // a of the cost function
    uint24 wide; // half spread at once
    uint24 narrow; // half spread at a price that was published after the order was committed
    uint24 valuePart; // of IM, between what the inventory is worth and either net asset value
    uint32 rateMost; // funding where the inventory reaches its part of the cap
    uint32 reach; // that part
}

/// @dev Of the account on one underlying. WAD and unix seconds.
struct PoolBook {
    uint96 charged; // Q
    int96 capital; // C when last touched
    uint40 time; // of that touch; 0: nobody has traded with it
}

/// @title A maker of last resort for every instrument of every underlying, with the capital of its shareholders
/// @notice Owns accounts of the vault: the reserve, account 0, and account u + 1 for underlying u. A trade with it is an action of the vault that names it as the module,
/// with `abi.encode(PoolOrder)` as its data; or an order that is committed first and filled by anyone at a price published afterwards.
/// Shares: deposits follow ERC-4626, redemptions ERC-7540: a request waits until it is paid, first in first out, and is claimed then with `redeem` or `withdraw`.
/// So `previewRedeem` and `previewWithdraw` revert, as ERC-7540 demands of an asynchronous side and ERC-4626 alone forbids; `maxRedeem` and `maxWithdraw` are what
/// is claimable, and every other view of ERC-4626 holds: `preview…` of deposits never tell more than is minted, `max…` never revert.
interface ILiquidityPool is IERC4626, IERC165, IModule, IFundingRateSource {
    // ---------------------------------------------------------------- events

    event ParametersSet(PoolParameters parameters);
    event WeightSet(uint8 indexed underlying, uint256 weight);
    /// @dev `account` traded with the pool: cost and half spread in WAD, and Q and C after it.
    event Quoted(AccountId indexed account, uint8 indexed underlying, int256 cost, int256 halfSpread, uint256 charged, int256 capital);
    event Committed(AccountId indexed account, bytes32 indexed digest, PoolOrder order);
    event CommitmentLapsed(bytes32 indexed digest);
    /// @dev ERC-7540. `requestId` is zero: requests of one controller are one.
    event RedeemRequest(address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 shares);
    event OperatorSet(address indexed controller, address indexed operator, bool approved);
    /// @dev `shares` of `controller` were redeemed for `assets` units, to be claimed. `place` in the queue.
    event RedeemPaid(address indexed controller, uint256 indexed place, uint256 assets, uint256 shares);
    /// @dev WAD that came into the account of `underlying` from the reserve; negative: that left it.
    event Rebalanced(uint8 indexed underlying, int256 amount);

    // ---------------------------------------------------------------- errors

    error ParameterOutOfBounds(bytes32 name, uint256 value, uint256 least, uint256 most);
    /// @notice Thrown when an inequality between parameters does not hold (docs/pool.md).
    error PoolInconsistent(bytes32 name);
    /// @notice Thrown when the order that a trade carries is of another account than the one that trades.
    error OrderOfAnother(AccountId account, AccountId taker);
    /// @notice Thrown when the taker would pay more beyond the marks than it allows.
    error PoolLimitPassed(Wad beyond, Wad limit);
    /// @notice Thrown when risk words of the inventory are stale and the trade raises its margin: refresh them.
    error PoolWordsStale(uint256 underlying);
    /// @notice Thrown when nothing is left that quotes could be measured by, and the trade raises the margin.
    error PoolCapitalExhausted(uint256 underlying);
    /// @notice Thrown when the margin of the inventory would be more than its part of the capital.
    error PoolMarginAboveLimit(uint256 underlying, Wad margin, Wad most);
    error AlreadyCommitted(bytes32 digest);
    error NotCommitted(bytes32 digest);
    /// @notice Thrown when a committed order is filled before a newer price is posted.
    error PriceNotNewer(uint256 published, uint256 committed);
    error CommitmentTooOld(uint256 committed, uint256 lapsed);
    error CommitmentOpen(uint256 lapses);
    /// @notice Thrown when an account of the pool that holds something has no good price.
    error PoolUnpriceable();
    error DeficitOutstanding(uint256 deficit);
    /// @notice Thrown when assets or shares would be zero, so that nothing is given for something.
    error NothingGiven(uint256 assets, uint256 shares);
    error DepositMismatch(uint256 asked, uint256 credited);
    /// @notice Thrown by the previews of what is asynchronous, as ERC-7540 demands.
    error PreviewOfRequest();
    error NotOperator(address controller, address caller);
    error NothingToDo();
    error FundHoldsCollateral(uint256 underlying);

    // ---------------------------------------------------------------- parameters

    /// @notice The vault in which the pool has its accounts.
    function vault() external view returns (IMarginVault);

    /// @notice Sets all parameters; for the vault's authority. Refuses what is out of bounds or contradicts (docs/governance.md).
    function setParameters(PoolParameters calldata parameters) external;

    /// @notice Sets what part of all capital, ppm, is to be at work in `underlying`; for the vault's authority.
    function setWeight(uint8 underlying, uint256 weight) external;

    function parameters() external view returns (PoolParameters memory);

    function weightOf(uint8 underlying) external view returns (uint256);

    // ---------------------------------------------------------------- trading

    /// @notice What the pool asks for `order` now: at once, or of one that was committed at `since`, unix seconds. Reverts as the trade would.
    function quote(PoolOrder calldata order, uint256 since) external view returns (PoolQuote memory);

    function bookOf(uint8 underlying) external view returns (PoolBook memory);

    /// @notice Commits to `order`, for whoever may trade for its account; the caller leaves the reward for who fills it. It is filled by anyone at a price published
    /// after now, within thirty seconds, with the narrow half spread, and cannot be taken back: who could would look at the price first.
    /// @return digest of the order, and of this pool on this chain
    function commit(PoolOrder calldata order) external returns (bytes32 digest);

    /// @notice Fills a committed order for its account, which has to consent to this module and is judged as a maker is; the caller gets the reward.
    function fill(PoolOrder calldata order) external;

    /// @notice Ends a commitment that nobody filled in time: its reward goes to the shareholders.
    function endCommitment(bytes32 digest) external;

    /// @notice When `digest` was committed, unix seconds; zero where it is not, or was filled or ended.
    function committedAt(bytes32 digest) external view returns (uint256);

    // ---------------------------------------------------------------- shares

    /// @notice The two net asset values, in units of the asset; whatever the age of prices.
    /// @return upper what deposits are priced at, rounded up
    /// @return lower what redemptions are priced at, rounded down
    function netAssetValues() external view returns (uint256 upper, uint256 lower);

    /// @notice ERC-7540: puts `shares` of `owner` into the queue, to be claimed by `controller`; for the owner, his operators, and whom he allowed so many shares.
    /// They bear gains and losses until they are paid, and cannot be taken back: who could would wait for a price to choose by.
    /// @return requestId zero: requests of one controller are one
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256 requestId);

    /// @notice Shares that wait. `requestId` is not read.
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    /// @notice Shares that are paid and wait to be claimed.
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    function isOperator(address controller, address operator) external view returns (bool);

    function setOperator(address operator, bool approved) external returns (bool);

    /// @notice ERC-7575: the share is the pool.
    function share() external view returns (address);

    /// @notice Pays at most `most` requests, first in first out, each at the lower value of prices published after it was made, as far as cash is loose; the first
    /// that cannot be paid in full is paid in part, and stays first. What is worth less than a unit is redeemed for nothing. Anyone may.
    function payRequests(uint256 most) external;

    /// @notice The first place of the queue that waits, and the one behind the last.
    function queue() external view returns (uint256 first, uint256 end);

    function requestAt(uint256 place) external view returns (address controller, uint256 shares, uint256 time);

    // ---------------------------------------------------------------- capital

    /// @notice Moves cash between the reserve and the account of `underlying` towards its weight, where it is more than a twentieth away. Anyone may.
    /// @return amount that came into the account, WAD; negative: that left it
    function rebalance(uint8 underlying) external returns (Wad amount);

    /// @notice Takes `fraction` of the fund account of `underlying`, when its discount is at least what a taker of the same from the pool would pay. Anyone may.
    function takeShed(uint8 underlying, Ratio fraction) external;
}
