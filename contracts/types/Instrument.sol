// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What can be held of a series, 16 bits that are the same for every account of an underlying.
/// bit 0 the right: 1 call, 0 put | 1–7 index of the strike | 8–15 series                                              1+7+8 = 16
/// The right is the last bit, as the risk word has it (1: the call is stored): without it the number is the key of the word that call and put
/// share, and the numbers of one series follow each other, so that positions sorted by instrument are sorted by series. Index 127 is no
/// listed strike but zero: the call of strike zero pays the settlement price and is the dated future; the put of strike zero pays nothing
/// and does not exist.
/// Fills and orders name an instrument of any underlying in 24 bits: 0–7 the underlying, 8–23 what is held of it, where 0 is the perpetual: no
/// series has the number 0. A fill has 8 bits above them: where one is set, the fill stands only with the next.
type Instrument is uint256;

using {raw, series, strikeIndex, isCall, isFuture, wordKey} for Instrument global;

/// @dev The index that stands for a strike of zero.
uint256 constant STRIKE_ZERO = 127;

/// @dev Of the 24 bits that fills and orders name: below it are the perpetuals.
uint256 constant FIRST_SERIES = 1 << 8;

/// @dev Set in the instrument of a fill that stands only with the next.
uint32 constant WITH_NEXT = 1 << 24;

/// @notice Thrown when a series, a strike and a right make no instrument.
error UnknownInstrument(uint256 series, uint256 index, bool call);

function instrumentOf(uint256 series_, uint256 index, bool call) pure returns (Instrument) {
    if (series_ > 255 || index > STRIKE_ZERO || (index == STRIKE_ZERO && !call)) revert UnknownInstrument(series_, index, call);
    return Instrument.wrap((series_ << 8) | (index << 1) | (call ? 1 : 0));
}

function raw(Instrument a) pure returns (uint256) {
    return Instrument.unwrap(a);
}

function series(Instrument a) pure returns (uint256) {
    return Instrument.unwrap(a) >> 8;
}

function strikeIndex(Instrument a) pure returns (uint256) {
    return (Instrument.unwrap(a) >> 1) & STRIKE_ZERO;
}

function isCall(Instrument a) pure returns (bool) {
    return Instrument.unwrap(a) & 1 != 0;
}

function isFuture(Instrument a) pure returns (bool) {
    return Instrument.unwrap(a) & 0xff == 0xff;
}

/// @dev Of the risk word that the call and the put of a strike share.
function wordKey(Instrument a) pure returns (uint256) {
    return Instrument.unwrap(a) >> 1;
}

/// @dev The 24 bits of the instrument of a fill.
function nameOf(uint32 instrument) pure returns (uint24) {
    // forge-lint: disable-next-line(unsafe-typecast) the low 24 bits are the name
    return uint24(instrument);
}

/// @dev Of the instrument of a fill. No bit above the name is without meaning.
function standsWithNext(uint32 instrument) pure returns (bool) {
    return instrument >= WITH_NEXT;
}

/// @dev Of the 24 bits that fills and orders name.
function underlyingOf(uint24 named) pure returns (uint256) {
    return named & 0xff;
}

/// @dev Of the 24 bits that fills and orders name; zero for the perpetual.
function withinUnderlying(uint24 named) pure returns (Instrument) {
    return Instrument.wrap(named >> 8);
}
