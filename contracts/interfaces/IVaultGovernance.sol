// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFundingRateSource} from "./IFundingRateSource.sol";
import {IPriceSource} from "./IPriceSource.sol";
import {IVolatilitySource} from "./IVolatilitySource.sol";

/// @dev Every parameter that governance can set; `Bounds` gives the least and the most of each. Units beside each.
enum Parameter {
    // of the whole vault: margin
    Maintenance, // μ, ppm; ramps
    Provision, // on gross notional and collateral, ppm; ramps
    InterMonth, // b, ppm; ramps
    TradingAge, // oldest price for trading and withdrawing, s
    LiquidationAge, // oldest price for liquidating and for fund shares, s
    OpenInterestCharge, // on new risk at full use of the cap, ppm
    GainLock, // share of unrealised gain that stays as settled cash, ppm
    // of the whole vault: liquidation
    Recovery, // κ, ppm
    DiscountMin, // d_min, ppm of margin
    DiscountMax, // d_max, ppm of margin
    GrossDiscount, // c, ppm of gross notional
    KeeperShare, // ppm of d_min
    FundShare, // α, ppm of the discount of liquidateTo
    Bounty, // 1e-4 settlement tokens
    SmallestNotional, // settlement tokens
    // of the whole vault: fund accounts
    TopUp, // most for one underlying in an epoch, ppm of the main stake
    EpochLength, // s
    ShedTime, // s until the shedding discount reaches its most
    ShedStart, // ppm of that most
    FundPerOpenInterest, // ppm
    BountyCap, // bounties that the fund pays in an epoch, 1e-4 settlement tokens
    StakeCap, // most that leaves the main stake in an epoch whatever for, ppm of it
    // of an underlying: its fund account
    FundWeight, // what of that is reserved to it, ppm of it; 0: a share of what the others leave
    // of an underlying: trading
    FillBand, // around the mark, ppm
    PositionCap, // lots
    OpenInterestCap, // lots
    FeeCap, // highest fee on a fill, ppm
    // of an underlying: scan range
    RangeMultiple, // k of σ·√horizon, ppm
    Horizon, // s
    RangeFloor, // ppb
    RangeCap, // ppb
    SigmaFloor, // ppm a year
    // of an underlying: price guard
    AgreementBand, // of two sources, ppm
    Band, // against the last accepted price at one minute, ppm
    WidestBand, // ppm
    // of an underlying: size charge
    Depth, // lots; a lowering ramps
    // of a collateral token
    Haircut, // ppm; ramps
    SupplyCap // WAD of the token
}

/// @dev An underlying to list. Fields named like a `Parameter` have its unit.
struct UnderlyingListing {
    uint8 lotExponent; // one lot is 10^-lotExponent of the underlying
    uint256 referencePrice; // settlement tokens for one unit of the underlying, WAD; only judges the size of the lot
    uint256 fundWeight;
    uint256 fillBand;
    uint256 positionCap;
    uint256 openInterestCap;
    uint256 feeCap;
    uint256 rangeMultiple;
    uint256 horizon;
    uint256 rangeFloor;
    uint256 rangeCap;
    uint256 sigmaFloor;
    uint256 agreementBand;
    uint256 band;
    uint256 widestBand;
    uint256 depth;
    IPriceSource[] sources; // one to three
    IFundingRateSource rateSource;
}

/// @dev A series to list. Strikes are (base + index·step) quanta of 10^decimals units of a price of a lot (1e-18).
struct SeriesListing {
    uint8 series; // its number within the underlying, from 1 on
    uint40 expiry; // unix seconds
    uint64 base; // lowest strike, quanta
    uint32 step; // between strikes, quanta
    uint8 decimals;
    uint8 count; // strikes, 1 to 127
    uint40 depth; // lots, for the size charge
    uint16 volatilityCap; // highest implied volatility that a slice may have, percent a year
}

/// @dev What the guardian can do. Each lapses after seven days; see `IVaultGovernance` for when it may be taken again.
enum GuardianMeasure {
    StopOpens,
    LowerOpenInterestCap,
    DropSource,
    DisableModule
}

/// @title The entries of the vault for governance and guardian
/// @notice Whether a caller may call an entry, and after what delay, is decided by an OpenZeppelin AccessManager that never changes. There is no entry
/// that moves tokens or balances, and none that stops deposits, reductions or liquidations.
interface IVaultGovernance {
    // ---------------------------------------------------------------- events

    /// @dev Also emitted for each parameter at construction and at listing. `effective`: when it is reached in full; now unless it ramps.
    event ParameterSet(Parameter indexed id, uint8 indexed index, uint256 value, uint256 effective);
    event UnderlyingListed(uint8 indexed underlying, uint8 lotExponent, uint256 referencePrice);
    event CollateralListed(uint8 indexed index, address indexed token, uint8 indexed underlying, uint8 decimals);
    event SourcesSet(uint8 indexed underlying, IPriceSource[] sources);
    event RateSourceSet(uint8 indexed underlying, IFundingRateSource source);
    event VolatilitySourceSet(uint8 indexed underlying, IVolatilitySource source);
    event SeriesListed(uint8 indexed underlying, uint8 indexed series, SeriesListing listing);
    event ModuleSet(uint8 indexed index, address module);
    event OpensStopped(uint8 indexed underlying, uint256 until);
    event OpenInterestCapLowered(uint8 indexed underlying, uint256 lots, uint256 until);
    event SourceDropped(uint8 indexed underlying, uint8 indexed source, uint256 until);
    event ModuleSwitchedOff(uint8 indexed index, uint256 until);
    event MeasureLifted(GuardianMeasure indexed measure, uint8 indexed index);

    // ---------------------------------------------------------------- errors

    /// @notice Thrown when the authority lets `caller` call this entry neither now nor after a delay.
    error CallerNotAllowed(address caller, bytes4 selector);
    /// @notice Thrown when a parameter of the whole vault is given an index.
    error IndexNotZero(Parameter id, uint256 index);
    error AuthorityHasNoCode(address authority);
    error TooManyListed(uint256 most);
    error LotExponentTooLarge(uint256 exponent, uint256 most);
    /// @notice Thrown when a lot is worth more than a thousandth of the smallest account.
    error LotTooLarge(uint256 underlying, uint256 lotPrice, uint256 most);
    error SourceCountInvalid(uint256 count, uint256 most);
    error SourceRepeated(address source);
    error HasNoCode(address account);
    error DecimalsUnsupported(address token, uint256 decimals);
    error TokenIsSettlement(address token);
    error TokenListed(address token, uint256 index);
    error ModuleIndexTaken(uint256 index, address module);
    error ModuleIndexTooLarge(uint256 index, uint256 most);
    error ModuleListed(address module, uint256 index);
    error UnknownSource(uint256 underlying, uint256 source);
    error LastSource(uint256 underlying, uint256 source);
    error NotLower(uint256 lots, uint256 present);
    /// @notice Thrown when the guardian would take a measure again before it may.
    error MeasureTooSoon(GuardianMeasure measure, uint256 index, uint256 allowedFrom);
    error MeasureNotInForce(GuardianMeasure measure, uint256 index);
    /// @notice Thrown at construction when a word has stray bits or a ramp under way.
    error WordMalformed(uint256 word);

    // ---------------------------------------------------------------- authority

    /// @notice The AccessManager that decides who may call the entries below.
    function authority() external view returns (address);

    /// @notice Its own selector while an operation is being consumed from the authority's schedule, else zero.
    function isConsumingScheduledOp() external view returns (bytes4);

    // ---------------------------------------------------------------- governance

    /// @notice Appends an underlying; at most 32. Its open interest stays capped at zero until `refreshOpenInterestCap`.
    function listUnderlying(UnderlyingListing calldata listing) external;

    /// @notice Appends a collateral token of 6 to 18 decimals, valued by the price of `underlying`; at most 32.
    /// @param haircut ppm
    /// @param cap WAD of the token
    function listCollateral(address token, uint8 underlying, uint256 haircut, uint256 cap) external;

    /// @notice Sets one parameter, within its bounds and the inequalities between parameters.
    /// @dev Those that can lower a health move in a straight line over three days from their present value. The three margin ratios share one ramp:
    /// a new one starts all three afresh from where they are. A lower depth moves with the price posts of three days.
    /// @param index underlying or collateral token; 0 for parameters of the whole vault
    function setParameter(Parameter id, uint8 index, uint256 value) external;

    /// @notice Sets module `index`, once: a module is never replaced, and acts only for accounts that consent to its index.
    function setModule(uint8 index, address module) external;

    /// @notice Replaces the price sources of `underlying`. A price waiting for its confirmation and a dropped source are forgotten.
    function setSources(uint8 underlying, IPriceSource[] calldata sources) external;

    function setRateSource(uint8 underlying, IFundingRateSource source) external;

    /// @notice Sets where the implied volatility of the series of `underlying` comes from. Slices that were posted stay.
    function setVolatilitySource(uint8 underlying, IVolatilitySource source) external;

    /// @notice Lists a series of options and dated futures of `underlying`, which has a price.
    /// @dev Its number is free, or that of a series that has settled and is held by nobody. It expires in a day to two years, strikes are within 0.05 and 20 present prices, its
    /// depth is not zero and the cap of its volatility 10 to 500 %. Refused (`SeriesCouldSaturate`) when a call at the money, at the cap of the volatility and at the cap of the
    /// scan range, would need more than the bits of a lane; and (`TooManyStrikes`) beyond 340 strikes in all series of the vault that are not settled, four more
    /// counted for each series: the fund's accounts may hold them all, and are priced in one transaction. For the other errors see `IVaultSeries`.
    function listSeries(uint8 underlying, SeriesListing calldata listing) external;

    /// @notice Ends a guardian's measure before it lapses.
    /// @param index underlying or module
    function liftMeasure(GuardianMeasure measure, uint8 index) external;

    // ---------------------------------------------------------------- guardian

    // Each measure lapses after seven days, longer than the delay with which governance can make it lasting. It can be taken
    // again seven days after it ended, lapsed or lifted. Stopped opens and a lowered cap can follow on each other once, and are then both barred until
    // seven days after the later ended: a lost guardian key halts an underlying for fourteen days in twenty-one at the most.

    /// @notice Stops everything that raises risk on `underlying` for seven days, and its funding.
    function stopOpens(uint8 underlying) external;

    /// @notice Caps the open interest of `underlying` at `lots`, below the present cap, for seven days. Lowering it further keeps the end.
    function lowerOpenInterestCap(uint8 underlying, uint256 lots) external;

    /// @notice Ignores source `index` of `underlying` for seven days, while two others remain.
    function dropSource(uint8 underlying, uint8 index) external;

    /// @notice Lets no trade through module `index` for seven days.
    function disableModule(uint8 index) external;
}
