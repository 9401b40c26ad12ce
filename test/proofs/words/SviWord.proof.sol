// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SviWord} from "../../../contracts/words/SviWord.sol";
import {Proof} from "../Proof.sol";

contract SviWordProof is Proof {
    /// @notice P-48: Volatility slice: every parameter is read from its documented bits, with its sign, in WAD.
    /// @custom:formula a, b, ρ, m, σ = bits(w, from, width)·10^4
    function check_P48_reads(uint256 word) external proof {
        SviWord.Slice memory slice = SviWord.unpack(word);
        assert(slice.a == int256(_scaled(uint256(_signed(word, 0, 54)), 1e4)));
        assert(slice.b == _scaled(_field(word, 54, 48), 1e4));
        assert(slice.rho == int256(_scaled(uint256(_signed(word, 102, 48)), 1e4)));
        assert(slice.m == int256(_scaled(uint256(_signed(word, 150, 50)), 1e4)));
        assert(slice.sigma == _scaled(_field(word, 200, 50), 1e4));
        assert(SviWord.spare(word) == _field(word, 250, 6));
    }
}

contract SviWordReach is SviWordProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
