// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Expiry} from "../../ledger/options/Expiry.sol";
import {Instrument} from "../../types/Instrument.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {AverageWord} from "../../words/AverageWord.sol";

contract ExpiryHarness {
    using AverageWord for uint256;

    struct Post {
        Price price;
        uint256 time; // of publishing
        uint256 present; // of the block
    }

    struct State {
        Price forward;
        uint256 moving;
        uint256 varianceTime;
        Ratio range;
        bool settled;
    }

    /// @dev The word after each of the posts.
    function observed(uint256 word, uint256 opening, Post[] calldata posts) external pure returns (uint256[] memory words) {
        words = new uint256[](posts.length);
        for (uint256 i; i < posts.length; ++i) {
            word = Expiry.observed(word, opening, posts[i].price, posts[i].time, posts[i].present);
            words[i] = word;
        }
    }

    function unpacked(
        uint256 word
    ) external pure returns (uint256 sum, uint256 secondsIn, uint256 delay, uint256 lastTime, Price lastPrice) {
        return (word.sum(), word.secondsIn(), word.delay(), word.lastTime(), word.lastPrice());
    }

    function pack(uint256 sum, uint256 secondsIn, uint256 delay, uint256 time, Price price) external pure returns (uint256) {
        return AverageWord.pack(sum, secondsIn, delay, time, price);
    }

    function openingOf(uint256 expiry) external pure returns (uint256) {
        return Expiry.openingOf(expiry);
    }

    function states(
        uint256 word,
        uint256 opening,
        Price live,
        Ratio range,
        uint256[] calldata times
    ) external pure returns (State[] memory out) {
        out = new State[](times.length);
        for (uint256 i; i < times.length; ++i) {
            State memory state = out[i];
            (state.forward, state.moving, state.varianceTime) = Expiry.stateAt(word, opening, live, times[i]);
            state.range = Expiry.rangeUp(range, state.forward, state.moving);
            state.settled = Expiry.isSettled(word, opening, times[i]);
        }
    }

    function settlement(uint256 word, uint256 opening, uint256 time) external pure returns (Price) {
        return Expiry.settlementDown(word, opening, time);
    }

    function payoffs(
        Instrument[] calldata instruments,
        uint256 seriesWord,
        Price settlementPrice
    ) external pure returns (uint256[] memory out) {
        out = new uint256[](instruments.length);
        for (uint256 i; i < instruments.length; ++i) {
            out[i] = Expiry.payoff(instruments[i], seriesWord, settlementPrice).raw();
        }
    }

    /// @dev Gas of a post, of the state, and of a payoff.
    function gas(
        uint256 word,
        uint256 opening,
        Price live,
        uint256 time,
        Instrument instrument,
        uint256 seriesWord
    ) external view returns (uint256 postGas, uint256 stateGas, uint256 payoffGas, uint256 result) {
        postGas = gasleft();
        result = Expiry.observed(word, opening, live, time, time);
        postGas -= gasleft();
        stateGas = gasleft();
        (Price forward, , ) = Expiry.stateAt(word, opening, live, time);
        stateGas -= gasleft();
        payoffGas = gasleft();
        result ^= Expiry.payoff(instrument, seriesWord, forward).raw();
        payoffGas -= gasleft();
    }
}
