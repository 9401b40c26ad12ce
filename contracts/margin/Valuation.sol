// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {Ledger} from "../ledger/Ledger.sol";
import {Market} from "../ledger/Market.sol";
import {VaultState} from "../ledger/VaultStorage.sol";
import {Charges} from "../math/Charges.sol";
import {AccountId} from "../types/AccountId.sol";
import {Ratio} from "../types/Ratio.sol";
import {Wad} from "../types/Wad.sol";
import {HeaderWord} from "../words/HeaderWord.sol";
import {CollateralWord} from "../words/ParameterWords.sol";
import {PriceWord} from "../words/PriceWord.sol";
import {Margin} from "./Margin.sol";

/// @title The figures of an account in one pass, where nobody needs its books one by one
/// @dev The same sums as `Margin.assess` of `Portfolios.portfolio`, its plain twin, to which a fuzz test and the engine hold it: no book in memory,
/// because a trade values each side.
library Valuation {
    using HeaderWord for uint256;

    /// @dev `add` counts on the places.
    struct Figures {
        Wad value; // V
        Wad equity; // E
        Wad openingMargin; // IM at the wider of the target and the held scan range, for trades and withdrawals
        Wad margin; // IM at the held range, for liquidations
        Wad notional; // G
        Wad settledCash;
        Wad gain; // unrealised, of the perpetuals together; a loss is negative
        uint256 oldest; // age of the oldest price; 2^256 − 1 where one is not normal
    }

    /// @dev What the valuations of one call share. Structs are made once and written anew: one that a function returns is made, and cleared,
    /// for every account.
    struct Basis {
        uint256 marginWord;
        Margin.Terms terms;
        Market.Quote quote; // the market at hand, whose price and funding are not read again
        Figures figures; // of the account at hand
        uint256 used; // a bit for each price that valued an account
        Wad enough; // E − IM with which the caller asks no further: figures of options may then be a coarser bound; `MOST`: the tight one
    }

    Wad internal constant MOST = Wad.wrap(type(int256).max);

    /// @dev Collateral of one token.
    struct Holding {
        uint256 word; // CollateralWord
        uint256 amount; // WAD
    }

    /// @notice Reads what every valuation needs; no market is at hand yet.
    function open(Basis memory b, VaultState storage $) internal view {
        b.marginWord = $.marginParameters;
        Margin.write(b.terms, b.marginWord);
        b.quote.underlying = Market.NONE;
        b.enough = MOST;
    }

    /// @dev One underlying: the position of `word`, which may be none, and `collateral` on it. What `Margin.requirementOf` and the words say,
    /// term by term, in one block: a call of a function costs as much as what most of these do (docs/gas.md).
    function add(Figures memory v, uint256 priceWord, uint256 word, int256 index, Wad collateral, Margin.Terms memory terms) internal view {
        Ratio funding = Charges.FUNDING_PROVISION;
        assembly ("memory-safe") {
            // nothing wraps: lots < 2^47, price and indices < 2^96, collateral < 2^148, ratios < 2^72
            let price := and(priceWord, 0xffffffffffffffffffffffff)
            let lots := signextend(5, word)
            let line := mul(lots, price)
            let below := sar(255, line) // all ones where the line is negative: x ^ −1 − −1 is −x
            let gross := sub(xor(line, below), below)
            let at := add(v, 0x80)
            mstore(at, add(mload(at), gross)) // notional
            at := add(v, 0xa0) // settled cash: the line less what is due in funding
            mstore(at, add(mload(at), sub(line, mul(lots, sub(index, signextend(11, shr(48, word)))))))
            at := add(v, 0xc0) // gain
            mstore(at, add(mload(at), sub(line, signextend(11, shr(144, word)))))

            // charges, each rounded up: provision, funding, inter-month, size
            let charges := add(
                div(add(mul(add(gross, collateral), mload(add(terms, 0x20))), 999999999999999999), 1000000000000000000),
                div(add(mul(gross, funding), 999999999999999999), 1000000000000000000)
            )
            if collateral {
                if below {
                    let hedged := gross
                    if lt(collateral, gross) {
                        hedged := collateral
                    }
                    charges := add(charges, div(add(mul(hedged, mload(add(terms, 0x40))), 999999999999999999), 1000000000000000000))
                }
                line := add(line, collateral)
                below := sar(255, line)
            }
            let depth := and(shr(200, priceWord), 0xffffffffff)
            lots := sub(xor(lots, sar(255, lots)), sar(255, lots))
            charges := add(charges, div(sub(add(mul(gross, lots), depth), 1), depth))

            // the scan, rounded up, at the held range and, where it is wider, at the target
            line := sub(xor(line, below), below)
            let range := and(shr(168, priceWord), 0xffffffff)
            let margin := add(charges, div(add(mul(line, range), 999999999), 1000000000))
            at := add(v, 0x60)
            mstore(at, add(mload(at), margin))
            let target := and(shr(136, priceWord), 0xffffffff)
            if gt(target, range) {
                margin := add(charges, div(add(mul(line, target), 999999999), 1000000000))
            }
            at := add(v, 0x40)
            mstore(at, add(mload(at), margin))

            // age of the price; one that is not normal never counts as young
            at := add(v, 0xe0)
            let published := and(shr(96, priceWord), 0xffffffffff)
            let age := mul(gt(timestamp(), published), sub(timestamp(), published))
            if shr(248, priceWord) {
                age := not(0)
            }
            if gt(age, mload(at)) {
                mstore(at, age)
            }
        }
    }

    /// @notice The collateral of `account` in `tokens`, a bit each, and a bit for each underlying that it is of.
    function holdings(
        VaultState storage $,
        AccountId account,
        uint256 tokens
    ) internal view returns (Holding[] memory held, uint256 underlyings) {
        held = new Holding[](LibBit.popCount(tokens));
        for (uint256 i; tokens != 0; tokens &= tokens - 1) {
            uint256 token = LibBit.ffs(tokens);
            uint256 word = $.collaterals[token];
            held[i++] = Holding(word, $.collateral[account][token]);
            underlyings |= 1 << CollateralWord.underlying(word);
        }
    }

    /// @notice Adds value and haircut of the collateral on `underlying`; returns its market value.
    function pledged(
        Figures memory v,
        Holding[] memory held,
        uint256 underlying,
        uint256 priceWord
    ) internal view returns (Wad collateral) {
        for (uint256 i; i < held.length; ++i) {
            uint256 word = held[i].word;
            if (CollateralWord.underlying(word) != underlying) continue;
            Wad worth = Ledger.collateralValueDown(held[i].amount, PriceWord.price(priceWord), PriceWord.lotExponent(priceWord));
            collateral = collateral + worth;
            v.equity = v.equity - worth.partUp(CollateralWord.haircut(word));
        }
        v.value = v.value + collateral;
    }

    /// @notice Whether the figures of an account with `header` bound what it needs: words that are stale bound nothing. (The mark of a price that is not
    /// normal goes for what it is: then only what shrinks both sides stands.)
    function bounds(Figures memory v, uint256 header) internal pure returns (bool) {
        return v.oldest != type(uint256).max || header.seriesPositions() == 0;
    }

    /// @notice Whether risk may rise: every price is normal and at most `age` seconds old.
    function good(Figures memory v, uint256 age) internal pure returns (bool) {
        return v.oldest <= age;
    }
}
