// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RateGuard} from "../../math/idle/RateGuard.sol";
import {Redeemable} from "../../math/idle/Redeemable.sol";
import {StableFunding} from "../../math/idle/StableFunding.sol";
import {TokenRate} from "../../types/TokenRate.sol";

contract IdleMathHarness {
    function read(TokenRate memory rate, uint256 said, uint256 bound, uint256 now_) external pure returns (TokenRate memory) {
        RateGuard.read(rate, said, bound, now_);
        return rate;
    }

    function opening(TokenRate memory rate, uint256 now_) external pure returns (uint256 fall, uint256 lowest, bool isGood) {
        fall = RateGuard.fallUp(rate);
        return (fall, RateGuard.openingDown(rate.rate, fall, rate.read, now_), RateGuard.isGood(rate, now_));
    }

    function sampled(uint256 word, uint256 shares, uint256 cap, uint256 now_) external pure returns (uint256 after_, uint256 least) {
        after_ = Redeemable.sampled(word, shares, cap, now_);
        return (after_, Redeemable.leastDown(after_, cap, now_));
    }

    function leastDown(uint256 word, uint256 cap, uint256 now_) external pure returns (uint256) {
        return Redeemable.leastDown(word, cap, now_);
    }

    function ratios(
        StableFunding.Sheet memory sheet,
        StableFunding.Strategy memory held,
        uint256 stable,
        uint256 coverage
    ) external pure returns (StableFunding.Ratios memory made, bool holds, uint256 curing) {
        made = StableFunding.ratios(sheet);
        return (made, StableFunding.hold(made, stable, coverage), StableFunding.curingUp(made, held, stable, coverage));
    }
}
