// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AccountLogic} from "../actions/AccountLogic.sol";
import {ConfigLogic} from "../actions/ConfigLogic.sol";
import {ExchangeLogic} from "../actions/ExchangeLogic.sol";
import {FundLogic} from "../actions/FundLogic.sol";
import {LiquidationLogic} from "../actions/LiquidationLogic.sol";
import {MarginTest} from "../actions/MarginTest.sol";
import {PerpetualLiquidationLogic} from "../actions/PerpetualLiquidationLogic.sol";
import {PriceLogic} from "../actions/PriceLogic.sol";
import {SeriesTradeLogic} from "../actions/SeriesTradeLogic.sol";
import {SheddingLogic} from "../actions/SheddingLogic.sol";
import {TakeLogic} from "../actions/TakeLogic.sol";
import {Trading} from "../actions/Trading.sol";
import {IMarginVault, IVaultCore, IVaultExtension} from "../interfaces/IMarginVault.sol";
import {IModule} from "../interfaces/IModule.sol";
import {Deficit} from "../ledger/Deficit.sol";
import {LeastSize} from "../ledger/LeastSize.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {PriceUse} from "../ledger/PriceUse.sol";
import {DoubtLogic} from "../margin/DoubtLogic.sol";
import {HealthLogic} from "../margin/HealthLogic.sol";
import {Valuation} from "../margin/Valuation.sol";
import {AccountId, toAccountId} from "../types/AccountId.sol";
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
} from "../types/Action.sol";
import {Fill, TradeContext, comboAt} from "../types/Fill.sol";
import {FIRST_SERIES} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {ModuleWord} from "../words/ModuleWord.sol";
import {CollateralWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {VaultBase} from "./VaultBase.sol";

/// @title The vault of one risk domain
/// @dev Every call that is none of its entries goes on to the extension: see `VaultExtension`.
contract MarginVault is VaultBase, IVaultCore {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;
    using HeaderWord for uint256;

    struct Payout {
        IERC20 token;
        address to;
        uint256 amount; // units of the token
    }

    /// @dev One call of `execute`.
    struct Run {
        address actor;
        uint256 actions; // how many: no more accounts are touched and no more payouts made
        Valuation.Basis[] basis; // one, from the first touch on
        Trading.Touched[] touched;
        uint256 touchedCount;
        Payout[] payouts;
        uint256 payoutCount;
    }

    uint256 private constant MAX_ACTIONS = 32;
    uint256 private constant MAX_FILLS = 128;

    uint256 private immutable SETTLEMENT_SCALE;
    address private immutable EXTENSION;

    /// @param extension answers the calls that this contract does not know itself, in its storage; built from the same values
    constructor(Construction memory c, IVaultExtension extension) VaultBase(c) {
        if (extension.BUILT_FROM() != keccak256(abi.encode(c))) revert IMarginVault.ExtensionDiffers(address(extension));
        EXTENSION = address(extension);
        uint256 decimals = c.settlementToken.decimals();
        if (decimals < 6 || decimals > 18) revert IMarginVault.UnknownToken(SETTLEMENT);
        SETTLEMENT_SCALE = 10 ** (18 - decimals);
        ConfigLogic.initialise($, c.marginParameters, c.liquidationParameters, c.fundParameters);
    }

    /// @dev Not OpenZeppelin's Proxy: its assembly takes all memory, and a contract with such code may keep no variable there, which costs the
    /// compiler its way out of a full stack. No entry of the extension takes value.
    // solhint-disable-next-line no-complex-fallback, payable-fallback
    fallback() external {
        address extension = EXTENSION;
        assembly ("memory-safe") {
            let at := mload(0x40)
            calldatacopy(at, 0, calldatasize())
            let done := delegatecall(gas(), extension, at, calldatasize(), 0, 0)
            returndatacopy(at, 0, returndatasize())
            if iszero(done) {
                revert(at, returndatasize())
            }
            return(at, returndatasize())
        }
    }

    // ---------------------------------------------------------------- execute

    /// @inheritdoc IVaultCore
    function execute(Action[] calldata actions) external locked {
        _execute(msg.sender, actions);
    }

    /// @inheritdoc IVaultCore
    function take(AccountId taker, uint256 limit, bytes calldata makers) external locked {
        _authorise(taker, msg.sender, SCOPE_TRADE);
        uint256 fund = (uint256(uint160(FUND)) << 16) | DEFAULT_MODULES;
        TakeLogic.take($, fund, (uint256(uint160(UPTIME_FEED)) << 96) | UPTIME_GRACE, taker, limit, makers);
    }

    /// @inheritdoc IVaultCore
    function simulate(address actor, Action[] calldata actions, AccountId account) external locked {
        bytes memory before = HealthLogic.figures($, account);
        _execute(actor, actions);
        HealthLogic.revertSimulated($, account, before);
    }

    function _execute(address actor, Action[] calldata actions) private {
        uint256 count = actions.length;
        if (count == 0) revert IMarginVault.NothingToDo();
        if (count > MAX_ACTIONS) revert IMarginVault.TooManyActions(count, MAX_ACTIONS);
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
            MarginTest.requireMargin($, run.basis[0], run.touched[i], UPTIME_FEED, UPTIME_GRACE);
        }
        for (uint256 i; i < count; ++i) {
            _reviewExchange(actions[i]);
        }
        // a post after this in the transaction reverts; within it the lock refuses posts
        if (run.basis.length != 0) PriceUse.consumeAll(run.basis[0].used);
        for (uint256 i; i < run.payoutCount; ++i) {
            run.payouts[i].token.safeTransfer(run.payouts[i].to, run.payouts[i].amount);
        }
    }

    /// @dev An action that cured an account which was declared short stops its clock: at the end, when nothing that came after has undone the cure. A transfer
    /// cures where it goes, a trade its taker.
    function _reviewExchange(Action calldata action) private {
        ActionKind kind = action.kind;
        if (kind > ActionKind.Transfer && kind != ActionKind.Trade) return;
        AccountId account = action.account;
        if (kind == ActionKind.Transfer) (, , account) = abi.decode(action.data, (uint8, uint256, AccountId));
        if ($.headers[account].declaredShort()) ExchangeLogic.review($, account);
    }

    function _deposit(Run memory run, AccountId account, bytes calldata data) private {
        (uint8 token, uint256 amount) = abi.decode(data, (uint8, uint256));
        _authorise(account, run.actor, SCOPE_DEPOSIT);
        _pull(account, run.actor, token, amount);
    }

    function _depositWithPermit(Run memory run, AccountId account, bytes calldata data) private {
        (uint8 token, uint256 amount) = abi.decode(data, (uint8, uint256));
        _authorise(account, run.actor, SCOPE_DEPOSIT);
        (IERC20 asset, ) = _token(token);
        AccountLogic.permit(address(asset), run.actor, data);
        _pull(account, run.actor, token, amount);
    }

    /// @dev Credits what arrived, which a token with a fee makes less than `amount`.
    function _pull(AccountId account, address from, uint8 token, uint256 amount) private {
        if (amount == 0) revert IMarginVault.NothingToDo();
        (IERC20 asset, uint256 scale) = _token(token);
        uint256 before = asset.balanceOf(address(this));
        asset.safeTransferFrom(from, address(this), amount);
        uint256 received;
        uint256 credited;
        unchecked {
            // a balance that fell wraps to more than what was asked for, and is refused with it
            received = asset.balanceOf(address(this)) - before;
            if (received == 0 || received > amount || received > type(uint128).max / scale) {
                revert IMarginVault.TokenAmountMismatch(token, amount, received);
            }
            credited = received * scale;
        }
        if (token == SETTLEMENT) {
            Deficit.deposited($, credited);
            // casting to int256 is safe: below 2^128
            Ledger.credit($, account, Wad.wrap(int256(credited)));
        } else {
            uint256 supply = $.supplies[token];
            uint256 held = (supply & type(uint128).max) + credited;
            if (held > supply >> 128) revert IMarginVault.SupplyCapExceeded(token, held, supply >> 128);
            $.supplies[token] = (supply & ~uint256(type(uint128).max)) | held;
            Ledger.moveCollateral($, account, token, credited, true);
        }
        emit IMarginVault.Deposited(account, token, credited);
    }

    function _withdraw(Run memory run, AccountId account, bytes calldata data) private {
        (uint8 token, uint256 amount, address to) = abi.decode(data, (uint8, uint256, address));
        _authorise(account, run.actor, SCOPE_WITHDRAW);
        if (run.actor != account.owner() && to != account.owner()) revert IMarginVault.RecipientNotOwner(account, to);
        if (amount == 0) revert IMarginVault.NothingToDo();
        uint256 place = _touch(run, account, true);
        Trading.Touched memory touched = run.touched[place];
        (IERC20 asset, uint256 scale) = _token(token);
        if (amount > type(uint128).max / scale) revert IMarginVault.TokenAmountMismatch(token, amount, 0);
        uint256 debited = amount * scale;
        uint256 paid = debited;
        if (token == SETTLEMENT) {
            touched.settledOut = true;
            uint256 dust;
            if (!Deficit.paidInFull($, debited)) (paid, dust) = FundLogic.withdrawn($, FUND, debited, scale);
            Ledger.credit($, account, Wad.wrap(-debited.toInt256()));
            // casting to int256 is safe: at most one unit of the token and the rounding of φ
            if (dust != 0) Ledger.credit($, toAccountId(FUND, 0), Wad.wrap(int256(dust)));
        } else {
            LeastSize.takeCollateral($, account, token, debited, scale);
            $.supplies[token] -= debited; // the total is in the low bits and at least what the account held
        }
        if (run.payoutCount == 0) run.payouts = new Payout[](run.actions);
        run.payouts[run.payoutCount++] = Payout(asset, to, paid / scale);
        emit IMarginVault.Withdrawn(account, token, debited, paid, to);
    }

    function _transfer(Run memory run, AccountId account, bytes calldata data) private {
        (uint8 token, uint256 amount, AccountId to) = abi.decode(data, (uint8, uint256, AccountId));
        _authorise(account, run.actor, SCOPE_TRANSFER);
        if (to.owner() != account.owner()) revert IMarginVault.OwnersDiffer(account, to);
        if (amount == 0 || to == account) revert IMarginVault.NothingToDo();
        uint256 place = _touch(run, account, true);
        Trading.Touched memory touched = run.touched[place];
        if (token == SETTLEMENT) {
            touched.settledOut = true;
            Ledger.credit($, account, Wad.wrap(-amount.toInt256()));
            Ledger.credit($, to, Wad.wrap(amount.toInt256()));
        } else {
            (, uint256 scale) = _token(token);
            LeastSize.takeCollateral($, account, token, amount, scale);
            Ledger.moveCollateral($, to, token, amount, true);
        }
        emit IMarginVault.Transferred(account, to, token, amount);
    }

    function _setOperator(Run memory run, AccountId account, bytes calldata data) private {
        _authorise(account, run.actor, 0);
        AccountLogic.setOperator($, account, data);
    }

    function _setModules(Run memory run, AccountId account, bytes calldata data) private {
        _authorise(account, run.actor, 0);
        AccountLogic.setModules($, account, data, DEFAULT_MODULES);
    }

    function _cancelOrders(Run memory run, AccountId account) private {
        _authorise(account, run.actor, SCOPE_CANCEL);
        uint256 header = $.headers[account].nextEpoch();
        $.headers[account] = header;
        emit IMarginVault.OrdersCancelled(account, header.epoch());
    }

    function _trade(Run memory run, AccountId account, bytes calldata data) private {
        (uint8 module, bytes calldata moduleData, uint256 minimumLots) = tradeData(data);
        _authorise(account, run.actor, SCOPE_TRADE);
        address target = ModuleWord.target(Trading.moduleOf($, module));

        Fill[] memory fills = IModule(target).trade(TradeContext(run.actor, account), moduleData);
        if (fills.length > MAX_FILLS) revert IMarginVault.TooManyFills(fills.length, MAX_FILLS);
        uint256 filled;
        if (fills.length != 0) filled = _settle(run, account, module, target, fills);
        if (filled < minimumLots) revert IMarginVault.FilledTooLittle(filled, minimumLots);
    }

    function _settle(Run memory run, AccountId account, uint256 module, address target, Fill[] memory fills) private returns (uint256) {
        _begin(run);
        // whether risk may rise is looked up where a market is entered
        if (UPTIME_FEED != address(0)) DoubtLogic.ask(UPTIME_FEED, UPTIME_GRACE);
        Valuation.Basis memory basis = run.basis[0];
        Trading.Trade memory trade;
        trade.taker = account;
        trade.module = module;
        trade.moduleAddress = target;
        trade.defaultModules = DEFAULT_MODULES;
        trade.fund = FUND;
        uint256 instrument = fills[0].instrument;
        if (instrument < FIRST_SERIES) Trading.enter($, trade, basis, instrument);
        uint256 place = _touchTaker(run, trade, fills);
        Trading.Touched memory taker = run.touched[place];
        for (uint256 i; i < fills.length; ++i) {
            Fill memory fill = fills[i];
            if (instrument != fill.instrument) {
                Trading.finish($, trade, basis.quote);
                instrument = fill.instrument;
                if (instrument < FIRST_SERIES) Trading.enter($, trade, basis, instrument);
            }
            if (instrument >= FIRST_SERIES) i = _settleSeries(trade, taker, fills, i);
            else Trading.settle($, trade, taker, basis, fill);
        }
        Trading.finish($, trade, basis.quote);
        if (taker.stood != 0) Trading.requireSizes($, account);
        if (trade.fees != ZERO) Deficit.income($, toAccountId(FUND, 0), trade.fees);
        return trade.filled;
    }

    /// @dev The fill at `first` with those that it stands with; returns the place of the last.
    function _settleSeries(
        Trading.Trade memory trade,
        Trading.Touched memory taker,
        Fill[] memory fills,
        uint256 first
    ) private returns (uint256) {
        Fill[] memory legs = comboAt(fills, first);
        SeriesTradeLogic.Outcome memory outcome = SeriesTradeLogic.settle(
            $,
            SeriesTradeLogic.Deal(trade.taker, trade.module, trade.moduleAddress, trade.defaultModules, trade.fund, legs)
        );
        trade.filled += outcome.filled;
        trade.fees = trade.fees + outcome.fees;
        if (outcome.filled != 0) taker.stood |= ((1 << legs.length) - 1) << first;
        if (outcome.raised) taker.raised = true;
        taker.newRisk = taker.newRisk + outcome.newRisk;
        return first + legs.length - 1;
    }

    /// @dev Remembers the figures of `account` before this execute changes it, and says where. Where value leaves only the first form of the margin
    /// rule counts, which does not look back.
    function _touch(Run memory run, AccountId account, bool leaving) private view returns (uint256 i) {
        for (; i < run.touchedCount; ++i) {
            if (run.touched[i].account != account) continue;
            if (leaving) run.touched[i].leaving = true;
            return i;
        }
        _begin(run);
        run.touchedCount = i + 1;
        Trading.Touched memory touched = run.touched[i];
        touched.account = account;
        touched.leaving = leaving;
        if (!leaving) touched.before = SheddingLogic.remember($, account);
    }

    /// @dev As `_touch`. Most trades pass by the first form: where this is the only action, and in one perpetual, or on one underlying where there are options
    /// or dated futures, two words and the fills say what was before.
    function _touchTaker(Run memory run, Trading.Trade memory trade, Fill[] memory fills) private view returns (uint256) {
        uint256 first = fills[0].instrument;
        uint256 underlying = first & type(uint8).max;
        bool plain = first < FIRST_SERIES && trade.header.seriesPositions() == 0;
        uint256 market = plain ? type(uint32).max : type(uint8).max;
        bool alone = run.actions == 1;
        for (uint256 i = 1; alone && i < fills.length; ++i) {
            alone = (fills[i].instrument ^ first) & market == 0;
        }
        if (!alone) return _touch(run, trade.taker, false);
        run.touchedCount = 1;
        Trading.Touched memory touched = run.touched[0];
        touched.account = trade.taker;
        touched.underlying = underlying;
        if (plain) {
            (touched.header, touched.position) = (trade.header, trade.position);
            return 0;
        }
        (touched.header, touched.position) = ($.headers[trade.taker], $.positions[trade.taker][underlying]);
        touched.fills = fills;
        return 0;
    }

    /// @dev Reads what every valuation needs, once.
    function _begin(Run memory run) private view {
        if (run.basis.length != 0) return;
        run.touched = new Trading.Touched[](run.actions);
        run.basis = new Valuation.Basis[](1);
        Valuation.open(run.basis[0], $);
    }

    function _token(uint8 token) private view returns (IERC20 asset, uint256 scale) {
        if (token == SETTLEMENT) return (SETTLEMENT_TOKEN, SETTLEMENT_SCALE);
        uint256 word = $.collaterals[token];
        asset = IERC20(CollateralWord.token(word));
        if (address(asset) == address(0)) revert IMarginVault.UnknownToken(token);
        scale = 10 ** (18 - CollateralWord.decimals(word));
    }

    // ---------------------------------------------------------------- permissionless

    /// @inheritdoc IVaultCore
    function postPrice(uint8 underlying, bytes[] calldata updates) external payable locked {
        PriceLogic.post($, underlying, updates, UPTIME_FEED, UPTIME_GRACE);
    }

    /// @inheritdoc IVaultCore
    function updateFundingRate(uint8 underlying) external locked {
        PriceLogic.updateFundingRate($, underlying);
    }

    /// @inheritdoc IVaultCore
    function liquidate(AccountId account, AccountId keeper) external locked returns (Ratio fraction) {
        _requireUp();
        if ($.headers[account].holdsOnePerpetual()) {
            fraction = PerpetualLiquidationLogic.liquidate($, FUND, account, keeper);
            if (fraction.raw() != 0) return fraction;
        }
        return LiquidationLogic.liquidate($, FUND, account, keeper);
    }

    /// @inheritdoc IVaultCore
    function liquidateMany(AccountId[] calldata accounts, AccountId keeper) external locked returns (uint256, AccountId[] memory) {
        _requireUp();
        return PerpetualLiquidationLogic.liquidateMany($, FUND, accounts, keeper);
    }

    /// @inheritdoc IVaultCore
    function liquidateTo(AccountId account, AccountId taker, Ratio maximumFraction, Wad minimumDiscount) external locked returns (Ratio) {
        _authorise(taker, msg.sender, SCOPE_TRADE);
        _requireUp();
        return LiquidationLogic.liquidateTo($, FUND, account, taker, maximumFraction, minimumDiscount);
    }

    // ---------------------------------------------------------------- asked by modules and keepers

    /// @inheritdoc IVaultCore
    function contextOf(
        AccountId account,
        address signer,
        uint8 underlying,
        uint256 nonceKey
    ) external view returns (bool authorised, uint32 epoch, Lots lots, uint256 lotExponent, uint256 nonceWord) {
        return (
            _mayAct(account, signer, SCOPE_TRADE),
            $.headers[account].epoch(),
            PositionWord.lots($.positions[account][underlying]),
            PriceWord.lotExponent($.prices[underlying]),
            $.orderNonces[account][nonceKey]
        );
    }
}
