// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {IOrderSettlement} from "../interfaces/IOrderSettlement.sol";
import {Deficit} from "../ledger/Deficit.sol";
import {LeastSize} from "../ledger/LeastSize.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {PriceUse} from "../ledger/PriceUse.sol";
import {Uptime} from "../ledger/Uptime.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {DoubtLogic} from "../margin/DoubtLogic.sol";
import {Valuation} from "../margin/Valuation.sol";
import {Bounds} from "../math/Bounds.sol";
import {Charges} from "../math/Charges.sol";
import {Funding} from "../math/Funding.sol";
import {AccountId, toAccountId} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {Lots} from "../types/Lots.sol";
import {
    INSTRUMENT_TYPEHASH,
    ORDER_DOMAIN_NAME_HASH,
    ORDER_DOMAIN_VERSION_HASH,
    ORDER_TYPEHASH,
    RIGHT_PERPETUAL,
    SIDE_BUY,
    SIDE_SELL
} from "../types/Order.sol";
import {Price} from "../types/Price.sol";
import {Ratio, fromPpm} from "../types/Ratio.sol";
import {Wad, ZERO} from "../types/Wad.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {ModuleWord} from "../words/ModuleWord.sol";
import {FillOrderWord, NonceWord, TakerLimitWord, TermsWord, ValidityWord} from "../words/OrderWords.sol";
import {MarginWord, TradingWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {ExchangeLogic} from "./ExchangeLogic.sol";
import {MarginTest} from "./MarginTest.sol";
import {Trading} from "./Trading.sol";

/// @title Signed orders in one perpetual, judged where they are settled
/// @dev What OrderSettlement would propose and the vault would make of it, in one pass and without a call of the module. Whatever is out of the ordinary
/// on either side of a fill is left to `Trading`, the plain twin, which alone refuses: what is done here only ever stands there too.
library TakeLogic {
    using HeaderWord for uint256;
    using NonceWord for uint256;

    /// @dev A maker as it travels: account 32, terms 32 (TermsWord), validity 32 (ValidityWord), valid from 5, r 32, s 32 with the parity of y as its highest bit.
    uint256 internal constant MAKER_BYTES = 165;
    uint256 private constant MOST_MAKERS = 128;
    uint256 private constant WAD = 1e18;

    /// @dev Above half the order of secp256k1 a signature has a twin.
    uint256 private constant HIGHEST_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    /// @dev One take: who, where, and what has come of it.
    struct Pass {
        AccountId taker;
        uint256 fund; // as `take` has it
        uint256 uptime; // as `take` has it
        uint256 module;
        address moduleAddress;
        uint256 limit; // TakerLimitWord
        uint256 wanted; // lots
        Ratio takerFee;
        int256 makerFeePpm;
        bytes32 domain;
        uint256 lotsOfUnit;
        uint256 unitsOfLot; // WAD
        uint256 order; // where the words of an order are that are hashed; see `_blank`
        uint256 filled; // lots
        Wad fees; // income of the fund
        bool raised; // the position of the taker grew
        Wad newRisk; // charge on what grew
        uint256 used; // a bit for each price that valued an account
        // the market
        bool plain; // nothing is settled here: doubtful, closed, or fees beyond the cap
        uint256 underlying;
        uint256 priceWord;
        uint256 price; // of a lot, WAD
        int256 index; // cumulative funding a lot, now
        uint256 funding; // FundingWord
        uint256 trading; // TradingWord
        uint256 provision;
        uint256 lowest; // price that is within the band
        uint256 highest;
        uint256 chargeFactor; // price times the rate of the charge on new risk
        uint256 chargeWhole; // the cap of the open interest, WAD
        uint256 fundingSlot;
        uint256 others; // what a header may not hold here
        uint256 openInterest;
        // of the taker
        uint256 header;
        uint256 position;
        uint256 headerSlot;
        uint256 positionSlot;
        Plain[] plains; // one, once it is needed
    }

    /// @dev The maker at hand.
    struct Maker {
        AccountId account;
        uint256 terms;
        uint256 validity;
        uint256 header;
        uint256 position;
        uint256 nonceWord;
        uint256 lots; // to fill
        // where the three words are
        uint256 headerSlot;
        uint256 positionSlot;
        uint256 nonceSlot;
    }

    /// @dev What `Trading` works on.
    struct Plain {
        Valuation.Basis basis;
        Trading.Trade trade;
        Trading.Touched touched;
        Fill fill;
    }

    // ---------------------------------------------------------------- entry

    /// @notice As `IVaultCore.take`; whoever calls may act for `taker`.
    /// @param fund its owner, 160 bits, above the modules that a new account consents to, 16 bits
    /// @param uptime the feed, 160 bits, above the seconds of grace, 96 bits; zero where there is no sequencer
    function take(VaultState storage $, uint256 fund, uint256 uptime, AccountId taker, uint256 limit, bytes calldata makers) external {
        uint256 length = makers.length;
        if (length % MAKER_BYTES != 0) revert IMarginVault.MakersCutShort(length);
        if (length > MOST_MAKERS * MAKER_BYTES) revert IMarginVault.TooManyFills(length / MAKER_BYTES, MOST_MAKERS);
        Pass memory p;
        (p.taker, p.fund, p.uptime, p.limit) = (taker, fund, uptime, limit);
        _open($, p);
        (uint256 header, uint256 position) = (p.header, p.position);
        Maker memory m;
        for (uint256 start; start < length;) {
            bytes4 reason = _judge($, p, m, makers, start);
            unchecked {
                start += MAKER_BYTES;
            }
            if (reason != 0) {
                emit IMarginVault.OrderSkipped(m.account, TermsWord.nonce(m.terms), reason);
                continue;
            }
            if (m.lots == 0) continue;
            unchecked {
                // at most what is wanted: a fill that does not stand was asked for too, as in a Trade
                p.wanted -= m.lots;
            }
            if (!_settle($, p, m)) _settlePlainly($, p, m);
        }
        if (p.filled < TakerLimitWord.leastLots(limit)) revert IMarginVault.FilledTooLittle(p.filled, TakerLimitWord.leastLots(limit));
        if (p.filled != 0) {
            _close($, p, position);
            if (!_covered($, p)) _requirePlainly($, p, header, position);
        }
        if (p.header.declaredShort()) ExchangeLogic.review($, taker);
        PriceUse.consumeAll(p.used);
    }

    function _open(VaultState storage $, Pass memory p) private {
        uint256 limit = p.limit;
        p.module = TakerLimitWord.module(limit);
        {
            uint256 word = Trading.moduleOf($, p.module);
            if (!ModuleWord.isTaken(word)) revert IMarginVault.NotTaken(p.module);
            p.moduleAddress = ModuleWord.target(word);
            uint256 takerFee = ModuleWord.takerFeePpm(word);
            if (int256(takerFee) > TakerLimitWord.maxFee(limit)) {
                revert IOrderSettlement.TakerFeeAboveCap(int256(takerFee), TakerLimitWord.maxFee(limit));
            }
            p.takerFee = fromPpm(takerFee);
            p.makerFeePpm = ModuleWord.makerFeePpm(word);
        }
        uint256 underlying = ValidityWord.instrument(limit);
        if (underlying >= Bounds.MAX_UNDERLYINGS) revert IOrderSettlement.UnknownInstrument(underlying);
        if (p.uptime != 0) DoubtLogic.ask(_feed(p.uptime), uint96(p.uptime));
        uint256 priceWord = $.prices[underlying];
        uint256 price = PriceWord.price(priceWord).raw();
        if (price == 0) revert IMarginVault.UnknownUnderlying(underlying);
        uint256 marginWord = $.marginParameters;
        (p.underlying, p.priceWord, p.price) = (underlying, priceWord, price);
        p.fundingSlot = _slotOf($.fundings, underlying);
        p.funding = _load(p.fundingSlot);
        p.trading = $.tradings[underlying];
        p.index = Funding.indexNow(p.funding, priceWord, MarginWord.tradingAge(marginWord));
        p.openInterest = FundingWord.openInterest(p.funding);
        p.provision = MarginWord.provision(marginWord).raw();
        unchecked {
            // price < 2^96, rate < 2^60, cap < 2^44
            uint256 width = (price * TradingWord.fillBandPpm(p.trading)) / 1e6;
            (p.lowest, p.highest) = (width < price ? price - width : 0, price + width);
            p.chargeFactor = price * MarginWord.openInterestCharge(marginWord).raw();
            p.chargeWhole = FundingWord.cap(p.funding) * WAD;
        }
        p.others = HeaderWord.holdings(type(uint256).max) & ~(1 << (128 + underlying)) & ~(uint256(1) << 240);
        (p.headerSlot, p.positionSlot) = (_slotOf($.headers, p.taker), _slotOf($.positions[p.taker], underlying));
        (p.header, p.position) = (_load(p.headerSlot), _load(p.positionSlot));
        p.used = 1 << underlying;
        uint256 feeCap = TradingWord.feeCapPpm(p.trading);
        p.plain =
            PriceWord.state(priceWord) != PriceWord.NORMAL ||
            PriceWord.age(priceWord) > MarginWord.liquidationAge(marginWord) ||
            PriceWord.age(priceWord) > MarginWord.tradingAge(marginWord) ||
            (p.uptime != 0 && Uptime.isDown()) ||
            block.timestamp < TradingWord.stoppedUntil(p.trading) ||
            p.takerFee > fromPpm(feeCap) ||
            p.makerFeePpm > int256(feeCap);
        p.wanted = TakerLimitWord.lots(limit);
        if (ValidityWord.reduceOnly(limit)) {
            Lots held = PositionWord.lots(p.position);
            uint256 most = _reducible(held.raw(), ValidityWord.long(limit));
            if (most == 0) revert IOrderSettlement.NothingToReduce(held);
            if (most < p.wanted) p.wanted = most;
        }
        _blank(p, ValidityWord.long(limit));
    }

    function _fund(Pass memory p) private pure returns (address) {
        // casting is safe: an address above 16 bits
        return address(uint160(p.fund >> 16));
    }

    function _feed(uint256 uptime) private pure returns (address) {
        // casting is safe: an address above 96 bits
        return address(uint160(uptime >> 96));
    }

    function _reducible(int256 held, bool long) private pure returns (uint256) {
        return (held < 0) == long ? Lots.wrap(held).abs() : 0;
    }

    /// @dev The words of an order as `OrderSettlement.Hashed` has them, that of its type before them, and what all have in common written.
    function _blank(Pass memory p, bool buys) private view {
        bytes32 typeHash = ORDER_TYPEHASH;
        bytes32 side = buys ? SIDE_SELL : SIDE_BUY;
        bytes32 instrumentType = INSTRUMENT_TYPEHASH;
        bytes32 perpetual = RIGHT_PERPETUAL;
        (bytes32 domainType, bytes32 name, bytes32 version) = (DOMAIN_TYPEHASH, ORDER_DOMAIN_NAME_HASH, ORDER_DOMAIN_VERSION_HASH);
        (uint256 underlying, address module) = (p.underlying, p.moduleAddress);
        uint256 order;
        bytes32 domain;
        assembly ("memory-safe") {
            order := mload(0x40)
            mstore(0x40, add(order, 0x1e0)) // all written before they are read
            mstore(order, domainType)
            mstore(add(order, 0x20), name)
            mstore(add(order, 0x40), version)
            mstore(add(order, 0x60), chainid())
            mstore(add(order, 0x80), module)
            domain := keccak256(order, 0xa0)
            mstore(order, instrumentType)
            mstore(add(order, 0x20), underlying)
            mstore(add(order, 0x40), perpetual)
            mstore(add(order, 0x60), 0)
            mstore(add(order, 0x80), 0)
            mstore(add(order, 0x80), keccak256(order, 0xa0))
            mstore(order, typeHash)
            mstore(add(order, 0x20), address())
            mstore(add(order, 0xa0), side)
        }
        (p.order, p.domain) = (order, domain);
        unchecked {
            // a lot is 10^-x of a unit, x at most 18
            p.lotsOfUnit = 10 ** PriceWord.lotExponent(p.priceWord);
            p.unitsOfLot = WAD / p.lotsOfUnit;
        }
    }

    // ---------------------------------------------------------------- slots, worked out once for reading and writing

    function _slotOf(mapping(AccountId => uint256) storage map, AccountId key) private pure returns (uint256 slot) {
        assembly ("memory-safe") {
            mstore(0x00, key)
            mstore(0x20, map.slot)
            slot := keccak256(0x00, 0x40)
        }
    }

    function _slotOf(mapping(uint256 => uint256) storage map, uint256 key) private pure returns (uint256 slot) {
        assembly ("memory-safe") {
            mstore(0x00, key)
            mstore(0x20, map.slot)
            slot := keccak256(0x00, 0x40)
        }
    }

    function _load(uint256 slot) private view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }

    function _store(uint256 slot, uint256 word) private {
        assembly ("memory-safe") {
            sstore(slot, word)
        }
    }

    // ---------------------------------------------------------------- judging

    /// @dev Reads the order at `start` into `m`, and says why it is not filled, or how far: no lots, and no reason, where the taker has all it wants. As
    /// OrderSettlement judges, in its order.
    function _judge(
        VaultState storage $,
        Pass memory p,
        Maker memory m,
        bytes calldata makers,
        uint256 start
    ) private view returns (bytes4) {
        unchecked {
            uint256 terms;
            uint256 validity;
            uint256 validFrom;
            {
                AccountId account;
                assembly ("memory-safe") {
                    let order := add(makers.offset, start)
                    account := calldataload(order)
                    terms := calldataload(add(order, 0x20))
                    validity := calldataload(add(order, 0x40))
                    validFrom := shr(216, calldataload(add(order, 0x60)))
                }
                (m.account, m.terms, m.validity) = (account, terms, validity);
                if (!TakerLimitWord.meets(p.limit, validity)) return IOrderSettlement.NoTakerLimit.selector;
                if (p.wanted == 0) {
                    m.lots = 0;
                    return 0;
                }
                (Price price, Price worst) = (TermsWord.limit(terms), TakerLimitWord.worst(p.limit));
                if (ValidityWord.long(validity) ? price < worst : price > worst) return IOrderSettlement.PriceBeyondLimit.selector;
                if (account == p.taker) return IMarginVault.SelfTrade.selector;
            }
            if (block.timestamp > ValidityWord.validUntil(validity)) return IOrderSettlement.OrderExpired.selector;
            if (block.timestamp < validFrom) return IOrderSettlement.OrderNotYetValid.selector;
            if (p.makerFeePpm > TermsWord.maxFee(terms)) return IOrderSettlement.MakerFeeAboveCap.selector;
            uint256 lots = _least(TermsWord.lots(terms), p.wanted);
            if (lots == 0) return IMarginVault.ZeroLots.selector;
            {
                uint256 nonce = TermsWord.nonce(terms);
                uint256 slot = _slotOf($.orderNonces[m.account], NonceWord.keyOf(p.moduleAddress, nonce));
                uint256 word = _load(slot);
                (m.nonceSlot, m.nonceWord) = (slot, word);
                uint256 place = nonce % NonceWord.NONCES;
                if (word.cancelled(place)) return IOrderSettlement.OrderCancelled.selector;
                uint256 filled = word.filled(place);
                uint256 size = TermsWord.size(terms);
                if (filled >= size) return IOrderSettlement.OrderUsedUp.selector;
                lots = _least(lots, size - filled);
            }
            {
                uint256 slot = _slotOf($.headers, m.account);
                (m.headerSlot, m.header) = (slot, _load(slot));
            }
            if (m.header.epoch() != ValidityWord.epoch(validity)) return IOrderSettlement.EpochPassed.selector;
            address signer = ValidityWord.signer(validity);
            {
                address owner = m.account.owner();
                if (signer == address(0)) signer = owner;
                if (signer != owner) {
                    uint256 right = $.operators[m.account][signer];
                    if (right & 1 == 0 || block.timestamp >= right >> 8) return IOrderSettlement.SignerNotAuthorised.selector;
                }
            }
            {
                uint256 slot = _slotOf($.positions[m.account], p.underlying);
                (m.positionSlot, m.position) = (slot, _load(slot));
            }
            if (ValidityWord.reduceOnly(validity)) {
                lots = _least(lots, _reducible(PositionWord.lots(m.position).raw(), ValidityWord.long(validity)));
                if (lots == 0) return IOrderSettlement.NothingToReduce.selector;
            }
            m.lots = lots;
            return _isSigned(p, m, signer, validFrom, makers, start) ? bytes4(0) : IOrderSettlement.SignatureInvalid.selector;
        }
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _isSigned(
        Pass memory p,
        Maker memory m,
        address signer,
        uint256 validFrom,
        bytes calldata makers,
        uint256 start
    ) private view returns (bool valid) {
        unchecked {
            (uint256 order, uint256 terms, uint256 validity) = (p.order, m.terms, m.validity);
            {
                (AccountId account, AccountId named) = (m.account, ValidityWord.namesTaker(validity) ? p.taker : AccountId.wrap(0));
                (uint256 limit, uint256 size) = (TermsWord.limit(terms).raw() * p.lotsOfUnit, TermsWord.size(terms) * p.unitsOfLot);
                assembly ("memory-safe") {
                    mstore(add(order, 0x40), account)
                    mstore(add(order, 0x60), signer)
                    mstore(add(order, 0xc0), limit)
                    mstore(add(order, 0xe0), size)
                    mstore(add(order, 0x140), validFrom)
                    mstore(add(order, 0x1c0), named)
                }
            }
            {
                (int256 maxFee, bool reduceOnly, uint256 validUntil) = (
                    TermsWord.maxFee(terms),
                    ValidityWord.reduceOnly(validity),
                    ValidityWord.validUntil(validity)
                );
                (uint256 nonce, uint256 epoch) = (TermsWord.nonce(terms), ValidityWord.epoch(validity));
                assembly ("memory-safe") {
                    mstore(add(order, 0x100), maxFee)
                    mstore(add(order, 0x120), reduceOnly)
                    mstore(add(order, 0x160), validUntil)
                    mstore(add(order, 0x180), nonce)
                    mstore(add(order, 0x1a0), epoch)
                }
            }
            bytes32 domain = p.domain;
            uint256 highest = HIGHEST_S;
            assembly ("memory-safe") {
                let free := mload(0x40)
                mstore(0x00, hex"1901")
                mstore(0x02, domain)
                mstore(0x22, keccak256(order, 0x1e0))
                mstore(0x00, keccak256(0x00, 0x42))
                let signature := add(add(makers.offset, start), 0x65)
                let s := calldataload(add(signature, 0x20))
                mstore(0x20, add(shr(255, s), 27))
                s := shr(1, shl(1, s))
                mstore(0x40, calldataload(signature))
                mstore(0x60, s)
                pop(staticcall(gas(), 1, 0x00, 0x80, 0x00, 0x20))
                // a recovery that fails returns nothing
                valid := and(and(eq(mload(0x00), signer), eq(returndatasize(), 0x20)), iszero(gt(s, highest)))
                mstore(0x40, free)
                mstore(0x60, 0)
            }
        }
    }

    // ---------------------------------------------------------------- settling

    /// @dev Applies the fill where it stands beyond doubt; otherwise does nothing and returns false.
    function _settle(VaultState storage $, Pass memory p, Maker memory m) private returns (bool) {
        unchecked {
            if (p.plain || m.header & p.others != 0 || m.account.owner() == _fund(p)) return false;
            if (!Trading.consents(m.header, uint16(p.fund), p.module)) return false;
            Price price = TermsWord.limit(m.terms);
            if (price.raw() > p.highest || price.raw() < p.lowest) return false;
            int256 lots = _takes(m).raw();
            int256 taken = PositionWord.lots(p.position).raw();
            int256 takes = taken + lots;
            int256 made = PositionWord.lots(m.position).raw();
            int256 makes = made - lots;
            {
                uint256 cap = TradingWord.positionCap(p.trading);
                if (Lots.wrap(takes).abs() > cap || Lots.wrap(makes).abs() > cap) return false;
            }
            uint256 next = Ledger.openInterestAfter(Ledger.openInterestAfter(p.openInterest, taken, takes), made, makes);
            if (next > FundingWord.cap(p.funding)) return false;

            (Wad takerFee, Wad makerFee) = _fees(p, Lots.wrap(lots), price);
            if (!_moveMaker($, p, m, lots, makes, price, makerFee, next)) return false;
            (p.header, p.position) = Ledger.moved(p.header, p.position, p.taker, p.underlying, Lots.wrap(lots), price, p.index, -takerFee);
            p.openInterest = next;
            if (!_reduces(taken, takes)) {
                p.raised = true;
                p.newRisk = p.newRisk + _chargeUp(p, taken, takes, next);
            }
            p.filled += m.lots;
            p.fees = p.fees + takerFee + makerFee;
            {
                uint40 nonce = TermsWord.nonce(m.terms);
                // no more than the order's 48 bits of lots
                _store(m.nonceSlot, m.nonceWord + (m.lots << (48 * (nonce % NonceWord.NONCES))));
                emit IMarginVault.Filled(
                    p.taker,
                    m.account,
                    uint24(p.underlying),
                    lots,
                    price.raw(),
                    takerFee.raw(),
                    makerFee.raw(),
                    FillOrderWord.logged(FillOrderWord.pack(nonce, m.lots), p.module)
                );
            }
            return true;
        }
    }

    function _moveMaker(
        VaultState storage $,
        Pass memory p,
        Maker memory m,
        int256 lots,
        int256 makes,
        Price price,
        Wad fee,
        uint256 next
    ) private returns (bool) {
        unchecked {
            int256 made = makes + lots;
            (uint256 header, uint256 position) = Ledger.moved(
                m.header,
                m.position,
                m.account,
                p.underlying,
                Lots.wrap(-lots),
                price,
                p.index,
                -fee
            );
            if (!_covers($, p, header, makes, _reduces(made, makes) ? ZERO : _chargeUp(p, made, makes, next))) return false;
            _store(m.headerSlot, header);
            _store(m.positionSlot, position);
            return true;
        }
    }

    /// @dev What the taker receives; at most 48 bits.
    function _takes(Maker memory m) private pure returns (Lots) {
        return Lots.wrap(ValidityWord.long(m.validity) ? -int256(m.lots) : int256(m.lots));
    }

    /// @dev As OrderSettlement proposes them.
    function _fees(Pass memory p, Lots lots, Price price) private pure returns (Wad takerFee, Wad makerFee) {
        Wad notional = lots.times(price).abs();
        takerFee = notional.partUp(p.takerFee);
        int256 fee = p.makerFeePpm;
        // casting to uint256 is safe: the sign is looked at
        makerFee = fee < 0 ? -notional.partDown(fromPpm(uint256(-fee))) : notional.partUp(fromPpm(uint256(fee)));
    }

    /// @dev Not past zero.
    function _reduces(int256 before, int256 afterwards) private pure returns (bool) {
        unchecked {
            // both below 2^48; x ^ y is negative where one of them alone is
            return before != 0 && (afterwards - before) ^ before < 0 && (afterwards == 0 || afterwards ^ before >= 0);
        }
    }

    /// @dev As `Trading.newRiskChargeUp`, of what does not only reduce.
    function _chargeUp(Pass memory p, int256 before, int256 afterwards, uint256 openInterest) private pure returns (Wad) {
        (uint256 factor, uint256 whole) = (p.chargeFactor, p.chargeWhole);
        unchecked {
            uint256 grown = Lots.wrap(afterwards).abs();
            if (before ^ afterwards >= 0) grown -= Lots.wrap(before).abs();
            if (factor == 0 || whole == 0) return ZERO;
            return Wad.wrap(int256((grown * factor * openInterest + whole - 1) / whole));
        }
    }

    /// @dev Whether an account that holds nothing but `lots` of this perpetual, touched now, is large enough and covered by the first form.
    function _covers(VaultState storage $, Pass memory p, uint256 header, int256 lots, Wad newRisk) private view returns (bool) {
        unchecked {
            int256 equity = header.cash().raw() + lots * int256(p.price);
            uint256 size = Lots.wrap(lots).abs();
            uint256 gross = size * p.price;
            if (lots != 0 && gross < Bounds.MOST_SMALLEST_NOTIONAL * 1e18 && gross < LeastSize.smallest($)) return false;
            uint256 depth = PriceWord.depth(p.priceWord);
            uint256 margin = gross * size + depth - 1;
            assembly ("memory-safe") {
                margin := div(margin, depth) // a depth of zero is refused at listing
            }
            margin +=
                _partUp(gross, PriceWord.widerRange(p.priceWord).raw()) +
                _partUp(gross, p.provision) +
                _partUp(gross, Ratio.unwrap(Charges.FUNDING_PROVISION));
            return equity >= int256(margin) + newRisk.raw();
        }
    }

    function _partUp(uint256 amount, uint256 ratio) private pure returns (uint256) {
        unchecked {
            return (amount * ratio + (WAD - 1)) / WAD;
        }
    }

    // ---------------------------------------------------------------- the taker

    function _close(VaultState storage $, Pass memory p, uint256 before) private {
        Lots lots = PositionWord.lots(p.position);
        if (LeastSize.falls($, PositionWord.lots(before).raw(), lots.raw(), Price.wrap(p.price))) {
            Trading.refuseSize($, p.taker, p.underlying, lots);
        }
        _store(p.headerSlot, p.header);
        _store(p.positionSlot, p.position);
        if (p.openInterest != FundingWord.openInterest(p.funding)) {
            _store(p.fundingSlot, FundingWord.withOpenInterest(p.funding, p.openInterest));
        }
        if (p.fees != ZERO) Deficit.income($, toAccountId(_fund(p), 0), p.fees);
    }

    /// @dev Whether nothing has to be asked of the taker: it holds nothing else, and the first form covers what it holds.
    function _covered(VaultState storage $, Pass memory p) private view returns (bool) {
        return !p.plain && p.header & p.others == 0 && _covers($, p, p.header, PositionWord.lots(p.position).raw(), p.newRisk);
    }

    // ---------------------------------------------------------------- the plain twin

    function _settlePlainly(VaultState storage $, Pass memory p, Maker memory m) private {
        Plain memory plain = _plainOf($, p);
        Trading.Trade memory trade = plain.trade;
        (trade.filled, trade.fees, trade.header, trade.position, trade.openInterest) = (
            p.filled,
            p.fees,
            p.header,
            p.position,
            p.openInterest
        );
        Fill memory fill = plain.fill;
        uint256 nonce = TermsWord.nonce(m.terms);
        fill.maker = m.account;
        // casting is safe: an underlying, and at most 48 bits of lots
        fill.instrument = uint32(p.underlying);
        fill.lots = _takes(m);
        fill.price = TermsWord.limit(m.terms);
        (fill.takerFee, fill.makerFee) = _fees(p, fill.lots, fill.price);
        fill.order = FillOrderWord.pack(uint40(nonce), m.lots);
        Trading.settle($, trade, plain.touched, plain.basis, fill);
        (p.filled, p.fees, p.header, p.position, p.openInterest) = (
            trade.filled,
            trade.fees,
            trade.header,
            trade.position,
            trade.openInterest
        );
        Trading.Touched memory touched = plain.touched;
        if (touched.raised) p.raised = true;
        (p.newRisk, touched.newRisk) = (p.newRisk + touched.newRisk, ZERO);
        p.used |= plain.basis.used;
    }

    /// @dev As a Trade is tested, at the end, of an account that was `header` and `position` before.
    function _requirePlainly(VaultState storage $, Pass memory p, uint256 header, uint256 position) private {
        Plain memory plain = _plainOf($, p);
        Trading.Touched memory touched = plain.touched;
        (touched.account, touched.header, touched.position, touched.underlying) = (p.taker, header, position, p.underlying);
        // who holds series is looked back at as it was stored, not by this perpetual alone
        if (header.seriesPositions() != 0) touched.fills = new Fill[](1);
        (touched.raised, touched.newRisk) = (p.raised, p.newRisk);
        MarginTest.requireMargin($, plain.basis, touched, _feed(p.uptime), uint96(p.uptime));
        p.used |= plain.basis.used;
    }

    /// @dev Made where it is first needed.
    function _plainOf(VaultState storage $, Pass memory p) private view returns (Plain memory plain) {
        if (p.plains.length != 0) return p.plains[0];
        p.plains = new Plain[](1);
        plain = p.plains[0];
        Valuation.open(plain.basis, $);
        Trading.Trade memory trade = plain.trade;
        (trade.taker, trade.module, trade.moduleAddress) = (p.taker, p.module, p.moduleAddress);
        // casting is safe: it came from there
        (trade.defaultModules, trade.fund) = (uint16(p.fund), _fund(p));
        Trading.enter($, trade, plain.basis, p.underlying);
    }
}
