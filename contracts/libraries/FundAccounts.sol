// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Book, IMarginVault, Portfolio} from "../interfaces/IMarginVault.sol";
import {AccountId, toAccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {Wad, ZERO, maxWad, minWad} from "../types/Wad.sol";
import {VaultState} from "../VaultStorage.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {FundParametersWord, FundWord, LiquidationWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {Deficit} from "./Deficit.sol";
import {Ledger} from "./Ledger.sol";
import {Margin} from "./Margin.sol";

/// @title The accounts of the insurance fund: one main, and one for each underlying, whose equity is the most that it can lose there
library FundAccounts {
    using HeaderWord for uint256;

    // words of `fundAccounts` that belong to no underlying
    uint256 internal constant NO_UNDERLYING = 32; // shortfalls of accounts that hold nothing any more
    uint256 internal constant BOUNTIES = 33;

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
            Wad drawn = _allowance($, NO_UNDERLYING, _mainCash($, fund), left);
            if (drawn != ZERO) {
                Ledger.credit($, main(fund), -drawn);
                emit IMarginVault.ShortfallCovered(account, main(fund), uint256(drawn.raw()));
            }
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

    /// @notice The equity of a fund account; every price in it counts as used in this transaction.
    function equityOf(VaultState storage $, AccountId account) internal returns (Wad) {
        uint256 marginWord = $.marginParameters;
        Portfolio memory p = Ledger.marked($, account, marginWord);
        Ledger.consume(p);
        return Margin.assess(p, Margin.terms(marginWord), false).equity;
    }

    /// @notice Moves up to `wanted` of the main stake into the fund account of `underlying`, within the cap of the epoch (I-16).
    function draw(VaultState storage $, address fund, uint256 underlying, Wad wanted) internal returns (Wad drawn) {
        drawn = _allowance($, underlying, _mainCash($, fund), wanted);
        if (drawn == ZERO) return ZERO;
        Ledger.credit($, main(fund), -drawn);
        Ledger.credit($, accountOf(fund, underlying), drawn);
        emit IMarginVault.FundToppedUp(uint8(underlying), uint256(drawn.raw()));
    }

    /// @notice Pays what a keeper's bounty lacks, within the cap of the epoch and never for accounts below the smallest size (H-44).
    function payBounty(VaultState storage $, address fund, Wad wanted, Wad notional) internal returns (Wad paid) {
        if (notional < LiquidationWord.smallestNotional($.liquidationParameters)) return ZERO;
        Wad stake = _mainCash($, fund);
        Wad cap = FundParametersWord.bountyCap($.fundParameters);
        paid = _use($, BOUNTIES, cap, minWad(wanted, stake));
        if (paid != ZERO) Ledger.credit($, main(fund), -paid);
    }

    function _mainCash(VaultState storage $, address fund) private view returns (Wad) {
        return maxWad($.headers[main(fund)].cash(), ZERO);
    }

    /// @dev The cap of an epoch is a part of the main stake as it was before what the epoch has drawn.
    function _allowance(VaultState storage $, uint256 word, Wad stake, Wad wanted) private returns (Wad) {
        uint256 parameters = $.fundParameters;
        uint256 used = _usedInEpoch($.fundAccounts[word], FundParametersWord.epochLength(parameters));
        uint256 cap = ((uint256(stake.raw()) + used) * FundParametersWord.topUpPpm(parameters)) / 1e6;
        // casting to int256 is safe: below the stake, which is below 2^127
        return _use($, word, Wad.wrap(int256(cap)), minWad(wanted, stake));
    }

    /// @dev Counts up to `wanted` against `cap` in the present epoch of `word` and says how much of it fits.
    function _use(VaultState storage $, uint256 word, Wad cap, Wad wanted) private returns (Wad granted) {
        uint256 state = $.fundAccounts[word];
        uint256 length = FundParametersWord.epochLength($.fundParameters);
        uint256 used = _usedInEpoch(state, length);
        uint256 start = FundWord.epochStart(state);
        if (block.timestamp >= start + length) start = block.timestamp;
        uint256 room = uint256(cap.raw()) > used ? uint256(cap.raw()) - used : 0;
        granted = minWad(wanted, Wad.wrap(int256(room)));
        if (granted == ZERO) return ZERO;
        // casting is safe: times fit 40 bits, and what is granted is at most the stake, below 2^127
        $.fundAccounts[word] = FundWord.withTopUp(state, uint40(start), uint128(used + uint256(granted.raw())));
    }

    function _usedInEpoch(uint256 state, uint256 length) private view returns (uint256) {
        return block.timestamp >= FundWord.epochStart(state) + length ? 0 : FundWord.toppedUp(state);
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
