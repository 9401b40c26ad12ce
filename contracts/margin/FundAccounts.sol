// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assessment, Book, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {Deficit} from "../ledger/Deficit.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {AccountId, toAccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {Wad, ZERO, maxWad, minWad} from "../types/Wad.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {FundParametersWord, FundWord, LiquidationWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {Margin} from "./Margin.sol";
import {Portfolios} from "./Portfolios.sol";
import {WaterLines} from "./WaterLines.sol";

/// @title The accounts of the insurance fund: one main, and one for each underlying, whose equity is the most that it can lose there
library FundAccounts {
    using HeaderWord for uint256;

    // words of `fundAccounts` that belong to no underlying
    uint256 internal constant UNRESERVED = 32; // what the main stake gave that is reserved to no underlying, bounties apart
    uint256 internal constant BOUNTIES = 33;
    uint256 internal constant ALL = 34; // what the main stake gave to whomever, bounties apart

    /// @dev The main stake, as whoever draws of it finds it.
    struct Stake {
        Wad left;
        uint256 base; // WAD: without what was drawn in this epoch, so that who draws first takes nothing from what the next may count on
        Wad beside; // of what is reserved to no underlying, what others are to get beside what is counted
    }

    function main(address fund) internal pure returns (AccountId) {
        return toAccountId(fund, 0);
    }

    function accountOf(address fund, uint256 underlying) internal pure returns (AccountId) {
        // casting to uint96 is safe: underlyings are below 32
        return toAccountId(fund, uint96(underlying + 1));
    }

    /// @notice Moves `lots` of `book` from one account to another, who pays `paid`; keeps open interest and the clock of a fund account.
    function transfer(VaultState storage $, address fund, AccountId from, AccountId to, Book memory book, Lots lots, Wad paid) internal {
        uint256 giver = $.headers[from];
        uint256 receiver = $.headers[to];
        bool toFund = to.owner() == fund;
        // a position says that the clock runs, whatever collateral came in before this: its word need not be read
        bool ran = (toFund ? receiver : giver).underlyings() != 0;
        if (lots.isZero()) {
            giver = giver.withCash(giver.cash() + paid);
            receiver = receiver.withCash(receiver.cash() - paid);
        } else {
            (giver, receiver) = _movePosition($, giver, receiver, from, to, book, lots, paid);
        }
        $.headers[from] = giver;
        $.headers[to] = receiver;
        if (toFund) keepClock($, receiver, book.underlying, ran);
        else if (from.owner() == fund) keepClock($, giver, book.underlying, ran);
    }

    /// @dev Writes both positions and the open interest, and returns both headers.
    function _movePosition(
        VaultState storage $,
        uint256 giver,
        uint256 receiver,
        AccountId from,
        AccountId to,
        Book memory book,
        Lots lots,
        Wad paid
    ) private returns (uint256, uint256) {
        Wad beyondMark = paid - lots.times(book.price);
        uint256 word = $.fundings[book.underlying];
        uint256 openInterest = FundingWord.openInterest(word);
        (giver, openInterest) = _moveSide($, giver, from, book, -lots, beyondMark, openInterest);
        (receiver, openInterest) = _moveSide($, receiver, to, book, lots, -beyondMark, openInterest);
        if (openInterest != FundingWord.openInterest(word)) $.fundings[book.underlying] = FundingWord.withOpenInterest(word, openInterest);
        return (giver, receiver);
    }

    /// @dev Writes the position of one side and returns its header, and the open interest after it.
    function _moveSide(
        VaultState storage $,
        uint256 header,
        AccountId account,
        Book memory book,
        Lots change,
        Wad extra,
        uint256 openInterest
    ) private returns (uint256, uint256) {
        uint256 position = $.positions[account][book.underlying];
        int256 before = PositionWord.lots(position).raw();
        (header, position) = Ledger.moved(header, position, account, book.underlying, change, book.price, book.fundingIndex, extra);
        $.positions[account][book.underlying] = position;
        return (header, Ledger.openInterestAfter(openInterest, before, PositionWord.lots(position).raw()));
    }

    /// @notice Makes up for `amount` that an insolvent account lacks: its underlyings' fund accounts pay by the share of their scan, down to
    /// zero equity after a top-up; the rest is deficit (I-10).
    function cover(
        VaultState storage $,
        address fund,
        AccountId account,
        Wad amount,
        uint256[] memory underlyings,
        Wad[] memory scans
    ) internal {
        uint256 count = underlyings.length;
        Wad left = amount;
        if (count == 0) {
            Wad drawn = _drawForNone($, fund, left);
            if (drawn != ZERO) emit IMarginVault.ShortfallCovered(account, main(fund), uint256(drawn.raw()));
            left = left - drawn;
        }
        Wad sum;
        for (uint256 i; i < count; ++i) {
            sum = sum + scans[i];
        }
        Wad unshared = amount;
        for (uint256 i; i < count; ++i) {
            Wad share = i == count - 1 || sum == ZERO ? unshared : Wad.wrap((amount.raw() * scans[i].raw()) / sum.raw());
            unshared = unshared - share;
            left = left - _coverFrom($, fund, account, share, underlyings[i]);
        }
        if (left != ZERO) Deficit.add($, main(fund), account, left);
    }

    function _coverFrom(VaultState storage $, address fund, AccountId account, Wad share, uint256 underlying) private returns (Wad paid) {
        if (share == ZERO) return ZERO;
        AccountId payer = accountOf(fund, underlying);
        Wad equity = equityOf($, payer);
        if (equity < share) equity = equity + draw($, fund, underlying, share - equity);
        paid = minWad(share, maxWad(equity, ZERO));
        if (paid == ZERO) return ZERO;
        Ledger.credit($, payer, -paid);
        emit IMarginVault.ShortfallCovered(account, payer, uint256(paid.raw()));
    }

    /// @notice A fund account, priced as far as its value and equity need it.
    function portfolioOf(VaultState storage $, AccountId account, uint256 marginWord) internal view returns (Portfolio memory) {
        return Portfolios.marked($, account, marginWord);
    }

    /// @notice Of which value and equity say something.
    function figures(Portfolio memory p, uint256 marginWord) internal view returns (Assessment memory) {
        return Margin.assess(p, Margin.terms(marginWord), false);
    }

    /// @notice The equity of a fund account; every price in it counts as used in this transaction.
    function equityOf(VaultState storage $, AccountId account) internal returns (Wad) {
        uint256 marginWord = $.marginParameters;
        Portfolio memory p = portfolioOf($, account, marginWord);
        Portfolios.consume(p);
        return figures(p, marginWord).equity;
    }

    /// @notice Moves up to `wanted` of the main stake into the fund account of `underlying` (I-16). An account that gets less has used up its cap, and where it
    /// holds positions its water-line runs.
    function draw(VaultState storage $, address fund, uint256 underlying, Wad wanted) internal returns (Wad drawn) {
        Wad unreserved;
        (drawn, unreserved) = roomOf($, underlying, stakeOf($, fund), wanted);
        drawn = drawn + unreserved;
        if (drawn < wanted) {
            Deficit.watch($, underlying);
            if ($.headers[accountOf(fund, underlying)].underlyings() != 0) WaterLines.keep($, underlying);
        }
        if (drawn == ZERO) return ZERO;
        _count($, underlying, drawn);
        if (unreserved != ZERO) _count($, UNRESERVED, unreserved);
        _count($, ALL, drawn);
        Ledger.credit($, main(fund), -drawn);
        Ledger.credit($, accountOf(fund, underlying), drawn);
        emit IMarginVault.FundToppedUp(uint8(underlying), uint256(drawn.raw()));
    }

    /// @notice What of `wanted` the main stake may give the fund account of `underlying`: of what is reserved to it, then of what is reserved to none.
    function roomOf(
        VaultState storage $,
        uint256 underlying,
        Stake memory stake,
        Wad wanted
    ) internal view returns (Wad reserved, Wad unreserved) {
        uint256 parameters = $.fundParameters;
        uint256 state = $.fundAccounts[underlying];
        uint256 used = FundWord.drawnLately(state, FundParametersWord.epochLength(parameters));
        wanted = minWad(minWad(wanted, stake.left), _roomIn((stake.base * FundParametersWord.topUpPpm(parameters)) / 1e6, used));
        uint256 part = FundParametersWord.reservedPpm(parameters, FundWord.weightPpm(state));
        reserved = minWad(wanted, _roomIn((stake.base * part) / 1e6, used));
        if (reserved < wanted) unreserved = _unreservedRoom($, stake, wanted - reserved);
    }

    function stakeOf(VaultState storage $, address fund) internal view returns (Stake memory) {
        Wad cash = mainCash($, fund);
        uint256 length = FundParametersWord.epochLength($.fundParameters);
        uint256 used = FundWord.drawnInEpoch($.fundAccounts[ALL], length);
        uint256 bounties = FundWord.drawnInEpoch($.fundAccounts[BOUNTIES], length);
        return Stake(minWad(cash, _roomIn(FundWord.MOST, used)), uint256(cash.raw()) + used + bounties, ZERO);
    }

    /// @dev What of `wanted` fits into what is reserved to no underlying, less what is kept for bounties.
    function _unreservedRoom(VaultState storage $, Stake memory stake, Wad wanted) private view returns (Wad) {
        uint256 parameters = $.fundParameters;
        uint256 used =
            FundWord.drawnLately($.fundAccounts[UNRESERVED], FundParametersWord.epochLength(parameters)) + uint256(stake.beside.raw());
        uint256 cap = (stake.base * FundParametersWord.unreservedPpm(parameters)) / 1e6;
        uint256 kept = uint256(FundParametersWord.bountyCap(parameters).raw());
        return minWad(wanted, _roomIn(cap > kept ? cap - kept : 0, used));
    }

    /// @dev What an account without an underlying gets: never more than one underlying would.
    function _drawForNone(VaultState storage $, address fund, Wad wanted) private returns (Wad drawn) {
        uint256 parameters = $.fundParameters;
        Stake memory stake = stakeOf($, fund);
        uint256 used = FundWord.drawnLately($.fundAccounts[UNRESERVED], FundParametersWord.epochLength(parameters));
        uint256 cap = (stake.base * FundParametersWord.topUpPpm(parameters)) / 1e6;
        drawn = _unreservedRoom($, stake, minWad(minWad(wanted, stake.left), _roomIn(cap, used)));
        if (drawn == ZERO) return ZERO;
        _count($, UNRESERVED, drawn);
        _count($, ALL, drawn);
        Ledger.credit($, main(fund), -drawn);
    }

    function _count(VaultState storage $, uint256 word, Wad drawn) private {
        // casting to uint256 is safe: not negative
        $.fundAccounts[word] = FundWord.withDrawn(
            $.fundAccounts[word],
            FundParametersWord.epochLength($.fundParameters),
            uint256(drawn.raw())
        );
    }

    function _roomIn(uint256 cap, uint256 used) private pure returns (Wad) {
        if (cap > FundWord.MOST) cap = FundWord.MOST;
        // casting to int256 is safe: below 2^104
        return cap > used ? Wad.wrap(int256(cap - used)) : ZERO;
    }

    /// @notice Pays what a keeper's bounty lacks, within the cap of the epoch and never for accounts below the smallest size (H-44).
    function payBounty(VaultState storage $, address fund, Wad wanted, Wad notional) internal returns (Wad paid) {
        if (notional < LiquidationWord.smallestNotional($.liquidationParameters)) return ZERO;
        Stake memory stake = stakeOf($, fund);
        uint256 parameters = $.fundParameters;
        uint256 used = FundWord.drawnLately($.fundAccounts[BOUNTIES], FundParametersWord.epochLength(parameters));
        uint256 cap = uint256(FundParametersWord.bountyCap(parameters).raw());
        uint256 free = (stake.base * FundParametersWord.unreservedPpm(parameters)) / 1e6;
        paid = minWad(minWad(wanted, stake.left), _roomIn(free < cap ? free : cap, used));
        if (paid == ZERO) return ZERO;
        _count($, BOUNTIES, paid);
        Ledger.credit($, main(fund), -paid);
    }

    function mainCash(VaultState storage $, address fund) internal view returns (Wad) {
        return maxWad($.headers[main(fund)].cash(), ZERO);
    }

    /// @dev The clock of a fund account runs from when its inventory, positions or collateral, left zero; what comes in later does not reset it.
    function keepClock(VaultState storage $, uint256 header, uint256 underlying, bool ran) internal {
        bool empty = header.underlyings() == 0 && header.collaterals() == 0;
        if (ran && !empty) return;
        uint256 word = $.fundAccounts[underlying];
        if (empty != (FundWord.inventorySince(word) == 0)) {
            $.fundAccounts[underlying] = FundWord.withInventorySince(word, empty ? 0 : uint40(block.timestamp));
        }
    }
}
