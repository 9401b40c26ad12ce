// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What no configuration of a source may go beyond, and the errors of going there
library SourceBounds {
    uint256 internal constant MAX_DECIMALS = 24;
    uint256 internal constant MIN_AGE = 1;
    uint256 internal constant MAX_PULL_AGE = 1 hours;
    uint256 internal constant MAX_HEARTBEAT = 25 hours;
    uint256 internal constant MAX_CONFIDENCE_PPM = 50_000;
    uint256 internal constant MAX_DEVIATION_PPM = 50_000;
    uint256 internal constant MAX_SIGNERS = 16;

    /// @dev How far the price at listing may be from the reference that governance names: a feed of the wrong composition, the wrong
    /// asset or the wrong decimals is off by more (H-3).
    uint256 internal constant SANITY_PPM = 100_000;

    /// @notice Thrown when a configured value is outside its compile-time bounds.
    error SourceParameterOutOfBounds(bytes32 parameter, uint256 value, uint256 least, uint256 most);
    /// @notice Thrown when the price at listing is not near the reference.
    error PriceNotSane(uint256 price, uint256 referencePrice);

    function require_(bytes32 parameter, uint256 value, uint256 least, uint256 most) internal pure {
        if (value < least || value > most) revert SourceParameterOutOfBounds(parameter, value, least, most);
    }

    function isSane(uint256 price, uint256 referencePrice) internal pure returns (bool) {
        if (price > type(uint128).max || referencePrice > type(uint128).max) return false;
        uint256 distance = price > referencePrice ? price - referencePrice : referencePrice - price;
        return price != 0 && distance * 1e6 <= referencePrice * SANITY_PPM;
    }
}
