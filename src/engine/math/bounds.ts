/** What a parameter belongs to, and so what its index means. */
export type ParameterScope = "vault" | "underlying" | "collateral";

/** One row of the table of parameters; the twin of `Bounds.sol`, in the order of its enumeration `Parameter`. */
export interface ParameterBound {
  readonly name: string;
  readonly scope: ParameterScope;
  /** Unit of the stored value. */
  readonly unit: string;
  readonly least: bigint;
  /** What a deployment starts from unless its parameter file says otherwise. */
  readonly initial: bigint;
  readonly most: bigint;
  /** Whether a change moves to its value over three days (depth only when it falls). */
  readonly ramped: boolean;
}

const LOTS_MOST = 2n ** 44n - 1n;

/** ppm of the whole cap that may be reserved to underlyings: a tenth at least is nobody's. */
export const MOST_WEIGHTS = 900_000n;

function bound(
  name: string,
  scope: ParameterScope,
  unit: string,
  least: bigint,
  initial: bigint,
  most: bigint,
  ramped = false,
): ParameterBound {
  return { name, scope, unit, least, initial, most, ramped };
}

export const PARAMETERS: readonly ParameterBound[] = [
  bound("Maintenance", "vault", "ppm", 500_000n, 800_000n, 950_000n, true),
  bound("Provision", "vault", "ppm", 2_000n, 5_000n, 50_000n, true),
  bound("InterMonth", "vault", "ppm", 17_500n, 17_500n, 200_000n, true),
  bound("TradingAge", "vault", "s", 30n, 3_600n, 14_400n),
  bound("LiquidationAge", "vault", "s", 5n, 60n, 255n),
  bound("OpenInterestCharge", "vault", "ppm", 0n, 20_000n, 200_000n),
  bound("GainLock", "vault", "ppm", 100_000n, 250_000n, 1_000_000n),
  bound("Recovery", "vault", "ppm", 1_010_000n, 1_050_000n, 1_500_000n),
  bound("DiscountMin", "vault", "ppm", 5_000n, 50_000n, 200_000n),
  bound("DiscountMax", "vault", "ppm", 10_000n, 200_000n, 500_000n),
  bound("GrossDiscount", "vault", "ppm", 500n, 2_000n, 20_000n),
  bound("KeeperShare", "vault", "ppm", 50_000n, 300_000n, 700_000n),
  bound("FundShare", "vault", "ppm", 50_000n, 250_000n, 900_000n),
  bound("Bounty", "vault", "1e-4 settlement tokens", 0n, 1_000n, 62_500n),
  bound("SmallestNotional", "vault", "settlement tokens", 1n, 500n, 10_000n),
  bound("TopUp", "vault", "ppm of the main stake", 1_000n, 200_000n, 1_000_000n),
  bound("EpochLength", "vault", "s", 3_600n, 86_400n, 2_592_000n),
  bound("ShedTime", "vault", "s", 60n, 600n, 7_200n),
  bound("ShedStart", "vault", "ppm of the most", 0n, 100_000n, 1_000_000n),
  bound("FundPerOpenInterest", "vault", "ppm", 10_000n, 100_000n, 1_000_000n),
  bound("BountyCap", "vault", "1e-4 settlement tokens", 0n, 10_000_000n, 10_000_000_000n),
  bound("StakeCap", "vault", "ppm of the main stake", 1_000n, 500_000n, 1_000_000n),
  bound("FundWeight", "underlying", "ppm of the whole cap", 0n, 0n, MOST_WEIGHTS),
  bound("FillBand", "underlying", "ppm", 1_000n, 20_000n, 100_000n),
  bound("PositionCap", "underlying", "lots", 0n, 10_000_000n, LOTS_MOST),
  bound("OpenInterestCap", "underlying", "lots", 0n, 100_000_000n, LOTS_MOST),
  bound("FeeCap", "underlying", "ppm", 0n, 500n, 5_000n),
  bound("RangeMultiple", "underlying", "ppm", 1_000_000n, 5_300_000n, 20_000_000n),
  bound("Horizon", "underlying", "s", 600n, 14_400n, 604_800n),
  bound("RangeFloor", "underlying", "ppb", 10_000_000n, 50_000_000n, 500_000_000n),
  bound("RangeCap", "underlying", "ppb", 20_000_000n, 350_000_000n, 500_000_000n),
  bound("SigmaFloor", "underlying", "ppm a year", 10_000n, 200_000n, 5_000_000n),
  bound("AgreementBand", "underlying", "ppm", 100n, 5_000n, 100_000n),
  bound("Band", "underlying", "ppm", 1_000n, 20_000n, 200_000n),
  bound("WidestBand", "underlying", "ppm", 10_000n, 200_000n, 500_000n),
  bound("Depth", "underlying", "lots", 1n, 1_000_000_000n, 2n ** 40n - 1n, true),
  bound("Haircut", "collateral", "ppm", 10_000n, 50_000n, 900_000n, true),
  bound("SupplyCap", "collateral", "WAD of the token", 0n, 1_000_000n * 10n ** 18n, 2n ** 128n - 1n),
];

/** The number of a parameter in `Parameter` of the contracts. Throws a RangeError for a name that is not in the table. */
export function parameterIndex(name: string): number {
  const index = PARAMETERS.findIndex((row) => row.name === name);
  if (index < 0) throw new RangeError(`no parameter is called ${name}`);
  return index;
}

/** Seconds over which a ramped parameter moves. */
export const RAMP_DURATION = 259_200n;

/** Seconds for which a guardian's measure holds, and then rests. */
export const MEASURE_DURATION = 604_800n;
export const MEASURE_REST = 604_800n;

/** A lot is worth at most the smallest account over this. */
export const LOTS_IN_SMALLEST = 1_000n;

/** What the inequalities between parameters read of an underlying, in stored units. */
export interface ConsistencyInput {
  readonly provision: bigint;
  readonly interMonth: bigint;
  readonly rangeFloor: bigint;
  readonly hasSeries: boolean; // it has a source of volatility
  readonly maintenance: bigint;
  readonly discountMin: bigint;
  readonly grossDiscount: bigint;
  readonly keeperShare: bigint;
  readonly fundShare: bigint;
  readonly bounty: bigint;
  readonly smallestNotional: bigint;
  readonly feeCap: bigint;
}

/** How much steeper the inter-month charge is at the longest tenor: b and twice b. */
const STEEPEST = 3n;

/**
 * The parameter on the left of the first inequality between liquidation and trading that does not hold for an underlying, or undefined when all hold.
 * The same tests, in the same order, as `ConfigLogic`.
 */
export function inconsistency(input: ConsistencyInput): string | undefined {
  const ppm = 1_000_000n;
  if ((input.hasSeries ? STEEPEST : 1n) * input.interMonth * 1_000n > 2n * input.rangeFloor) return "InterMonth";
  // of a box, or of an option far out of the money
  const least = input.provision;
  if (2n * input.grossDiscount * ppm > input.maintenance * least) return "GrossDiscount";
  const byMargin = input.discountMin * least;
  const byGross = input.grossDiscount * ppm;
  const discount = byMargin > byGross ? byMargin : byGross;
  if (input.fundShare * discount < input.feeCap * ppm * ppm) return "FeeCap";
  const kept = (ppm - input.keeperShare) * discount;
  const exit = (input.feeCap + 200n) * ppm * ppm;
  const bounty = input.bounty * 10n ** 14n;
  if (kept < exit || (kept - exit) * input.smallestNotional < bounty) return "KeeperShare";
  return undefined;
}

/** What decides whether a deposit of a collateral can put an account below its line, in stored units. */
export interface HaircutInput {
  readonly haircut: bigint;
  readonly maintenance: bigint;
  readonly provision: bigint;
  readonly interMonth: bigint;
  readonly rangeCap: bigint; // of its underlying
}

/** Whether a deposit always adds to equity at least what it adds to maintenance margin: 1 − haircut ≥ μ·(range cap + provision + the steepest inter-month charge). */
export function haircutHolds({ haircut, maintenance, provision, interMonth, rangeCap }: HaircutInput): boolean {
  const ppm = 1_000_000n;
  const charges = (rangeCap + 999n) / 1_000n + provision + STEEPEST * interMonth;
  return haircut * ppm + maintenance * charges <= ppm * ppm;
}
