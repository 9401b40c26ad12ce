// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {IMarginVault} from "../interfaces/IMarginVault.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {PriceUse} from "../ledger/PriceUse.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {FundAccounts} from "../margin/FundAccounts.sol";
import {Charges} from "../math/Charges.sol";
import {Funding} from "../math/Funding.sol";
import {Slice} from "../math/Slice.sol";
import {AccountId} from "../types/AccountId.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {FundingWord} from "../words/FundingWord.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {LiquidationWord, MarginWord} from "../words/ParameterWords.sol";
import {PositionWord} from "../words/PositionWord.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {SaleWord} from "../words/SaleWord.sol";

/// @title Sales to the fund of accounts that hold one perpetual and nothing else, many in one pass
/// @dev Linked: its code runs in the vault. What the accounts have in common, parameters, market and fund account, is read once and written once. Whatever is
/// out of the ordinary is left as it is to `LiquidationLogic`, the plain twin, to which the walks, a comparison and the engine hold it: so nothing is ever undone.
library PerpetualLiquidationLogic {
    using HeaderWord for uint256;

    enum Outcome {
        Healthy,
        Sold,
        Other // LiquidationLogic has to say
    }

    /// @dev The market at hand, and the fund's side of it: stored by `_leave`.
    struct Market {
        uint256 holdings; // of who holds a perpetual in it and nothing else; zero, and not good, before the first
        uint256 underlying;
        bool good; // its price is normal and seconds old
        uint256 price; // of a lot, WAD
        uint256 range; // the held one
        uint256 depth; // lots
        int256 index; // cumulative funding a lot, now
        uint256 grossDiscount; // c
        uint256 leastLots;
        bool sold; // what follows was read, and has to be stored
        uint256 fundingWord;
        uint256 openInterest;
        AccountId account; // the fund's
        uint256 header;
        uint256 position; // without what is `added`
        bool ran; // its clock did
        int256 lots; // with what is added
        int256 added; // lots that add to the position, since `position`
        int256 addedCash; // beyond the mark, with them
    }

    /// @dev One call: its parameters, and the sale at hand. Amounts are WAD and not negative, ratios 18 decimals; structs are made once and written anew.
    struct Pass {
        address fund;
        AccountId keeper;
        uint256 marginWord;
        uint256 liquidationWord;
        uint256 maintenance; // μ
        uint256 provision;
        uint256 discountMin;
        uint256 discountSpan; // d_max − d_min
        uint256 bounty;
        uint256 rewards; // of the keeper so far
        // of the account at hand
        uint256 equity;
        uint256 margin;
        uint256 fraction;
    }

    uint256 private constant WAD = 1e18;

    // ---------------------------------------------------------------- entries

    /// @notice As `IMarginVault.liquidateMany`.
    function liquidateMany(
        VaultState storage $,
        address fund,
        AccountId[] calldata accounts,
        AccountId keeper
    ) external returns (uint256 sold, AccountId[] memory rest) {
        Pass memory p;
        Market memory m;
        _open(p, $, fund, keeper);
        uint256 count = accounts.length;
        rest = new AccountId[](count);
        uint256 left;
        unchecked {
            for (uint256 i; i < count; ++i) {
                AccountId account = accounts[i];
                Outcome outcome = _sell($, p, m, account);
                if (outcome == Outcome.Sold) ++sold;
                else if (outcome == Outcome.Other) rest[left++] = account;
            }
        }
        assembly ("memory-safe") {
            mstore(rest, left) // never longer than it was made
        }
        if (sold != 0) _close($, p, m);
    }

    /// @notice Sells the slice of `account` and returns the fraction, or does nothing and returns zero: then `LiquidationLogic` has to say.
    function liquidate(VaultState storage $, address fund, AccountId account, AccountId keeper) external returns (Ratio fraction) {
        Pass memory p;
        Market memory m;
        _open(p, $, fund, keeper);
        if (_sell($, p, m, account) != Outcome.Sold) return fraction;
        _close($, p, m);
        return Ratio.wrap(p.fraction);
    }

    function _open(Pass memory p, VaultState storage $, address fund, AccountId keeper) private view {
        if (keeper.owner() == fund) revert IMarginVault.ProtocolAccount(keeper);
        uint256 word = $.marginParameters;
        (p.fund, p.keeper, p.marginWord) = (fund, keeper, word);
        p.maintenance = MarginWord.maintenance(word).raw();
        p.provision = MarginWord.provision(word).raw();
        word = $.liquidationParameters;
        p.liquidationWord = word;
        p.discountMin = LiquidationWord.discountMin(word).raw();
        p.discountSpan = LiquidationWord.discountMax(word).raw() - p.discountMin;
        // casting is safe: an unsigned field
        p.bounty = uint256(LiquidationWord.bounty(word).raw());
    }

    function _close(VaultState storage $, Pass memory p, Market memory m) private {
        _leave($, m);
        // casting is safe: a part of equities
        Ledger.credit($, p.keeper, Wad.wrap(int256(p.rewards)));
    }

    // ---------------------------------------------------------------- one account

    // In these functions nothing wraps: lots < 2^47, price < 2^96, ratios < 2^72, amounts of one account < 2^148.

    /// @dev As `LiquidationLogic.liquidate`, step by step.
    function _sell(VaultState storage $, Pass memory p, Market memory m, AccountId account) private returns (Outcome) {
        unchecked {
            uint256 header = $.headers[account];
            if (header.holdings() != m.holdings) {
                if (!header.holdsOnePerpetual()) return Outcome.Other;
                _enter($, p, m, header);
            }
            // whose cash the rewards go to is left to be refused, as is the fund
            if (!m.good || account == p.keeper || account.owner() == p.fund) return Outcome.Other;

            uint256 position = $.positions[account][m.underlying];
            int256 lots = PositionWord.lots(position).raw();
            uint256 size = Lots.wrap(lots).abs();
            uint256 margin = _requirement(p, m, size);
            uint256 maintenance = _partUp(margin, p.maintenance);
            int256 equity = header.cash().raw() - lots * (m.index - PositionWord.fundingIndex(position) - int256(m.price));
            // I-12
            if (equity >= int256(maintenance)) return Outcome.Healthy;
            // the fund would have to cover, or to pay the bounty
            if (equity <= int256(p.bounty)) return Outcome.Other;
            (p.equity, p.margin) = (uint256(equity), margin);
            (uint256 moved, uint256 discount) = _slice(p, m, size, maintenance);
            _move($, p, m, account, header, position, lots < 0 ? -int256(moved) : int256(moved), discount);
            return Outcome.Sold;
        }
    }

    /// @dev `Margin.requirementOf` of a perpetual alone.
    function _requirement(Pass memory p, Market memory m, uint256 size) private pure returns (uint256) {
        unchecked {
            uint256 gross = size * m.price;
            uint256 depth = m.depth;
            uint256 sizeCharge = gross * size + depth - 1;
            assembly ("memory-safe") {
                sizeCharge := div(sizeCharge, depth) // a depth of zero is refused at listing
            }
            return
                _partUp(gross, m.range) +
                _partUp(gross, p.provision) +
                _partUp(gross, Ratio.unwrap(Charges.FUNDING_PROVISION)) +
                sizeCharge;
        }
    }

    /// @dev Slice.write for an account without collateral, and what it comes to in whole lots: how many move, and the discount on them.
    function _slice(
        Pass memory p,
        Market memory m,
        uint256 size,
        uint256 maintenance
    ) private pure returns (uint256 moved, uint256 discount) {
        unchecked {
            (uint256 equity, uint256 margin, uint256 bounty) = (p.equity, p.margin, p.bounty);
            uint256 ratio = p.discountMin + _partUp(p.discountSpan, WAD - (equity * WAD) / maintenance);
            uint256 whole = _discountUp(m, margin, size, ratio);
            if (equity > whole + bounty) {
                uint256 missing = _partUp(margin, LiquidationWord.recovery(p.liquidationWord).raw()) - equity;
                uint256 fraction = missing + equity - whole;
                if (missing + bounty < fraction) {
                    fraction = ((missing + bounty) * WAD + fraction - 1) / fraction;
                    moved = Slice.soldUp(size, fraction, m.leastLots);
                    discount = _partUp(whole, fraction);
                    uint256 least = _discountUp(m, _requirement(p, m, moved), moved, ratio);
                    if (least > discount) discount = least;
                    if (discount <= whole && _restores(p, m, size - moved, equity - discount - bounty)) {
                        p.fraction = fraction;
                        return (moved, discount);
                    }
                }
            }
            p.fraction = WAD;
            // never more than there is
            return (size, whole < equity - bounty ? whole : equity - bounty);
        }
    }

    /// @dev `Slice.discountUp` of `size` lots.
    function _discountUp(Market memory m, uint256 margin, uint256 size, uint256 ratio) private pure returns (uint256 discount) {
        unchecked {
            discount = _partUp(margin, ratio);
            uint256 least = _partUp(size * m.price, m.grossDiscount);
            if (least > discount) discount = least;
        }
    }

    /// @dev Whether `size` lots that are left with `equity` are above the line and no worse than before: E′/IM′ ≥ E/IM.
    function _restores(Pass memory p, Market memory m, uint256 size, uint256 equity) private pure returns (bool) {
        uint256 margin = _requirement(p, m, size);
        // checked as in the twin: of what is stored the products fit
        return equity >= _partUp(margin, p.maintenance) && equity * p.margin >= p.equity * margin;
    }

    /// @dev ceil(amount · ratio).
    function _partUp(uint256 amount, uint256 ratio) private pure returns (uint256) {
        unchecked {
            return (amount * ratio + (WAD - 1)) / WAD;
        }
    }

    /// @dev floor(amount · ratio).
    function _partDown(uint256 amount, uint256 ratio) private pure returns (uint256) {
        unchecked {
            return (amount * ratio) / WAD;
        }
    }

    /// @dev Writes the account, a new order epoch with it (I-5), and adds up what the fund and the keeper get.
    function _move(
        VaultState storage $,
        Pass memory p,
        Market memory m,
        AccountId account,
        uint256 header,
        uint256 position,
        int256 moved,
        uint256 discount
    ) private {
        unchecked {
            uint256 reward = _partDown(
                _partDown(_partDown(p.margin, p.discountMin), LiquidationWord.keeperShare(p.liquidationWord).raw()),
                p.fraction
            );
            if (reward > discount) reward = discount;
            int256 kept = int256(discount - reward); // by the fund
            reward += p.bounty;
            p.rewards += reward;
            int256 before = PositionWord.lots(position).raw();
            (header, position) = Ledger.moved(
                header,
                position,
                account,
                m.underlying,
                Lots.wrap(-moved),
                Price.wrap(m.price),
                m.index,
                Wad.wrap(-kept - int256(reward))
            );
            $.headers[account] = header.nextEpoch();
            $.positions[account][m.underlying] = position;
            if (!m.sold) _take($, p, m);
            _report(
                account,
                p.keeper,
                SaleWord.sale(Ratio.wrap(p.fraction), Wad.wrap(int256(reward)), false),
                SaleWord.figures(Wad.wrap(int256(p.equity)), Wad.wrap(int256(p.margin))),
                SaleWord.book(m.underlying, Lots.wrap(moved), Wad.wrap(moved * int256(m.price) - kept), 0)
            );
            _receive($, m, before, moved, kept);
        }
    }

    /// @dev Emits Liquidated with one book, written as the ABI has it: by the compiler it would cost twice what it says. LiquidationLogic emits it so, to which events are compared.
    function _report(AccountId account, AccountId keeper, uint256 sale, uint256 figures, uint256 book) private {
        bytes32 topic = IMarginVault.Liquidated.selector;
        assembly ("memory-safe") {
            let pointer := mload(0x40)
            mstore(pointer, sale)
            mstore(add(pointer, 0x20), figures)
            mstore(add(pointer, 0x40), 0x60) // where the bytes are
            mstore(add(pointer, 0x60), 0x20) // how many
            mstore(add(pointer, 0x80), book)
            log3(pointer, 0xa0, topic, account, keeper)
        }
    }

    // ---------------------------------------------------------------- market and fund

    /// @dev Leaves the market at hand for that of an account with `header`.
    function _enter(VaultState storage $, Pass memory p, Market memory m, uint256 header) private {
        _leave($, m);
        uint256 underlying = LibBit.ffs(header.underlyings());
        uint256 priceWord = $.prices[underlying];
        (m.holdings, m.underlying) = (header.holdings(), underlying);
        m.price = PriceWord.price(priceWord).raw();
        m.range = PriceWord.heldRange(priceWord).raw();
        m.depth = PriceWord.depth(priceWord);
        m.good = PriceWord.isGood(priceWord, PriceWord.age(priceWord), MarginWord.liquidationAge(p.marginWord));
        m.fundingWord = $.fundings[underlying];
        m.index = Funding.indexNow(m.fundingWord, priceWord, MarginWord.tradingAge(p.marginWord));
        m.grossDiscount = LiquidationWord.grossDiscount(p.liquidationWord).raw();
        m.leastLots = Slice.leastLots(LiquidationWord.smallestNotional(p.liquidationWord), PriceWord.price(priceWord));
    }

    /// @dev Reads the fund's side.
    function _take(VaultState storage $, Pass memory p, Market memory m) private view {
        m.account = FundAccounts.accountOf(p.fund, m.underlying);
        m.header = $.headers[m.account];
        m.position = $.positions[m.account][m.underlying];
        m.lots = PositionWord.lots(m.position).raw();
        m.ran = m.header.underlyings() != 0;
        m.openInterest = FundingWord.openInterest(m.fundingWord);
        m.sold = true;
    }

    /// @dev The fund's side of a sale of `moved` lots, after which the account has `before` less those. What adds to its position is added up: sums of costs and
    /// payments are the same, and so is the open interest. Where the position becomes nothing its clock stops, and would start anew with the next.
    function _receive(VaultState storage $, Market memory m, int256 before, int256 moved, int256 kept) private {
        unchecked {
            // lots < 2^47, amounts of one account < 2^148
            bool adds = m.lots != 0 && (m.lots ^ moved) >= 0;
            if (!adds) {
                _add(m);
                m.openInterest = Ledger.openInterestAfter(m.openInterest, before, before - moved);
                m.openInterest = Ledger.openInterestAfter(m.openInterest, m.lots, m.lots + moved);
            }
            m.lots += moved;
            m.added += moved;
            m.addedCash += kept;
            if (adds) return;
            _add(m);
            if (m.lots == 0) _leave($, m);
        }
    }

    /// @dev Brings the fund's words to what was added up.
    function _add(Market memory m) private pure {
        if (m.added == 0) return;
        (m.header, m.position) = Ledger.moved(
            m.header,
            m.position,
            m.account,
            m.underlying,
            Lots.wrap(m.added),
            Price.wrap(m.price),
            m.index,
            Wad.wrap(m.addedCash)
        );
        (m.added, m.addedCash) = (0, 0);
    }

    /// @dev Stores the market at hand, if anything was sold in it.
    function _leave(VaultState storage $, Market memory m) private {
        if (!m.sold) return;
        m.sold = false;
        _add(m);
        $.headers[m.account] = m.header;
        $.positions[m.account][m.underlying] = m.position;
        if (m.openInterest != FundingWord.openInterest(m.fundingWord)) {
            m.fundingWord = FundingWord.withOpenInterest(m.fundingWord, m.openInterest);
            $.fundings[m.underlying] = m.fundingWord;
        }
        FundAccounts.keepClock($, m.header, m.underlying, m.ran);
        PriceUse.consume(m.underlying);
    }
}
