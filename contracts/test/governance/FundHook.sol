// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInsuranceFund} from "../../interfaces/IInsuranceFund.sol";

/// @dev A receiver of settlement tokens that, while it is paid, tries the fund's entries and reads its views.
contract FundHook {
    IInsuranceFund private immutable FUND;

    bytes[] public failures;
    uint256 public assetsSeen;
    uint256 public shareSeen;
    uint256 public maxDepositSeen;
    uint256 public maxRedeemSeen;

    constructor(IInsuranceFund fund) {
        FUND = fund;
    }

    function tokensToSend(address, address, uint256) external {}

    function tokensReceived(address, address, uint256) external {
        assetsSeen = FUND.totalAssets();
        shareSeen = FUND.convertToAssets(1e18);
        maxDepositSeen = FUND.maxDeposit(address(this));
        maxRedeemSeen = FUND.maxRedeem(address(this));
        try FUND.deposit(1e6, address(this)) {} catch (bytes memory reason) {
            failures.push(reason);
        }
        try FUND.record() {} catch (bytes memory reason) {
            failures.push(reason);
        }
        try FUND.netAssetValues() {} catch (bytes memory reason) {
            failures.push(reason);
        }
    }

    function failureCount() external view returns (uint256) {
        return failures.length;
    }
}
