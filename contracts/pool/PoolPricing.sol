// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILiquidityPool, PoolBook, PoolOrder, PoolParameters} from "../interfaces/ILiquidityPool.sol";
import {IMarginVault, QuoteBasis} from "../interfaces/IMarginVault.sol";
import {PoolCost} from "../math/pool/PoolCost.sol";
import {AccountId} from "../types/AccountId.sol";
import {Fill} from "../types/Fill.sol";
import {FIRST_SERIES, WITH_NEXT} from "../types/Instrument.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio, ZERO_RATIO, fromPpm} from "../types/Ratio.sol";
import {Wad, ZERO, maxWad, minWad} from "../types/Wad.sol";
import {FillOrderWord} from "../words/OrderWords.sol";
import {MarginWord, TradingWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";

/// @title What the pool asks for a trade, and the fills that come to it
/// @dev Of the figures of the vault alone; the engine has it as `pool/quote.ts` and `pool/spread.ts`.
library PoolPricing {
    /// @dev IM after a trade that raises it, as a part of C.
    Ratio internal constant MARGIN_PART = Ratio.wrap(0.4e18);

    /// @dev Of the price of a fill in a series, ppm: its highest fee.
    uint256 private constant SERIES_FEE = 125_000;

    struct Quote {
        Wad cost; // Φ₁ − Φ₀, or a rebate
        Wad halfSpread;
        Wad beyond; // what the taker pays beyond the marks
        uint256 charged; // Q after it
        int256 capital; // C after it
        Fill[] fills;
    }

    /// @notice Quotes `order`, whose figures are in `b`.
    /// @param pool the account of the pool; the fills are with it as the maker
    /// @param exact whether what does not divide by the lots may be a fee, which only a taker pays
    function quote(
        QuoteBasis memory b,
        PoolBook memory book,
        PoolParameters memory p,
        PoolOrder memory order,
        AccountId pool,
        bool exact
    ) internal view returns (Quote memory q) {
        uint256 underlying = order.instruments[0] & 0xff;
        for (uint256 i; i < order.lots.length; ++i) {
            if (order.lots[i].isZero()) revert IMarginVault.ZeroLots();
        }
        q.capital = PoolCost.capitalAfter(book.charged, book.capital, block.timestamp - book.time, b.equity.raw());
        bool raises = b.marginAfter > b.margin;
        _requirePrice(b, underlying, raises);
        if (raises) requireRoom(b.byWords, q.capital, b.marginAfter, underlying);
        int256 cost;
        (cost, q.charged) = PoolCost.moved(
            book.charged,
            uint256(b.margin.raw()),
            uint256(b.marginAfter.raw()),
            q.capital,
            fromPpm(p.steepness)
        );
        q.cost = Wad.wrap(cost);
        _writeFills(q, b, p, order, pool, exact);
        if (q.beyond > order.limit) revert ILiquidityPool.PoolLimitPassed(q.beyond, order.limit);
    }

    /// @notice What raises the margin of the inventory does so by fresh words, and to a part of the capital.
    function requireRoom(bool byWords, int256 capital, Wad margin, uint256 underlying) internal pure {
        if (!byWords) revert ILiquidityPool.PoolWordsStale(underlying);
        if (capital <= 0) revert ILiquidityPool.PoolCapitalExhausted(underlying);
        Wad most = Wad.wrap(capital).partDown(MARGIN_PART);
        if (margin > most) revert ILiquidityPool.PoolMarginAboveLimit(underlying, margin, most);
    }

    /// @dev What lowers the margin is filled as long as the vault trades, what raises it at good prices.
    function _requirePrice(QuoteBasis memory b, uint256 underlying, bool raises) private view {
        uint256 state = PriceWord.state(b.priceWord);
        if (state != PriceWord.NORMAL) revert IMarginVault.PriceNotNormal(underlying, state);
        uint256 age = PriceWord.age(b.priceWord);
        uint256 most = raises ? MarginWord.liquidationAge(b.marginWord) : MarginWord.tradingAge(b.marginWord);
        if (age > most) revert IMarginVault.PriceTooOld(underlying, age, most);
    }

    /// @dev The cost is borne by the largest leg: parts of it would have to be rounded.
    function _writeFills(
        Quote memory q,
        QuoteBasis memory b,
        PoolParameters memory p,
        PoolOrder memory order,
        AccountId pool,
        bool exact
    ) private pure {
        uint256 count = order.lots.length;
        uint256 largest = _largest(b, order);
        q.fills = new Fill[](count);
        for (uint256 i; i < count; ++i) {
            Wad spread = _halfSpreadUp(b, p, order.lots[i], i);
            q.halfSpread = q.halfSpread + spread;
            Wad all = i == largest ? spread + q.cost : spread;
            Fill memory fill = q.fills[i];
            fill.maker = pool;
            fill.instrument = order.instruments[i] | (i + 1 < count ? WITH_NEXT : 0);
            fill.lots = order.lots[i];
            Wad most = exact ? _feeMostDown(b, order.instruments[i], fill.lots, i) : ZERO;
            (fill.price, fill.takerFee) = _priceOf(b.marks[i], fill.lots, all, most);
            fill.makerFee = -fill.takerFee;
            fill.order = FillOrderWord.MUST_STAND;
            q.beyond = q.beyond + fill.lots.times(fill.price) - fill.lots.times(b.marks[i]) + fill.takerFee;
        }
    }

    function _largest(QuoteBasis memory b, PoolOrder memory order) private pure returns (uint256 largest) {
        uint256 most;
        for (uint256 i; i < order.lots.length; ++i) {
            uint256 size = order.lots[i].abs() * b.referencePrices[i].raw();
            // the first of those that are alike
            if (size > most) (largest, most) = (i, size);
        }
    }

    /// @dev Rounded up. Where the price may have moved since it could be known, what an option moves by that at most counts.
    function _halfSpreadUp(QuoteBasis memory b, PoolParameters memory p, Lots lots, uint256 i) private pure returns (Wad) {
        Wad size = lots.times(b.referencePrices[i]).abs();
        if (b.part == ZERO_RATIO) return size.partUp(fromPpm(p.narrow));
        return maxWad(size.partUp(b.part), lots.times(b.moves[i]).abs());
    }

    /// @dev The highest fee of a fill near its mark, rounded down: half of what the vault takes, for the price is not known yet.
    function _feeMostDown(QuoteBasis memory b, uint24 instrument, Lots lots, uint256 i) private pure returns (Wad most) {
        most = lots.times(b.referencePrices[i]).abs().partDown(fromPpm(TradingWord.feeCapPpm(b.tradingWord)));
        if (instrument >= FIRST_SERIES) most = minWad(most, lots.times(b.marks[i]).abs().partDown(fromPpm(SERIES_FEE)));
        return Wad.wrap(most.raw() / 2);
    }

    /// @dev The price at which a taker receives `lots` and pays `cost` beyond the mark; what does not divide by the lots is a fee, or the price is rounded
    /// against the taker.
    function _priceOf(Price mark, Lots lots, Wad cost, Wad feeMost) private pure returns (Price, Wad fee) {
        // casting is safe: sizes are below 2^47
        int256 size = int256(lots.abs());
        int256 each = cost.raw() / size;
        // towards minus infinity
        if (each * size > cost.raw()) --each;
        fee = Wad.wrap(cost.raw() - each * size);
        if (fee > feeMost) (each, fee) = (each + 1, ZERO);
        int256 price = lots.raw() > 0 ? int256(mark.raw()) + each : int256(mark.raw()) - each;
        if (price < 0) revert IMarginVault.FillRefused(IMarginVault.PriceOutsideBand.selector);
        return (Price.wrap(uint256(price)), fee);
    }
}
