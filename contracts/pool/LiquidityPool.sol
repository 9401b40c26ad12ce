// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IFundingRateSource} from "../interfaces/IFundingRateSource.sol";
import {ILiquidityPool, PoolBook, PoolOrder, PoolParameters, PoolQuote} from "../interfaces/ILiquidityPool.sol";
import {AccountFigures, IMarginVault, OwnerFigures, QuoteBasis, QuoteRequest} from "../interfaces/IMarginVault.sol";
import {IModule} from "../interfaces/IModule.sol";
import {InventoryFunding} from "../math/pool/InventoryFunding.sol";
import {PoolCost} from "../math/pool/PoolCost.sol";
import {AccountId, toAccountId} from "../types/AccountId.sol";
import {Action, ActionKind, SCOPE_TRADE, SETTLEMENT} from "../types/Action.sol";
import {Fill, TradeContext} from "../types/Fill.sol";
import {Lots} from "../types/Lots.sol";
import {Ratio, fromPpm} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad, minWad} from "../types/Wad.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {TradingWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {VolatilityWord} from "../words/VolatilityWord.sol";
import {PoolPricing} from "./PoolPricing.sol";
import {PoolValues} from "./PoolValues.sol";

/// @title Liquidity pool: the owner of a reserve and of one trading account for each underlying
/// @dev docs/pool.md is its design. `trade` answers the vault alone; all else is public, and uses `execute` and `shedFund` as the owner.
contract LiquidityPool is ILiquidityPool, ERC4626, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;
    using Math for uint256;

    /// @dev How long a committed order may be filled.
    uint256 public constant COMMITMENT_TIME = 30 seconds;

    /// @dev Virtual shares for one unit of the asset, as the insurance fund has them (H-49).
    uint8 private constant OFFSET = 12;

    /// @dev How far from its weight an account is left alone, ppm of the larger.
    uint256 private constant DRIFT = 50_000;
    uint256 private constant PPM = 1e6;

    /// @dev At once: it may have been known for ever.
    uint256 private constant AT_ONCE = type(uint256).max;

    struct Request {
        address controller;
        uint40 time;
        uint256 shares; // still to be paid
    }

    /// @dev Paid, and held by this contract.
    struct Claim {
        uint256 shares;
        uint256 assets; // units
    }

    struct Queue {
        uint64 first;
        uint64 end;
        uint128 lower; // net asset value when last recorded, units
    }

    /// @dev What shares are priced by, asked once a call.
    struct Basis {
        uint256 upper; // units
        uint256 lower; // units
        OwnerFigures vault;
    }

    /// @dev Units of the asset that who commits leaves for who fills.
    uint256 public immutable REWARD;

    IMarginVault private immutable VAULT;
    uint8 private immutable MODULE;
    uint256 private immutable SCALE; // WAD for one unit of the asset

    PoolParameters private _parameters;
    Queue private _queue;
    mapping(uint256 underlying => PoolBook) private _books;
    mapping(uint256 underlying => uint256) private _weights; // ppm
    uint256 private _weightSum;
    mapping(bytes32 digest => uint256 time) private _commitments;
    mapping(uint256 place => Request) private _requests;
    mapping(address controller => uint256 shares) private _pending;
    mapping(address controller => Claim) private _claims;
    mapping(address controller => mapping(address operator => bool)) private _operators;

    /// @param vault_ in which the pool is to be module `module`
    /// @param reward WAD
    constructor(
        IMarginVault vault_,
        uint8 module,
        address authority,
        uint256 reward,
        PoolParameters memory parameters_,
        string memory name_,
        string memory symbol_
    ) ERC20(name_, symbol_) ERC4626(_tokenOf(vault_)) AccessManaged(authority) {
        (VAULT, MODULE) = (vault_, module);
        // the vault takes 6 to 18 decimals
        SCALE = 10 ** (18 - IERC20Metadata(asset()).decimals());
        REWARD = reward / SCALE;
        _requireBounds(parameters_);
        _parameters = parameters_;
        emit ParametersSet(parameters_);
        // what it pulls it pulls from who calls it, and this contract calls it with its own actions alone
        IERC20(asset()).forceApprove(address(vault_), type(uint256).max);
    }

    function _tokenOf(IMarginVault vault_) private view returns (IERC20Metadata) {
        (address token, , , , , ) = vault_.constants();
        return IERC20Metadata(token);
    }

    // ---------------------------------------------------------------- parameters

    /// @inheritdoc ILiquidityPool
    function vault() external view returns (IMarginVault) {
        return VAULT;
    }

    /// @inheritdoc ILiquidityPool
    function parameters() external view returns (PoolParameters memory) {
        return _parameters;
    }

    /// @inheritdoc ILiquidityPool
    function weightOf(uint8 underlying) external view returns (uint256) {
        return _weights[underlying];
    }

    /// @inheritdoc ILiquidityPool
    function setParameters(PoolParameters calldata next) external restricted {
        _requireBounds(next);
        _requireConsistent(next);
        _parameters = next;
        emit ParametersSet(next);
    }

    /// @inheritdoc ILiquidityPool
    function setWeight(uint8 underlying, uint256 weight) external restricted {
        uint256 sum = _weightSum - _weights[underlying] + weight;
        if (sum > PPM) revert PoolInconsistent("PoolWeight");
        (_weights[underlying], _weightSum) = (weight, sum);
        emit WeightSet(underlying, weight);
    }

    function _requireBounds(PoolParameters memory p) private pure {
        _requireBound("Steepness", p.steepness, 10_000, 1_000_000);
        _requireBound("WideSpread", p.wide, 500, 50_000);
        _requireBound("NarrowSpread", p.narrow, 50, p.wide);
        _requireBound("ValuePart", p.valuePart, 10_000, 500_000);
        _requireBound("FundingMost", p.rateMost, 0, 7_500_000);
        _requireBound("FundingReach", p.reach, 10_000, 100_000_000);
        if (!InventoryFunding.paysNobody(p.rateMost, p.reach, p.narrow)) revert PoolInconsistent("FundingReach");
    }

    function _requireBound(bytes32 name, uint256 value, uint256 least, uint256 most) private pure {
        if (value < least || value > most) revert ParameterOutOfBounds(name, value, least, most);
    }

    /// @dev With what the vault says of each underlying: a quote is within the fill band, and who comes or goes as a shareholder pays for how old the price may
    /// be, of which the wide half spread is at least as much.
    function _requireConsistent(PoolParameters memory p) private view {
        (, , , uint256 listed) = VAULT.parameterWords();
        for (uint256 u; u < listed & 0xff; ++u) {
            // casting is safe: at most 32 underlyings
            uint256[8] memory words = VAULT.underlyingWords(uint8(u));
            uint256 band = TradingWord.fillBandPpm(words[4]) * 1e15;
            uint256 most = (uint256(p.steepness) * PoolPricing.MARGIN_PART.raw() * VolatilityWord.rangeCapPpb(words[5])) / 1e12;
            if (most + uint256(p.wide) * 1e15 > band) revert PoolInconsistent("Steepness");
            if (uint256(p.valuePart) * VolatilityWord.rangeFloorPpb(words[5]) < uint256(p.wide) * 1e9) revert PoolInconsistent("ValuePart");
        }
    }

    // ---------------------------------------------------------------- trading

    /// @inheritdoc IModule
    /// @dev The fills stand or the whole call of the vault reverts, so that the book is written before them. A committed order comes from `fill` alone: nobody else
    /// acts as this contract.
    function trade(TradeContext calldata context, bytes calldata data) external returns (Fill[] memory fills) {
        if (msg.sender != address(VAULT)) revert CallerNotVault(msg.sender);
        bool isCommitted = context.actor == address(this);
        PoolOrder memory order;
        uint256 since = AT_ONCE;
        if (isCommitted) (order, since) = abi.decode(data, (PoolOrder, uint256));
        else {
            order = abi.decode(data, (PoolOrder));
            if (order.account != context.account) revert OrderOfAnother(order.account, context.account);
        }
        PoolPricing.Quote memory q = _quote(order, since);
        _books[order.instruments[0] & 0xff] = PoolValues.packed(q.charged, q.capital);
        fills = q.fills;
        if (!isCommitted) return fills;
        for (uint256 i; i < fills.length; ++i) {
            // the pool is the taker: what the account receives it gives
            (fills[i].maker, fills[i].lots) = (order.account, -fills[i].lots);
        }
    }

    /// @inheritdoc ILiquidityPool
    function quote(PoolOrder calldata order, uint256 since) external view returns (PoolQuote memory) {
        PoolOrder memory copy = order;
        (PoolPricing.Quote memory q, QuoteBasis memory b) = _quoteWith(copy, since);
        return PoolQuote(q.cost, q.halfSpread, q.beyond, b.margin, b.marginAfter);
    }

    /// @inheritdoc ILiquidityPool
    function bookOf(uint8 underlying) external view returns (PoolBook memory) {
        return _books[underlying];
    }

    function _quote(PoolOrder memory order, uint256 since) private view returns (PoolPricing.Quote memory q) {
        (q, ) = _quoteWith(order, since);
    }

    function _quoteWith(PoolOrder memory order, uint256 since) private view returns (PoolPricing.Quote memory q, QuoteBasis memory b) {
        if (order.instruments.length == 0) revert NothingToDo();
        uint256 underlying = order.instruments[0] & 0xff;
        AccountId account = _account(underlying + 1);
        PoolParameters memory p = _parameters;
        b = VAULT.quoteBasis(QuoteRequest(account, order.instruments, order.lots, fromPpm(p.wide), since));
        uint256 published = PriceWord.time(b.priceWord);
        if (since != AT_ONCE && published <= since) revert PriceNotNewer(published, since);
        q = PoolPricing.quote(b, _books[underlying], p, order, account, since == AT_ONCE);
    }

    // ---------------------------------------------------------------- committed orders

    /// @inheritdoc ILiquidityPool
    function commit(PoolOrder calldata order) external nonReentrant returns (bytes32 digest) {
        if (!VAULT.mayAct(order.account, msg.sender, SCOPE_TRADE)) {
            revert IMarginVault.NotAuthorised(order.account, msg.sender, SCOPE_TRADE);
        }
        digest = _digestOf(order);
        if (_commitments[digest] != 0) revert AlreadyCommitted(digest);
        _commitments[digest] = block.timestamp;
        emit Committed(order.account, digest, order);
        IERC20(asset()).safeTransferFrom(msg.sender, address(this), REWARD);
    }

    /// @inheritdoc ILiquidityPool
    function fill(PoolOrder calldata order) external nonReentrant {
        bytes32 digest = _digestOf(order);
        uint256 time = _committed(digest);
        if (block.timestamp > time + COMMITMENT_TIME) revert CommitmentTooOld(time, time + COMMITMENT_TIME);
        delete _commitments[digest];
        if (order.instruments.length == 0) revert NothingToDo();
        uint256 lots;
        for (uint256 i; i < order.lots.length; ++i) {
            lots += order.lots[i].abs();
        }
        AccountId account = _account((order.instruments[0] & 0xff) + 1);
        _execute(Action(ActionKind.Trade, account, abi.encode(MODULE, abi.encode(order, time), lots)));
        IERC20(asset()).safeTransfer(msg.sender, REWARD);
    }

    /// @inheritdoc ILiquidityPool
    function endCommitment(bytes32 digest) external nonReentrant {
        uint256 lapses = _committed(digest) + COMMITMENT_TIME;
        if (block.timestamp <= lapses) revert CommitmentOpen(lapses);
        delete _commitments[digest];
        emit CommitmentLapsed(digest);
        if (REWARD != 0) _execute(Action(ActionKind.Deposit, _account(0), abi.encode(SETTLEMENT, REWARD)));
    }

    /// @inheritdoc ILiquidityPool
    function committedAt(bytes32 digest) external view returns (uint256) {
        return _commitments[digest];
    }

    function _committed(bytes32 digest) private view returns (uint256 time) {
        time = _commitments[digest];
        if (time == 0) revert NotCommitted(digest);
    }

    function _digestOf(PoolOrder calldata order) private pure returns (bytes32) {
        return keccak256(abi.encode(order));
    }

    // ---------------------------------------------------------------- ERC-4626: entries

    /// @inheritdoc IERC4626
    function deposit(uint256 assets, address receiver) public override(ERC4626, IERC4626) nonReentrant returns (uint256 shares) {
        Basis memory basis = _beforeDeposit();
        uint256 most = _mostDeposit(basis);
        if (assets > most) revert ERC4626ExceededMaxDeposit(receiver, assets, most);
        shares = _mintedDown(assets, basis);
        _deposit(msg.sender, receiver, assets, shares);
    }

    /// @inheritdoc IERC4626
    function mint(uint256 shares, address receiver) public override(ERC4626, IERC4626) nonReentrant returns (uint256 assets) {
        Basis memory basis = _beforeDeposit();
        uint256 most = _mintedDown(_mostDeposit(basis), basis);
        if (shares > most) revert ERC4626ExceededMaxMint(receiver, shares, most);
        assets = _costUp(shares, basis);
        _deposit(msg.sender, receiver, assets, shares);
    }

    function _beforeDeposit() private view returns (Basis memory basis) {
        basis = _basis(false);
        if (!PoolValues.isPriced(basis.vault, 0)) revert PoolUnpriceable();
        if (basis.vault.owed != 0) revert DeficitOutstanding(basis.vault.owed);
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override {
        if (assets == 0 || shares == 0) revert NothingGiven(assets, shares);
        super._deposit(caller, receiver, assets, shares);
    }

    /// @dev Into the reserve, as its owner.
    function _transferIn(address from, uint256 assets) internal override {
        super._transferIn(from, assets);
        (Wad before, , , , ) = VAULT.headerOf(_account(0));
        _execute(Action(ActionKind.Deposit, _account(0), abi.encode(SETTLEMENT, assets)));
        (Wad afterwards, , , , ) = VAULT.headerOf(_account(0));
        // casting is safe: a deposit does not lower cash
        uint256 credited = uint256((afterwards - before).raw());
        if (credited != assets * SCALE) revert DepositMismatch(assets * SCALE, credited);
    }

    // ---------------------------------------------------------------- ERC-7540: exits

    /// @inheritdoc ILiquidityPool
    function requestRedeem(uint256 shares, address controller, address owner) external nonReentrant returns (uint256) {
        if (shares == 0) revert NothingGiven(0, 0);
        if (msg.sender != owner && !_operators[owner][msg.sender]) _spendAllowance(owner, msg.sender, shares);
        _transfer(owner, address(this), shares);
        // casting to uint40 is safe until the year 36812
        _requests[_queue.end++] = Request(controller, uint40(block.timestamp), shares);
        _pending[controller] += shares;
        emit RedeemRequest(controller, owner, 0, msg.sender, shares);
        return 0;
    }

    /// @inheritdoc IERC4626
    /// @dev Of what has been paid; the last takes what rounding left.
    function redeem(
        uint256 shares,
        address receiver,
        address controller
    ) public override(ERC4626, IERC4626) nonReentrant returns (uint256 assets) {
        Claim memory claim = _claims[controller];
        if (shares > claim.shares) revert ERC4626ExceededMaxRedeem(controller, shares, claim.shares);
        if (claim.shares != 0) assets = claim.assets.mulDiv(shares, claim.shares);
        _payClaim(claim, shares, assets, receiver, controller);
    }

    /// @inheritdoc IERC4626
    function withdraw(
        uint256 assets,
        address receiver,
        address controller
    ) public override(ERC4626, IERC4626) nonReentrant returns (uint256 shares) {
        Claim memory claim = _claims[controller];
        if (assets > claim.assets) revert ERC4626ExceededMaxWithdraw(controller, assets, claim.assets);
        if (claim.assets != 0) shares = claim.shares.mulDiv(assets, claim.assets, Math.Rounding.Ceil);
        _payClaim(claim, shares, assets, receiver, controller);
    }

    function _payClaim(Claim memory claim, uint256 shares, uint256 assets, address receiver, address controller) private {
        if (msg.sender != controller && !_operators[controller][msg.sender]) revert NotOperator(controller, msg.sender);
        if (assets == 0 || shares == 0) revert NothingGiven(assets, shares);
        _claims[controller] = Claim(claim.shares - shares, claim.assets - assets);
        IERC20(asset()).safeTransfer(receiver, assets);
        emit Withdraw(msg.sender, receiver, controller, assets, shares);
    }

    /// @inheritdoc ILiquidityPool
    function pendingRedeemRequest(uint256, address controller) external view returns (uint256) {
        return _pending[controller];
    }

    /// @inheritdoc ILiquidityPool
    function claimableRedeemRequest(uint256, address controller) external view returns (uint256) {
        return _claims[controller].shares;
    }

    /// @inheritdoc ILiquidityPool
    function isOperator(address controller, address operator) external view returns (bool) {
        return _operators[controller][operator];
    }

    /// @inheritdoc ILiquidityPool
    function setOperator(address operator, bool approved) external returns (bool) {
        _operators[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    /// @inheritdoc ILiquidityPool
    function share() external view returns (address) {
        return address(this);
    }

    /// @inheritdoc IERC165
    /// @dev Operators and asynchronous redemption of ERC-7540, and ERC-7575; not asynchronous deposits.
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0xe3bc4e65 || id == 0x620ee8e4 || id == 0x2f0a18c5;
    }

    /// @inheritdoc ILiquidityPool
    function queue() external view returns (uint256 first, uint256 end) {
        return (_queue.first, _queue.end);
    }

    /// @inheritdoc ILiquidityPool
    function requestAt(uint256 place) external view returns (address controller, uint256 shares, uint256 time) {
        Request memory request = _requests[place];
        return (request.controller, request.shares, request.time);
    }

    /// @inheritdoc ILiquidityPool
    function payRequests(uint256 most) external nonReentrant {
        Queue memory q = _queue;
        uint256 paid;
        for (; paid < most && q.first < q.end; ++paid) {
            Request memory request = _requests[q.first];
            Basis memory basis = _basis(true);
            if (!PoolValues.isPriced(basis.vault, request.time)) break;
            q.lower = basis.lower.toUint128();
            uint256 shares = _payRequest(request, q.first, basis);
            if (shares == 0) break;
            if (shares == request.shares) delete _requests[q.first++];
            else _requests[q.first].shares = request.shares - shares;
        }
        if (paid == 0) revert NothingToDo();
        _queue = q;
    }

    /// @dev Pays a request, or what of it there is cash for; returns the shares that were redeemed. What is worth less than a unit is redeemed for nothing: it
    /// would stay first for ever.
    function _payRequest(Request memory request, uint256 place, Basis memory basis) private returns (uint256 shares) {
        uint256 due = _paidDown(request.shares, basis);
        shares = request.shares;
        uint256 assets;
        if (due != 0) {
            uint256 liquid = _drawInto(basis, due);
            if (due > liquid) shares = Math.min(liquid.mulDiv(_supply(), basis.lower + 1), shares);
            assets = Math.min(_paidDown(shares, basis), liquid);
            if (shares == 0 || assets == 0) return 0;
        } else if (basis.lower == 0) {
            // with nothing there everybody waits
            return 0;
        }
        _burn(address(this), shares);
        _pending[request.controller] -= shares;
        if (assets != 0) {
            uint256 held = IERC20(asset()).balanceOf(address(this));
            _execute(Action(ActionKind.Withdraw, _account(0), abi.encode(SETTLEMENT, assets, address(this))));
            // what the vault pays while a deficit is outstanding is less
            assets = IERC20(asset()).balanceOf(address(this)) - held;
            Claim storage claim = _claims[request.controller];
            claim.shares += shares;
            claim.assets += assets;
        }
        emit RedeemPaid(request.controller, place, assets, shares);
    }

    /// @dev Draws of the accounts what the reserve lacks of `wanted`, by what each has loose; returns what there is then. Units.
    function _drawInto(Basis memory basis, uint256 wanted) private returns (uint256) {
        AccountFigures[] memory accounts = basis.vault.accounts;
        Wad reserve = maxWad(accounts[0].cash, ZERO);
        Wad lacking = Wad.wrap((wanted * SCALE).toInt256()) - reserve;
        if (lacking > ZERO) {
            Wad all;
            Wad[] memory loose = new Wad[](accounts.length);
            for (uint256 i = 1; i < accounts.length; ++i) {
                loose[i] = PoolValues.looseDown(accounts[i], _books[i - 1].charged, basis.vault.marginWord);
                all = all + loose[i];
            }
            if (lacking > all) lacking = all;
            for (uint256 i = 1; i < accounts.length && lacking > ZERO; ++i) {
                // casting is safe: neither is negative
                uint256 part = uint256(lacking.raw()).mulDiv(uint256(loose[i].raw()), uint256(all.raw()), Math.Rounding.Ceil);
                Wad drawn = minWad(Wad.wrap(int256(part)), loose[i]);
                if (drawn == ZERO) continue;
                _shift(i - 1, accounts[i], -drawn);
                reserve = reserve + drawn;
            }
        }
        // casting is safe: not negative
        return uint256(reserve.raw()) / SCALE;
    }

    // ---------------------------------------------------------------- ERC-4626: views

    /// @inheritdoc IERC4626
    /// @dev The lower value; while the vault answers nobody, what the last `rebalance` or payment found.
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        (bool answered, Basis memory basis) = _tryBasis();
        return answered ? basis.lower : _queue.lower;
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool answered, Basis memory basis) = _tryBasis();
        return answered && _isOpen(basis) ? _mostDeposit(basis) : 0;
    }

    /// @inheritdoc IERC4626
    function maxMint(address) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool answered, Basis memory basis) = _tryBasis();
        return answered && _isOpen(basis) ? _mintedDown(_mostDeposit(basis), basis) : 0;
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address controller) public view override(ERC4626, IERC4626) returns (uint256) {
        return _claims[controller].assets;
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address controller) public view override(ERC4626, IERC4626) returns (uint256) {
        return _claims[controller].shares;
    }

    /// @inheritdoc IERC4626
    function previewDeposit(uint256 assets) public view override(ERC4626, IERC4626) returns (uint256) {
        return _mintedDown(assets, _basis(false));
    }

    /// @inheritdoc IERC4626
    function previewMint(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256) {
        return _costUp(shares, _basis(false));
    }

    /// @inheritdoc IERC4626
    function previewWithdraw(uint256) public pure override(ERC4626, IERC4626) returns (uint256) {
        revert PreviewOfRequest();
    }

    /// @inheritdoc IERC4626
    function previewRedeem(uint256) public pure override(ERC4626, IERC4626) returns (uint256) {
        revert PreviewOfRequest();
    }

    /// @inheritdoc ILiquidityPool
    function netAssetValues() external view returns (uint256 upper, uint256 lower) {
        Basis memory basis = _basis(false);
        return (basis.upper, basis.lower);
    }

    function _isOpen(Basis memory basis) private view returns (bool) {
        return basis.vault.owed == 0 && PoolValues.isPriced(basis.vault, 0);
    }

    /// @dev The cash of an account is below 2^127.
    function _mostDeposit(Basis memory basis) private view returns (uint256) {
        return (uint256(uint128(type(int128).max)) - basis.vault.settlement) / SCALE;
    }

    function _mintedDown(uint256 assets, Basis memory basis) private view returns (uint256) {
        return assets.mulDiv(_supply(), basis.upper + 1);
    }

    function _costUp(uint256 shares, Basis memory basis) private view returns (uint256) {
        return shares.mulDiv(basis.upper + 1, _supply(), Math.Rounding.Ceil);
    }

    function _paidDown(uint256 shares, Basis memory basis) private view returns (uint256) {
        return shares.mulDiv(basis.lower + 1, _supply());
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return OFFSET;
    }

    function _supply() private view returns (uint256) {
        return totalSupply() + 10 ** OFFSET;
    }

    // ---------------------------------------------------------------- value

    /// @dev Views that ERC-4626 forbids to revert must not, whatever makes the vault's revert: its lock.
    function _tryBasis() private view returns (bool answered, Basis memory basis) {
        try VAULT.ownerFigures(address(this), false) returns (OwnerFigures memory f) {
            return (true, _basisOf(f));
        } catch {}
    }

    /// @param leaving whether value is to leave
    function _basis(bool leaving) private view returns (Basis memory) {
        return _basisOf(VAULT.ownerFigures(address(this), leaving));
    }

    function _basisOf(OwnerFigures memory f) private view returns (Basis memory) {
        PoolParameters memory p = _parameters;
        Wad upper = maxWad(f.accounts[0].cash, ZERO);
        Wad lower = upper;
        for (uint256 i = 1; i < f.accounts.length; ++i) {
            AccountFigures memory a = f.accounts[i];
            // with nothing there neither value says anything, whatever was charged
            if (a.equity == ZERO && a.margin == ZERO) continue;
            (upper, lower) = PoolValues.add(a, _books[i - 1].charged, p, upper, lower);
        }
        // casting is safe: not negative
        return Basis(uint256(upper.raw()).ceilDiv(SCALE), uint256(lower.raw()) / SCALE, f);
    }

    // ---------------------------------------------------------------- capital

    /// @inheritdoc ILiquidityPool
    function rebalance(uint8 underlying) external nonReentrant returns (Wad amount) {
        Basis memory basis = _basis(true);
        AccountFigures[] memory accounts = basis.vault.accounts;
        uint256 place = uint256(underlying) + 1;
        if (place >= accounts.length) revert IMarginVault.UnknownUnderlying(underlying);
        AccountFigures memory a = accounts[place];
        uint256 charged = _books[underlying].charged;
        // casting is safe: 96 bits
        Wad free = a.equity - Wad.wrap(int256(charged));
        Wad target = _lowerOf(accounts).partDown(fromPpm(_weights[underlying]));
        Wad missing = target - free;
        Wad left = maxWad(target, free).partDown(fromPpm(DRIFT));
        if (missing > left) {
            // its inventory has outgrown what was behind it: what runs away in one market takes no capital of another
            bool inNeed = free.isNegative() || (a.priceWord != 0 && a.margin > free.partDown(PoolPricing.MARGIN_PART));
            if (!inNeed) amount = minWad(missing, maxWad(accounts[0].cash, ZERO));
        } else if (-missing > left) {
            amount = -minWad(-missing, PoolValues.looseDown(a, charged, basis.vault.marginWord));
        }
        if (amount == ZERO) revert NothingToDo();
        _queue.lower = basis.lower.toUint128();
        _shift(underlying, a, amount);
        emit Rebalanced(underlying, amount.raw());
    }

    /// @dev WAD.
    function _lowerOf(AccountFigures[] memory accounts) private view returns (Wad lower) {
        PoolParameters memory p = _parameters;
        lower = maxWad(accounts[0].cash, ZERO);
        for (uint256 i = 1; i < accounts.length; ++i) {
            (, lower) = PoolValues.add(accounts[i], _books[i - 1].charged, p, ZERO, lower);
        }
    }

    /// @dev Into the account of `underlying`, or out of it where negative. The book is touched before cash comes, and after it has gone.
    function _shift(uint256 underlying, AccountFigures memory a, Wad amount) private {
        PoolParameters memory p = _parameters;
        PoolBook memory book = PoolValues.touched(_books[underlying], a, p);
        (AccountId from, AccountId to) = (_account(0), _account(underlying + 1));
        if (amount.isNegative()) {
            (from, to) = (to, from);
            book = PoolValues.lowered(book, a, p, -amount);
        }
        _books[underlying] = book;
        _execute(Action(ActionKind.Transfer, from, abi.encode(SETTLEMENT, amount.abs(), to)));
    }

    /// @inheritdoc ILiquidityPool
    function takeShed(uint8 underlying, Ratio fraction) external nonReentrant {
        (, address fund, , , , ) = VAULT.constants();
        AccountId seller = toAccountId(fund, uint96(underlying) + 1);
        (, , uint32 collaterals, , ) = VAULT.headerOf(seller);
        if (collaterals != 0) revert FundHoldsCollateral(underlying);
        AccountId account = _account(uint256(underlying) + 1);
        PoolParameters memory p = _parameters;
        Wad gross = VAULT.assess(seller, false).notional.partUp(fraction);
        PoolBook memory book = _books[underlying];
        (Wad equity, Wad before, ) = _present(underlying);
        int256 capital = PoolCost.capitalAfter(book.charged, book.capital, block.timestamp - book.time, equity.raw());
        Wad discount = VAULT.shedFund(underlying, account, fraction, ZERO);
        (, Wad margin, bool byWords) = _present(underlying);
        if (margin > before) PoolPricing.requireRoom(byWords, capital, margin, underlying);
        (int256 cost, uint256 charged) = PoolCost.moved(
            book.charged,
            uint256(before.raw()),
            uint256(margin.raw()),
            capital,
            fromPpm(p.steepness)
        );
        Wad asked = gross.partUp(fromPpm(p.narrow)) + maxWad(Wad.wrap(cost), ZERO);
        if (discount < asked) revert IMarginVault.DiscountBelowLimit(discount, asked);
        // what lowers the margin is paid back to nobody: of Q goes what belongs to it, and the pool keeps it
        _books[underlying] = PoolValues.packed(charged, capital);
    }

    /// @dev The account on `underlying` as trades measure it.
    function _present(uint256 underlying) private view returns (Wad equity, Wad margin, bool byWords) {
        AccountFigures memory a = VAULT.ownerFigures(address(this), true).accounts[underlying + 1];
        if (a.series && a.fresh) return (a.openingEquity, a.openingMargin, true);
        return (a.equity, a.margin, a.fresh);
    }

    // ---------------------------------------------------------------- funding

    /// @inheritdoc IFundingRateSource
    function fundingRate(uint8 underlying) external view returns (int256) {
        PoolParameters memory p = _parameters;
        (Lots inventory, , ) = VAULT.positionOf(_account(uint256(underlying) + 1), underlying);
        uint256 cap = FundingWord.cap(VAULT.underlyingWords(underlying)[3]);
        return InventoryFunding.rate(inventory, cap, p.rateMost, p.reach);
    }

    // ---------------------------------------------------------------- accounts

    /// @dev The reserve, or with `place` from 1 on that of an underlying.
    function _account(uint256 place) private view returns (AccountId) {
        // casting to uint96 is safe: at most 256 underlyings are named
        return toAccountId(address(this), uint96(place));
    }

    function _execute(Action memory action) private {
        Action[] memory actions = new Action[](1);
        actions[0] = action;
        VAULT.execute(actions);
    }
}
