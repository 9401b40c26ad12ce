// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OptionStress} from "../../math/options/OptionStress.sol";
import {LaneSums, RiskArray, SeriesBook} from "../../math/options/RiskArray.sol";
import {VolatilityShock} from "../../math/options/VolatilityShock.sol";
import {Lots} from "../../types/Lots.sol";
import {Price} from "../../types/Price.sol";
import {Ratio} from "../../types/Ratio.sol";
import {Wad} from "../../types/Wad.sol";
import {RiskWord} from "../../words/RiskWord.sol";

/// @dev The pure parts of option margin, many cases a call.
contract RiskHarness {
    using RiskArray for SeriesBook;
    using RiskArray for LaneSums;

    struct Position {
        uint256 word;
        bool isCall;
        Lots lots;
        Price strike;
    }

    /// @dev Seventeen separate sums a side: the naive twin of the packed ones.
    struct NaiveBook {
        uint256[17] longs;
        uint256[17] shorts;
        uint256[2] callLots;
        uint256[2] lots;
        int256 forwards;
        int256 strikes;
    }

    function packDown(uint256[17] calldata each, uint256 unit, bool call) external pure returns (uint256) {
        return RiskWord.packDown(each, unit, call);
    }

    function unpacked(uint256 word) external pure returns (uint256[17] memory lanes, bool call) {
        for (uint256 k; k < 17; ++k) {
            lanes[k] = RiskWord.lane(word, k);
        }
        call = RiskWord.isCall(word);
    }

    function anchored(Price anchor, Price strike) external pure returns (uint256 unit, bool call) {
        return (RiskWord.unitUp(anchor), RiskWord.storesCall(anchor, strike));
    }

    function packed(Position[] calldata positions, Lots futures) public pure returns (NaiveBook memory out) {
        SeriesBook memory book = _book(positions, futures);
        for (uint256 k; k < 17; ++k) {
            out.longs[k] = book.longs.lane(k);
            out.shorts[k] = book.shorts.lane(k);
        }
        out.callLots = [book.longs.lotsOfCalls(), book.shorts.lotsOfCalls()];
        out.lots = [book.longs.lotsOf(), book.shorts.lotsOf()];
        out.forwards = book.forwards;
        out.strikes = book.strikes;
    }

    function naive(Position[] calldata positions, Lots futures) public pure returns (NaiveBook memory out) {
        out.forwards = futures.raw();
        for (uint256 i; i < positions.length; ++i) {
            Position calldata p = positions[i];
            bool stored = p.word >> 255 == 1;
            uint256 side = p.lots.raw() < 0 ? 1 : 0;
            uint256 size = p.lots.abs();
            out.lots[side] += size;
            if (stored) out.callLots[side] += size;
            uint256[17] memory sums = side == 1 ? out.shorts : out.longs;
            for (uint256 k; k < 17; ++k) {
                sums[k] += size * ((p.word >> (15 * k)) % 32768);
            }
            if (p.isCall && !stored) {
                out.forwards += p.lots.raw();
                out.strikes += p.lots.raw() * int256(p.strike.raw());
            } else if (!p.isCall && stored) {
                out.forwards -= p.lots.raw();
                out.strikes -= p.lots.raw() * int256(p.strike.raw());
            }
        }
    }

    /// @dev Whether the packed sums and the naive ones are the same.
    function agree(Position[] calldata positions, Lots futures) external pure returns (bool) {
        return keccak256(abi.encode(packed(positions, futures))) == keccak256(abi.encode(naive(positions, futures)));
    }

    function values(
        Position[] calldata positions,
        Lots futures,
        uint256 unit,
        Price forward,
        Ratio range
    ) external pure returns (int256[17] memory out, Wad loss, uint256 scenario) {
        SeriesBook memory book = _book(positions, futures);
        int256[17] memory longs;
        int256[17] memory shorts;
        book.longs.unpack(longs);
        book.shorts.unpack(shorts);
        for (uint256 k; k < 17; ++k) {
            out[k] = (longs[k] - shorts[k]) * int256(unit);
        }
        RiskArray.addLine(book.lineValue(forward), book.exposure(forward), range, out);
        (loss, scenario) = RiskArray.worst(out);
    }

    function worst(int256[17] calldata scenarioValues) external pure returns (Wad loss, uint256 scenario) {
        return RiskArray.worst(scenarioValues);
    }

    /// @dev Gas of adding positions from memory arrays, of the same sums one by one, and of reading the arrays alone.
    function gasOfAdding(
        uint256[] memory words,
        Lots[] memory sizes
    ) external view returns (uint256 packedGas, uint256 naiveGas, uint256 loopGas) {
        SeriesBook memory book = RiskArray.empty();
        uint256 before = gasleft();
        for (uint256 i; i < words.length; ++i) {
            book.addStored(words[i], sizes[i]);
        }
        packedGas = before - gasleft();
        NaiveBook memory out;
        before = gasleft();
        unchecked {
            for (uint256 i; i < words.length; ++i) {
                uint256 word = words[i];
                uint256 size = sizes[i].abs();
                uint256[17] memory sums = sizes[i].raw() < 0 ? out.shorts : out.longs;
                for (uint256 k; k < 17; ++k) {
                    sums[k] += size * RiskWord.lane(word, k);
                }
            }
        }
        naiveGas = before - gasleft();
        uint256 read;
        before = gasleft();
        for (uint256 i; i < words.length; ++i) {
            read ^= words[i] ^ uint256(sizes[i].raw());
        }
        loopGas = before - gasleft();
        assert(book.longs.lane(7) == out.longs[7] && read != 1);
    }

    function gasOfValues(
        Position[] calldata positions,
        Price forward,
        Ratio range
    ) external view returns (uint256 lanesGas, uint256 lineGas, uint256 worstGas) {
        SeriesBook memory book = _book(positions, Lots.wrap(3));
        int256[17] memory out;
        uint256 before = gasleft();
        book.longs.unpack(out);
        lanesGas = before - gasleft();
        before = gasleft();
        RiskArray.addLine(book.lineValue(forward), book.exposure(forward), range, out);
        lineGas = before - gasleft();
        before = gasleft();
        RiskArray.worst(out);
        worstGas = before - gasleft();
    }

    function _book(Position[] calldata positions, Lots futures) private pure returns (SeriesBook memory book) {
        book = RiskArray.empty();
        book.addFuture(futures);
        for (uint256 i; i < positions.length; ++i) {
            Position calldata p = positions[i];
            book.addOption(p.word, p.isCall, p.lots, p.strike);
        }
    }

    /// @dev Per case and scenario: forward, row and damped value of (mark, extreme).
    function scenarios(
        Price forward,
        Ratio range,
        uint256 mark,
        uint256 extreme
    ) external pure returns (uint256[17] memory forwards, uint256[17] memory rows, uint256 damped) {
        for (uint256 k; k < 17; ++k) {
            forwards[k] = OptionStress.forwardAt(forward, range, k).raw();
            rows[k] = OptionStress.row(k);
        }
        damped = OptionStress.dampedDown(mark, extreme);
    }

    function undampedMove(uint256 scenario) external pure returns (int256) {
        return OptionStress.undampedMove(scenario);
    }

    function log2(uint256[] calldata x) external pure returns (uint256[] memory out) {
        out = new uint256[](x.length);
        for (uint256 i; i < x.length; ++i) {
            out[i] = VolatilityShock.log2(x[i]);
        }
    }

    function factors(uint256[] calldata times) external pure returns (uint256[] memory out) {
        out = new uint256[](times.length);
        for (uint256 i; i < times.length; ++i) {
            out[i] = VolatilityShock.factor(times[i]);
        }
    }

    function volatilities(uint256[] calldata marks, uint256[] calldata times) external pure returns (uint256[3][] memory out) {
        out = new uint256[3][](marks.length);
        for (uint256 i; i < marks.length; ++i) {
            out[i] = VolatilityShock.rows(marks[i], times[i]);
        }
    }

    function gasOfShock(uint256 volatility, uint256 time) external view returns (uint256 spent) {
        uint256 before = gasleft();
        VolatilityShock.rows(volatility, time);
        spent = before - gasleft();
    }
}
