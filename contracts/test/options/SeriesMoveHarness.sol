// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SeriesMoveLogic} from "../../actions/SeriesMoveLogic.sol";
import {SeriesPositions} from "../../ledger/options/SeriesPositions.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Lots} from "../../types/Lots.sol";
import {Ratio} from "../../types/Ratio.sol";
import {FundingWord} from "../../words/FundingWord.sol";
import {HeaderWord} from "../../words/HeaderWord.sol";
import {PositionWord} from "../../words/PositionWord.sol";
import {SeriesWord} from "../../words/SeriesWord.sol";
import {SurfaceWord} from "../../words/SurfaceWord.sol";
import {PlainSeriesMove} from "./plain/PlainSeriesMove.sol";

/// @dev Two accounts with options and dated futures on one underlying, of which one sells to the other: as the vault does it, and plainly.
contract SeriesMoveHarness {
    using SurfaceWord for uint256;

    struct Given {
        address fund;
        AccountId from;
        AccountId to;
        uint256 underlying;
        uint256 part;
        uint256 least;
        uint256 price; // of a lot
        uint256 expiry;
        uint256[] giver; // entries of SeriesPositions
        uint256[] receiver;
        int256[] costs; // of the dated futures of both, as they come
        uint256[2] positions; // PositionWord, without series
    }

    VaultState private $;
    VaultState private $plain;

    /// @return fast all that a move may change, packed
    /// @return plain the same of the twin
    function both(Given calldata given) external returns (bytes memory fast, bytes memory plain) {
        _store($, given);
        _store($plain, given);
        (AccountId from, AccountId to, Ratio part) = (given.from, given.to, Ratio.wrap(given.part));
        SeriesMoveLogic.move($, given.fund, from, to, given.underlying, part, given.least);
        PlainSeriesMove.move($plain, given.fund, from, to, given.underlying, part, given.least);
        return (_state($, given), _state($plain, given));
    }

    function _store(VaultState storage s, Given calldata given) private {
        uint256 underlying = given.underlying;
        s.prices[underlying] = given.price;
        _storeSide(s, given, given.from, given.giver, given.positions[0], 0);
        _storeSide(s, given, given.to, given.receiver, given.positions[1], given.giver.length);
    }

    function _storeSide(
        VaultState storage s,
        Given calldata given,
        AccountId account,
        uint256[] calldata entries,
        uint256 position,
        uint256 first
    ) private {
        uint256 underlying = given.underlying;
        uint256 counted;
        for (uint256 i; i < entries.length; ++i) {
            uint256 entry = entries[i];
            s.seriesPositions[account][underlying][i / 4] |= entry << (64 * (i % 4));
            int256 lots = SeriesPositions.lotsIn(entry);
            counted += SeriesPositions.countedUp(lots, SeriesPositions.halvingsIn(entry));
            uint256 series = SeriesPositions.instrumentIn(entry) >> 8;
            s.series[underlying][series] = SeriesWord.listed(given.expiry, 1_000, 200, 18, 10);
            uint256 surface = s.surfaces[underlying][series];
            s.surfaces[underlying][series] = surface.withHeld(surface.held() + Lots.wrap(lots).abs());
            if (entry & 0xff == 0xff) s.futureCosts[account][underlying][series] = given.costs[first + i];
        }
        uint256 word = s.fundings[underlying];
        s.fundings[underlying] = FundingWord.withOpenInterest(word, FundingWord.openInterest(word) + counted);
        position = PositionWord.withSeriesPositions(position, entries.length);
        s.positions[account][underlying] = position;
        word = HeaderWord.withSeriesPositions(s.headers[account], entries.length);
        s.headers[account] = HeaderWord.withUnderlying(word, underlying, position != 0);
    }

    /// @dev Every slot of both accounts and of the market that a move may write, and a word beyond each list.
    function _state(VaultState storage s, Given calldata given) private view returns (bytes memory state) {
        uint256 underlying = given.underlying;
        AccountId[2] memory accounts = [given.from, given.to];
        state = abi.encode(s.fundings[underlying], s.fundAccounts[underlying]);
        for (uint256 k; k < 2; ++k) {
            AccountId account = accounts[k];
            state = bytes.concat(state, abi.encode(s.headers[account], s.positions[account][underlying]));
            for (uint256 i; i <= (given.giver.length + given.receiver.length) / 4 + 1; ++i) {
                state = bytes.concat(state, bytes32(s.seriesPositions[account][underlying][i]));
            }
        }
        for (uint256 series; series < 256; ++series) {
            if (s.series[underlying][series] == 0) continue;
            state = bytes.concat(
                state,
                abi.encode(
                    s.surfaces[underlying][series],
                    s.futureCosts[accounts[0]][underlying][series],
                    s.futureCosts[accounts[1]][underlying][series]
                )
            );
        }
    }
}
