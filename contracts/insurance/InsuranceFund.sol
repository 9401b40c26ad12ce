// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInsuranceFund} from "../interfaces/IInsuranceFund.sol";
import {FundFigures, IMarginVault} from "../interfaces/IMarginVault.sol";
import {AccountId, toAccountId} from "../types/AccountId.sol";
import {Action, ActionKind, SETTLEMENT} from "../types/Action.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad} from "../types/Wad.sol";
import {PriceWord} from "../words/PriceWord.sol";

/// @title Insurance fund: the owner of the vault's main fund account and of one fund account for each underlying
contract InsuranceFund is IInsuranceFund, ERC4626, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using Math for uint256;
    using SafeCast for uint256;
    using SafeCast for int256;

    uint256 public constant COOL_DOWN = 10 days;
    uint256 public constant CLAIM_WINDOW = 2 days;
    uint256 public constant CLAIM_DELAY = 60 minutes;
    uint256 public constant CLAIM_TIME = 10 minutes;
    uint256 public constant VESTING = 24 hours;

    /// @dev The part of the inventory's margin that redemptions are priced without: what shedding it may cost.
    Ratio public constant MARGIN_PART = Ratio.wrap(0.25e18);

    /// @dev The part of the net asset value that prices in doubt may move: within it deposits are priced at the one edge and redemptions at the other,
    /// beyond it the fund has no price.
    Ratio public constant MOST_DOUBT = Ratio.wrap(0.02e18);

    /// @dev Virtual shares for one unit of the asset. With twelve decimals more than the asset, income before the first deposit and donations
    /// can only make shares lumpy by a 10^12th part of themselves (H-49).
    uint8 private constant OFFSET = 12;

    struct Ticket {
        uint216 shares;
        uint40 maturity;
    }

    /// @dev Units of the asset: what the shares were worth when the claim was filed, and the least that others may pay it with. It is not extended beyond the
    /// lapse of its ticket.
    struct Claim {
        uint176 shares;
        uint40 filed;
        uint40 lapse;
        uint128 assets;
        uint128 minimum;
    }

    /// @dev What shares are priced by, asked once a call: the vault prices every fund account for it. The net asset values in units.
    struct Basis {
        uint256 upper;
        uint256 lower;
        FundFigures vault;
    }

    /// @dev WAD of the asset and unix seconds.
    struct Record {
        uint128 net; // net asset value when last recorded, gains included
        uint128 unvested; // of which did not count for redemptions then
        uint40 from;
        uint40 end; // when all of it counts
    }

    address private immutable DEPLOYER;
    uint256 private immutable SCALE; // WAD for one unit of the asset

    IMarginVault private _vault;
    Record private _record;
    mapping(address owner => Ticket) private _tickets;
    mapping(address owner => Claim) private _claims;

    constructor(IERC20Metadata settlementToken, string memory name_, string memory symbol_) ERC20(name_, symbol_) ERC4626(settlementToken) {
        DEPLOYER = msg.sender;
        // the vault takes 6 to 18 decimals; more reverts here
        SCALE = 10 ** (18 - settlementToken.decimals());
    }

    // ---------------------------------------------------------------- binding

    /// @inheritdoc IInsuranceFund
    function bindVault(IMarginVault newVault) external {
        if (msg.sender != DEPLOYER) revert CallerNotDeployer(msg.sender);
        if (address(_vault) != address(0)) revert AlreadyBound(_vault);
        (address token, address fund, , , , ) = newVault.constants();
        if (fund != address(this) || token != asset()) revert VaultMismatch(fund, token);
        _vault = newVault;
        emit VaultBound(newVault);
    }

    /// @inheritdoc IInsuranceFund
    function vault() external view returns (IMarginVault) {
        return _vault;
    }

    // ---------------------------------------------------------------- tickets

    /// @inheritdoc IInsuranceFund
    function requestRedeem(uint256 shares) external {
        if (shares == 0) revert NothingGiven(0, 0);
        (uint256 cooling, , ) = ticketOf(msg.sender);
        uint256 together = cooling + shares;
        uint256 balance = balanceOf(msg.sender);
        uint256 bound = together + _claimedShares(msg.sender);
        if (bound > balance) revert SharesCooling(msg.sender, balance, bound);
        uint256 maturity = block.timestamp + COOL_DOWN;
        // casting to uint40 is safe until the year 36812
        _tickets[msg.sender] = Ticket(together.toUint216(), uint40(maturity));
        emit RedeemRequested(msg.sender, together, maturity, maturity + CLAIM_WINDOW);
    }

    /// @inheritdoc IInsuranceFund
    function cancelRedeem() external {
        (uint256 cooling, , ) = ticketOf(msg.sender);
        if (cooling == 0) revert NoTicket(msg.sender);
        delete _tickets[msg.sender];
        emit RedeemCancelled(msg.sender, cooling);
    }

    /// @inheritdoc IInsuranceFund
    function ticketOf(address owner) public view returns (uint256 shares, uint256 maturity, uint256 lapse) {
        Ticket memory ticket = _tickets[owner];
        uint256 end = ticket.maturity + CLAIM_WINDOW;
        if (ticket.shares == 0 || block.timestamp >= end) return (0, 0, 0);
        return (ticket.shares, ticket.maturity, end);
    }

    // ---------------------------------------------------------------- claims

    /// @inheritdoc IInsuranceFund
    /// @dev A loss is visible before it is booked: whoever could choose when to be paid would choose a moment between (H-78).
    function fileClaim(uint256 shares, uint256 minimumAssets) external nonReentrant returns (uint256 assets) {
        Basis memory basis = _takeRecord();
        (uint256 ripe, uint256 maturity, uint256 lapse) = ticketOf(msg.sender);
        if (ripe == 0) revert NoTicket(msg.sender);
        if (block.timestamp < maturity) revert TicketCools(msg.sender, maturity);
        if (shares > ripe) revert ERC4626ExceededMaxRedeem(msg.sender, shares, ripe);
        (uint256 open, , , uint256 end) = claimOf(msg.sender);
        if (open != 0) revert ClaimOpen(msg.sender, end);
        assets = _paidDown(shares, basis);
        if (assets == 0) revert NothingGiven(assets, shares);
        // a minimum that cannot be reached would keep the claim for its owner alone
        if (assets < minimumAssets) revert BelowMinimum(assets, minimumAssets);
        // casting is safe: at most the ticket's, and until the year 36812
        _tickets[msg.sender].shares -= uint216(shares);
        _file(msg.sender, Claim(shares.toUint176(), 0, uint40(lapse), assets.toUint128(), uint128(minimumAssets)));
    }

    /// @inheritdoc IInsuranceFund
    function extendClaim() external nonReentrant {
        _requirePayable(msg.sender);
        Claim memory open = _claims[msg.sender];
        // who could put it off for ever could choose when to be paid
        if (block.timestamp + CLAIM_DELAY + CLAIM_TIME > open.lapse) revert TicketLapses(msg.sender, open.lapse);
        uint256 given = gasleft();
        (bool answered, bool priced, Basis memory basis) = _askBasis();
        if (priced) {
            uint256 worth = _paidDown(open.shares, basis);
            if (worth < open.assets) open.assets = worth.toUint128();
            uint256 most = _mostRedeem(msg.sender, basis);
            bool whole = most == open.shares || _paidDown(most, basis) >= open.assets;
            if (open.assets >= open.minimum && whole) revert ClaimPayable(msg.sender);
        } else if (!answered && gasleft() < given / 2) {
            // a call that ran out of gas, at whatever depth, left less than that: no want of a price
            revert GasTooLow(given, gasleft());
        }
        _file(msg.sender, open);
    }

    /// @inheritdoc IInsuranceFund
    function payClaim(address owner) external nonReentrant returns (uint256 assets) {
        Basis memory basis = _beforeRedeem(owner, 0);
        Claim memory open = _claims[owner];
        uint256 worth = Math.min(_paidDown(open.shares, basis), open.assets);
        if (worth < open.minimum) revert BelowMinimum(worth, open.minimum);
        uint256 shares = _mostRedeem(owner, basis);
        assets = _paidDown(shares, basis);
        _pay(owner, owner, owner, assets, shares, basis);
    }

    /// @inheritdoc IInsuranceFund
    function claimOf(address owner) public view returns (uint256 shares, uint256 assets, uint256 payableFrom, uint256 lapse) {
        Claim memory open = _claims[owner];
        payableFrom = open.filed + CLAIM_DELAY;
        lapse = payableFrom + CLAIM_TIME;
        if (open.shares == 0 || block.timestamp >= lapse) return (0, 0, 0, 0);
        return (open.shares, open.assets, payableFrom, lapse);
    }

    function _file(address owner, Claim memory open) private {
        // casting to uint40 is safe until the year 36812
        open.filed = uint40(block.timestamp);
        _claims[owner] = open;
        uint256 payableFrom = block.timestamp + CLAIM_DELAY;
        emit ClaimFiled(owner, open.shares, open.assets, payableFrom, payableFrom + CLAIM_TIME);
    }

    function _claimedShares(address owner) private view returns (uint256 shares) {
        (shares, , , ) = claimOf(owner);
    }

    function _requirePayable(address owner) private view {
        (uint256 shares, , uint256 payableFrom, ) = claimOf(owner);
        if (shares == 0) revert NoClaim(owner);
        if (block.timestamp < payableFrom) revert ClaimCools(owner, payableFrom);
    }

    /// @dev Cooling and claimed shares stay where they are: a ticket sold would be a way out before the loss (H-50).
    function _update(address from, address to, uint256 shares) internal override {
        if (from != address(0)) {
            (uint256 cooling, , ) = ticketOf(from);
            // what is burned has just been taken off the claim
            cooling += _claimedShares(from);
            uint256 balance = balanceOf(from);
            if (cooling != 0 && balance < shares + cooling) revert SharesCooling(from, balance, cooling);
        }
        super._update(from, to, shares);
    }

    // ---------------------------------------------------------------- ERC-4626: entries

    /// @inheritdoc IERC4626
    function deposit(uint256 assets, address receiver) public override(ERC4626, IERC4626) nonReentrant returns (uint256) {
        return _stake(assets, receiver);
    }

    /// @inheritdoc IInsuranceFund
    function stake(uint256 assets, address receiver, uint256 minimumShares) external nonReentrant returns (uint256 shares) {
        shares = _stake(assets, receiver);
        if (shares < minimumShares) revert BelowMinimum(shares, minimumShares);
    }

    /// @inheritdoc IERC4626
    function mint(uint256 shares, address receiver) public override(ERC4626, IERC4626) nonReentrant returns (uint256 assets) {
        Basis memory basis = _beforeDeposit();
        uint256 most = _mintedDown(_mostDeposit(basis), basis);
        if (shares > most) revert ERC4626ExceededMaxMint(receiver, shares, most);
        assets = _costUp(shares, basis);
        _deposit(msg.sender, receiver, assets, shares);
    }

    /// @inheritdoc IERC4626
    function withdraw(
        uint256 assets,
        address receiver,
        address owner
    ) public override(ERC4626, IERC4626) nonReentrant returns (uint256 shares) {
        Basis memory basis = _beforeRedeem(owner, assets);
        uint256 most = _paidDown(_mostRedeem(owner, basis), basis);
        if (assets > most) revert ERC4626ExceededMaxWithdraw(owner, assets, most);
        shares = _burnedUp(assets, basis);
        _pay(msg.sender, receiver, owner, assets, shares, basis);
    }

    /// @inheritdoc IERC4626
    function redeem(uint256 shares, address receiver, address owner) public override(ERC4626, IERC4626) nonReentrant returns (uint256) {
        return _redeem(shares, receiver, owner);
    }

    /// @inheritdoc IInsuranceFund
    function claim(uint256 shares, address receiver, uint256 minimumAssets) external nonReentrant returns (uint256 assets) {
        assets = _redeem(shares, receiver, msg.sender);
        if (assets < minimumAssets) revert BelowMinimum(assets, minimumAssets);
    }

    /// @inheritdoc IInsuranceFund
    function record() external {
        _takeRecord();
    }

    // The fund's accounts may hold so much that to price them twice in a transaction would be too dear. So what ERC4626 asks of its views before each
    // entry is asked here of the net asset value that the record has just been taken from: `max…` and `preview…` say the same of the same.

    function _stake(uint256 assets, address receiver) private returns (uint256 shares) {
        Basis memory basis = _beforeDeposit();
        uint256 most = _mostDeposit(basis);
        if (assets > most) revert ERC4626ExceededMaxDeposit(receiver, assets, most);
        shares = _mintedDown(assets, basis);
        _deposit(msg.sender, receiver, assets, shares);
    }

    function _redeem(uint256 shares, address receiver, address owner) private returns (uint256 assets) {
        Basis memory basis = _beforeRedeem(owner, 0);
        uint256 most = _mostRedeem(owner, basis);
        if (shares > most) revert ERC4626ExceededMaxRedeem(owner, shares, most);
        assets = _paidDown(shares, basis);
        _pay(msg.sender, receiver, owner, assets, shares, basis);
    }

    /// @dev Losses and gains so far are recognised before any share changes hands with the fund (H-50).
    function _beforeDeposit() private returns (Basis memory basis) {
        basis = _takeRecord();
        if (basis.vault.owed != 0) revert DeficitOutstanding(basis.vault.owed);
    }

    /// @dev Says why nothing can be redeemed, before ERC4626 says only that it exceeds zero.
    function _beforeRedeem(address owner, uint256 assets) private returns (Basis memory basis) {
        basis = _takeRecord();
        _requirePayable(owner);
        uint256 available = _payableDown(_liquid(basis.vault), basis.vault);
        if (assets > available) revert StakeInUse(assets, available);
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override {
        if (assets == 0 || shares == 0) revert NothingGiven(assets, shares);
        super._deposit(caller, receiver, assets, shares);
        // what came in is no gain
        _record.net = (_record.net + assets * SCALE).toUint128();
    }

    /// @dev Into the main account, as its owner.
    function _transferIn(address from, uint256 assets) internal override {
        super._transferIn(from, assets);
        IERC20(asset()).forceApprove(address(_vault), assets);
        (Wad before, , , , ) = _vault.headerOf(_account(0));
        Action[] memory actions = new Action[](1);
        actions[0] = Action(ActionKind.Deposit, _account(0), abi.encode(SETTLEMENT, assets));
        _vault.execute(actions);
        (Wad afterwards, , , , ) = _vault.headerOf(_account(0));
        // casting to uint256 is safe: a deposit does not lower cash
        uint256 credited = uint256((afterwards - before).raw());
        if (credited != assets * SCALE) revert DepositMismatch(assets * SCALE, credited);
    }

    /// @dev What ERC4626 calls `_withdraw`, with what the entry has asked.
    function _pay(address caller, address receiver, address owner, uint256 assets, uint256 shares, Basis memory basis) private {
        if (assets == 0 || shares == 0) revert NothingGiven(assets, shares);
        Claim storage open = _claims[owner];
        // casting is safe: shares were tested against the claim; an amount and a minimum end at nothing
        open.shares -= uint176(shares);
        open.assets = uint128(uint256(open.assets).saturatingSub(assets));
        open.minimum = uint128(uint256(open.minimum).saturatingSub(assets));
        if (caller != owner) _spendAllowance(owner, caller, shares);
        _burn(owner, shares);
        _takeOut(receiver, _debitedUp(assets, basis.vault), basis.vault.cash);
        emit Withdraw(caller, receiver, owner, assets, shares);
    }

    /// @dev Out of the main account; where that is short, first out of fund accounts that hold nothing but cash.
    function _takeOut(address to, uint256 debited, uint256[] memory cash) private {
        Action[] memory actions = new Action[](cash.length);
        uint256 used;
        uint256 available = cash[0];
        uint256 wanted = debited * SCALE;
        for (uint256 i = 1; i < cash.length && available < wanted; ++i) {
            if (cash[i] == 0) continue;
            uint256 moved = Math.min(cash[i], wanted - available);
            actions[used++] = Action(ActionKind.Transfer, _account(i), abi.encode(SETTLEMENT, moved, _account(0)));
            available += moved;
        }
        if (available < wanted) revert StakeInUse(debited, available / SCALE);
        assembly ("memory-safe") {
            mstore(actions, used) // never longer than it was made
        }
        // in a call of their own: as many accounts as there may be are as many actions as there may be
        if (used != 0) _vault.execute(actions);
        actions = new Action[](1);
        actions[0] = Action(ActionKind.Withdraw, _account(0), abi.encode(SETTLEMENT, debited, to));
        // what goes out is no loss; before the call, in which the receiver may get control
        Record storage last = _record;
        last.net = (uint256(last.net).saturatingSub(wanted)).toUint128();
        _vault.execute(actions);
    }

    // ---------------------------------------------------------------- ERC-4626: views

    /// @inheritdoc IERC4626
    /// @dev The lower value; while the fund cannot be priced, the last recorded one.
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        (bool priced, Basis memory basis) = _tryBasis();
        if (priced) return basis.lower;
        return (uint256(_record.net) - _record.unvested) / SCALE;
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool priced, Basis memory basis) = _tryBasis();
        return priced && basis.vault.owed == 0 ? _mostDeposit(basis) : 0;
    }

    /// @inheritdoc IERC4626
    function maxMint(address) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool priced, Basis memory basis) = _tryBasis();
        return priced && basis.vault.owed == 0 ? _mintedDown(_mostDeposit(basis), basis) : 0;
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool priced, Basis memory basis) = _tryBasis();
        return priced ? _paidDown(_mostRedeem(owner, basis), basis) : 0;
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool priced, Basis memory basis) = _tryBasis();
        return priced ? _mostRedeem(owner, basis) : 0;
    }

    /// @inheritdoc IERC4626
    function previewDeposit(uint256 assets) public view override(ERC4626, IERC4626) returns (uint256) {
        return _mintedDown(assets, _basis());
    }

    /// @inheritdoc IERC4626
    function previewMint(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256) {
        return _costUp(shares, _basis());
    }

    /// @inheritdoc IERC4626
    function previewWithdraw(uint256 assets) public view override(ERC4626, IERC4626) returns (uint256) {
        Basis memory basis = _basis();
        uint256 most = basis.vault.settlement / SCALE;
        if (assets > most) revert StakeInUse(assets, most);
        return _burnedUp(assets, basis);
    }

    /// @inheritdoc IERC4626
    function previewRedeem(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256) {
        Basis memory basis = _basis();
        // nobody can be paid more than the settlement tokens of the vault: those that are lent are promised to nobody
        return Math.min(_paidDown(shares, basis), basis.vault.settlement / SCALE);
    }

    // ---------------------------------------------------------------- share arithmetic

    /// @dev Shares for a deposit.
    function _mintedDown(uint256 assets, Basis memory basis) private view returns (uint256) {
        return assets.mulDiv(_supply(), basis.upper + 1);
    }

    /// @dev What shares cost.
    function _costUp(uint256 shares, Basis memory basis) private view returns (uint256) {
        return shares.mulDiv(basis.upper + 1, _supply(), Math.Rounding.Ceil);
    }

    /// @dev Shares for a payment.
    function _burnedUp(uint256 assets, Basis memory basis) private view returns (uint256) {
        return _debitedUp(assets, basis.vault).mulDiv(_supply(), basis.lower + 1, Math.Rounding.Ceil);
    }

    /// @dev What is paid for shares.
    function _paidDown(uint256 shares, Basis memory basis) private view returns (uint256) {
        return _payableDown(shares.mulDiv(basis.lower + 1, _supply()), basis.vault);
    }

    /// @dev The cash of an account is below 2^127.
    function _mostDeposit(Basis memory basis) private view returns (uint256) {
        return (uint256(uint128(type(int128).max)) - basis.vault.settlement) / SCALE;
    }

    /// @dev Shares of a claim that is payable now, as far as they are worth at most what they were when it was filed, and at most the liquid cash.
    function _mostRedeem(address owner, Basis memory basis) private view returns (uint256 shares) {
        uint256 assets;
        uint256 payableFrom;
        (shares, assets, payableFrom, ) = claimOf(owner);
        if (shares == 0 || block.timestamp < payableFrom) return 0;
        uint256 debit = _liquid(basis.vault);
        // dearer since: fewer shares are paid, and the others are as if nothing had been claimed
        if (_paidDown(shares, basis) > assets) debit = Math.min(debit, _debitedUp(assets, basis.vault));
        return Math.min(shares, debit.mulDiv(_supply(), basis.lower + 1));
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return OFFSET;
    }

    function _supply() private view returns (uint256) {
        return totalSupply() + 10 ** OFFSET;
    }

    /// @dev What the vault pays for a debit, in units: φ of it while a deficit or a shortfall is outstanding. The vault's own formula.
    function _payableDown(uint256 debited, FundFigures memory f) private pure returns (uint256) {
        return f.owed == 0 ? debited : debited.mulDiv(f.settlement, f.settlement + f.owed);
    }

    /// @dev The least debit for which the vault pays `assets`.
    function _debitedUp(uint256 assets, FundFigures memory f) private pure returns (uint256) {
        if (f.owed == 0) return assets;
        if (f.settlement == 0) revert DeficitOutstanding(f.owed);
        return assets.mulDiv(f.settlement + f.owed, f.settlement, Math.Rounding.Ceil);
    }

    // ---------------------------------------------------------------- value

    /// @inheritdoc IInsuranceFund
    function netAssetValues() external view returns (uint256 upper, uint256 lower) {
        Basis memory basis = _basis();
        return (basis.upper, basis.lower);
    }

    /// @inheritdoc IInsuranceFund
    function liquidAssets() external view returns (uint256) {
        return address(_vault) == address(0) ? 0 : _liquid(_vault.fundFigures(MARGIN_PART));
    }

    function _liquid(FundFigures memory f) private view returns (uint256) {
        uint256 cash;
        for (uint256 i; i < f.cash.length; ++i) {
            cash += f.cash[i];
        }
        // the largest debit of which the vault can pay its part
        return Math.min(cash, f.settlement + f.owed) / SCALE;
    }

    /// @dev Views that ERC-4626 forbids to revert must not, whatever makes the vault's revert: lock, prices, no vault yet.
    function _tryBasis() private view returns (bool priced, Basis memory basis) {
        (, priced, basis) = _askBasis();
    }

    /// @return answered whether the vault did: without a price, where it is in doubt
    function _askBasis() private view returns (bool answered, bool priced, Basis memory basis) {
        if (address(_vault) == address(0)) return (false, false, basis);
        try _vault.fundFigures(MARGIN_PART) returns (FundFigures memory f) {
            if (!_isPriced(f)) return (true, false, basis);
            return (true, true, _basisOf(f, _unvestedAt(_netOf(f))));
        } catch {}
    }

    function _basis() private view returns (Basis memory) {
        FundFigures memory f = _figures();
        return _basisOf(f, _unvestedAt(_netOf(f)));
    }

    function _basisOf(FundFigures memory f, uint256 unvested) private view returns (Basis memory) {
        // casting to uint256 is safe: not negative
        return Basis(uint256(f.upper.raw()).ceilDiv(SCALE), (_netOf(f) - unvested) / SCALE, f);
    }

    /// @dev Reverts while the vault is locked, and while the fund has no price.
    function _figures() private view returns (FundFigures memory f) {
        if (address(_vault) == address(0)) revert NotBound();
        f = _vault.fundFigures(MARGIN_PART);
        if (_isPriced(f)) return f;
        // casting to uint8 is safe: at most 32 underlyings
        uint256 priceWord = _vault.underlyingWords(uint8(f.doubtful))[0];
        revert FundUnpriceable(f.doubtful, PriceWord.state(priceWord), PriceWord.age(priceWord));
    }

    function _isPriced(FundFigures memory f) private pure returns (bool) {
        return f.doubt <= maxWad(f.lower + f.doubt, ZERO).partDown(MOST_DOUBT);
    }

    /// @dev WAD. The upper value takes the inventory at the mark, and an account below zero as nothing, for the vault's cap may leave that loss to
    /// others; the lower, this one, takes it at its equity less a part of its margin, and a loss as one that the stake will cover.
    function _netOf(FundFigures memory f) private pure returns (uint256) {
        // casting to uint256 is safe: not negative
        return uint256(maxWad(f.lower, ZERO).raw());
    }

    /// @dev What of `net` does not count for redemptions now: what was left of the record, more by a gain since, less by a loss since.
    function _unvestedAt(uint256 net) private view returns (uint256) {
        Record memory last = _record;
        uint256 left = _left(last);
        uint256 unvested = net >= last.net ? left + (net - last.net) : left.saturatingSub(last.net - net);
        return Math.min(unvested, net);
    }

    function _left(Record memory last) private view returns (uint256) {
        if (block.timestamp >= last.end) return 0;
        return uint256(last.unvested).mulDiv(last.end - block.timestamp, last.end - last.from, Math.Rounding.Ceil);
    }

    /// @dev Each gain vests over its own 24 hours: the end moves to the mean of the ends, weighted by amount, so that recording often, or a small gain, holds
    /// nothing back.
    function _takeRecord() private returns (Basis memory) {
        FundFigures memory f = _figures();
        uint256 net = _netOf(f);
        Record memory last = _record;
        uint256 left = _left(last);
        uint256 unvested = _unvestedAt(net);
        if (net < last.net) emit LossRecorded(last.net - net);
        uint256 remaining = block.timestamp < last.end ? last.end - block.timestamp : 0;
        if (unvested > left) remaining = (left * remaining + (unvested - left) * VESTING).ceilDiv(unvested);
        // casting times to uint40 is safe until the year 36812
        _record = Record(net.toUint128(), unvested.toUint128(), uint40(block.timestamp), uint40(block.timestamp + remaining));
        emit Recorded(net, unvested);
        return _basisOf(f, unvested);
    }

    /// @dev The main account, or with `place` from 1 on that of an underlying.
    function _account(uint256 place) private view returns (AccountId) {
        // casting to uint96 is safe: at most 32 underlyings
        return toAccountId(address(this), uint96(place));
    }
}
