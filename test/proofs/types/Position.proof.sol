// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LOTS_FIELD, Position, positionOf} from "../../../contracts/types/Position.sol";
import {Price} from "../../../contracts/types/Price.sol";
import {Proof} from "../Proof.sol";

contract PositionProof is Proof {
    /// @notice P-54: A position in memory keeps instrument, size, group, place and strike apart; another size changes nothing else.
    /// @custom:formula fields(withPlace(positionOf(e, g, K), p)) = those of e, g, p, K; withLots(a, q) differs from a in bits 16–60 only
    /// @custom:domain |q| &lt; 2^44, p &lt; 2^16
    function check_P54_position(uint64 entry, uint16 group, uint16 place, uint96 strike, int48 size) external proof {
        _assume(size > -(1 << 44) && size < 1 << 44);
        Position a = positionOf(entry, group, Price.wrap(strike)).withPlace(place);
        assert(a.instrument().raw() == _field(entry, 0, 16) && a.lots() == _signed(entry, 16, 45));
        assert(a.group() == group && a.place() == place && a.strike().raw() == strike);
        Position b = a.withLots(size);
        assert(b.lots() == size && _sameBut(Position.unwrap(a), Position.unwrap(b), 16, 45));
    }
}

contract PositionReach is PositionProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
