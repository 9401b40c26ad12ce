// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {IModule} from "../interfaces/IModule.sol";
import {IOrderSettlement} from "../interfaces/IOrderSettlement.sol";
import {Bounds} from "../math/Bounds.sol";
import {AccountId} from "../types/AccountId.sol";
import {Fill, TradeContext} from "../types/Fill.sol";
import {FIRST_SERIES, WITH_NEXT, nameOf, underlyingOf, withinUnderlying} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {
    ComboFill,
    ComboLimit,
    ComboOrder,
    INSTRUMENT_TYPEHASH,
    InstrumentTerms,
    Leg,
    MakerFill,
    ORDER_DOMAIN_NAME,
    ORDER_DOMAIN_VERSION,
    ORDER_TYPEHASH,
    Order,
    RIGHT_PERPETUAL,
    SIDE_BUY,
    SIDE_SELL
} from "../types/Order.sol";
import {Price} from "../types/Price.sol";
import {fromPpm} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {FillOrderWord, NonceWord, TakerLimitWord, TermsWord, ValidityWord} from "../words/OrderWords.sol";
import {Signature} from "./Signature.sol";

/// @title Signed orders: one taker against many makers in one trade
contract OrderSettlement is IOrderSettlement, EIP712 {
    using NonceWord for uint256;

    /// @dev First word of `data`.
    uint256 private constant FILL = 0;
    uint256 private constant CANCEL = 1;
    uint256 private constant COMBO = 2;

    uint256 private constant MAX_FEE_PPM = 10_000;
    uint256 private constant LEAST_LEGS = 2;
    uint256 private constant MOST_LEGS = 8;

    // as those of types/Order.sol
    bytes32 private constant LEG_TYPEHASH = keccak256(
        "Leg(Instrument instrument,string side,uint256 size,uint256 price)Instrument(uint8 underlying,string right,uint40 expiry,uint256 strike)"
    );
    bytes32 private constant COMBO_TYPEHASH = keccak256(
        "ComboOrder(address vault,uint256 account,address signer,Leg[] legs,uint48 units,int24 maxFeePpm,bool reduceOnly,uint40 validFrom,uint40 validUntil,uint40 nonce,uint32 epoch,uint256 taker)Instrument(uint8 underlying,string right,uint40 expiry,uint256 strike)Leg(Instrument instrument,string side,uint256 size,uint256 price)"
    );

    bytes32 private constant FUTURE = keccak256("future");
    bytes32 private constant CALL = keccak256("call");
    bytes32 private constant PUT = keccak256("put");

    uint256 private constant WAD = 1e18;

    IMarginVault private immutable VAULT;
    uint256 private immutable TAKER_FEE_PPM;
    int256 private immutable MAKER_FEE_PPM;

    /// @dev An order as it is hashed, word for word after that of its type: what is dynamic is its hash. Instrument, side, limit and size are written last,
    /// by `_digest`: until then orders are judged by the words in which they travel.
    struct Hashed {
        address vault;
        AccountId account;
        address signer;
        bytes32 instrument;
        bytes32 side;
        uint256 limit;
        uint256 size;
        int24 maxFee;
        bool reduceOnly;
        uint256 validFrom;
        uint40 validUntil;
        uint40 nonce;
        uint32 epoch;
        AccountId taker;
    }

    /// @dev What an instrument is that the taker names by its number.
    struct Named {
        bytes32 hash; // of its terms; zero where it has expired
        uint256 lotsOfUnit; // a unit of the underlying in lots; of a leg only
    }

    /// @dev A trade at work.
    struct Run {
        AccountId taker;
        bytes32 domain;
        uint256[] limits; // TakerLimitWords; their lots are what the taker still wants
        Named[] named; // by limit, or by leg
        Hashed order; // the maker's at hand, made by `_blankOrder`: one for all, so that memory does not grow
        Fill[] fills;
        uint256 count;
        ComboLimit[] combo; // one, where orders have legs; its units are what the taker still wants
        uint96[] prices; // of the legs of the order at hand
    }

    constructor(IMarginVault vault_, uint256 takerFee, int256 makerFee) EIP712(ORDER_DOMAIN_NAME, ORDER_DOMAIN_VERSION) {
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

    function _cancel(AccountId account, bytes calldata data) private {
        (, uint256[] memory list) = abi.decode(data, (uint256, uint256[]));
        VAULT.cancelNonces(account, list);
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
        run.named = new Named[](limits.length);
        for (uint256 i; i < limits.length; ++i) {
            uint256 limit = limits[i];
            uint24 instrument = ValidityWord.instrument(limit);
            _name(run.named[i], instrument);
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

        Hashed memory order = run.order;
        _read(maker, order);
        (uint256 lots, bytes4 reason) = _judgeLots(run, limit, wanted, run.named[which].hash, maker);
        if (reason != 0) return reason;

        unchecked {
            // no more than are wanted
            run.limits[which] = TakerLimitWord.withLots(limit, wanted - lots);
        }

        // casting to int256 is safe: at most 48 bits
        Lots filled = Lots.wrap(ValidityWord.long(maker.validity) ? -int256(lots) : int256(lots));
        Price price = TermsWord.limit(maker.terms);
        Wad notional = filled.times(price).abs();
        run.fills[run.count++] = Fill({
            maker: order.account,
            instrument: ValidityWord.instrument(limit),
            lots: filled,
            price: price,
            takerFee: notional.partUp(fromPpm(TAKER_FEE_PPM)),
            makerFee: _makerFee(notional),
            order: FillOrderWord.pack(order.nonce, lots)
        });
        return 0;
    }

    // ---------------------------------------------------------------- combos

    function _fillCombos(TradeContext calldata context, bytes calldata data) private returns (Fill[] memory fills) {
        Run memory run;
        run.combo = new ComboLimit[](1);
        (, run.combo[0]) = abi.decode(data, (uint256, ComboLimit));
        _prepareCombo(run);
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

    /// @dev Refuses what the taker may not ask for, and finds out what the legs are. What else can be wrong with them the vault says.
    function _prepareCombo(Run memory run) private view {
        ComboLimit memory limit = run.combo[0];
        uint256 count = limit.instruments.length;
        if (count != limit.lots.length || count < LEAST_LEGS || count > MOST_LEGS) revert LegsOutOfBounds(count, limit.lots.length);
        run.named = new Named[](count);
        for (uint256 i; i < count; ++i) {
            uint24 instrument = limit.instruments[i];
            if (instrument < FIRST_SERIES) revert UnknownInstrument(instrument);
            _name(run.named[i], instrument);
        }
        // at most MAX_FEE_PPM
        if (int256(TAKER_FEE_PPM) > limit.maxFee) revert TakerFeeAboveCap(int256(TAKER_FEE_PPM), limit.maxFee);
    }

    /// @dev Adds the fills of one maker to the run. Returns why not, or zero; zero without fills when the taker has all it wants.
    function _proposeCombo(Run memory run, ComboFill calldata combo) private returns (bytes4) {
        ComboLimit memory limit = run.combo[0];
        if (limit.units == 0) return 0;
        Hashed memory order = run.order;
        _read(combo.maker, order);
        (uint256 units, bytes4 reason) = _judgeCombo(run, combo);
        if (reason != 0) return reason;

        // casting is safe: no more than are wanted
        limit.units -= uint48(units);
        uint256 count = limit.lots.length;
        for (uint256 i; i < count; ++i) {
            // casting to int256 is safe: at most 48 bits, and so has a leg
            Lots lots = Lots.wrap(-int256(limit.lots[i]) * int256(units));
            Price price = Price.wrap(run.prices[i]);
            Wad notional = lots.times(price).abs();
            run.fills[run.count++] = Fill({
                maker: order.account,
                instrument: i == count - 1 ? limit.instruments[i] : WITH_NEXT | limit.instruments[i],
                lots: lots,
                price: price,
                takerFee: notional.partUp(fromPpm(TAKER_FEE_PPM)),
                makerFee: _makerFee(notional),
                // every leg stands where one does: the first counts all units
                order: FillOrderWord.pack(order.nonce, i == 0 ? units : 0)
            });
        }
        return 0;
    }

    /// @dev As `_judge`, in units, of the order that `run` holds.
    function _judgeCombo(Run memory run, ComboFill calldata combo) private view returns (uint256, bytes4) {
        ComboLimit memory limit = run.combo[0];
        run.prices = combo.prices;
        if (run.prices.length != limit.lots.length) return (0, PricesDiffer.selector);
        if (_cashOf(limit, run.prices) < limit.leastCash) return (0, CashBelowLimit.selector);
        for (uint256 i; i < run.named.length; ++i) {
            if (run.named[i].hash == 0) return (0, SeriesExpired.selector);
        }
        return _judge(run, limit.units, combo.maker);
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
    function _reducibleUnits(Run memory run, Hashed memory order) private view returns (uint256 units) {
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

    /// @dev Of the legs of a combo of `units`.
    function _legsHash(Run memory run, uint256 units) private pure returns (bytes32) {
        ComboLimit memory limit = run.combo[0];
        uint256 count = limit.lots.length;
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            Named memory named = run.named[i];
            (int256 lots, uint256 lotsOfUnit) = (limit.lots[i], named.lotsOfUnit);
            bytes32 side = lots < 0 ? SIDE_SELL : SIDE_BUY;
            uint256 size = Lots.wrap(lots).abs() * units * (WAD / lotsOfUnit);
            hashes[i] = keccak256(abi.encode(LEG_TYPEHASH, named.hash, side, size, run.prices[i] * lotsOfUnit));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _comboHash(Hashed memory order, bytes32 legs, uint256 units) private pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    COMBO_TYPEHASH,
                    order.vault,
                    order.account,
                    order.signer,
                    legs,
                    units,
                    order.maxFee,
                    order.reduceOnly,
                    order.validFrom,
                    order.validUntil,
                    order.nonce,
                    order.epoch,
                    order.taker
                )
            );
    }

    // ---------------------------------------------------------------- what is traded

    /// @dev Writes what the instrument is of which the taker gives the number: whoever signed for something else has signed another digest. The vault says it, once
    /// for all makers; a perpetual is what its number says.
    function _name(Named memory named, uint24 instrument) private view {
        uint256 underlying = underlyingOf(instrument);
        if (underlying >= Bounds.MAX_UNDERLYINGS) revert UnknownInstrument(instrument);
        if (instrument < FIRST_SERIES) {
            named.hash = _termsHash(underlying, RIGHT_PERPETUAL, 0, 0);
            return;
        }
        (uint256 expiry, Price strike, uint256 lotExponent) = VAULT.termsOf(instrument);
        // nothing is signed for longer than its series
        if (block.timestamp >= expiry) return;
        bytes32 right =
            withinUnderlying(instrument).isFuture()
                ? FUTURE
                : withinUnderlying(instrument).isCall()
                    ? CALL
                    : PUT;
        named.lotsOfUnit = 10 ** lotExponent;
        named.hash = _termsHash(underlying, right, expiry, strike.raw() * named.lotsOfUnit);
    }

    function _termsHash(uint256 underlying, bytes32 right, uint256 expiry, uint256 strike) private pure returns (bytes32) {
        return keccak256(abi.encode(INSTRUMENT_TYPEHASH, underlying, right, expiry, strike));
    }

    // ---------------------------------------------------------------- judging

    /// @dev As `_judge`, in lots of one instrument, of which `wanted` are left to take within `limit`.
    function _judgeLots(
        Run memory run,
        uint256 limit,
        uint256 wanted,
        bytes32 named,
        MakerFill calldata maker
    ) private view returns (uint256, bytes4) {
        (Price price, Price worst) = (TermsWord.limit(maker.terms), TakerLimitWord.worst(limit));
        if (ValidityWord.long(maker.validity) ? price < worst : price > worst) return (0, PriceBeyondLimit.selector);
        if (named == 0) return (0, SeriesExpired.selector);
        run.order.instrument = named;
        return _judge(run, wanted, maker);
    }

    /// @dev Whether the order that `run` holds can be filled, and how far: lots or units, of which `wanted` are left to take. The dearest questions come last.
    function _judge(Run memory run, uint256 wanted, MakerFill calldata maker) private view returns (uint256 lots, bytes4 reason) {
        Hashed memory order = run.order;
        if (order.account == run.taker) return (0, IMarginVault.SelfTrade.selector);
        if (block.timestamp > order.validUntil) return (0, OrderExpired.selector);
        if (block.timestamp < order.validFrom) return (0, OrderNotYetValid.selector);
        if (AccountId.unwrap(order.taker) != 0 && order.taker != run.taker) return (0, TakerNotNamed.selector);
        if (MAKER_FEE_PPM > order.maxFee) return (0, MakerFeeAboveCap.selector);

        lots = _least(TermsWord.lots(maker.terms), wanted);
        if (lots == 0) return (0, IMarginVault.ZeroLots.selector);
        // the low 8 bits of an instrument are its underlying
        (bool authorised, uint32 epoch, Lots held, uint256 lotExponent, uint256 nonceWord) = VAULT.contextOf(
            order.account,
            order.signer,
            uint8(ValidityWord.instrument(maker.validity)),
            NonceWord.keyOf(address(this), order.nonce)
        );
        uint256 left;
        (left, reason) = _left(run, TermsWord.size(maker.terms), nonceWord);
        if (reason != 0) return (0, reason);
        lots = _least(lots, left);
        if (epoch != order.epoch) return (0, EpochPassed.selector);
        if (!authorised) return (0, SignerNotAuthorised.selector);
        if (order.reduceOnly) {
            lots = _least(lots, run.combo.length != 0 ? _reducibleUnits(run, order) : _reducibleLots(run, maker, held));
            if (lots == 0) return (0, NothingToReduce.selector);
        }
        if (!Signature.isFrom(order.signer, _digest(run, maker, 10 ** lotExponent), maker.signature)) return (0, SignatureInvalid.selector);
    }

    /// @dev What is left of the order that `run` holds, of `size`. Earlier fills of this trade count: the vault counts those that stand when it settles them.
    function _left(Run memory run, uint256 size, uint256 nonceWord) private pure returns (uint256, bytes4) {
        Hashed memory order = run.order;
        (AccountId account, uint256 nonce) = (order.account, order.nonce);
        if (nonceWord.cancelled(nonce % NonceWord.NONCES)) return (0, OrderCancelled.selector);
        uint256 filled = nonceWord.filled(nonce % NonceWord.NONCES);
        for (uint256 i; i < run.count; ++i) {
            Fill memory fill = run.fills[i];
            if (fill.maker == account && FillOrderWord.nonce(fill.order) == nonce) filled += FillOrderWord.counted(fill.order);
        }
        if (filled >= size) return (0, OrderUsedUp.selector);
        unchecked {
            return (size - filled, 0);
        }
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
    function orderFees() external view returns (uint256 taker, int256 maker) {
        return (TAKER_FEE_PPM, MAKER_FEE_PPM);
    }

    /// @inheritdoc IOrderSettlement
    function makerFeePpm() external view returns (int256) {
        return MAKER_FEE_PPM;
    }

    // the plain twins of `_digest`

    /// @inheritdoc IOrderSettlement
    function digestOf(Order calldata order) external view returns (bytes32) {
        Hashed memory hashed = _blankOrder();
        (hashed.vault, hashed.account, hashed.signer) = (order.vault, order.account, order.signer);
        (hashed.instrument, hashed.side) = (_hashOf(order.instrument), keccak256(bytes(order.side)));
        (hashed.limit, hashed.size, hashed.maxFee) = (order.limit, order.size, order.maxFeePpm);
        (hashed.reduceOnly, hashed.validFrom, hashed.validUntil) = (order.reduceOnly, order.validFrom, order.validUntil);
        (hashed.nonce, hashed.epoch, hashed.taker) = (order.nonce, order.epoch, order.taker);
        return MessageHashUtils.toTypedDataHash(_domainSeparatorV4(), keccak256(abi.encode(ORDER_TYPEHASH, hashed)));
    }

    /// @inheritdoc IOrderSettlement
    function digestOfCombo(ComboOrder calldata order) external view returns (bytes32) {
        bytes32[] memory legs = new bytes32[](order.legs.length);
        for (uint256 i; i < legs.length; ++i) {
            Leg calldata leg = order.legs[i];
            legs[i] = keccak256(abi.encode(LEG_TYPEHASH, _hashOf(leg.instrument), keccak256(bytes(leg.side)), leg.size, leg.price));
        }
        Hashed memory head = _blankOrder();
        (head.vault, head.account, head.signer) = (order.vault, order.account, order.signer);
        (head.maxFee, head.reduceOnly) = (order.maxFeePpm, order.reduceOnly);
        (head.validFrom, head.validUntil) = (order.validFrom, order.validUntil);
        (head.nonce, head.epoch, head.taker) = (order.nonce, order.epoch, order.taker);
        bytes32 structHash = _comboHash(head, keccak256(abi.encodePacked(legs)), order.units);
        return MessageHashUtils.toTypedDataHash(_domainSeparatorV4(), structHash);
    }

    function _hashOf(InstrumentTerms calldata terms) private pure returns (bytes32) {
        return _termsHash(terms.underlying, keccak256(bytes(terms.right)), terms.expiry, terms.strike);
    }

    /// @inheritdoc IOrderSettlement
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IOrderSettlement
    function nonceOf(AccountId account, uint256 nonce) external view returns (uint256 filled, bool cancelled) {
        uint256 word = VAULT.nonceWordOf(account, NonceWord.keyOf(address(this), nonce));
        uint256 place = nonce % NonceWord.NONCES;
        return (word.filled(place), word.cancelled(place));
    }

    /// @inheritdoc IOrderSettlement
    function fillable(AccountId taker, uint256 limit, MakerFill calldata maker) external view returns (uint256, bytes4) {
        Run memory run;
        run.taker = taker;
        run.domain = _domainSeparatorV4();
        run.order = _blankOrder();
        if (!TakerLimitWord.meets(limit, maker.validity) || underlyingOf(ValidityWord.instrument(limit)) >= Bounds.MAX_UNDERLYINGS) {
            return (0, NoTakerLimit.selector);
        }
        Named memory named;
        _name(named, ValidityWord.instrument(limit));
        Hashed memory order = run.order;
        _read(maker, order);
        return _judgeLots(run, limit, TakerLimitWord.lots(limit), named.hash, maker);
    }

    /// @inheritdoc IOrderSettlement
    function fillableCombo(AccountId taker, ComboLimit calldata limit, ComboFill calldata combo) external view returns (uint256, bytes4) {
        Run memory run;
        run.taker = taker;
        run.domain = _domainSeparatorV4();
        run.order = _blankOrder();
        run.combo = new ComboLimit[](1);
        run.combo[0] = limit;
        _prepareCombo(run);
        Hashed memory order = run.order;
        _read(combo.maker, order);
        return _judgeCombo(run, combo);
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
    function _blankOrder() private view returns (Hashed memory order) {
        bytes32 typeHash = ORDER_TYPEHASH;
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            order := add(start, 0x20)
            mstore(0x40, add(start, 0x1e0)) // one word and the fourteen of an order, all written before they are read
        }
        order.vault = address(VAULT);
    }

    /// @dev Writes every field but the vault, which stays, and those that are in units of their own.
    function _read(MakerFill calldata maker, Hashed memory order) private pure {
        uint256 terms = maker.terms;
        uint256 validity = maker.validity;
        order.account = maker.account;
        order.signer = ValidityWord.signer(validity);
        if (order.signer == address(0)) order.signer = maker.account.owner();
        order.maxFee = TermsWord.maxFee(terms);
        order.reduceOnly = ValidityWord.reduceOnly(validity);
        order.validFrom = maker.validFrom;
        order.validUntil = ValidityWord.validUntil(validity);
        order.nonce = TermsWord.nonce(terms);
        order.epoch = ValidityWord.epoch(validity);
        order.taker = maker.taker;
    }

    /// @dev The lots that `maker` can take off what its account holds, `perpetual` of the perpetual.
    function _reducibleLots(Run memory run, MakerFill calldata maker, Lots perpetual) private view returns (uint256) {
        uint24 instrument = ValidityWord.instrument(maker.validity);
        bool long = ValidityWord.long(maker.validity);
        Lots held = instrument < FIRST_SERIES ? perpetual : VAULT.lotsOf(maker.account, instrument);
        return _reducible(held - _proposedAgainst(run, maker.account, instrument, long), long);
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

    /// @dev Of the order that `run` holds, made by `_blankOrder`. Assembly saves two copies of it; `digestOf` is the plain twin.
    /// @param lotsOfUnit a unit of the underlying in lots, for an order of one instrument
    function _digest(Run memory run, MakerFill calldata maker, uint256 lotsOfUnit) private pure returns (bytes32) {
        Hashed memory order = run.order;
        uint256 size = TermsWord.size(maker.terms);
        bytes32 structHash;
        if (run.combo.length != 0) {
            structHash = _comboHash(order, _legsHash(run, size), size);
        } else {
            order.side = ValidityWord.long(maker.validity) ? SIDE_BUY : SIDE_SELL;
            unchecked {
                // limit < 2^96, size < 2^48, lots of a unit at most 10^18
                order.limit = TermsWord.limit(maker.terms).raw() * lotsOfUnit;
                order.size = size * (WAD / lotsOfUnit);
            }
            assembly ("memory-safe") {
                structHash := keccak256(sub(order, 0x20), 0x1e0)
            }
        }
        return MessageHashUtils.toTypedDataHash(run.domain, structHash);
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
