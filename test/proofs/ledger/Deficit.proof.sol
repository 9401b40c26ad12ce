// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Deficit} from "../../../contracts/ledger/Deficit.sol";
import {VaultState} from "../../../contracts/ledger/VaultStorage.sol";
import {AccountId} from "../../../contracts/types/AccountId.sol";
import {Proof} from "../Proof.sol";

contract DeficitProof is Proof {
    VaultState internal state;

    /// @notice P-81: A withdrawal loses nothing and makes nothing: what is debited is paid, lowers deficit and shortfall, or is dust of the fund; no more is paid than there is.
    /// @custom:formula x = paid + (U − U′) + toShort + dust; B′ = B − paid; paid ≤ min(x, B); U′ ≤ U
    /// @custom:bounds amounts below 2^120, tokens of 18 decimals
    function check_P81_withdrawn(uint120 tokens, uint120 owed, uint120 debited, uint120 short) external proof {
        state.totals = Deficit.pack(tokens, owed);
        (uint256 paid, uint256 toShort, uint256 dust) = Deficit.withdrawn(state, AccountId.wrap(1), debited, 1, short);
        uint256 left = Deficit.deficit(state.totals);
        assert(left <= owed && paid <= tokens && paid <= debited);
        assert(Deficit.settlement(state.totals) == tokens - paid);
        assert(paid + (owed - left) + toShort + dust == debited);
    }

    /// @notice P-82: Tokens and deficit share a word without touching each other, and a deposit lifts the tokens by exactly what came in.
    /// @custom:formula settlement, deficit(pack(B, U)) = (B, U); after a deposit of x: B + x and U
    /// @custom:domain both below 2^127
    function check_P82_pack(uint128 tokens, uint256 owed, uint120 amount) external proof {
        _assume(owed < 1 << 127 && tokens < 1 << 127);
        state.totals = Deficit.pack(tokens, owed);
        assert(Deficit.settlement(state.totals) == tokens && Deficit.deficit(state.totals) == owed);
        Deficit.deposited(state, amount);
        assert(Deficit.settlement(state.totals) == uint256(tokens) + amount && Deficit.deficit(state.totals) == owed);
    }
}

contract DeficitReach is DeficitProof {
    function _atEnd() internal pure override {
        _panicAtEnd();
    }
}
