// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountId} from "../types/AccountId.sol";
import {Action} from "../types/Action.sol";
import {Lots} from "../types/Lots.sol";
import {Price} from "../types/Price.sol";
import {Ratio} from "../types/Ratio.sol";
import {StaleCause} from "../types/StaleCause.sol";
import {Wad} from "../types/Wad.sol";
import {IVaultGovernance} from "./IVaultGovernance.sol";
import {IVaultSeries} from "./IVaultSeries.sol";

/// @dev One underlying as one account holds it; what margin is computed from.
struct Book {
    uint256 underlying;
    Lots lots; // perpetual
    Wad entryCost; // what the perpetual cost, at average entry
    Wad collateral; // market value of the collateral on this underlying, rounded down
    Wad haircut; // haircut on it, rounded up
    Price price; // of a lot; the last valid one
    Ratio heldRange;
    Ratio targetRange;
    uint256 depth; // lots
    uint256 age; // seconds since the price was published
    uint256 state; // PriceWord.NORMAL, INVALID or GRACE
    Ratio doubt; // how far the price may have moved, as a fraction of it; zero while it is good: normal, and not older than the liquidation age
    uint256 lotExponent; // one lot is 10^-x of the underlying
    int256 fundingIndex; // cumulative funding a lot, now; zero where there is no perpetual
    bytes series; // options and dated futures, priced live at the held range, as PricedSeries packs them; empty where there are none
}

/// @dev An account, funding accrued and settled series paid.
struct Portfolio {
    Wad cash;
    Book[] books;
}

/// @dev The figures of an account. All WAD of the settlement token.
struct Assessment {
    Wad value; // V: cash and everything at the mark
    Wad equity; // E: V less haircuts
    Wad margin; // IM
    Wad notional; // G: gross notional of the positions
}

/// @dev What the insurance fund prices its shares by: its accounts, the main one first, then one for each underlying. All WAD of the settlement token.
struct FundFigures {
    Wad upper; // each account at the mark, at least nothing, and higher by what doubtful prices may have moved it
    Wad lower; // each at its equity less a part of its margin, and lower by that
    Wad doubt; // what doubtful prices may have moved them by, together; beyond anything where one of them is in options, of which no edge is priced
    uint256 doubtful; // an underlying of which that is so
    uint256 settlement; // B
    uint256 owed; // U + S
    uint256[] cash; // of each account that holds nothing else; zero where that is negative
}

/// @dev What a maker asks before it quotes: instruments of one underlying as fills name them, a perpetual alone, and how many lots of each the account would give.
struct QuoteRequest {
    AccountId account;
    uint24[] instruments;
    Lots[] given; // negative: received
    Ratio wide; // half spread at a price that may have been known when the order was made
    uint256 since; // when that was, unix seconds
}

/// @dev What it quotes by. The account with everything as it is, and what it would need after. Each list beside the instruments.
struct QuoteBasis {
    Wad equity; // with series by words, a lower bound
    Wad margin; // IM: without series at the held range, with series by words as trades are tested; where words are stale, live
    Wad marginAfter;
    bool byWords; // no words are stale, before or after
    Ratio doubt; // how far the price may have moved; zero while it is good
    Ratio part; // of the price, that it may have moved by since it could be known: the wide half spread or the doubt, at most the fill band; zero: not at all
    Price[] marks; // of a lot
    Price[] referencePrices; // of a lot: what bands and fees are parts of
    Price[] moves; // of a lot: what an option moves at most when the price moves by `part` of itself, rounded up
    uint256 priceWord;
    uint256 tradingWord;
    uint256 marginWord;
}

/// @dev One of the accounts of an owner who keeps each underlying apart. All WAD of the settlement token.
struct AccountFigures {
    uint256 priceWord; // of its underlying; zero where it holds nothing
    Wad cash; // funding accrued, settled series paid
    Wad equity; // priced live
    Wad margin; // IM at the held range, live
    Wad openingMargin; // IM as withdrawals are tested; with series a bound by words, of which only E − IM means something
    Wad openingEquity; // E beside it
    Wad settledCash; // with series by words
    Wad gain; // unrealised, of perpetuals and dated futures; a loss is negative
    bool series; // it holds options or dated futures
    bool fresh; // no words are stale, so that the figures of opening bound what it needs
}

/// @dev All of them, the one without an underlying first, then one for each that is listed.
struct OwnerFigures {
    AccountFigures[] accounts;
    uint256 marginWord;
    uint256 settlement; // B, WAD
    uint256 owed; // U + S, WAD
}

/// @title The entries that trading, prices and liquidation go through: those of the contract at the vault's address
interface IVaultCore {
    // ---------------------------------------------------------------- trading

    /// @notice Carries out `actions` in order as one unit; the margin rule is tested at the end for every account that could have lost.
    /// @dev See `Action` for the encodings. Payouts are made last.
    function execute(Action[] calldata actions) external;

    /// @notice Fills signed orders in one perpetual for `taker` without calling their module: cheaper than a Trade through it, with the same outcome. The
    /// vault judges each order as the module would and passes over what the module would (`OrderSkipped`, with the same reasons); the rest it fills or
    /// refuses as in a Trade (`Filled`, `FillSkipped`), at the limit price of the order and the fees of the module, one after the other, until `taker` has
    /// all that it wants. Both ways count under the same nonces, so an order is never filled beyond its size, whichever way it is filled.
    /// @dev For orders that are signed with a key. Wallets that are contracts (ERC-1271), combos, options, dated futures, and takers who want another action
    /// in the same unit go through the module. Three things differ from a Trade: an order that is named again, or only reduces, after a fill of the same
    /// account that did not stand is judged by what stands; an order that names another taker has another digest here, so its reason is
    /// `SignatureInvalid`; and the price of the underlying counts as used by this transaction even where no order can be filled.
    ///
    /// Reverts as a Trade does with `NotAuthorised` (the caller is neither the owner of `taker` nor an operator with the trade scope), `UnknownModule`,
    /// `ModuleDisabled`, `UnknownInstrument`, `TakerFeeAboveCap`, `NothingToReduce` (a taker that only reduces), `UnknownUnderlying`, `PositionTooSmall`,
    /// `FilledTooLittle`, and with what the margin rule says of `taker` at the end (`MarginTooLow`, `AccountTooSmall`, `RiskMayNotRise`); besides with
    /// `NotTaken` (the module has no orders that the vault may judge), `MakersCutShort`, `TooManyFills` and `Locked`. Where more than one applies, which of
    /// them is told may be another than in a Trade.
    /// @param taker account that receives the fills and pays the taker's fee
    /// @param limit a `TakerLimitWord`: worst price (WAD a lot), most and least lots, highest fee (ppm), index of the module, underlying, side
    /// @param makers at most 128, 165 bytes each: account 32 | TermsWord 32 | ValidityWord 32, of which bit 254 says that the order names `taker` |
    /// valid from (unix seconds) 5 | r 32 | s 32, its highest bit the parity of y (ERC-2098)
    function take(AccountId taker, uint256 limit, bytes calldata makers) external;

    /// @notice Carries out `actions` as if `actor` had called `execute`, and reverts with `Simulated` or with what `execute` would.
    /// @dev For eth_call; it cannot succeed, so it needs no authority.
    function simulate(address actor, Action[] calldata actions, AccountId account) external;

    // ---------------------------------------------------------------- permissionless

    /// @notice Posts a price of `underlying` through its sources (`updates[i]` for source i) and accrues funding up to now. One that is not newer than the last
    /// changes nothing; more value than the sources charge for the updates is refused.
    function postPrice(uint8 underlying, bytes[] calldata updates) external payable;

    /// @notice Fetches the funding rate from its source: at most ±0.75 % per eight hours, slew-limited, zero while opens are stopped.
    function updateFundingRate(uint8 underlying) external;

    /// @notice Sells the slice of `account` that restores it, to the fund's accounts at a discount; `keeper` is credited its reward.
    /// @dev Nobody names a scenario: options are priced live in all, and the worst counts.
    /// @return fraction of the account that was sold, 1e18 for the whole
    function liquidate(AccountId account, AccountId keeper) external returns (Ratio fraction);

    /// @notice Sells those of `accounts` that are below the line and hold one perpetual and nothing else, as `liquidate` would one by one in their order, in one
    /// pass; `keeper` is credited the rewards together. Who is above the line is passed by. Nothing is written of the others, whatever they hold: those whose price is
    /// doubtful, who have no more than the bounty, whose exchange clock runs, the fund's own and `keeper` among them are for `liquidate`. All is rounded as there.
    /// @dev Reverts with `SequencerNotUp`, with `ProtocolAccount` where `keeper` is the fund's, and as a whole where the amounts of one do not fit their words.
    /// @param keeper account that is credited the rewards
    /// @return sold how many accounts were sold, in part or whole
    /// @return rest those of which nothing is said, in their order
    function liquidateMany(AccountId[] calldata accounts, AccountId keeper) external returns (uint256 sold, AccountId[] memory rest);

    /// @notice As `liquidate`, but `taker` (the caller's own account) takes the slice, within its own margin.
    /// @param maximumFraction reverts when the slice is larger
    /// @param minimumDiscount reverts when the discount kept by the taker, with the bounty, is smaller
    function liquidateTo(AccountId account, AccountId taker, Ratio maximumFraction, Wad minimumDiscount) external returns (Ratio fraction);

    // ---------------------------------------------------------------- asked by modules and keepers

    /// @notice What an order module needs to know of a maker, in one call; readable while locked. `lots` are those of the perpetual, one lot 10^-lotExponent of the
    /// underlying; `nonceWord` as `nonceWordOf` says.
    function contextOf(
        AccountId account,
        address signer,
        uint8 underlying,
        uint256 nonceKey
    ) external view returns (bool authorised, uint32 epoch, Lots lots, uint256 lotExponent, uint256 nonceWord);
}

/// @title What the vault asks of its extension at deployment
interface IVaultExtension {
    /// @notice Hash of the values that it was built from; the vault insists on its own.
    function BUILT_FROM() external view returns (bytes32);
}

/// @title What can be read of the vault, and what is seldom called: answered by its extension
interface IVaultBooks {
    // ---------------------------------------------------------------- books

    /// @notice What was fixed when the vault was deployed: its settlement token, the insurance fund, the modules that a new account consents to (a
    /// bit a module), the feed that says whether the sequencer is up (zero: none), the seconds of grace after it was down, and the extension.
    function constants()
        external
        view
        returns (address settlementToken, address fund, uint16 defaultModules, address uptimeFeed, uint256 uptimeGrace, address extension);

    /// @notice The stored header of `account`: cash before pending funding, bitmaps, consented modules, order epoch.
    function headerOf(
        AccountId account
    ) external view returns (Wad cash, uint32 underlyings, uint32 collaterals, uint16 modules, uint32 epoch);

    /// @notice The perpetual of `account` on `underlying` as stored: size, funding index at its last touch, entry cost.
    function positionOf(AccountId account, uint8 underlying) external view returns (Lots lots, int256 fundingIndex, Wad entryCost);

    /// @notice The options and dated futures of `account` on `underlying`, in the order in which they are kept.
    /// @return instruments as types/Instrument.sol has them
    /// @return lots signed
    /// @return halvings how often the lots of each are halved in open interest, where they are long
    /// @return entryCosts of dated futures; zero for options
    function seriesPositionsOf(
        AccountId account,
        uint8 underlying
    ) external view returns (uint16[] memory instruments, Lots[] memory lots, uint8[] memory halvings, Wad[] memory entryCosts);

    /// @notice The lots that `account` holds of `instrument`, as a Fill names it; readable while locked.
    function lotsOf(AccountId account, uint24 instrument) external view returns (Lots);

    /// @notice Collateral `token` of `account`, WAD.
    function collateralOf(AccountId account, uint8 token) external view returns (uint256);

    /// @notice Whether `signer` may act on `account` in `scope`: as its owner or as an unexpired operator.
    function mayAct(AccountId account, address signer, uint8 scope) external view returns (bool);

    /// @notice What is filled and cancelled of five neighbouring nonces of `account` among the orders of one module, a `NonceWord`: lots, or units of
    /// combos, and a bit for each that is cancelled. Zero where none was used. Readable while locked; never reverts.
    /// @param nonceKey address of the module · 2^40 + nonce / 5; the place within the word is nonce mod 5
    function nonceWordOf(AccountId account, uint256 nonceKey) external view returns (uint256);

    /// @notice Settlement tokens of the ledger and the outstanding deficit, WAD.
    function totals() external view returns (uint256 settlement, uint256 deficit);

    /// @notice The fund accounts that have used up what the main stake may give them, a bit an underlying, and for each underlying what its account was
    /// short of, WAD, when it was last looked at.
    function shortfalls() external view returns (uint256 watched, uint256[] memory stored);

    /// @notice What a withdrawal now would find fund accounts to be short of at the last accepted prices, whatever their age, S, WAD: it is paid B/(B + U + S).
    function shortfall() external view returns (uint256);

    /// @notice The water-line of each underlying as it was last written, a `WaterLineWord`: λ and the time of its last whole step; zero while there is no shortage.
    function waterLines() external view returns (uint256[] memory words);

    /// @notice All that the insurance fund prices its shares by; reverts with `Locked` alone.
    /// @param part of the margin of each account, rounded up, that the lower figure is without
    function fundFigures(Ratio part) external view returns (FundFigures memory);

    /// @notice What each account of `owner` is worth and needs: first account 0, then account i + 1, which may hold underlying i alone, for each that is listed.
    /// Reverts with `Locked`, and with `HoldsMore` where an account holds anything else.
    /// @param leaving whether value is to leave: the figures of opening are worked out of accounts with options or dated futures too
    function ownerFigures(address owner, bool leaving) external view returns (OwnerFigures memory);

    /// @notice What an account of the caller is worth and needs now, and would need after it had given lots at the mark; and the marks.
    /// @dev For modules that make prices: readable while locked, by the owner of the account alone. Nothing that a trade in progress has moved is missing: the
    /// vault asks a module before it applies its fills. Reverts with `NotAuthorised`, `HoldsMore` (the account holds another underlying or a collateral),
    /// `NothingToDo`, `ComboInvalid`, `UnknownUnderlying`, `PositionCapExceeded`, and with what names no instrument that can be traded.
    function quoteBasis(QuoteRequest calldata request) external view returns (QuoteBasis memory);

    /// @notice The raw stored words of an underlying, in the order price, sample, pending, funding, trading, volatility, guard, fund.
    function underlyingWords(uint8 underlying) external view returns (uint256[8] memory);

    /// @notice The raw stored words of a collateral token: parameters, supply.
    function collateralWords(uint8 token) external view returns (uint256 parameters, uint256 supply);

    /// @notice The raw parameter words: margin, liquidation, fund, and what is listed.
    function parameterWords() external view returns (uint256 margin, uint256 liquidation, uint256 fund, uint256 listed);

    // ---------------------------------------------------------------- seldom called

    /// @notice Moves main stake into the fund account of `underlying` until its equity covers its margin, at most the cap of the epoch; when it has
    /// nothing left to sell and is worth less than zero, the rest becomes deficit. At the last accepted price, whatever its age.
    function topUpFund(uint8 underlying) external;

    /// @notice Takes `fraction` of the fund account of `underlying` into `taker` at a discount that grows since its inventory left zero.
    /// @dev Of each position and each collateral the fraction is rounded up, the discount is that of the fraction itself: nothing is given for what
    /// does not move. Who names n/N, rounded down, takes n of N lots.
    /// @return discount what `taker` paid less than the part is worth
    function shedFund(uint8 underlying, AccountId taker, Ratio fraction, Wad minimumDiscount) external returns (Wad discount);

    /// @notice Closes positions of `accounts` against what the fund account of `underlying` holds beyond its margin, when the main stake may give it no more: of each
    /// account the same part of all that lies opposite, as much as brings its leverage (scan / E, over all its underlyings) down to the water-line, and together no
    /// more than is lacking. At the marks; where the fund account is worth less than nothing, at the prices at which it ends with nothing, none below zero.
    /// @dev Permissionless. The stake is asked first, and settled series of the fund account are paid. An account that is not above the water-line, holds nothing
    /// opposite, or would end with a lower health (E / IM) is passed by; naming one twice is naming it once. The first account of the caller is credited 0.02 % of the gross
    /// notional that was closed by the main stake, counted and capped with the bounties of an epoch, nothing for less than the smallest notional. Where the fund account
    /// lacks nothing any more a water-line that runs is cleared, and otherwise the call reverts with `FundAccountSolvent`, or `FundAccountEmpty` where it holds no position;
    /// with `PriceNotNormal`, `PriceTooOld` and `SequencerNotUp` where there is no good price.
    function deleverage(uint8 underlying, AccountId[] calldata accounts) external;

    /// @notice Cancels `nonces` of `account` for good, among the orders of the module that calls and of nobody else: an owner cancels by a Trade with the
    /// module (`IOrderSettlement`), which asks who may, and says so in an event; nothing is emitted here.
    /// @dev For modules at work, so it may be called while locked: nothing but the counting of fills reads or writes these words. Whoever else calls writes
    /// words of its own that nothing reads. Reverts with `IOrderSettlement.NonceTooLarge` beyond 40 bits, where the words of another module would begin.
    /// @param nonces each below 2^40; one that is cancelled already stays so
    function cancelNonces(AccountId account, uint256[] calldata nonces) external;

    /// @notice Sets the cap of the open interest to the lower of governance's and what the fund of `underlying` supports.
    function refreshOpenInterestCap(uint8 underlying) external;

    /// @notice Starts the clock of the exchange discount for an account whose settled cash is below −5 % of its collateral, for a day at most and then
    /// anew; stops it for one that is not short any more. It also stops when an exchange, a deposit, a transfer, a trade or a payment at expiry has cured the
    /// account, and with any sale of it.
    function declareExchange(AccountId account) external;

    /// @notice Buys `amount` (WAD) of collateral `token` from `account` into `buyer` (the caller's own account) at the exchange discount. The
    /// settled cash of `buyer` may not be negative afterwards, which stops its own clock.
    function exchangeCollateral(AccountId account, uint8 token, uint256 amount, AccountId buyer) external;

    /// @notice Pays what `account` holds in a series that has settled, each lot its payoff, into its cash, and frees the places. Anybody may call it; until
    /// somebody does the positions are worth their payoff and need no margin.
    function settleExpired(AccountId account, uint8 underlying, uint8 series) external;

    // ---------------------------------------------------------------- valuing views (revert while locked)

    /// @notice Whether the figures of `account` for opening bound what it needs: the risk words of all series that it holds are fresh, and its prices normal.
    function mayOpenByWords(AccountId account) external view returns (bool);

    /// @notice `account` with funding accrued and prices as of now, ready for `Margin.assess`.
    function portfolioOf(AccountId account) external view returns (Portfolio memory);

    /// @notice What `liquidate` would do to `account` now: the plan that execution follows; reverts as it would.
    /// @return fraction of the account, 1e18 for the whole; discount on it; bounty charged; the live figures
    function previewLiquidation(
        AccountId account
    ) external view returns (Ratio fraction, Wad discount, Wad bounty, Assessment memory figures);

    /// @notice Which of `accounts` `liquidate` may sell, or refuses for another reason than their health: all but those without options or dated futures
    /// that are at or above the line at normal prices of seconds ago. Who holds some is priced live by the liquidation itself.
    function mayBeLiquidated(AccountId[] calldata accounts) external view returns (bool[] memory);

    /// @notice How far `account` is from being closed by `deleverage`: it may be while its leverage is above the level.
    /// @return leverage scan / E over all its underlyings, priced live, 18 decimals, rounded down; 2^128 without equity
    /// @return level λ of `underlying` now; zero while no shortage lasts that anybody has looked at in the last day
    function deleveragingOf(AccountId account, uint8 underlying) external view returns (Ratio leverage, Ratio level);

    /// @notice The figures of `account`.
    /// @param opening true: at the wider range, as trades and withdrawals are tested; false: live, as liquidations are
    function assess(AccountId account, bool opening) external view returns (Assessment memory);
}

/// @title The vault of one risk domain: holds all its tokens and is the only writer of its books.
/// @notice Units: `Wad` is a signed settlement amount with 18 decimals, `Price` WAD for one lot, `Lots` signed whole lots, `Ratio` a
/// fraction with 18 decimals. Every rounding goes against the account.
interface IMarginVault is IVaultCore, IVaultBooks, IVaultGovernance, IVaultSeries {
    // ---------------------------------------------------------------- events

    event Deposited(AccountId indexed account, uint8 indexed token, uint256 amount); // WAD
    /// @dev `debited` left the account; `paid` tokens (WAD) left the vault. They differ only while a deficit is outstanding.
    event Withdrawn(AccountId indexed account, uint8 indexed token, uint256 debited, uint256 paid, address to);
    event Transferred(AccountId indexed from, AccountId indexed to, uint8 indexed token, uint256 amount); // WAD
    event OperatorSet(AccountId indexed account, address indexed operator, uint8 scope, uint40 expiry);
    event ModulesSet(AccountId indexed account, uint16 mask);
    event OrdersCancelled(AccountId indexed account, uint32 epoch);
    /// @dev Both fees went to the fund's main account, less what a DeficitRefilled beside it says. `order` is a `FillOrderWord`: the nonce of the order that was filled,
    /// what this fill counts there, and the index of the module that proposed it, under which it counts. The number in `instrument` is what the last `SeriesListed` of it says.
    event Filled(
        AccountId indexed taker,
        AccountId indexed maker,
        uint24 indexed instrument,
        int256 lots,
        uint256 price,
        int256 takerFee,
        int256 makerFee,
        uint256 order
    );
    /// @dev A maker that did not consent, would break the margin rule or a cap. `reason` is the selector of the error; `order` as in `Filled`.
    event FillSkipped(
        AccountId indexed taker,
        AccountId indexed maker,
        uint24 indexed instrument,
        int256 lots,
        bytes4 reason,
        uint256 order
    );
    /// @dev An order that `take` passed over, as its module says it (`IOrderSettlement.OrderSkipped`): `reason` is the selector of an error there.
    event OrderSkipped(AccountId indexed account, uint256 indexed nonce, bytes4 reason);
    /// @dev An accepted or rejected post. `price` is the last valid one; `fundingIndex` and `rate` hold from this block on.
    event PricePosted(
        uint8 indexed underlying,
        uint256 price,
        uint256 publishTime,
        uint256 targetRange,
        uint256 heldRange,
        uint256 state,
        int256 fundingIndex
    );
    event Sampled(uint8 indexed underlying, uint256 price, uint256 time, uint256 fastVariance, uint256 slowVariance);
    event FundingRateSet(uint8 indexed underlying, int256 ratePpb, int256 fundingIndex);
    event OpenInterestCapSet(uint8 indexed underlying, uint256 lots);
    /// @dev `taker` took what is in `moved`, as in Liquidated, and the tokens of the CollateralSold beside it from the fund's `account`.
    event Sold(AccountId indexed account, AccountId indexed taker, bytes moved);
    event CollateralSold(AccountId indexed account, AccountId indexed taker, uint8 indexed token, uint256 amount); // WAD
    /// @dev What moved and the tokens of the CollateralSold beside it left `account` for the fund's account of the underlying, or for `keeper` where `sale` says that
    /// it took them. Words of SaleWord: `sale` has the fraction and what `account` paid to `keeper` (bounty and share; nothing where it took what was sold), beside
    /// the discounts within what was paid; `figures` what equity and initial margin were; `moved` a book for each underlying and after it its options and dated futures.
    event Liquidated(AccountId indexed account, AccountId indexed keeper, uint256 sale, uint256 figures, bytes moved);
    event BountyFunded(AccountId indexed account, uint256 amount); // of the reward, by the fund's main account in the account's place
    event DiscountShared(AccountId indexed account, uint256 amount); // of what a taker gets off, paid to the fund's main account
    /// @dev `account`, insolvent, was credited `amount` by the fund account `payer`.
    event ShortfallCovered(AccountId indexed account, AccountId indexed payer, uint256 amount);
    /// @dev `account`, insolvent, was credited `amount` out of nothing: the deficit grew by it.
    event DeficitAdded(AccountId indexed account, uint256 amount);
    event DeficitReduced(uint256 amount); // by a withdrawal at φ
    event DeficitRefilled(uint256 amount); // out of fees or of a discount, which the fund's main account received so much less of
    /// @dev What the fund account of `underlying` is below zero beyond what the main stake may give it, WAD, part of S from now on.
    event ShortfallSet(uint8 indexed underlying, uint256 amount);
    event ShortfallReduced(uint8 indexed underlying, uint256 amount); // by a withdrawal at φ, credited to the fund account
    event FundToppedUp(uint8 indexed underlying, uint256 amount);
    /// @dev The main stake gave the fund account of `underlying`, which holds positions, less than its margin lacks: accounts whose leverage (scan / E, 18 decimals) is
    /// above `level`, which falls from now on, may be closed against it.
    event WaterLineStarted(uint8 indexed underlying, uint256 level);
    /// @dev The fund account of `underlying` lacks nothing any more, or holds nothing.
    event WaterLineCleared(uint8 indexed underlying);
    /// @dev `lots` of `instrument`, signed as `account` held them, went from `account` to the fund account of the underlying for `price` (WAD) a lot, without a fee; the
    /// water-line was at `level`.
    event Deleveraged(AccountId indexed account, uint24 indexed instrument, int256 lots, uint256 price, uint256 level);
    /// @dev By the fund's main account to the caller of `deleverage` for what he closed on `underlying`.
    event DeleveragePaid(AccountId indexed account, uint8 indexed underlying, uint256 amount);
    event ExchangeDeclared(AccountId indexed account, bool short);
    /// @dev What `account` held in a series that has settled was removed for `amount` of cash (negative: paid).
    event SeriesPaid(AccountId indexed account, uint8 indexed underlying, uint8 indexed series, int256 amount);
    event CollateralExchanged(AccountId indexed account, AccountId indexed buyer, uint8 indexed token, uint256 amount, uint256 cash);

    // ---------------------------------------------------------------- errors

    /// @notice Thrown when any entry or valuing view is called while the vault is at work.
    error Locked();
    /// @notice Thrown when `caller` is neither the owner of `account` nor an operator with `scope`.
    error NotAuthorised(AccountId account, address caller, uint8 scope);
    error UnknownUnderlying(uint256 underlying);
    error UnknownToken(uint256 token);
    error UnknownModule(uint256 module);
    error ModuleDisabled(uint256 module, uint256 until);
    error ModuleNotConsented(AccountId account, uint256 module);
    error NothingToDo();
    error TooManyActions(uint256 actions, uint256 most);
    error TooManyFills(uint256 fills, uint256 most);
    /// @notice Thrown when the orders of a module can be filled through it alone.
    error NotTaken(uint256 module);
    /// @notice Thrown when `makers` of `take` are not whole.
    error MakersCutShort(uint256 bytesGiven);
    error TooManyUnderlyings(AccountId account, uint256 most);
    /// @notice Thrown when an account would hold more options and dated futures than one transaction can liquidate.
    error TooManySeriesPositions(AccountId account, uint256 most);
    error TooManyCollaterals(AccountId account, uint256 most);
    /// @notice Thrown when a token moved another amount than it was asked to, or an amount is not representable.
    error TokenAmountMismatch(uint256 token, uint256 asked, uint256 moved);
    error SupplyCapExceeded(uint256 token, uint256 held, uint256 cap);
    error InsufficientCollateral(AccountId account, uint256 token, uint256 held, uint256 asked);
    /// @notice Thrown when settled cash after a withdrawal or transfer would be below what must stay.
    error SettledCashTooLow(AccountId account, Wad settledCash, Wad needed);
    error WithdrawalTooLarge(uint256 asked, uint256 available);
    error OwnersDiffer(AccountId from, AccountId to);
    error RecipientNotOwner(AccountId account, address to);
    error ProtocolAccount(AccountId account);
    /// @notice Thrown at deployment when the extension was built from other values than the vault.
    error ExtensionDiffers(address extension);
    error ScopeInvalid(uint256 scope);
    /// @notice Thrown when the margin rule would not hold after the action. The figures before are zero where value left first: they could not
    /// have helped.
    error MarginTooLow(AccountId account, Wad equity, Wad margin, Wad equityBefore, Wad marginBefore);
    error AccountTooSmall(AccountId account, Wad notional, Wad smallest);

    /// @notice Thrown, or given as a reason, when a trade leaves less of an instrument than every position must have, and not nothing; unless it was less before.
    error PositionTooSmall(AccountId account, uint256 instrument, Lots lots, Wad smallest);

    /// @notice Thrown when a withdrawal or a transfer leaves less of a collateral than every account must have, and a unit of the token or more; unless it was
    /// less before. `value` and `smallest` in settlement tokens, WAD.
    error CollateralTooSmall(AccountId account, uint256 token, Wad value, Wad smallest);
    error SelfTrade(AccountId account);
    error ZeroLots();
    /// @notice Fills that were to stand together are not of one maker, name a perpetual or an instrument twice, are more than eight, or the last
    /// of them waits for another.
    error ComboInvalid(uint256 legs);
    error PriceOutsideBand(uint256 underlying, Price price, Price mark);
    error FeeOutsideBounds(Wad takerFee, Wad makerFee, Wad cap);
    /// @notice Thrown when an account that is to hold `underlying` alone holds another, or a collateral.
    error HoldsMore(AccountId account, uint256 underlying);
    /// @notice Thrown when a fill would be skipped that its module lets stand or revert; `reason` is the selector of the error.
    error FillRefused(bytes4 reason);
    error PositionCapExceeded(AccountId account, uint256 underlying, Lots lots, uint256 cap);
    error OpenInterestCapExceeded(uint256 underlying, uint256 openInterest, uint256 cap);
    error FilledTooLittle(uint256 lots, uint256 minimum);
    /// @notice Thrown when risk would rise, or a withdrawal happen, on a price that is old, invalid or in grace, or while opens are stopped.
    error RiskMayNotRise(AccountId account, uint256 underlying, uint256 state, uint256 age);
    /// @notice Thrown when risk would rise, or value leave, while the risk words of a series that the account holds are stale: refresh it.
    error WordsStale(uint8 underlying, uint8 series, StaleCause cause);
    error SeriesNotSettled(uint256 underlying, uint256 series);
    error PriceTooOld(uint256 underlying, uint256 age, uint256 most);
    /// @notice Thrown when risk would rise, value leave or an account be sold while the sequencer is down or in its grace period.
    /// @param since when it went down, or came up again; zero where that cannot be told
    /// @param until when its grace period ends; 2^40 − 1 while it is down, or cannot be told to be up
    error SequencerNotUp(uint256 since, uint256 until);
    /// @notice Thrown where a normal price is needed and the last post was refused or made in grace.
    error PriceNotNormal(uint256 underlying, uint256 state);
    /// @notice Thrown when a post would change a price that this transaction has used.
    error PriceUsed(uint256 underlying);
    /// @notice Thrown when a post lacks reports that its updates could have brought: it proves nothing, so nothing is written.
    error QuorumMissing(uint256 underlying, uint256 valid, uint256 needed);
    /// @notice Thrown when more was sent with a post than its sources charge.
    error ValueNotNeeded(uint256 left);
    /// @notice Thrown when a source may have failed only because the caller gave the post too little gas.
    error SourceOutOfGas(uint256 underlying, uint256 source);
    error AccountHealthy(AccountId account, Wad equity, Wad maintenance);
    error FractionAboveLimit(Ratio fraction, Ratio limit);
    error DiscountBelowLimit(Wad discount, Wad limit);
    error TakerIsAccount(AccountId account);
    /// @notice Thrown when `liquidateTo` would need the insurance fund: only `liquidate` may sell an insolvent account.
    error AccountInsolvent(AccountId account, Wad value);
    error ExchangeNotAllowed(AccountId account, Wad settledCash, Wad collateral);
    error ExchangeTooLarge(AccountId account, Wad cash, Wad most);
    error FundAccountEmpty(uint256 underlying);
    error FundAccountSolvent(uint256 underlying, Wad value);
    error ParameterOutOfBounds(uint256 parameter, uint256 value, uint256 least, uint256 most);
    error ParametersInconsistent(uint256 parameter);
    /// @notice What `simulate` always reverts with: the figures of the account before and after.
    error Simulated(Assessment before, Assessment afterwards);
}
