// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {IModule} from "../interfaces/IModule.sol";
import {IOrderSettlement} from "../interfaces/IOrderSettlement.sol";
import {Proposed} from "../libraries/Proposed.sol";
import {Signature} from "../libraries/Signature.sol";
import {AccountId} from "../types/AccountId.sol";
import {Fill, TradeContext} from "../types/Fill.sol";
import {FIRST_SERIES, WITH_NEXT, nameOf, underlyingOf} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {ComboFill, ComboLimit, ComboOrder, MakerFill, Order} from "../types/Order.sol";
import {Price} from "../types/Price.sol";
import {fromPpm} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {NonceWord, TakerLimitWord, TermsWord, ValidityWord} from "../words/OrderWords.sol";

/// @title Signed orders: one taker against many makers in one trade
contract OrderSettlement is IOrderSettlement, EIP712 {
    using NonceWord for uint256;

    /// @dev First word of `data`.
    uint256 private constant FILL = 0;
    uint256 private constant CANCEL = 1;
    uint256 private constant COMBO = 2;

    uint256 private constant MAX_FEE_PPM = 10_000;
    uint256 private constant MAX_UNDERLYINGS = 32;
    uint256 private constant LEAST_LEGS = 2;
    uint256 private constant MOST_LEGS = 8;

    bytes32 private constant ORDER_TYPEHASH = keccak256(
        "Order(address vault,uint256 account,address signer,uint24 instrument,bool long,uint96 limit,uint48 size,int24 maxFee,bool reduceOnly,uint40 expiry,uint40 nonce,uint32 epoch,uint256 taker)"
    );

    bytes32 private constant COMBO_TYPEHASH = keccak256(
        "ComboOrder(address vault,uint256 account,address signer,Leg[] legs,uint48 size,int24 maxFee,bool reduceOnly,uint40 expiry,uint40 nonce,uint32 epoch,uint256 taker)Leg(uint24 instrument,int48 lots,uint96 price)"
    );
    bytes32 private constant LEG_TYPEHASH = keccak256("Leg(uint24 instrument,int48 lots,uint96 price)");

    IMarginVault private immutable VAULT;
    uint256 private immutable TAKER_FEE_PPM;
    int256 private immutable MAKER_FEE_PPM;

    /// @dev The state of five nonces; in a struct so that its slot is worked out once for reading and writing.
    struct Nonces {
        uint256 word; // NonceWord
    }

    mapping(AccountId account => mapping(uint256 nonceByFive => Nonces)) private _nonces;

    /// @dev A trade at work.
    struct Run {
        AccountId taker;
        bytes32 domain;
        uint256[] limits; // TakerLimitWords; their lots are what the taker still wants
        Order order; // the maker's at hand, made by `_blankOrder`: one for all, so that memory does not grow
        Fill[] fills;
        uint256 count;
        ComboLimit[] combo; // one, where orders have legs; its units are what the taker still wants
        uint96[] prices; // of the legs of the order at hand
    }

    constructor(IMarginVault vault_, uint256 takerFee, int256 makerFee) EIP712("Plimsoll Orders", "1") {
        // casting to int256 is safe: the first test bounds it
        if (takerFee > MAX_FEE_PPM || makerFee > int256(MAX_FEE_PPM) || -int256(takerFee) > makerFee) {
            revert FeesOutOfBounds(takerFee, makerFee);
        }
        VAULT = vault_;
        TAKER_FEE_PPM = takerFee;
        MAKER_FEE_PPM = makerFee;
    }

    // ---------------------------------------------------------------- entries of the vault

    /// @inheritdoc IModule
    function trade(TradeContext calldata context, bytes calldata data) external returns (Fill[] memory) {
        if (msg.sender != address(VAULT)) revert CallerNotVault(msg.sender);
        uint256 kind = uint256(bytes32(data));
        if (kind == FILL) return _fill(context, data);
        if (kind == COMBO) return _fillCombos(context, data);
        if (kind != CANCEL) revert UnknownKind(kind);
        _cancel(context.account, data);
        return new Fill[](0);
    }

    /// @inheritdoc IModule
    function dropped(uint256 index, Fill calldata fill) external {
        if (msg.sender != address(VAULT)) revert CallerNotVault(msg.sender);
        (uint256 nonce, uint256 counted) = Proposed.at(index);
        uint256 place = nonce % NonceWord.NONCES;
        Nonces storage nonces = _nonces[fill.maker][nonce / NonceWord.NONCES];
        uint256 word = nonces.word;
        nonces.word = word.withFilled(place, word.filled(place) - counted);
    }

    function _cancel(AccountId account, bytes calldata data) private {
        (, uint256[] memory list) = abi.decode(data, (uint256, uint256[]));
        for (uint256 i; i < list.length; ++i) {
            uint256 nonce = list[i];
            if (nonce > type(uint40).max) revert NonceTooLarge(nonce);
            Nonces storage nonces = _nonces[account][nonce / NonceWord.NONCES];
            nonces.word = nonces.word.withCancelled(nonce % NonceWord.NONCES);
        }
        emit NoncesCancelled(account, list);
    }

    function _fill(TradeContext calldata context, bytes calldata data) private returns (Fill[] memory fills) {
        Run memory run;
        (, run.limits) = abi.decode(data, (uint256, uint256[]));
        MakerFill[] calldata makers = _makersOf(data);
        run.taker = context.account;
        run.domain = _domainSeparatorV4();
        run.order = _blankOrder();
        run.fills = fills = _roomFor(makers.length);
        _prepareLimits(run);

        for (uint256 i; i < makers.length; ++i) {
            bytes4 reason = _propose(run, makers[i]);
            if (reason != 0) emit OrderSkipped(makers[i].account, TermsWord.nonce(makers[i].terms), reason);
        }

        uint256 count = run.count;
        // the proposals are the first `count` entries; an array may be cut short
        assembly ("memory-safe") {
            mstore(fills, count)
        }
    }

    /// @dev Refuses what the taker may not ask for and lowers the lots of limits that only reduce to what there is. All fills of one limit
    /// are on one side, so the position needs no second look.
    function _prepareLimits(Run memory run) private view {
        uint256[] memory limits = run.limits;
        int256 fee = int256(TAKER_FEE_PPM); // at most MAX_FEE_PPM
        for (uint256 i; i < limits.length; ++i) {
            uint256 limit = limits[i];
            uint24 instrument = ValidityWord.instrument(limit);
            if (underlyingOf(instrument) >= MAX_UNDERLYINGS) revert UnknownInstrument(instrument);
            if (fee > TakerLimitWord.maxFee(limit)) revert TakerFeeAboveCap(fee, TakerLimitWord.maxFee(limit));
            if (!ValidityWord.reduceOnly(limit)) continue;
            Lots held = VAULT.lotsOf(run.taker, instrument);
            uint256 most = _reducible(held, ValidityWord.long(limit));
            if (most == 0) revert NothingToReduce(held);
            if (most < TakerLimitWord.lots(limit)) limits[i] = TakerLimitWord.withLots(limit, most);
        }
    }

    /// @dev Adds the fill of one maker to the run. Returns why not, or zero; zero without a fill when the taker has all it wants.
    function _propose(Run memory run, MakerFill calldata maker) private returns (bytes4) {
        (bool met, uint256 which) = _limitFor(run.limits, maker.validity);
        if (!met) return NoTakerLimit.selector;
        uint256 limit = run.limits[which];
        uint256 wanted = TakerLimitWord.lots(limit);
        if (wanted == 0) return 0;

        Order memory order = run.order;
        _read(maker, order);
        Nonces storage nonces = _nonces[order.account][order.nonce / NonceWord.NONCES];
        uint256 word = nonces.word;
        (uint256 lots, bytes4 reason) = _judge(run, limit, order, maker, word);
        if (reason != 0) return reason;

        unchecked {
            // no more than the order's 48 bits of lots, nor than are wanted
            uint256 place = order.nonce % NonceWord.NONCES;
            nonces.word = word.withFilled(place, word.filled(place) + lots);
            run.limits[which] = TakerLimitWord.withLots(limit, wanted - lots);
        }

        // casting to int256 is safe: at most 48 bits
        Lots filled = Lots.wrap(order.long ? -int256(lots) : int256(lots));
        Wad notional = filled.times(order.limit).abs();
        run.fills[run.count] = Fill({
            maker: order.account,
            instrument: order.instrument,
            lots: filled,
            price: order.limit,
            takerFee: notional.partUp(fromPpm(TAKER_FEE_PPM)),
            makerFee: _makerFee(notional)
        });
        Proposed.record(run.count++, order.nonce, lots);
        return 0;
    }

    // ---------------------------------------------------------------- combos

    function _fillCombos(TradeContext calldata context, bytes calldata data) private returns (Fill[] memory fills) {
        Run memory run;
        run.combo = new ComboLimit[](1);
        (, run.combo[0]) = abi.decode(data, (uint256, ComboLimit));
        _requireCombo(run.combo[0]);
        ComboFill[] calldata makers = _combosOf(data);
        run.taker = context.account;
        run.domain = _domainSeparatorV4();
        run.order = _blankOrder();
        run.fills = fills = _roomFor(makers.length * run.combo[0].lots.length);

        for (uint256 i; i < makers.length; ++i) {
            bytes4 reason = _proposeCombo(run, makers[i]);
            if (reason != 0) emit OrderSkipped(makers[i].maker.account, TermsWord.nonce(makers[i].maker.terms), reason);
        }

        uint256 count = run.count;
        assembly ("memory-safe") {
            mstore(fills, count)
        }
    }

    /// @dev Refuses what the taker may not ask for. What else can be wrong with legs the vault says.
    function _requireCombo(ComboLimit memory limit) private view {
        uint256 count = limit.instruments.length;
        if (count != limit.lots.length || count < LEAST_LEGS || count > MOST_LEGS) revert LegsOutOfBounds(count, limit.lots.length);
        for (uint256 i; i < count; ++i) {
            uint24 instrument = limit.instruments[i];
            if (instrument < FIRST_SERIES || underlyingOf(instrument) >= MAX_UNDERLYINGS) revert UnknownInstrument(instrument);
        }
        // at most MAX_FEE_PPM
        if (int256(TAKER_FEE_PPM) > limit.maxFee) revert TakerFeeAboveCap(int256(TAKER_FEE_PPM), limit.maxFee);
    }

    /// @dev Adds the fills of one maker to the run. Returns why not, or zero; zero without fills when the taker has all it wants.
    function _proposeCombo(Run memory run, ComboFill calldata combo) private returns (bytes4) {
        ComboLimit memory limit = run.combo[0];
        if (limit.units == 0) return 0;
        Order memory order = run.order;
        _read(combo.maker, order);
        Nonces storage nonces = _nonces[order.account][order.nonce / NonceWord.NONCES];
        uint256 word = nonces.word;
        (uint256 units, bytes4 reason) = _judgeCombo(run, combo, word);
        if (reason != 0) return reason;

        uint256 place = order.nonce % NonceWord.NONCES;
        nonces.word = word.withFilled(place, word.filled(place) + units);
        // casting is safe: no more than are wanted
        limit.units -= uint48(units);
        uint256 count = limit.lots.length;
        for (uint256 i; i < count; ++i) {
            // casting to int256 is safe: at most 48 bits, and so has a leg
            Lots lots = Lots.wrap(-int256(limit.lots[i]) * int256(units));
            Price price = Price.wrap(run.prices[i]);
            Wad notional = lots.times(price).abs();
            run.fills[run.count] = Fill({
                maker: order.account,
                instrument: i == count - 1 ? limit.instruments[i] : WITH_NEXT | limit.instruments[i],
                lots: lots,
                price: price,
                takerFee: notional.partUp(fromPpm(TAKER_FEE_PPM)),
                makerFee: _makerFee(notional)
            });
            // every leg is dropped where one is: the first hands all units back
            Proposed.record(run.count++, order.nonce, i == 0 ? units : 0);
        }
        return 0;
    }

    /// @dev As `_judge`, in units, of the order that `run` holds.
    function _judgeCombo(Run memory run, ComboFill calldata combo, uint256 nonceWord) private view returns (uint256, bytes4) {
        ComboLimit memory limit = run.combo[0];
        run.prices = combo.prices;
        if (run.prices.length != limit.lots.length) return (0, PricesDiffer.selector);
        if (_cashOf(limit, run.prices) < limit.leastCash) return (0, CashBelowLimit.selector);
        // what a combo has not is the same for all: bought at a limit of zero, of the perpetual of the first underlying
        Order memory order = run.order;
        (order.instrument, order.long, order.limit) = (0, true, Price.wrap(0));
        return _judge(run, TakerLimitWord.ofLots(limit.units), order, combo.maker, nonceWord);
    }

    /// @dev What the taker receives for a unit.
    function _cashOf(ComboLimit memory limit, uint96[] memory prices) private pure returns (int256 cash) {
        unchecked {
            // eight products of 47 and 96 bits
            for (uint256 i; i < prices.length; ++i) {
                cash += limit.lots[i] * int256(uint256(prices[i]));
            }
        }
    }

    /// @dev The units that every leg of the combo at hand can take off what its maker holds.
    function _reducibleUnits(Run memory run, Order memory order) private view returns (uint256 units) {
        ComboLimit memory limit = run.combo[0];
        units = type(uint48).max;
        for (uint256 i; i < limit.lots.length && units != 0; ++i) {
            uint24 instrument = limit.instruments[i];
            Lots lots = Lots.wrap(limit.lots[i]);
            if (lots.isZero()) return 0;
            bool long = lots.raw() > 0;
            Lots held = VAULT.lotsOf(order.account, instrument) - _proposedAgainst(run, order.account, instrument, long);
            units = _least(units, _reducible(held, long) / lots.abs());
        }
    }

    function _legsHash(ComboLimit memory limit, uint96[] memory prices) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](prices.length);
        for (uint256 i; i < prices.length; ++i) {
            hashes[i] = keccak256(abi.encode(LEG_TYPEHASH, limit.instruments[i], limit.lots[i], prices[i]));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _comboHash(Order memory order, bytes32 legs) private pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    COMBO_TYPEHASH,
                    order.vault,
                    order.account,
                    order.signer,
                    legs,
                    order.size,
                    order.maxFee,
                    order.reduceOnly,
                    order.expiry,
                    order.nonce,
                    order.epoch,
                    order.taker
                )
            );
    }

    // ---------------------------------------------------------------- judging

    /// @dev Whether `order` can be filled, and how far. The dearest questions come last.
    function _judge(
        Run memory run,
        uint256 limit,
        Order memory order,
        MakerFill calldata maker,
        uint256 nonceWord
    ) private view returns (uint256 lots, bytes4 reason) {
        if (order.account == run.taker) return (0, IMarginVault.SelfTrade.selector);
        if (order.long ? order.limit < TakerLimitWord.worst(limit) : order.limit > TakerLimitWord.worst(limit)) {
            return (0, PriceBeyondLimit.selector);
        }
        if (block.timestamp > order.expiry) return (0, OrderExpired.selector);
        if (AccountId.unwrap(order.taker) != 0 && order.taker != run.taker) return (0, TakerNotNamed.selector);
        if (MAKER_FEE_PPM > order.maxFee) return (0, MakerFeeAboveCap.selector);

        lots = _least(TermsWord.lots(maker.terms), TakerLimitWord.lots(limit));
        if (lots == 0) return (0, IMarginVault.ZeroLots.selector);
        {
            uint256 place = order.nonce % NonceWord.NONCES;
            if (nonceWord.cancelled(place)) return (0, OrderCancelled.selector);
            uint256 filled = nonceWord.filled(place);
            if (filled >= order.size) return (0, OrderUsedUp.selector);
            lots = _least(lots, order.size - filled);
        }

        // the low 8 bits of an instrument are its underlying
        (bool authorised, uint32 epoch, Lots held) = VAULT.contextOf(order.account, order.signer, uint8(order.instrument));
        if (epoch != order.epoch) return (0, EpochPassed.selector);
        if (!authorised) return (0, SignerNotAuthorised.selector);
        if (order.reduceOnly) {
            lots = _least(lots, run.combo.length != 0 ? _reducibleUnits(run, order) : _reducibleLots(run, order, held));
            if (lots == 0) return (0, NothingToReduce.selector);
        }
        if (!Signature.isFrom(order.signer, _digest(run, order), maker.signature)) return (0, SignatureInvalid.selector);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IOrderSettlement
    function vault() external view returns (IMarginVault) {
        return VAULT;
    }

    /// @inheritdoc IOrderSettlement
    function takerFeePpm() external view returns (uint256) {
        return TAKER_FEE_PPM;
    }

    /// @inheritdoc IOrderSettlement
    function makerFeePpm() external view returns (int256) {
        return MAKER_FEE_PPM;
    }

    /// @inheritdoc IOrderSettlement
    function digestOf(Order calldata order) external view returns (bytes32) {
        // the plain twin of `_digest`
        return MessageHashUtils.toTypedDataHash(_domainSeparatorV4(), keccak256(abi.encode(ORDER_TYPEHASH, order)));
    }

    /// @inheritdoc IOrderSettlement
    function digestOfCombo(ComboOrder calldata order) external view returns (bytes32) {
        bytes32[] memory legs = new bytes32[](order.legs.length);
        for (uint256 i; i < legs.length; ++i) {
            legs[i] = keccak256(abi.encode(LEG_TYPEHASH, order.legs[i]));
        }
        Order memory head;
        (head.vault, head.account, head.signer) = (order.vault, order.account, order.signer);
        (head.size, head.maxFee, head.reduceOnly) = (order.size, order.maxFee, order.reduceOnly);
        (head.expiry, head.nonce, head.epoch, head.taker) = (order.expiry, order.nonce, order.epoch, order.taker);
        return MessageHashUtils.toTypedDataHash(_domainSeparatorV4(), _comboHash(head, keccak256(abi.encodePacked(legs))));
    }

    /// @inheritdoc IOrderSettlement
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IOrderSettlement
    function nonceOf(AccountId account, uint256 nonce) external view returns (uint256 filled, bool cancelled) {
        uint256 word = _nonces[account][nonce / NonceWord.NONCES].word;
        uint256 place = nonce % NonceWord.NONCES;
        return (word.filled(place), word.cancelled(place));
    }

    /// @inheritdoc IOrderSettlement
    function fillable(AccountId taker, uint256 limit, MakerFill calldata maker) external view returns (uint256, bytes4) {
        Run memory run;
        run.taker = taker;
        run.domain = _domainSeparatorV4();
        run.order = _blankOrder();
        if (!TakerLimitWord.meets(limit, maker.validity) || underlyingOf(ValidityWord.instrument(limit)) >= MAX_UNDERLYINGS) {
            return (0, NoTakerLimit.selector);
        }
        Order memory order = run.order;
        _read(maker, order);
        return _judge(run, limit, order, maker, _nonces[order.account][order.nonce / NonceWord.NONCES].word);
    }

    /// @inheritdoc IOrderSettlement
    function fillableCombo(AccountId taker, ComboLimit calldata limit, ComboFill calldata combo) external view returns (uint256, bytes4) {
        Run memory run;
        run.taker = taker;
        run.domain = _domainSeparatorV4();
        run.order = _blankOrder();
        run.combo = new ComboLimit[](1);
        run.combo[0] = limit;
        _requireCombo(limit);
        Order memory order = run.order;
        _read(combo.maker, order);
        return _judgeCombo(run, combo, _nonces[order.account][order.nonce / NonceWord.NONCES].word);
    }

    // ---------------------------------------------------------------- parts

    /// @dev The third member of `data`, left where it is. The compiler checks every access to an element against the end of the calldata; here
    /// the array itself is held within `data`.
    function _makersOf(bytes calldata data) private pure returns (MakerFill[] calldata makers) {
        uint256 start = uint256(bytes32(data[0x40:0x60]));
        // slices revert beyond the end; the addition cannot wrap, for a slice of that start has passed
        uint256 count = uint256(bytes32(data[start:][:0x20]));
        // an element takes a word at least, its offset
        if (count > (data.length - start) / 0x20 - 1) revert MakersBeyondData(count, data.length);
        assembly ("memory-safe") {
            makers.offset := add(add(data.offset, start), 0x20)
            makers.length := count
        }
    }

    /// @dev As `_makersOf`.
    function _combosOf(bytes calldata data) private pure returns (ComboFill[] calldata combos) {
        MakerFill[] calldata makers = _makersOf(data);
        assembly ("memory-safe") {
            combos.offset := makers.offset
            combos.length := makers.length
        }
    }

    /// @dev An array of fills of which none is made yet; those that are proposed are put in, and it is cut short to them.
    function _roomFor(uint256 count) private pure returns (Fill[] memory fills) {
        assembly ("memory-safe") {
            fills := mload(0x40)
            mstore(fills, count)
            mstore(0x40, add(fills, mul(0x20, add(count, 1))))
        }
    }

    function _limitFor(uint256[] memory limits, uint256 validity) private pure returns (bool, uint256) {
        for (uint256 i; i < limits.length; ++i) {
            if (TakerLimitWord.meets(limits[i], validity)) return (true, i);
        }
        return (false, 0);
    }

    /// @dev An order with the word of its type before it in memory, as it is hashed.
    function _blankOrder() private view returns (Order memory order) {
        bytes32 typeHash = ORDER_TYPEHASH;
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            order := add(start, 0x20)
            mstore(0x40, add(start, 0x1c0)) // one word and the thirteen of an order, all written before they are read
        }
        order.vault = address(VAULT);
    }

    /// @dev Writes every field but the vault, which stays.
    function _read(MakerFill calldata maker, Order memory order) private pure {
        uint256 terms = maker.terms;
        uint256 validity = maker.validity;
        order.account = maker.account;
        order.signer = ValidityWord.signer(validity);
        if (order.signer == address(0)) order.signer = maker.account.owner();
        order.instrument = ValidityWord.instrument(validity);
        order.long = ValidityWord.long(validity);
        order.limit = TermsWord.limit(terms);
        order.size = TermsWord.size(terms);
        order.maxFee = TermsWord.maxFee(terms);
        order.reduceOnly = ValidityWord.reduceOnly(validity);
        order.expiry = ValidityWord.expiry(validity);
        order.nonce = TermsWord.nonce(terms);
        order.epoch = ValidityWord.epoch(validity);
        order.taker = maker.taker;
    }

    /// @dev The lots that `order` can take off what its account holds, `perpetual` of the perpetual.
    function _reducibleLots(Run memory run, Order memory order, Lots perpetual) private view returns (uint256) {
        Lots held = order.instrument < FIRST_SERIES ? perpetual : VAULT.lotsOf(order.account, order.instrument);
        return _reducible(held - _proposedAgainst(run, order.account, order.instrument, order.long), order.long);
    }

    /// @dev What earlier fills of this trade take from the position that a buy (`long`) or a sale of `account` reduces. Those that would add to it do not
    /// count: the vault may drop them, and then an order that only reduces would open a position.
    function _proposedAgainst(Run memory run, AccountId account, uint24 instrument, bool long) private pure returns (Lots against) {
        for (uint256 i; i < run.count; ++i) {
            Fill memory fill = run.fills[i];
            // the maker's side is the negative of the taker's
            if (fill.maker == account && nameOf(fill.instrument) == instrument && (fill.lots.raw() < 0) == long) {
                against = against + fill.lots;
            }
        }
    }

    /// @dev The lots that a buy (`long`) or a sale can take off `held` without crossing zero.
    function _reducible(Lots held, bool long) private pure returns (uint256) {
        return (held.raw() < 0) == long ? held.abs() : 0;
    }

    function _makerFee(Wad notional) private view returns (Wad) {
        int256 fee = MAKER_FEE_PPM;
        // casting to uint256 is safe: the sign is looked at
        return fee < 0 ? -notional.partDown(fromPpm(uint256(-fee))) : notional.partUp(fromPpm(uint256(fee)));
    }

    /// @dev `order` was made by `_blankOrder`. Assembly saves two copies of the order; `digestOf` is the plain twin.
    function _digest(Run memory run, Order memory order) private pure returns (bytes32) {
        bytes32 structHash;
        if (run.combo.length != 0) {
            structHash = _comboHash(order, _legsHash(run.combo[0], run.prices));
        } else {
            assembly ("memory-safe") {
                structHash := keccak256(sub(order, 0x20), 0x1c0)
            }
        }
        return MessageHashUtils.toTypedDataHash(run.domain, structHash);
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
