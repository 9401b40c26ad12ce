// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {WaterLine} from "../math/pool/WaterLine.sol";
import {Ratio, ZERO_RATIO} from "../types/Ratio.sol";
import {MarginWord} from "../words/ParameterWords.sol";
import {WaterLineWord} from "../words/WaterLineWord.sol";

/// @title The water-lines of all underlyings: begun when the main stake gives a fund account less than it lacks, kept while it does, cleared when it lacks nothing
library WaterLines {
    /// @dev After so long a shortage that nobody has looked at counts as over: who was closed in the next one would find the line of the last.
    uint256 internal constant FORGOTTEN_AFTER = 1 days;

    /// @notice λ of `underlying` as it is now and the time of its last whole step; zero where there is no shortage, or none that anybody has looked at in the last day.
    function levelNow(VaultState storage $, uint256 underlying) internal view returns (Ratio level, uint256 time) {
        uint256 word = $.waterLines[underlying];
        time = WaterLineWord.time(word);
        if (block.timestamp - time > FORGOTTEN_AFTER) return (ZERO_RATIO, 0);
        return WaterLine.levelAt(Ratio.wrap(WaterLineWord.level(word)), time, block.timestamp);
    }

    /// @notice Brings the water-line of an underlying whose fund account is short up to now, or begins it at 1/μ.
    function keep(VaultState storage $, uint256 underlying) internal returns (Ratio level) {
        uint256 time;
        (level, time) = levelNow($, underlying);
        if (level == ZERO_RATIO) {
            (level, time) = (WaterLine.highest(MarginWord.maintenance($.marginParameters)), block.timestamp);
            // casting is safe: underlyings are below 32
            emit IMarginVault.WaterLineStarted(uint8(underlying), level.raw());
        }
        $.waterLines[underlying] = WaterLineWord.pack(level.raw(), time);
    }

    /// @notice The fund account has its margin again, or holds nothing.
    function clear(VaultState storage $, uint256 underlying) internal {
        if ($.waterLines[underlying] == 0) return;
        delete $.waterLines[underlying];
        emit IMarginVault.WaterLineCleared(uint8(underlying));
    }
}
