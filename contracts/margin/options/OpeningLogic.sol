// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {IMarginVault} from "../../interfaces/IMarginVault.sol";
import {Ledger} from "../../ledger/Ledger.sol";
import {SeriesHolding} from "../../ledger/options/SeriesHolding.sol";
import {VaultState} from "../../ledger/VaultStorage.sol";
import {Funding} from "../../math/Funding.sol";
import {AccountId} from "../../types/AccountId.sol";
import {Lots} from "../../types/Lots.sol";
import {StaleCause} from "../../types/StaleCause.sol";
import {Wad, ZERO} from "../../types/Wad.sol";
import {HeaderWord} from "../../words/HeaderWord.sol";
import {MarginWord} from "../../words/ParameterWords.sol";
import {PositionWord} from "../../words/PositionWord.sol";
import {PriceWord} from "../../words/PriceWord.sol";
import {Valuation} from "../Valuation.sol";
import {OpeningBound} from "./OpeningBound.sol";

/// @title What accounts that hold options and dated futures need to open and to withdraw
/// @dev Linked: its code runs in the vault. What an account holds on one underlying is margined together; `Valuation` hands such accounts on to here.
library OpeningLogic {
    using HeaderWord for uint256;

    /// @dev An underlying with series, and its figures as they have been added.
    struct Bounded {
        OpeningBound.Gathered gathered;
        OpeningBound.Figures figures;
    }

    /// @notice The lower bound of E − IM of `account`, which holds series, by words that are fresh; names the first that are not.
    function surplus(VaultState storage $, AccountId account) external view returns (Wad) {
        uint256 header = $.headers[account];
        (Valuation.Figures memory v, ) = _value($, account, header, 0, 0, Valuation.MOST);
        if (!Valuation.bounds(v, header)) _requireFresh($, account);
        return v.equity - v.openingMargin;
    }

    /// @notice The figures of `account` with `header` in place of what is stored, and `draft`, unless it is zero, in place of its position on `drafted`.
    /// @param enough as `Valuation.Basis` has it
    /// @return the figures, whose `margin` is that of opening: what words say of a liquidation is nothing; and a bit for each price used
    function value(
        VaultState storage $,
        AccountId account,
        uint256 header,
        uint256 drafted,
        uint256 draft,
        Wad enough
    ) external view returns (Valuation.Figures memory, uint256) {
        return _value($, account, header, drafted, draft, enough);
    }

    function _value(
        VaultState storage $,
        AccountId account,
        uint256 header,
        uint256 drafted,
        uint256 draft,
        Wad enough
    ) private view returns (Valuation.Figures memory v, uint256 used) {
        Valuation.Basis memory b;
        Valuation.open(b, $);
        (Valuation.Holding[] memory holdings, uint256 pledged) = Valuation.holdings($, account, header.collaterals());
        used = header.underlyings() | pledged;
        v.settledCash = header.cash();
        Bounded[] memory coarse = _roomFor(LibBit.popCount(used));
        for (uint256 left = used; left != 0; left &= left - 1) {
            uint256 underlying = LibBit.ffs(left);
            uint256 priceWord = $.prices[underlying];
            uint256 position;
            if ((header >> (128 + underlying)) & 1 != 0) {
                position = underlying == drafted && draft != 0 ? draft : $.positions[account][underlying];
            }
            int256 index = Funding.indexNow($.fundings[underlying], priceWord, MarginWord.tradingAge(b.marginWord));
            Wad collateral = Valuation.pledged(v, holdings, underlying, priceWord);
            if (PositionWord.seriesPositions(position) == 0) {
                Valuation.add(v, priceWord, position, index, collateral, b.terms);
                continue;
            }
            Bounded memory one;
            OpeningBound.Figures memory f = one.figures;
            _gather(f, one.gathered, $, account, underlying, position, collateral, b);
            if (f.cause == StaleCause.NONE) {
                if (enough != Valuation.MOST && one.gathered.coarse) {
                    OpeningBound.writeCoarse(f, one.gathered);
                    _push(coarse, one);
                } else OpeningBound.writeTight(f, one.gathered);
            }
            _add(v, f, priceWord, position, index, collateral);
        }
        // figures that bound nothing, and those that are refused, are told as well as they can be
        bool open = v.oldest != type(uint256).max && v.equity + v.value + v.settledCash - v.openingMargin >= enough;
        if (!open) _tighten(v, coarse);
        v.value = v.value + v.settledCash;
        v.equity = v.equity + v.value;
    }

    /// @dev Puts the tight bound in place of the coarse ones.
    function _tighten(Valuation.Figures memory v, Bounded[] memory coarse) private pure {
        OpeningBound.Figures memory f;
        for (uint256 i; i < coarse.length; ++i) {
            OpeningBound.Figures memory was = coarse[i].figures;
            OpeningBound.writeTight(f, coarse[i].gathered);
            Wad value_ = f.value - was.value;
            Wad settled = f.settled - was.settled;
            Wad margin = value_ - (f.surplus - was.surplus);
            v.settledCash = v.settledCash + settled;
            v.value = v.value + value_ - settled;
            v.openingMargin = v.openingMargin + margin;
            v.margin = v.margin + margin;
        }
    }

    /// @dev None yet, and room for `most`: an array of structs would make all of them at once.
    function _roomFor(uint256 most) private pure returns (Bounded[] memory list) {
        assembly ("memory-safe") {
            list := mload(0x40)
            mstore(list, 0)
            mstore(0x40, add(list, shl(5, add(most, 1))))
        }
    }

    function _push(Bounded[] memory list, Bounded memory one) private pure {
        assembly ("memory-safe") {
            let count := add(mload(list), 1)
            mstore(list, count)
            mstore(add(list, shl(5, count)), one)
        }
    }

    /// @dev The lower bound in place of the value, and the margin that leaves the lower bound of value less margin.
    function _add(
        Valuation.Figures memory v,
        OpeningBound.Figures memory f,
        uint256 priceWord,
        uint256 position,
        int256 index,
        Wad collateral
    ) private view {
        Wad line = PositionWord.lots(position).times(PriceWord.price(priceWord));
        Wad due = Ledger.payment(PositionWord.lots(position), index, PositionWord.fundingIndex(position));
        v.settledCash = v.settledCash + line - due + f.settled;
        v.gain = v.gain + line - PositionWord.entryCost(position) + f.gain;
        v.value = v.value + f.value - line - collateral - f.settled;
        v.openingMargin = v.openingMargin + f.value - f.surplus;
        v.margin = v.openingMargin;
        v.notional = v.notional + f.notional;
        bool normal = PriceWord.state(priceWord) == PriceWord.NORMAL && f.cause == StaleCause.NONE;
        uint256 age = normal ? PriceWord.age(priceWord) : type(uint256).max;
        if (age > v.oldest) v.oldest = age;
    }

    function _gather(
        OpeningBound.Figures memory f,
        OpeningBound.Gathered memory g,
        VaultState storage $,
        AccountId account,
        uint256 underlying,
        uint256 position,
        Wad collateral,
        Valuation.Basis memory b
    ) private view {
        uint256 priceWord = $.prices[underlying];
        SeriesHolding.Holding memory h = g.holding;
        (h.price, h.range, h.depth) = (PriceWord.price(priceWord), PriceWord.widerRange(priceWord), PriceWord.depth(priceWord));
        h.underlying = underlying;
        SeriesHolding.writeSpot(h, PositionWord.lots(position), collateral);
        OpeningBound.gather(f, g, $, account, position, b.terms.provision, b.terms.interMonth);
        f.gain = _gainOf(h, $.futureCosts[account][underlying]);
    }

    /// @dev Of dated futures: value less entry cost.
    function _gainOf(SeriesHolding.Holding memory h, mapping(uint256 series => int256) storage costs) private view returns (Wad gain) {
        for (uint256 i; i < h.groups.length; ++i) {
            SeriesHolding.Group memory group = h.groups[i];
            if (group.futures == 0) continue;
            gain = gain + Lots.wrap(group.futures).times(group.live.forward) - Wad.wrap(costs[group.series]);
        }
    }

    /// @notice Names the first series of `account` whose words are stale.
    function requireFresh(VaultState storage $, AccountId account) external view {
        _requireFresh($, account);
    }

    function _requireFresh(VaultState storage $, AccountId account) private view {
        Valuation.Basis memory b;
        Valuation.open(b, $);
        for (uint256 left = $.headers[account].underlyings(); left != 0; left &= left - 1) {
            uint256 underlying = LibBit.ffs(left);
            uint256 position = $.positions[account][underlying];
            if (PositionWord.seriesPositions(position) == 0) continue;
            OpeningBound.Figures memory f;
            OpeningBound.Gathered memory g;
            _gather(f, g, $, account, underlying, position, ZERO, b);
            // casting is safe: there are 32 underlyings, and series have eight bits
            if (f.cause != StaleCause.NONE) revert IMarginVault.WordsStale(uint8(underlying), uint8(f.series), f.cause);
        }
    }
}
