// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {PythStructs} from "@pythnetwork/pyth-sdk-solidity/PythStructs.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {SourceBounds} from "./SourceBounds.sol";

/// @title The price of an underlying from two Pyth prices: (underlying / currency) / (settlement token / currency)
/// @notice The poster brings the newest update of both and pays Pyth's fee with the post. What a failed update did not use stays here and
/// pays for later ones; anybody may add to it.
contract PythSource is IPriceSource, AccessManaged {
    /// @param maxAge seconds after which the stored price is silent
    /// @param confidencePpm widest sum of both confidence intervals, each relative to its price
    struct Pair {
        bytes32 baseId;
        bytes32 quoteId;
        uint32 maxAge;
        uint32 confidencePpm;
    }

    event PairSet(uint8 indexed underlying, Pair pair, uint256 price);

    int256 private constant LEAST_EXPONENT = -18;
    int256 private constant MOST_EXPONENT = 6;
    uint256 private constant PPM = 1e6;

    IPyth public immutable PYTH;

    mapping(uint8 underlying => Pair) private _pairs;

    constructor(address authority, IPyth pyth) AccessManaged(authority) {
        PYTH = pyth;
    }

    /// @notice Takes a deposit for Pyth's fees.
    receive() external payable {}

    /// @notice Reads `underlying` from two prices from now on.
    /// @param update as in `report`; at the end both prices must be there and fresh
    /// @param referencePrice what a unit costs in settlement tokens (WAD) on a second path; the prices must be within 10 % of it
    function setPair(uint8 underlying, Pair calldata pair, bytes calldata update, uint256 referencePrice) external payable restricted {
        SourceBounds.require_("maxAge", pair.maxAge, SourceBounds.MIN_AGE, SourceBounds.MAX_PULL_AGE);
        SourceBounds.require_("confidencePpm", pair.confidencePpm, 1, SourceBounds.MAX_CONFIDENCE_PPM);
        _pairs[underlying] = pair;
        _take(update);
        Report memory now_ = _read(pair);
        if (!now_.valid || !SourceBounds.isSane(now_.price, referencePrice)) revert SourceBounds.PriceNotSane(now_.price, referencePrice);
        emit PairSet(underlying, pair, now_.price);
    }

    function pairOf(uint8 underlying) external view returns (Pair memory) {
        return _pairs[underlying];
    }

    /// @inheritdoc IPriceSource
    /// @param update abi.encode(bytes[]) of Pyth's updates, or empty to read what Pyth holds
    function report(uint8 underlying, bytes calldata update) external payable returns (Report memory) {
        Pair memory pair = _pairs[underlying];
        if (pair.maxAge == 0) return Report(0, 0, false);
        _take(update);
        return _read(pair);
    }

    /// @inheritdoc IPriceSource
    function updateFee(bytes calldata update) external view returns (uint256) {
        if (update.length == 0) return 0;
        try this.decoded(update) returns (bytes[] memory updates) {
            return PYTH.getUpdateFee(updates);
        } catch {
            return 0;
        }
    }

    /// @dev Called on itself, so that an update that does not decode can be caught.
    function decoded(bytes calldata update) external pure returns (bytes[] memory) {
        return abi.decode(update, (bytes[]));
    }

    /// @dev An update that fails leaves Pyth's own price, which may still be fresh.
    function _take(bytes calldata update) private {
        if (update.length == 0) return;
        try this.decoded(update) returns (bytes[] memory updates) {
            try PYTH.getUpdateFee(updates) returns (uint256 fee) {
                if (fee > address(this).balance) return;
                try PYTH.updatePriceFeeds{value: fee}(updates) {} catch {}
            } catch {}
        } catch {}
    }

    /// @dev Published when the older of both was.
    function _read(Pair memory pair) private view returns (Report memory) {
        (PythStructs.Price memory base, bool hasBase) = _stored(pair.baseId, pair.maxAge);
        (PythStructs.Price memory quote, bool hasQuote) = _stored(pair.quoteId, pair.maxAge);
        if (!hasBase || !hasQuote) return Report(0, 0, false);
        uint256 time = base.publishTime < quote.publishTime ? base.publishTime : quote.publishTime;
        if (!_isUsable(base) || !_isUsable(quote)) return Report(0, time, false);
        if (_confidence(base) + _confidence(quote) > pair.confidencePpm) return Report(0, time, false);
        // prices are below 2^63, the powers of ten at most 10^42 (2^140) and 10^24
        uint256 price = (_units(base.price) * 10 ** _shift(base.expo) * 1e18) / (_units(quote.price) * 10 ** _shift(quote.expo));
        return Report(price, time, price != 0);
    }

    /// @dev Absent and stale are alike silent: the poster may have left the update out. A price from the future is as good as absent.
    function _stored(bytes32 id, uint256 maxAge) private view returns (PythStructs.Price memory price, bool isFresh) {
        try PYTH.getPriceUnsafe(id) returns (PythStructs.Price memory said) {
            return (said, said.publishTime != 0 && said.publishTime + maxAge >= block.timestamp);
        } catch {
            return (price, false);
        }
    }

    function _isUsable(PythStructs.Price memory price) private pure returns (bool) {
        return price.price > 0 && price.expo >= LEAST_EXPONENT && price.expo <= MOST_EXPONENT;
    }

    /// @dev Half the width of the confidence interval, ppm of the price, rounded up.
    function _confidence(PythStructs.Price memory price) private pure returns (uint256) {
        return (uint256(price.conf) * PPM + _units(price.price) - 1) / _units(price.price);
    }

    function _units(int64 price) private pure returns (uint256) {
        // casts are safe: only called on positive prices
        return uint256(uint64(price));
    }

    /// @dev 0 to 24.
    function _shift(int32 exponent) private pure returns (uint256) {
        // casts are safe: the exponent is at least −18
        return uint256(int256(exponent) - LEAST_EXPONENT);
    }
}
