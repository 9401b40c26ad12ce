// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IModule} from "../../interfaces/IModule.sol";
import {IPriceSource} from "../../interfaces/IPriceSource.sol";
import {Fill, TradeContext} from "../../types/Fill.sol";
import {ITransferHook} from "../tokens/HookToken.sol";

/// @dev An owner that makes calls of its choice, several in one transaction, and again from every callback that it gets hold of: a token's
/// hooks, a module's trade, a price source's report. What those calls answered is kept.
contract Attacker is ITransferHook, IModule, IPriceSource {
    struct Call {
        address target;
        bytes data;
    }

    Call[] private _armed;
    bytes[] public answers; // of the armed calls: empty for a success, otherwise what they reverted with
    uint256 public callbacks;
    Report public said;
    bytes public fills;
    bool private _busy;

    function run(Call[] calldata calls) external payable {
        for (uint256 i; i < calls.length; ++i) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool done, bytes memory answer) = calls[i].target.call(calls[i].data);
            if (!done) {
                assembly ("memory-safe") {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
    }

    function arm(Call[] calldata calls) external {
        delete _armed;
        for (uint256 i; i < calls.length; ++i) {
            _armed.push(calls[i]);
        }
    }

    function say(uint256 price, uint256 time) external {
        said = Report(price, time, true);
    }

    function propose(Fill[] calldata list) external {
        fills = abi.encode(list);
    }

    function answerCount() external view returns (uint256) {
        return answers.length;
    }

    function tokensToSend(address, address, uint256) external {
        _strike();
    }

    function tokensReceived(address, address, uint256) external {
        _strike();
    }

    function trade(TradeContext calldata, bytes calldata) external returns (Fill[] memory list) {
        _strike();
        if (fills.length != 0) list = abi.decode(fills, (Fill[]));
    }

    function report(uint8, bytes calldata update) external payable returns (Report memory) {
        _strike();
        if (update.length == 96) said = abi.decode(update, (Report));
        return said;
    }

    function updateFee(bytes calldata) external pure returns (uint256) {
        return 0;
    }

    function _strike() private {
        if (_busy) return;
        _busy = true;
        ++callbacks;
        delete answers;
        for (uint256 i; i < _armed.length; ++i) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool done, bytes memory answer) = _armed[i].target.call(_armed[i].data);
            answers.push(done ? bytes("") : answer);
        }
        _busy = false;
    }
}
