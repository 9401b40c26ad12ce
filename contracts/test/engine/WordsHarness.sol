// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Deficit} from "../../ledger/Deficit.sol";
import {Wad} from "../../types/Wad.sol";
import {FundingWord} from "../../words/FundingWord.sol";
import {HeaderWord} from "../../words/HeaderWord.sol";
import {PositionWord} from "../../words/PositionWord.sol";

/// @dev The narrowings of the ledger's words, one by one: each writes into a word of ones and reads back.
contract WordsHarness {
    uint256 private constant ONES = type(uint256).max;

    function cash(int256 amount) external pure returns (int256) {
        return HeaderWord.cash(HeaderWord.withCash(ONES, Wad.wrap(amount))).raw();
    }

    function lots(int256 size) external pure returns (int256) {
        return PositionWord.lots(PositionWord.pack(size, -1, -1)).raw();
    }

    function snapshot(int256 index) external pure returns (int256) {
        return PositionWord.fundingIndex(PositionWord.pack(-1, index, -1));
    }

    function entryCost(int256 cost) external pure returns (int256) {
        return PositionWord.entryCost(PositionWord.pack(-1, -1, cost)).raw();
    }

    function fundingIndex(int256 index) external pure returns (int256) {
        return FundingWord.index(FundingWord.withIndex(ONES, index, type(uint40).max));
    }

    function openInterest(uint256 size) external pure returns (uint256) {
        return FundingWord.openInterest(FundingWord.withOpenInterest(ONES, size));
    }

    function cap(uint256 size) external pure returns (uint256) {
        return FundingWord.cap(FundingWord.withCap(ONES, size));
    }

    function settlement(uint256 tokens) external pure returns (uint256) {
        return Deficit.settlement(Deficit.pack(tokens, type(uint128).max >> 1));
    }

    function deficit(uint256 owed) external pure returns (uint256) {
        return Deficit.deficit(Deficit.pack(type(uint128).max, owed));
    }
}
