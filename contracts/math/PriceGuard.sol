// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {Ratio, fromPpm} from "../types/Ratio.sol";
import {GuardWord} from "../words/GuardWord.sol";
import {PendingWord} from "../words/PendingWord.sol";
import {PriceWord} from "../words/PriceWord.sol";

/// @dev What one source said, as the guard sees it.
struct Quote {
    uint256 source; // its index
    uint256 answer; // PriceGuard.SILENT, REFUTED or VALID
    uint256 price; // of a lot, WAD, above zero and below 2^96 when valid
    uint256 time; // when it was published, not after now
}

/// @dev What the guard makes of the quotes.
struct Judgement {
    uint256 verdict; // PriceGuard.UNPROVED, REJECTED or ACCEPTED
    uint256 price; // when accepted
    uint256 time; // when accepted, or of the only quote
    uint256 pending; // the pending word from now on
    uint256 valid; // how many quotes were valid
}

/// @title Whether to believe the sources
/// @dev Pure, over one to three quotes:
/// three valid: the median. Two valid of two or three: the mean, rounded down, if they agree within the band of agreement. One configured,
/// or left over after the guardian's drops: within band·√(elapsed / 60 s) of the last accepted price, at most the widest band; beyond it
/// the price waits, and is accepted when the same source says it again within the base band at least 60 s later (a real crash passes).
/// The first price of an underlying has nothing to be compared with: one source is believed, several must still agree.
///
/// The publish time of an accepted price is the second newest of its quotes (the only one's, of one): at least two sources saw the price
/// then or later, and the median lies within what any two of them say.
///
/// A rejection stops trading, so no poster may cause it by leaving an update out: it is written only when no silent source could have
/// turned it into an acceptance; otherwise the post reverts and changes nothing (and the price grows old by itself).
library PriceGuard {
    uint256 internal constant SILENT = 0;
    uint256 internal constant REFUTED = 1;
    uint256 internal constant VALID = 2;

    uint256 internal constant UNPROVED = 0;
    uint256 internal constant REJECTED = 1;
    uint256 internal constant ACCEPTED = 2;

    uint256 internal constant QUORUM = 2;

    /// @dev How long a price beyond the band waits for its confirmation; also the time to which the base band belongs.
    uint256 internal constant CONFIRMATION = 60;

    /// @dev Clocks differ: a publish time up to this much ahead of the block counts as now, farther ahead as no answer.
    uint256 internal constant SKEW = 10;

    uint256 private constant PPM = 1e6;

    /// @notice What a source said, with the price of a lot, rounded down. One that does not fit the price word refutes.
    function quoteOf(
        uint256 source,
        IPriceSource.Report memory said,
        uint256 lotExponent,
        uint256 now_
    ) internal pure returns (Quote memory quote) {
        quote.source = source;
        if (said.publishTime == 0 || said.publishTime > now_ + SKEW) return quote;
        quote.answer = REFUTED;
        quote.time = Math.min(said.publishTime, now_);
        if (!said.valid) return quote;
        uint256 price = said.price / 10 ** lotExponent;
        if (price == 0 || price > type(uint96).max) return quote;
        quote.answer = VALID;
        quote.price = price;
    }

    /// @param quotes one for each source that counts, in order
    function judge(
        uint256 guardWord,
        uint256 priceWord,
        uint256 pendingWord,
        Quote[] memory quotes,
        uint256 now_
    ) internal pure returns (Judgement memory) {
        // nobody was asked: that proves nothing
        if (quotes.length == 0) return Judgement(UNPROVED, 0, 0, pendingWord, 0);
        if (quotes.length == 1) return _alone(guardWord, priceWord, pendingWord, quotes[0], now_);
        uint256 silent;
        uint256 valid;
        uint256[3] memory prices;
        uint256[3] memory times;
        for (uint256 i; i < quotes.length; ++i) {
            Quote memory quote = quotes[i];
            if (quote.answer == SILENT) ++silent;
            if (quote.answer != VALID) continue;
            prices[valid] = quote.price;
            times[valid] = quote.time;
            ++valid;
        }
        if (valid == 3) return Judgement(ACCEPTED, _median(prices), _median(times), 0, valid);
        if (valid == 2 && _agree(prices[0], prices[1], GuardWord.agreementPpm(guardWord))) {
            // prices are below 2^96
            return Judgement(ACCEPTED, (prices[0] + prices[1]) / 2, Math.min(times[0], times[1]), 0, valid);
        }
        return Judgement(_proved(valid, silent) ? REJECTED : UNPROVED, 0, 0, pendingWord, valid);
    }

    /// @dev How far a doubtful price of this age may have moved since, as a fraction of it: what the guard would believe of a single source by
    /// now, and not less than the base band, for a young price is in doubt because a newer one was refused.
    function doubt(uint256 guardWord, uint256 age) internal pure returns (Ratio) {
        return fromPpm(widthPpm(guardWord, Math.max(age, CONFIRMATION)));
    }

    /// @dev band·√(elapsed / 60 s), rounded down, at most the widest; in ppm.
    function widthPpm(uint256 guardWord, uint256 elapsed) internal pure returns (uint256) {
        uint256 band = GuardWord.bandPpm(guardWord);
        // 2^48 times 2^40
        return Math.min(Math.sqrt((band * band * elapsed) / CONFIRMATION), GuardWord.widestBandPpm(guardWord));
    }

    /// @dev Whether the quotes given settle it: with one more valid quote for each silent source they would still not agree.
    function _proved(uint256 valid, uint256 silent) private pure returns (bool) {
        // two that disagree: a third would be a median. Fewer than two: silent sources could make the quorum
        return valid >= QUORUM ? silent == 0 : valid + silent < QUORUM;
    }

    function _alone(
        uint256 guardWord,
        uint256 priceWord,
        uint256 pendingWord,
        Quote memory quote,
        uint256 now_
    ) private pure returns (Judgement memory) {
        if (quote.answer == SILENT) return Judgement(UNPROVED, 0, 0, pendingWord, 0);
        if (quote.answer == REFUTED) return Judgement(REJECTED, 0, 0, pendingWord, 0);
        uint256 last = PriceWord.price(priceWord).raw();
        uint256 lastTime = PriceWord.time(priceWord);
        uint256 elapsed = quote.time > lastTime ? quote.time - lastTime : 0;
        Judgement memory accepted = Judgement(ACCEPTED, quote.price, quote.time, 0, 1);
        if (last == 0 || _within(quote.price, last, widthPpm(guardWord, elapsed))) return accepted;

        // a price that waits is compared by the block in which it was recorded: a source cannot date both of its reports
        bool confirms =
            PendingWord.source(pendingWord) == quote.source + 1 &&
                _within(quote.price, PendingWord.price(pendingWord), GuardWord.bandPpm(guardWord));
        if (!confirms) pendingWord = PendingWord.pack(uint96(quote.price), uint40(now_), uint8(quote.source + 1));
        else if (quote.time >= PendingWord.time(pendingWord) + CONFIRMATION) return accepted;
        return Judgement(REJECTED, 0, quote.time, pendingWord, 1);
    }

    /// @dev The smaller is the anchor: the narrower of the two bands.
    function _agree(uint256 a, uint256 b, uint256 ppm) private pure returns (bool) {
        return a < b ? _within(b, a, ppm) : _within(a, b, ppm);
    }

    /// @dev Whether `price` is at most `ppm` of `anchor` away from it.
    function _within(uint256 price, uint256 anchor, uint256 ppm) private pure returns (bool) {
        uint256 distance = price > anchor ? price - anchor : anchor - price;
        // prices are below 2^96
        return distance * PPM <= anchor * ppm;
    }

    function _median(uint256[3] memory a) private pure returns (uint256) {
        return Math.max(Math.min(a[0], a[1]), Math.min(Math.max(a[0], a[1]), a[2]));
    }
}
