// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IModule} from "../../interfaces/IModule.sol";
import {IVaultSeries} from "../../interfaces/IVaultSeries.sol";
import {IOrderSettlement} from "../../interfaces/IOrderSettlement.sol";
import {AccountId} from "../../types/AccountId.sol";
import {SCOPE_TRADE} from "../../types/Action.sol";
import {Fill, TradeContext} from "../../types/Fill.sol";
import {Instrument, nameOf, underlyingOf, withinUnderlying} from "../../types/Instrument.sol";
import {Lots} from "../../types/Lots.sol";
import {Price} from "../../types/Price.sol";
import {FillOrderWord, NonceWord} from "../../words/OrderWords.sol";

/// @dev A vault reduced to what orders see of it: epochs, operators, positions. It applies every fill but those it is told to drop.
contract OrderVault {
    error NotAuthorised(AccountId account, address caller, uint8 scope);

    event Applied(uint256 indexed maker, uint24 instrument, int256 lots, uint256 price, int256 takerFee, int256 makerFee, uint256 order);
    event TradeGas(uint256 gas);

    /// @dev As an expiry.
    uint256 public constant UNLISTED = 1;

    IOrderSettlement public module;
    uint256 public dropMask; // bit i: the fill at index i of the next trade is not applied

    mapping(AccountId account => uint32) public epochs;
    mapping(uint256 series => uint256) public expiries;
    mapping(AccountId account => mapping(address operator => uint256)) private _operators;
    mapping(AccountId account => mapping(uint256 instrument => Lots)) private _positions;
    mapping(AccountId account => mapping(uint256 key => uint256)) public nonceWordOf;

    function setModule(IOrderSettlement module_) external {
        module = module_;
    }

    function setEpoch(AccountId account, uint32 epoch) external {
        epochs[account] = epoch;
    }

    function setOperator(AccountId account, address operator, uint8 scope, uint40 expiry) external {
        _operators[account][operator] = scope | (uint256(expiry) << 8);
    }

    function setPosition(AccountId account, uint8 underlying, Lots lots) external {
        _positions[account][underlying] = lots;
    }

    function setDropMask(uint256 mask) external {
        dropMask = mask;
    }

    function contextOf(
        AccountId account,
        address signer,
        uint8 underlying,
        uint256 nonceKey
    ) external view returns (bool authorised, uint32 epoch, Lots lots, uint256 lotExponent, uint256 nonceWord) {
        return (
            _mayTrade(account, signer),
            epochs[account],
            _positions[account][underlying],
            lotExponentOf(underlying),
            nonceWordOf[account][nonceKey]
        );
    }

    function cancelNonces(AccountId account, uint256[] calldata nonces) external {
        for (uint256 i; i < nonces.length; ++i) {
            if (nonces[i] > type(uint40).max) revert IOrderSettlement.NonceTooLarge(nonces[i]);
            uint256 key = NonceWord.keyOf(msg.sender, nonces[i]);
            nonceWordOf[account][key] = NonceWord.withCancelled(nonceWordOf[account][key], nonces[i] % NonceWord.NONCES);
        }
    }

    /// @dev Each series has its own expiry, by its number unless another was set; strikes are one cent of a lot apart and lie otherwise for each day of expiry.
    function termsOf(uint24 instrument) external view returns (uint256 expiry, Price strike, uint256 lotExponent) {
        Instrument within = withinUnderlying(instrument);
        uint256 series = within.series();
        expiry = expiries[series];
        if (expiry == 0) expiry = 5_000_000_000 + series;
        if (expiry == UNLISTED) revert IVaultSeries.UnknownSeries(underlyingOf(instrument), series);
        if (!within.isFuture()) strike = Price.wrap((within.strikeIndex() + 1) * 1e16 + ((expiry / 1 days) % 7) * 1e15);
        lotExponent = lotExponentOf(uint8(instrument));
    }

    function setExpiry(uint8 series, uint256 expiry) external {
        expiries[series] = expiry;
    }

    function lotExponentOf(uint8 underlying) public pure returns (uint256) {
        return underlying % 7;
    }

    function lotsOf(AccountId account, uint24 instrument) external view returns (Lots) {
        return _positions[account][instrument];
    }

    function positionOf(AccountId account, uint8 underlying) external view returns (Lots) {
        return _positions[account][underlying];
    }

    function trade(AccountId account, bytes memory data) external returns (Fill[] memory fills) {
        if (!_mayTrade(account, msg.sender)) revert NotAuthorised(account, msg.sender, SCOPE_TRADE);
        fills = IModule(module).trade(TradeContext(msg.sender, account), data);
        for (uint256 i; i < fills.length; ++i) {
            Fill memory fill = fills[i];
            if ((dropMask >> i) & 1 != 0) continue;
            uint256 nonce = FillOrderWord.nonce(fill.order);
            uint256 key = NonceWord.keyOf(address(module), nonce);
            nonceWordOf[fill.maker][key] = NonceWord.withMore(
                nonceWordOf[fill.maker][key],
                nonce % NonceWord.NONCES,
                FillOrderWord.counted(fill.order)
            );
            uint24 instrument = nameOf(fill.instrument);
            _positions[account][instrument] = _positions[account][instrument] + fill.lots;
            _positions[fill.maker][instrument] = _positions[fill.maker][instrument] - fill.lots;
            emit Applied(
                AccountId.unwrap(fill.maker),
                instrument,
                fill.lots.raw(),
                fill.price.raw(),
                fill.takerFee.raw(),
                fill.makerFee.raw(),
                fill.order
            );
        }
    }

    /// @dev What `trade` of the module costs alone, its calldata already in memory.
    function measure(AccountId account, bytes memory data) external {
        uint256 before = gasleft();
        module.trade(TradeContext(msg.sender, account), data);
        emit TradeGas(before - gasleft());
    }

    function _mayTrade(AccountId account, address signer) private view returns (bool) {
        if (signer == account.owner()) return true;
        uint256 word = _operators[account][signer];
        return word & SCOPE_TRADE != 0 && block.timestamp < word >> 8;
    }
}
