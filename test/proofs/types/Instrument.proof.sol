// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Instrument,
    STRIKE_ZERO,
    instrumentOf,
    nameOf,
    standsWithNext,
    underlyingOf,
    withinUnderlying
} from "../../../contracts/types/Instrument.sol";
import {Proof} from "../Proof.sol";

contract InstrumentProof is Proof {
    function made(uint256 series, uint256 index, bool call) external pure returns (Instrument) {
        return instrumentOf(series, index, call);
    }

    /// @notice P-51: An instrument of a series reads back series, strike and right; what makes none is refused; only the call of strike zero is a future.
    /// @custom:formula series, strikeIndex, isCall(instrumentOf(s, k, c)) = (s, k, c), below 2^16; reverts exactly if s ≥ 2^8, k &gt; 127, or k = 127 of a put
    function check_P51_instrument(uint256 series, uint256 index, bool call) external proof {
        bool exists = series < 256 && index <= STRIKE_ZERO && (call || index < STRIKE_ZERO);
        try this.made(series, index, call) returns (Instrument made_) {
            assert(exists);
            assert(made_.series() == series && made_.strikeIndex() == index && made_.isCall() == call);
            assert(made_.raw() < 1 << 16 && made_.isFuture() == (index == STRIKE_ZERO) && made_.wordKey() == ((series << 7) | index));
        } catch {
            assert(!exists);
        }
    }

    /// @notice P-52: The name in a fill is 24 bits: underlying and instrument within it; any bit above says that it stands with the next.
    /// @custom:formula underlyingOf = bits(i, 0, 8), withinUnderlying = bits(i, 8, 16), standsWithNext ⇔ i ≥ 2^24
    function check_P52_name(uint32 named) external proof {
        assert(underlyingOf(nameOf(named)) == _field(named, 0, 8) && withinUnderlying(nameOf(named)).raw() == _field(named, 8, 16));
        assert(standsWithNext(named) == (named >> 24 != 0));
    }
}

contract InstrumentReach is InstrumentProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
