// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SeriesRefresh, SeriesQuote} from "../../actions/SeriesRefresh.sol";
import {Freshness} from "../../ledger/options/Freshness.sol";
import {ScenarioPrices} from "../../ledger/options/ScenarioPrices.sol";
import {Black76} from "../../math/options/Black76.sol";
import {OptionStress} from "../../math/options/OptionStress.sol";
import {Svi} from "../../math/options/Svi.sol";
import {VolatilityShock} from "../../math/options/VolatilityShock.sol";
import {Instrument, instrumentOf} from "../../types/Instrument.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {StaleCause} from "../../types/StaleCause.sol";
import {LANES, RiskWord} from "../../words/RiskWord.sol";
import {SeriesWord} from "../../words/SeriesWord.sol";
import {SviWord} from "../../words/SviWord.sol";

/// @dev The word, the refresh and the freshness of a series.
contract SeriesHarness {
    using SeriesWord for uint256;

    struct Fields {
        Price anchor;
        uint256 time;
        Ratio range;
        uint256 epoch;
        uint256 count;
        uint256 expiry;
    }

    /// @dev `SeriesQuote` with the slice in its word.
    struct Quote {
        Price forward;
        Ratio range;
        uint256 slice;
        uint256 span;
        uint256 varianceTime;
    }

    function _given(Quote calldata quote) private pure returns (SeriesQuote memory) {
        return SeriesQuote(quote.forward, quote.range, SviWord.unpack(quote.slice), quote.span, quote.varianceTime);
    }

    function listed(uint256 expiry, uint256 base, uint256 step, uint256 decimals, uint256 count) external pure returns (uint256) {
        return SeriesWord.listed(expiry, base, step, decimals, count);
    }

    function withRefresh(uint256 word, Price forward, Ratio range, uint256 time, uint256 epoch) external pure returns (uint256) {
        return word.refreshed(forward, range, time, epoch);
    }

    function unpacked(uint256 word) external pure returns (Fields memory) {
        return Fields(word.anchor(), word.time(), word.scanRange(), word.epoch(), word.strikeCount(), word.expiry());
    }

    function strikes(uint256 word, uint256[] calldata indices) external pure returns (uint256[] memory out) {
        out = new uint256[](indices.length);
        for (uint256 i; i < indices.length; ++i) {
            out[i] = word.strike(indices[i]).raw();
        }
    }

    function requireListed(uint256 word, uint256 index) external pure {
        word.requireListed(index);
    }

    function rounded(Price forward, Ratio range) external pure returns (Price, Ratio) {
        return (SeriesWord.forwardDown(forward), SeriesWord.rangeUp(range));
    }

    function instrument(
        uint256 series,
        uint256 index,
        bool call
    ) external pure returns (uint256 number, uint256 key, bool future, bool agrees) {
        Instrument made = instrumentOf(series, index, call);
        agrees = made.series() == series && made.strikeIndex() == index && made.isCall() == call;
        return (made.raw(), made.wordKey(), made.isFuture(), agrees);
    }

    function refreshed(
        uint256 word,
        Quote calldata quote,
        uint256 time,
        uint256 epoch
    ) external view returns (uint256[] memory words, uint256 next, uint256 spent) {
        SeriesQuote memory given = _given(quote);
        spent = gasleft();
        (words, next) = SeriesRefresh.refreshed(word, given, time, epoch);
        spent -= gasleft();
    }

    /// @dev Gas of what a series shares, and of one strike with its parts.
    function gasOfRefresh(
        uint256 word,
        Quote calldata quote,
        uint256 index
    ) external view returns (uint256 frameGas, uint256 strikeGas, uint256 impliedGas, uint256 result) {
        SeriesQuote memory given = _given(quote);
        Price anchor = SeriesWord.forwardDown(given.forward);
        Ratio range = SeriesWord.rangeUp(given.range);
        frameGas = gasleft();
        ScenarioPrices.Frame memory frame = SeriesRefresh.frameOf(anchor, range, given);
        frameGas -= gasleft();
        uint256 strike = word.strike(index).raw();
        uint256 unit = RiskWord.unitUp(anchor);
        uint256[] memory values = new uint256[](LANES);
        strikeGas = gasleft();
        result = SeriesRefresh.wordOf(frame, strike, unit, values);
        strikeGas -= gasleft();
        int256 k = -Black76.logMoneynessOf(anchor.raw(), strike);
        impliedGas = gasleft();
        result ^= ScenarioPrices.impliedDown(frame.slice, k, frame.span);
        impliedGas -= gasleft();
    }

    /// @dev The naive twin of a strike's word: each lane by `Black76.price`, with everything worked out anew.
    function naive(uint256 word, Quote calldata quote) external pure returns (uint256[] memory words) {
        words = new uint256[](word.strikeCount());
        Price anchor = SeriesWord.forwardDown(quote.forward);
        Ratio range = SeriesWord.rangeUp(quote.range);
        for (uint256 i; i < words.length; ++i) {
            Price strike = word.strike(i);
            bool call = RiskWord.storesCall(anchor, strike);
            uint256[17] memory values;
            for (uint256 k; k < 17; ++k) {
                values[k] = _naiveValue(call, anchor, range, strike, quote, k);
                if (k > 14) values[k] = OptionStress.dampedDown(values[0], values[k]);
            }
            words[i] = RiskWord.packDown(values, RiskWord.unitUp(anchor), call);
        }
    }

    function _naiveValue(
        bool call,
        Price anchor,
        Ratio range,
        Price strike,
        Quote calldata quote,
        uint256 k
    ) private pure returns (uint256) {
        uint256 w = Svi.varianceDown(SviWord.unpack(quote.slice), -Black76.logMoneynessOf(anchor.raw(), strike.raw()));
        uint256 volatility = VolatilityShock.rows(Svi.volatilityDown(w, quote.span), quote.varianceTime / 1e18)[OptionStress.row(k)];
        uint256 forward = OptionStress.forwardAt(anchor, range, k).raw();
        (uint256 callValue, uint256 putValue) = Black76.price(forward, strike.raw(), quote.varianceTime / 365 days, volatility, 0);
        return call ? callValue : putValue;
    }

    function cause(
        uint256 word,
        Price forward,
        Ratio range,
        uint256 time,
        Freshness.Surface calldata then_,
        Freshness.Surface calldata now_
    ) external view returns (StaleCause first, StaleCause any, uint256 firstGas, uint256 anyGas) {
        (Freshness.Surface memory before, Freshness.Surface memory afterwards) = (then_, now_);
        firstGas = gasleft();
        first = Freshness.causeOf(word, forward, range, time);
        firstGas -= gasleft();
        anyGas = gasleft();
        any = Freshness.cause(word, forward, range, time, before, afterwards);
        anyGas -= gasleft();
    }

    function lifetimes(uint256[] calldata made, uint256 expiry) external pure returns (uint256[] memory out) {
        out = new uint256[](made.length);
        for (uint256 i; i < made.length; ++i) {
            out[i] = Freshness.lifetime(made[i], expiry);
        }
    }
}
