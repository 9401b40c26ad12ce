// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OptionStress} from "../../../../contracts/math/options/OptionStress.sol";
import {Stress} from "../../../../contracts/math/Stress.sol";
import {Proof} from "../../Proof.sol";

contract OptionStressProof is Proof {
    /// @notice P-80: The places of a row are the scenarios by price: each moves as far as its place says, ten thirtieths from one to the next.
    /// @custom:formula move(scenariosAt(i)) = moveAt(i) = 10·i − 30 with its neighbours ten lower and higher
    /// @custom:domain places that have two neighbours
    function check_P80_places(uint8 place) external proof {
        _assume(place >= 1 && place < 6);
        (uint256 scenario, uint256 lower, uint256 upper) = OptionStress.scenariosAt(place);
        assert(Stress.move(scenario) == OptionStress.moveAt(place));
        assert(Stress.move(lower) == OptionStress.moveAt(place) - 10 && Stress.move(upper) == OptionStress.moveAt(place) + 10);
        assert(OptionStress.row(scenario) == OptionStress.ROW_UP && OptionStress.row(scenario + 1) == OptionStress.ROW_DOWN);
    }
}

contract OptionStressReach is OptionStressProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
