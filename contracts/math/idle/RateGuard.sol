// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {TokenRate} from "../../types/TokenRate.sol";

/// @title What a reading of its source makes of the rate of a collateral token
/// @dev Two readings, a minute to two hours apart, move it: up to the lower of them, by what is allowed in the time since the last rise or back to where it was
/// in the last seven days; down to the higher. One alone lowers it by half a percent at most: no block can do more (docs/idle.md).
library RateGuard {
    uint256 private constant PPM = 1e6;

    /// @dev Between the two readings of which a move is made, at least and at most.
    uint256 internal constant CONFIRMATION = 60;
    uint256 internal constant READING_LIFE = 2 hours;

    /// @dev How far a single reading lowers a rate, ppm, once in the time of a confirmation.
    uint256 internal constant FALL_AT_ONCE = 5_000;

    /// @dev For how long a rate may come back to what it was.
    uint256 internal constant PEAK_LIFE = 7 days;

    /// @dev After which a rate that nobody has read counts for nothing where risk rises or value leaves.
    uint256 internal constant AGE = 1 days;

    uint256 internal constant MOST = type(uint80).max;

    /// @dev Writes a reading of `said` at `now_` into `r`; `bound` is how far it may rise in a day, ppm, below 2^24.
    function read(TokenRate memory r, uint256 said, uint256 bound, uint256 now_) internal pure {
        unchecked {
            // nothing wraps: rates < 2^80, ppm < 2^24, times < 2^40 and never after now
            uint256 reading = Math.min(said, MOST);
            uint256 before = r.rate;
            bool falls = reading < before;
            bool lives = r.readingTime != 0 && now_ - r.readingTime <= READING_LIFE;
            bool confirmed = lives && now_ - r.readingTime >= CONFIRMATION;
            // the one of all readings since the first that is nearest to the stored rate
            uint256 agreed = reading;
            if (lives) agreed = falls ? Math.max(r.reading, reading) : Math.min(r.reading, reading);
            uint256 peak = now_ - r.peakTime <= PEAK_LIFE ? r.peak : 0;
            uint256 rate = before;
            if (falls) {
                if (now_ - r.fallen >= CONFIRMATION) rate = Math.max(reading, Math.ceilDiv(before * (PPM - FALL_AT_ONCE), PPM));
                if (confirmed) rate = Math.min(rate, agreed);
            } else if (confirmed) {
                uint256 most = before + (before * bound * Math.min(now_ - r.risen, 1 days)) / (PPM * 1 days);
                rate = Math.max(before, Math.min(agreed, Math.max(most, peak)));
            }

            // one on the other side of the rate begins anew: it moves nothing, whatever it confirms
            if (reading == rate) {
                (r.reading, r.readingTime) = (0, 0);
            } else if (lives && !confirmed && (falls ? agreed < rate : agreed > rate)) {
                r.reading = agreed;
            } else {
                (r.reading, r.readingTime) = (reading, now_);
            }
            if (rate < before && peak < before) (r.peak, r.peakTime) = (before, now_);
            else if (peak <= rate) (r.peak, r.peakTime) = (0, 0);
            if (rate < before) r.fallen = now_;
            if (rate > before) r.risen = now_;
            (r.rate, r.read) = (rate, now_);
        }
    }

    /// @dev By how much a reading that waits is lower, ppm of the rate, rounded up.
    function fallUp(TokenRate memory r) internal pure returns (uint256) {
        if (r.readingTime == 0 || r.reading >= r.rate) return 0;
        return Math.ceilDiv((r.rate - r.reading) * PPM, r.rate);
    }

    /// @dev The rate where risk rises or value leaves, rounded down.
    /// @param fall ppm, at most one
    /// @param readTime when its source was last read
    function openingDown(uint256 rate, uint256 fall, uint256 readTime, uint256 now_) internal pure returns (uint256) {
        return now_ - readTime > AGE ? 0 : (rate * (PPM - fall)) / PPM;
    }

    /// @dev Whether a token may be sold at its rate to whoever asks: no move waits that is larger than what one reading does.
    function isGood(TokenRate memory r, uint256 now_) internal pure returns (bool) {
        if (now_ - r.read > AGE) return false;
        if (r.readingTime == 0) return true;
        uint256 waits = r.reading > r.rate ? r.reading - r.rate : r.rate - r.reading;
        return waits * PPM <= r.rate * FALL_AT_ONCE;
    }
}
