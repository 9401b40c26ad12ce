// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "../Vm.sol";
import {Feeds} from "./Feeds.sol";

/// @dev Backers of the insurance fund, who stake, ask to leave, file claims, put them off and are paid, whatever the vault is in.
abstract contract Backers is Feeds {
    enum Backing {
        Stake,
        Request,
        File,
        Extend,
        Pay
    }

    uint256[5] public backings;

    /// @dev The net asset value that redemptions are priced with, and the shares that it is for; none while the fund has no price.
    struct ShareValue {
        bool priced;
        uint256 assets;
        uint256 shares;
    }

    /// @dev The next step of a backer, now and then at once where he would have to wait for it.
    function back(uint256 seed) external {
        address backer = _backer(seed % BACKERS);
        (uint256 die, uint256 rest) = ((seed / 4) % 8, seed / 32);
        (uint256 claimed, , uint256 payableFrom, ) = fund.claimOf(backer);
        (uint256 cooling, uint256 maturity, ) = fund.ticketOf(backer);
        uint256 until =
            claimed != 0
                ? payableFrom
                : cooling != 0
                    ? maturity
                    : 0;
        if (die != 0 && _time() < until) {
            if (die > 3) return;
            vm.warp(until);
            _refresh();
        }
        bytes32 was = keccak256(abi.encode(_digests()));
        ShareValue memory before = _shareValue();
        if (die == 0) _stake(backer, 1 + (rest % 500_000e6));
        else if (claimed != 0) _collect(backer);
        else if (cooling != 0) _fileClaim(backer, cooling, rest % 2 == 1);
        else _request(backer, fund.balanceOf(backer) / (1 + (rest % 4)));
        ShareValue memory afterwards = _shareValue();
        if (before.priced && afterwards.priced) {
            // who comes or goes takes nothing from those who stay
            _expect((afterwards.assets + 2) * before.shares >= before.assets * afterwards.shares, "I-18 share price");
        }
        _expect(keccak256(abi.encode(_digests())) == was, "I-24 backer");
        _hold();
    }

    function _stake(address backer, uint256 units) private {
        _fundTokens(backer, units);
        vm.prank(backer);
        try fund.deposit(units, backer) {
            ++backings[uint256(Backing.Stake)];
        } catch {}
    }

    function _request(address backer, uint256 shares) private {
        vm.prank(backer);
        try fund.requestRedeem(shares) {
            ++backings[uint256(Backing.Request)];
        } catch {}
    }

    /// @dev With or without a least amount: who wants all that it is worth now puts the claim off after any loss.
    function _fileClaim(address backer, uint256 shares, bool whole) private {
        uint256 minimum;
        try fund.previewRedeem(shares) returns (uint256 assets) {
            if (whole) minimum = assets;
        } catch {}
        vm.prank(backer);
        try fund.fileClaim(shares, minimum) {
            ++backings[uint256(Backing.File)];
        } catch {}
    }

    function _collect(address backer) private {
        (, uint256 filed, , ) = fund.claimOf(backer);
        uint256 had = settlement.balanceOf(backer);
        try fund.payClaim(backer) {
            _expect(settlement.balanceOf(backer) - had <= filed, "I-18 claim");
            ++backings[uint256(Backing.Pay)];
        } catch {
            vm.prank(backer);
            try fund.extendClaim() {
                ++backings[uint256(Backing.Extend)];
            } catch {}
        }
    }

    function _shareValue() private view returns (ShareValue memory value) {
        try fund.netAssetValues() returns (uint256, uint256 lower) {
            value = ShareValue(true, lower, fund.totalSupply() + 1e12); // the virtual shares beside them
        } catch {}
    }
}
