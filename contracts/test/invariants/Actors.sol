// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "../Vm.sol";
import {IInsuranceFund} from "../../interfaces/IInsuranceFund.sol";
import {Assessment, IMarginVault} from "../../interfaces/IMarginVault.sol";
import {Parameter} from "../../interfaces/IVaultGovernance.sol";
import {AccountId, toAccountId} from "../../types/AccountId.sol";
import {Action, ActionKind, SETTLEMENT} from "../../types/Action.sol";
import {Lots} from "../../types/Lots.sol";
import {PriceWord} from "../../words/PriceWord.sol";
import {FaucetToken} from "../FaucetToken.sol";
import {MockFeed, MockPushSource, MockRateSource} from "../prices/PriceMocks.sol";

/// @dev A contract takes the time of its block for one that stays, and asks once where it can; `warp` moves it in the middle of a call.
contract Clock {
    function time() external view returns (uint256) {
        return block.timestamp;
    }
}

/// @dev A deployed vault, with what the operations need.
interface IVaultWorld {
    function vault() external view returns (IMarginVault);
    function fund() external view returns (IInsuranceFund);
    function settlement() external view returns (FaucetToken);
    function collaterals(uint256 index) external view returns (FaucetToken);
    function rates() external view returns (MockRateSource);
    function push() external view returns (MockPushSource); // what the second underlying is read from
    function uptime() external view returns (MockFeed);
    function setParameter(Parameter id, uint8 index, uint256 value) external;
}

/// @dev Six owners on a deployed vault with a staked fund, and what all handlers do with them.
abstract contract Actors {
    uint256 internal constant OWNERS = 6;
    uint256 internal constant UNDERLYINGS = 2;
    uint256 internal constant HALF_BLOCK = 8_388_608;
    uint256 internal constant BOUNTY = 0.05e18;
    uint256 internal constant BACKERS = 3;

    IVaultWorld public world;
    IMarginVault public vault;
    IInsuranceFund public fund;
    FaucetToken public settlement;
    FaucetToken[2] public collaterals;
    MockRateSource public rates;

    AccountId[] public accounts; // owners' accounts, the second of owner 0 last
    AccountId[] public fundAccounts;
    uint256[2] public prices; // of a unit, WAD
    /// @dev The first assertion that failed.
    string public failure;

    Clock internal clock = new Clock();

    /// @param small units of the settlement token that those who make no markets start with
    constructor(IVaultWorld deployed, uint256 small) {
        world = deployed;
        vault = deployed.vault();
        fund = deployed.fund();
        settlement = deployed.settlement();
        rates = deployed.rates();
        collaterals = [deployed.collaterals(0), deployed.collaterals(1)];
        prices = [uint256(2_000e18), 40_000e18];
        for (uint96 i; i <= UNDERLYINGS; ++i) {
            fundAccounts.push(toAccountId(address(fund), i));
        }
        for (uint256 i; i < BACKERS; ++i) {
            _fundTokens(_backer(i), 3_500_000e6);
            vm.prank(_backer(i));
            fund.deposit(3_500_000e6, _backer(i));
        }
        for (uint256 i; i < OWNERS; ++i) {
            AccountId id = toAccountId(_owner(i), 0);
            accounts.push(id);
            // two rich ones who make markets
            _give(_owner(i), id, SETTLEMENT, i < 2 ? 2_000_000e6 : small);
        }
        accounts.push(toAccountId(_owner(0), 1));
        for (uint8 u; u < UNDERLYINGS; ++u) {
            _post(u);
            vault.refreshOpenInterestCap(u);
        }
    }

    /// @dev Kept rather than reverted: a profile that forgives reverts must not forgive this.
    function _expect(bool holds, string memory message) internal {
        if (!holds && bytes(failure).length == 0) failure = message;
    }

    function _owner(uint256 i) internal pure returns (address) {
        return address(uint160(0xA11CE0000 + i));
    }

    function _backer(uint256 i) internal pure returns (address) {
        return address(uint160(0xBAC0 + i));
    }

    /// @dev Tokens that the fund may take.
    function _fundTokens(address backer, uint256 units) internal {
        settlement.mint(backer, units);
        vm.prank(backer);
        settlement.approve(address(fund), units);
    }

    /// @dev Of each position and collateral of the account one, at least one.
    function _bounties(AccountId id) internal view returns (int256) {
        uint256 count;
        for (uint8 u; u < UNDERLYINGS; ++u) {
            (Lots lots, , ) = vault.positionOf(id, u);
            (uint16[] memory instruments, , , ) = vault.seriesPositionsOf(id, u);
            count += instruments.length + (lots.raw() == 0 ? 0 : 1) + (vault.collateralOf(id, u) == 0 ? 0 : 1);
        }
        return int256(BOUNTY * (count == 0 ? 1 : count));
    }

    function _maintenance(Assessment memory a) internal view returns (int256) {
        (uint256 margin, , , ) = vault.parameterWords();
        return _maintenanceOf(margin, a.margin.raw());
    }

    function _maintenanceOf(uint256 word, int256 initial) internal view returns (int256) {
        uint256 from = word & 0xffffff;
        uint256 to = (word >> 24) & 0xffffff;
        uint256 end = (word >> 144) & type(uint40).max;
        uint256 ppm = to;
        if (_time() < end) {
            uint256 left = end - _time();
            ppm = left >= 3 days ? from : (from * left + to * (3 days - left)) / 3 days;
        }
        return (initial * int256(ppm) + 999_999) / 1_000_000;
    }

    function _mark(uint8 u) internal view returns (uint256) {
        return PriceWord.price(vault.underlyingWords(u)[0]).raw();
    }

    function _execute(AccountId id, ActionKind kind, bytes memory data) internal returns (bool done) {
        Action[] memory list = new Action[](1);
        list[0] = Action(kind, id, data);
        vm.prank(id.owner());
        try vault.execute(list) {
            return true;
        } catch {
            return false;
        }
    }

    function _give(address owner, AccountId id, uint8 token, uint256 units) internal {
        FaucetToken asset = token == SETTLEMENT ? settlement : collaterals[token];
        asset.mint(owner, units);
        vm.prank(owner);
        asset.approve(address(vault), units);
        Action[] memory list = new Action[](1);
        list[0] = Action(ActionKind.Deposit, id, abi.encode(token, units));
        vm.prank(owner);
        vault.execute(list);
    }

    function _post(uint8 u) internal {
        if (u == 1) world.push().push(prices[1], _time());
        bytes[] memory updates = new bytes[](1);
        updates[0] = abi.encode(prices[u], _time(), true);
        vault.postPrice(u, updates);
    }

    function _time() internal view returns (uint256) {
        return clock.time();
    }

    /// @dev What must hold at any time.
    function _hold() internal virtual;

    /// @dev All that the vault keeps of an account.
    function _digest(AccountId id) internal view virtual returns (bytes32);

    function _digests() internal view returns (bytes32[] memory digests) {
        digests = new bytes32[](accounts.length);
        for (uint256 i; i < digests.length; ++i) {
            digests[i] = _digest(accounts[i]);
        }
    }
}
