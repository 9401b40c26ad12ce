// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFundingRateSource} from "../../interfaces/IFundingRateSource.sol";
import {IPushSource} from "../../interfaces/IPushSource.sol";

error Broken();

/// @dev A source that says what it was told, whatever that is; with a deviation also where it stands.
contract MockSource is IPushSource {
    Report private _report;
    uint256 private _deviationPpm;
    bool public reverts;
    bool public burns;
    uint256 public fee;

    function set(uint256 price, uint256 publishTime, bool valid) external {
        _report = Report(price, publishTime, valid);
    }

    function setReverts(bool value) external {
        reverts = value;
    }

    function setBurns(bool value) external {
        burns = value;
    }

    function setFee(uint256 value) external {
        fee = value;
    }

    function setDeviation(uint256 ppm) external {
        _deviationPpm = ppm;
    }

    function round(uint8) external view returns (Report memory, uint256) {
        return (_report, _deviationPpm);
    }

    /// @dev An update of three words replaces what was set.
    function report(uint8, bytes calldata update) external payable returns (Report memory) {
        if (reverts) revert Broken();
        if (burns) {
            for (uint256 i; i < 100_000; ++i) {
                _report.price = uint256(keccak256(abi.encode(_report.price, i)));
            }
        }
        if (update.length == 96) _report = abi.decode(update, (Report));
        return _report;
    }

    function updateFee(bytes calldata) external view returns (uint256) {
        return fee;
    }
}

/// @dev A feed that is read: what it was told last, whatever a poster brings.
contract MockPushSource is IPushSource {
    uint256 public constant DEVIATION_PPM = 5_000;

    Report private _round;

    function push(uint256 price, uint256 publishTime) external {
        _round = Report(price, publishTime, true);
    }

    function report(uint8, bytes calldata) external payable returns (Report memory) {
        return _round;
    }

    function round(uint8) external view returns (Report memory, uint256) {
        return (_round, DEVIATION_PPM);
    }

    function updateFee(bytes calldata) external pure returns (uint256) {
        return 0;
    }
}

contract MockRateSource is IFundingRateSource {
    int256 public rate;
    bool public reverts;

    function set(int256 newRate, bool newReverts) external {
        rate = newRate;
        reverts = newReverts;
    }

    function fundingRate(uint8) external view returns (int256) {
        if (reverts) revert Broken();
        return rate;
    }
}

/// @dev A Chainlink feed, uptime feed and aggregator in one.
contract MockFeed {
    uint8 public decimals;
    int192 public minAnswer = 1;
    int192 public maxAnswer = type(int192).max;
    bool public reverts;
    bool public hasLimits = true;
    uint80 public roundId;
    int256 public answer;
    uint256 public startedAt;
    uint256 public updatedAt;

    constructor(uint8 feedDecimals) {
        decimals = feedDecimals;
    }

    function aggregator() external view returns (address) {
        if (!hasLimits) revert Broken();
        return address(this);
    }

    function set(int256 newAnswer, uint256 time) external {
        roundId += 1;
        answer = newAnswer;
        startedAt = time;
        updatedAt = time;
    }

    function setPhase(uint16 phase) external {
        roundId = (uint80(phase) << 64) | 1;
    }

    function setDecimals(uint8 value) external {
        decimals = value;
    }

    function setLimits(int192 least, int192 most) external {
        minAnswer = least;
        maxAnswer = most;
    }

    function setHasLimits(bool value) external {
        hasLimits = value;
    }

    function setReverts(bool value) external {
        reverts = value;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        if (reverts) revert Broken();
        return (roundId, answer, startedAt, updatedAt, roundId);
    }
}
