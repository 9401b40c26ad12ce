// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Assessment, IMarginVault, Portfolio} from "./interfaces/IMarginVault.sol";
import {IModule} from "./interfaces/IModule.sol";
import {Deficit} from "./libraries/Deficit.sol";
import {Ledger} from "./libraries/Ledger.sol";
import {Lock} from "./libraries/Lock.sol";
import {Margin} from "./libraries/Margin.sol";
import {MarginRule} from "./libraries/MarginRule.sol";
import {Market} from "./libraries/Market.sol";
import {PriceUse} from "./libraries/PriceUse.sol";
import {Trading} from "./libraries/Trading.sol";
import {Valuation} from "./libraries/Valuation.sol";
import {ExchangeLogic} from "./logic/ExchangeLogic.sol";
import {FundLogic} from "./logic/FundLogic.sol";
import {LiquidationLogic} from "./logic/LiquidationLogic.sol";
import {PriceLogic} from "./logic/PriceLogic.sol";
import {AccountId, toAccountId} from "./types/AccountId.sol";
import {
    Action,
    ActionKind,
    tradeData,
    SCOPE_CANCEL,
    SCOPE_DEPOSIT,
    SCOPE_TRADE,
    SCOPE_TRANSFER,
    SCOPE_WITHDRAW,
    SETTLEMENT
} from "./types/Action.sol";
import {Fill, TradeContext} from "./types/Fill.sol";
import {Lots} from "./types/Lots.sol";
import {Ratio} from "./types/Ratio.sol";
import {Wad, ZERO} from "./types/Wad.sol";
import {VaultGovernance} from "./VaultGovernance.sol";
import {VaultState} from "./VaultStorage.sol";
import {HeaderWord} from "./words/HeaderWord.sol";
import {CollateralWord, MarginWord} from "./words/ParameterWords.sol";
import {PositionWord} from "./words/PositionWord.sol";

/// @title The vault of one risk domain
contract MarginVault is IMarginVault, VaultGovernance {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;
    using HeaderWord for uint256;

    struct Construction {
        IAccessManager authority;
        IERC20Metadata settlementToken;
        address fund; // InsuranceFund, bound to this vault after its deployment
        uint16 defaultModules; // consent of a new account, a bit a module
        address uptimeFeed; // sequencer uptime, zero where there is no sequencer
        uint256 uptimeGrace; // seconds
        uint256 marginParameters; // MarginWord
        uint256 liquidationParameters; // LiquidationWord
        uint256 fundParameters; // FundParametersWord
    }

    struct Payout {
        IERC20 token;
        address to;
        uint256 amount; // units of the token
    }

    /// @dev One call of `execute`.
    struct Run {
        address actor;
        uint256 actions; // how many: no more accounts are touched and no more payouts made
        uint256 marginWord; // from the first touch on, with `terms`
        Margin.Terms terms;
        Market.Quote quote; // the market that was traded last: what is valued need not read it again
        Trading.Touched[] touched;
        uint256 touchedCount;
        Payout[] payouts;
        uint256 payoutCount;
        uint256 used; // a bit for each price that valued an account
    }

    uint256 private constant MAX_ACTIONS = 32;
    uint256 private constant MAX_FILLS = 128;
    uint8 private constant ALL_SCOPES = SCOPE_TRADE | SCOPE_DEPOSIT | SCOPE_WITHDRAW | SCOPE_TRANSFER | SCOPE_CANCEL;

    IERC20 public immutable SETTLEMENT_TOKEN;
    address public immutable FUND;
    uint16 public immutable DEFAULT_MODULES;
    address public immutable UPTIME_FEED;
    uint256 public immutable UPTIME_GRACE;
    uint256 private immutable SETTLEMENT_SCALE;

    VaultState private $;

    modifier locked() {
        if (Lock.held()) revert Locked();
        Lock.take();
        _;
        Lock.release();
    }

    modifier whenUnlocked() {
        if (Lock.held()) revert Locked();
        _;
    }

    constructor(Construction memory c) VaultGovernance(c.authority) {
        SETTLEMENT_TOKEN = c.settlementToken;
        FUND = c.fund;
        DEFAULT_MODULES = c.defaultModules;
        UPTIME_FEED = c.uptimeFeed;
        UPTIME_GRACE = c.uptimeGrace;
        uint256 decimals = c.settlementToken.decimals();
        if (decimals < 6 || decimals > 18) revert UnknownToken(SETTLEMENT);
        SETTLEMENT_SCALE = 10 ** (18 - decimals);
        _initialise(c.marginParameters, c.liquidationParameters, c.fundParameters);
    }

    // ---------------------------------------------------------------- execute

    /// @inheritdoc IMarginVault
    function execute(Action[] calldata actions) external locked {
        _execute(msg.sender, actions);
    }

    /// @inheritdoc IMarginVault
    function simulate(address actor, Action[] calldata actions, AccountId account) external locked {
        Assessment memory before = _assess(account, true);
        _execute(actor, actions);
        revert Simulated(before, _assess(account, true));
    }

    function _execute(address actor, Action[] calldata actions) private {
        uint256 count = actions.length;
        if (count == 0) revert NothingToDo();
        if (count > MAX_ACTIONS) revert TooManyActions(count, MAX_ACTIONS);
        Run memory run;
        run.actor = actor;
        run.actions = count;
        for (uint256 i; i < count; ++i) {
            Action calldata action = actions[i];
            ActionKind kind = action.kind;
            if (kind == ActionKind.Trade) _trade(run, action.account, action.data);
            else if (kind == ActionKind.Deposit) _deposit(run, action.account, action.data);
            else if (kind == ActionKind.Withdraw) _withdraw(run, action.account, action.data);
            else if (kind == ActionKind.Transfer) _transfer(run, action.account, action.data);
            else if (kind == ActionKind.DepositWithPermit) _depositWithPermit(run, action.account, action.data);
            else if (kind == ActionKind.CancelOrders) _cancelOrders(run, action.account);
            else if (kind == ActionKind.SetOperator) _setOperator(run, action.account, action.data);
            else _setModules(run, action.account, action.data);
        }
        // I-11: every account that could have lost is tested, whatever came after
        for (uint256 i; i < run.touchedCount; ++i) {
            _testMargin(run, run.touched[i]);
        }
        // a post after this in the transaction reverts; within it the lock refuses posts
        if (run.used != 0) PriceUse.consumeAll(run.used);
        for (uint256 i; i < run.payoutCount; ++i) {
            run.payouts[i].token.safeTransfer(run.payouts[i].to, run.payouts[i].amount);
        }
    }

    function _deposit(Run memory run, AccountId account, bytes calldata data) private {
        (uint8 token, uint256 amount) = abi.decode(data, (uint8, uint256));
        _authorise(account, run.actor, SCOPE_DEPOSIT);
        _pull(account, run.actor, token, amount);
    }

    function _depositWithPermit(Run memory run, AccountId account, bytes calldata data) private {
        (uint8 token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) = abi.decode(
            data,
            (uint8, uint256, uint256, uint8, bytes32, bytes32)
        );
        _authorise(account, run.actor, SCOPE_DEPOSIT);
        (IERC20 asset, ) = _token(token);
        // a permit that was front-run, or that the token does not know, is not an error: the transfer below decides
        try IERC20Permit(address(asset)).permit(run.actor, address(this), amount, deadline, v, r, s) {} catch {}
        _pull(account, run.actor, token, amount);
    }

    /// @dev Credits what arrived, which a token with a fee makes less than `amount`.
    function _pull(AccountId account, address from, uint8 token, uint256 amount) private {
        if (amount == 0) revert NothingToDo();
        (IERC20 asset, uint256 scale) = _token(token);
        uint256 before = asset.balanceOf(address(this));
        asset.safeTransferFrom(from, address(this), amount);
        uint256 received = asset.balanceOf(address(this)) - before;
        if (received == 0 || received > amount) revert TokenAmountMismatch(token, amount, received);
        uint256 credited = received * scale;
        if (token == SETTLEMENT) {
            Deficit.deposited($, credited);
            Ledger.credit($, account, Wad.wrap(credited.toInt256()));
        } else {
            uint256 supply = $.supplies[token];
            uint256 held = (supply & type(uint128).max) + credited;
            if (held > supply >> 128) revert SupplyCapExceeded(token, held, supply >> 128);
            $.supplies[token] = (supply & ~uint256(type(uint128).max)) | held;
            Ledger.moveCollateral($, account, token, credited, true);
        }
        emit Deposited(account, token, credited);
    }

    function _withdraw(Run memory run, AccountId account, bytes calldata data) private {
        (uint8 token, uint256 amount, address to) = abi.decode(data, (uint8, uint256, address));
        _authorise(account, run.actor, SCOPE_WITHDRAW);
        if (run.actor != account.owner() && to != account.owner()) revert RecipientNotOwner(account, to);
        if (amount == 0) revert NothingToDo();
        Trading.Touched memory touched = _touch(run, account, true);
        (IERC20 asset, uint256 scale) = _token(token);
        if (amount > type(uint128).max / scale) revert TokenAmountMismatch(token, amount, 0);
        uint256 debited = amount * scale;
        uint256 paid = debited;
        if (token == SETTLEMENT) {
            touched.settledOut = true;
            uint256 dust;
            (paid, dust) = Deficit.withdrawn($, debited, scale);
            Ledger.credit($, account, Wad.wrap(-debited.toInt256()));
            // casting to int256 is safe: at most one unit of the token and the rounding of φ
            if (dust != 0) Ledger.credit($, toAccountId(FUND, 0), Wad.wrap(int256(dust)));
        } else {
            Ledger.moveCollateral($, account, token, debited, false);
            $.supplies[token] -= debited; // the total is in the low bits and at least what the account held
        }
        if (run.payoutCount == 0) run.payouts = new Payout[](run.actions);
        run.payouts[run.payoutCount++] = Payout(asset, to, paid / scale);
        emit Withdrawn(account, token, debited, paid, to);
    }

    function _transfer(Run memory run, AccountId account, bytes calldata data) private {
        (uint8 token, uint256 amount, AccountId to) = abi.decode(data, (uint8, uint256, AccountId));
        _authorise(account, run.actor, SCOPE_TRANSFER);
        if (to.owner() != account.owner()) revert OwnersDiffer(account, to);
        if (amount == 0 || to == account) revert NothingToDo();
        Trading.Touched memory touched = _touch(run, account, true);
        if (token == SETTLEMENT) {
            touched.settledOut = true;
            Ledger.credit($, account, Wad.wrap(-amount.toInt256()));
            Ledger.credit($, to, Wad.wrap(amount.toInt256()));
        } else {
            _token(token);
            Ledger.moveCollateral($, account, token, amount, false);
            Ledger.moveCollateral($, to, token, amount, true);
        }
        emit Transferred(account, to, token, amount);
    }

    function _setOperator(Run memory run, AccountId account, bytes calldata data) private {
        (address operator, uint8 scope, uint40 expiry) = abi.decode(data, (address, uint8, uint40));
        _authorise(account, run.actor, 0);
        if (scope & ~ALL_SCOPES != 0) revert ScopeInvalid(scope);
        $.operators[account][operator] = scope == 0 ? 0 : scope | (uint256(expiry) << 8);
        emit OperatorSet(account, operator, scope, expiry);
    }

    function _setModules(Run memory run, AccountId account, bytes calldata data) private {
        uint16 mask = abi.decode(data, (uint16));
        _authorise(account, run.actor, 0);
        $.headers[account] = $.headers[account].withModuleDifference(mask ^ DEFAULT_MODULES);
        emit ModulesSet(account, mask);
    }

    function _cancelOrders(Run memory run, AccountId account) private {
        _authorise(account, run.actor, SCOPE_CANCEL);
        uint256 header = $.headers[account].nextEpoch();
        $.headers[account] = header;
        emit OrdersCancelled(account, header.epoch());
    }

    function _trade(Run memory run, AccountId account, bytes calldata data) private {
        (uint8 module, bytes calldata moduleData, uint256 minimumLots) = tradeData(data);
        _authorise(account, run.actor, SCOPE_TRADE);
        uint256 word = $.modules[module];
        // casting to uint160 is safe: an address in the low bits
        address target = address(uint160(word));
        if (target == address(0)) revert UnknownModule(module);
        if (block.timestamp < word >> 160) revert ModuleDisabled(module, word >> 160);

        Fill[] memory fills = IModule(target).trade(TradeContext(run.actor, account), moduleData);
        if (fills.length > MAX_FILLS) revert TooManyFills(fills.length, MAX_FILLS);
        if (fills.length != 0) _settle(run, account, module, target, fills, minimumLots);
        else if (minimumLots != 0) revert FilledTooLittle(0, minimumLots);
    }

    function _settle(Run memory run, AccountId account, uint256 module, address target, Fill[] memory fills, uint256 minimumLots) private {
        _begin(run);
        Market.Quote memory quote = _market(run, fills[0].instrument);
        Trading.Trade memory trade;
        trade.taker = account;
        trade.module = module;
        trade.moduleAddress = target;
        trade.defaultModules = DEFAULT_MODULES;
        trade.fund = FUND;
        trade.marginWord = run.marginWord;
        trade.terms = run.terms;
        Trading.enter($, trade, quote);
        Trading.Touched memory taker = _touchTaker(run, trade, fills);
        for (uint256 i; i < fills.length; ++i) {
            if (quote.underlying != fills[i].instrument) {
                Trading.leave($, trade, quote);
                quote = _market(run, fills[i].instrument);
                Trading.enter($, trade, quote);
            }
            if (!Trading.settle($, trade, taker, quote, fills[i])) IModule(target).dropped(i, fills[i]);
        }
        Trading.leave($, trade, quote);
        run.used |= trade.used;
        if (trade.filled < minimumLots) revert FilledTooLittle(trade.filled, minimumLots);
        if (trade.fees != ZERO) Deficit.income($, toAccountId(FUND, 0), trade.fees);
    }

    /// @dev Remembers the figures of `account` before this execute changes it. Where value leaves only the first form of the margin rule
    /// counts, which does not look back.
    function _touch(Run memory run, AccountId account, bool leaving) private view returns (Trading.Touched memory touched) {
        for (uint256 i; i < run.touchedCount; ++i) {
            touched = run.touched[i];
            if (touched.account != account) continue;
            if (leaving) touched.leaving = true;
            return touched;
        }
        _begin(run);
        touched = run.touched[run.touchedCount++];
        touched.account = account;
        touched.leaving = leaving;
        if (!leaving) touched.before = _value(run, account);
    }

    /// @dev As `_touch`. Most trades pass by the first form: where this is the only action and in one market, two words say what was before.
    function _touchTaker(
        Run memory run,
        Trading.Trade memory trade,
        Fill[] memory fills
    ) private view returns (Trading.Touched memory touched) {
        bool alone = run.actions == 1;
        for (uint256 i = 1; alone && i < fills.length; ++i) {
            alone = fills[i].instrument == fills[0].instrument;
        }
        if (!alone) return _touch(run, trade.taker, false);
        touched = run.touched[run.touchedCount++];
        touched.account = trade.taker;
        touched.deferred = true;
        touched.header = trade.header;
        touched.position = trade.position;
    }

    /// @dev Reads what every valuation needs, once.
    function _begin(Run memory run) private view {
        if (run.touched.length != 0) return;
        run.touched = new Trading.Touched[](run.actions);
        run.marginWord = $.marginParameters;
        run.terms = Margin.terms(run.marginWord);
        run.quote.underlying = Market.NONE;
    }

    function _market(Run memory run, uint256 underlying) private view returns (Market.Quote memory quote) {
        quote = Market.quote($, underlying, run.marginWord);
        run.quote = quote;
    }

    function _value(Run memory run, AccountId account) private view returns (Valuation.Figures memory figures) {
        run.quote.draft = 0;
        figures = Valuation.figuresWith($, account, $.headers[account], run.quote, run.marginWord, run.terms);
        run.used |= figures.underlyings;
    }

    function _testMargin(Run memory run, Trading.Touched memory touched) private view {
        Valuation.Figures memory now_ = _value(run, touched.account);
        if ((touched.leaving || touched.raised) && !Valuation.good(now_, MarginWord.tradingAge(run.marginWord))) {
            // names the price
            LiquidationLogic.requireNormal($, touched.account);
        }
        if (touched.raised) {
            Wad smallest = Trading.smallestNotional($, now_.notional);
            if (now_.notional != ZERO && now_.notional < smallest) revert AccountTooSmall(touched.account, now_.notional, smallest);
        }
        if (!MarginRule.covers(now_, touched.newRisk)) {
            Valuation.Figures memory before = touched.before;
            if (touched.deferred) {
                run.quote.draft = touched.position;
                before = Valuation.figuresWith($, touched.account, touched.header, run.quote, run.marginWord, run.terms);
            }
            if (touched.leaving || !MarginRule.sheds(before, now_)) {
                revert MarginTooLow(
                    touched.account,
                    now_.equity,
                    now_.openingMargin + touched.newRisk,
                    before.equity,
                    before.openingMargin
                );
            }
        }
        if (touched.settledOut) {
            // part of an unrealised gain must stay in money, so that a thin market cannot be pumped and carried away (H-70)
            Wad needed = now_.gain.partUp(MarginWord.gainLock(run.marginWord));
            if (now_.settledCash < needed) revert SettledCashTooLow(touched.account, now_.settledCash, needed);
        }
    }

    /// @dev scope 0: the owner only.
    function _authorise(AccountId account, address caller, uint8 scope) private view {
        if (!_mayAct(account, caller, scope)) revert NotAuthorised(account, caller, scope);
    }

    function _mayAct(AccountId account, address signer, uint8 scope) private view returns (bool) {
        if (signer == account.owner()) return true;
        uint256 word = $.operators[account][signer];
        return word & scope != 0 && block.timestamp < word >> 8;
    }

    function _token(uint8 token) private view returns (IERC20 asset, uint256 scale) {
        if (token == SETTLEMENT) return (SETTLEMENT_TOKEN, SETTLEMENT_SCALE);
        uint256 word = $.collaterals[token];
        asset = IERC20(CollateralWord.token(word));
        if (address(asset) == address(0)) revert UnknownToken(token);
        scale = 10 ** (18 - CollateralWord.decimals(word));
    }

    // ---------------------------------------------------------------- permissionless

    /// @inheritdoc IMarginVault
    function postPrice(uint8 underlying, bytes[] calldata updates) external payable locked {
        PriceLogic.post($, underlying, updates, UPTIME_FEED, UPTIME_GRACE);
    }

    /// @inheritdoc IMarginVault
    function updateFundingRate(uint8 underlying) external locked {
        PriceLogic.updateFundingRate($, underlying);
    }

    /// @inheritdoc IMarginVault
    function liquidate(AccountId account, AccountId keeper, uint256 scenarios) external locked returns (Ratio) {
        return LiquidationLogic.liquidate($, FUND, account, keeper, scenarios);
    }

    /// @inheritdoc IMarginVault
    function liquidateTo(
        AccountId account,
        AccountId taker,
        uint256 scenarios,
        Ratio maximumFraction,
        Wad minimumDiscount
    ) external locked returns (Ratio) {
        _authorise(taker, msg.sender, SCOPE_TRADE);
        return LiquidationLogic.liquidateTo($, FUND, account, taker, scenarios, maximumFraction, minimumDiscount);
    }

    /// @inheritdoc IMarginVault
    function shedFund(uint8 underlying, AccountId taker, Ratio fraction, Wad minimumDiscount) external locked {
        _authorise(taker, msg.sender, SCOPE_TRADE);
        FundLogic.shed($, FUND, underlying, taker, fraction, minimumDiscount);
    }

    /// @inheritdoc IMarginVault
    function topUpFund(uint8 underlying) external locked {
        FundLogic.topUp($, FUND, underlying);
    }

    /// @inheritdoc IMarginVault
    function refreshOpenInterestCap(uint8 underlying) external locked {
        FundLogic.refreshOpenInterestCap($, FUND, underlying);
    }

    /// @inheritdoc IMarginVault
    function declareExchange(AccountId account) external locked {
        ExchangeLogic.declare($, FUND, account);
    }

    /// @inheritdoc IMarginVault
    function exchangeCollateral(AccountId account, uint8 token, uint256 amount, AccountId buyer) external locked {
        _authorise(buyer, msg.sender, SCOPE_TRADE);
        ExchangeLogic.exchange($, FUND, account, token, amount, buyer);
    }

    // ---------------------------------------------------------------- books

    /// @inheritdoc IMarginVault
    function headerOf(
        AccountId account
    ) external view returns (Wad cash, uint32 underlyings, uint32 collaterals, uint16 modules, uint32 epoch) {
        uint256 header = $.headers[account];
        return (
            header.cash(),
            uint32(header.underlyings()),
            uint32(header.collaterals()),
            uint16(header.moduleDifference()) ^ DEFAULT_MODULES,
            header.epoch()
        );
    }

    /// @inheritdoc IMarginVault
    function positionOf(AccountId account, uint8 underlying) external view returns (Lots lots, int256 fundingIndex, Wad entryCost) {
        uint256 word = $.positions[account][underlying];
        return (PositionWord.lots(word), PositionWord.fundingIndex(word), PositionWord.entryCost(word));
    }

    /// @inheritdoc IMarginVault
    function collateralOf(AccountId account, uint8 token) external view returns (uint256) {
        return $.collateral[account][token];
    }

    /// @inheritdoc IMarginVault
    function mayAct(AccountId account, address signer, uint8 scope) external view returns (bool) {
        return _mayAct(account, signer, scope);
    }

    /// @inheritdoc IMarginVault
    function contextOf(
        AccountId account,
        address signer,
        uint8 underlying
    ) external view returns (bool authorised, uint32 epoch, Lots lots) {
        return (_mayAct(account, signer, SCOPE_TRADE), $.headers[account].epoch(), PositionWord.lots($.positions[account][underlying]));
    }

    /// @inheritdoc IMarginVault
    function totals() external view returns (uint256 settlement, uint256 deficit) {
        return (Deficit.settlement($.totals), Deficit.deficit($.totals));
    }

    /// @inheritdoc IMarginVault
    function underlyingWords(uint8 u) external view returns (uint256[8] memory) {
        return [$.prices[u], $.samples[u], $.pendings[u], $.fundings[u], $.tradings[u], $.volatilities[u], $.guards[u], $.fundAccounts[u]];
    }

    /// @inheritdoc IMarginVault
    function collateralWords(uint8 token) external view returns (uint256 parameters, uint256 supply) {
        return ($.collaterals[token], $.supplies[token]);
    }

    /// @inheritdoc IMarginVault
    function parameterWords() external view returns (uint256 margin, uint256 liquidation, uint256 fund, uint256 listed) {
        return ($.marginParameters, $.liquidationParameters, $.fundParameters, $.listed);
    }

    // ---------------------------------------------------------------- valuing views

    /// @inheritdoc IMarginVault
    function portfolioOf(AccountId account) external view whenUnlocked returns (Portfolio memory) {
        _answer(LiquidationLogic.portfolio($, account));
    }

    /// @inheritdoc IMarginVault
    function previewLiquidation(
        AccountId account,
        uint256 scenarios
    ) external view whenUnlocked returns (Ratio fraction, Wad discount, Wad bounty, Assessment memory figures) {
        _answer(LiquidationLogic.preview($, FUND, account, scenarios));
    }

    /// @inheritdoc IMarginVault
    function mayBeLiquidated(AccountId[] calldata accounts) external view whenUnlocked returns (bool[] memory) {
        _answer(LiquidationLogic.candidates($, FUND, accounts));
    }

    /// @inheritdoc IMarginVault
    function assess(AccountId account, bool opening) external view whenUnlocked returns (Assessment memory) {
        return _assess(account, opening);
    }

    function _assess(AccountId account, bool opening) private view returns (Assessment memory) {
        uint256 marginWord = $.marginParameters;
        Valuation.Figures memory f = Valuation.figures($, account, marginWord, Margin.terms(marginWord));
        return Assessment(f.value, f.equity, opening ? f.openingMargin : f.margin, f.notional);
    }

    /// @dev Ends the call with an answer that the library has encoded: to take it apart and encode it again would take code of the vault.
    function _answer(bytes memory encoded) private pure {
        assembly ("memory-safe") {
            return(add(encoded, 0x20), mload(encoded))
        }
    }

    // ---------------------------------------------------------------- governance

    function _state() internal view override returns (VaultState storage) {
        return $;
    }

    function _settlementToken() internal view override returns (address) {
        return address(SETTLEMENT_TOKEN);
    }

    function _whenUnlocked() internal view override {
        if (Lock.held()) revert Locked();
    }
}
