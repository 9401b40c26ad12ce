import { readFileSync } from "node:fs";
import JSON5 from "json5";
import { z } from "zod";
import {
  haircutHolds,
  inconsistency,
  LOTS_IN_SMALLEST,
  MOST_WEIGHTS,
  PARAMETERS,
  type ParameterBound,
  parameterIndex,
} from "../engine/math/bounds.ts";
import { ratePaysNobody } from "../engine/math/pool/inventoryFunding.ts";
import { DEFAULT_PARAMETERS, poolInconsistency } from "../engine/pool/pool.ts";
import { addressFault } from "../sdk/address.ts";
import { formatDecimal } from "../sdk/amounts.ts";
import { BadInput } from "../sdk/failure.ts";
import { scaled, seconds } from "./units.ts";

const address = z.string().superRefine((text, context) => {
  const fault = addressFault(text);
  if (fault !== undefined) context.addIssue(fault);
});

const DAY = 86_400n;

/** A transform whose RangeErrors become issues of the schema, so that all mistakes are reported together. */
function converted<Input, Output>(input: z.ZodType<Input>, convert: (value: Input) => Output) {
  return input.transform((value, context): Output => {
    try {
      return convert(value);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  });
}

const decimal = (places: number) => converted(z.union([z.string(), z.number()]), (value) => scaled(value, places));
const duration = converted(z.union([z.string(), z.number()]), seconds);
/** An address, or `account:N` for the N-th account of the connection (local chains). */
const holder = z.union([z.string().regex(/^account:\d+$/), address], {
  error: ({ input }) => (/^0x/.test(String(input)) ? addressFault(String(input)) : "neither an address nor account:N"),
});
const bytes32 = z.string().regex(/^0x[0-9a-fA-F]{64}$/, "not 32 bytes in hexadecimal");
const text = z.string().min(1);

/** How a person writes a parameter, by the unit in which it is stored. Sizes in lots are written in units of the underlying. */
function asWritten(row: ParameterBound) {
  switch (row.unit) {
    case "s":
      return duration;
    case "ppb":
      return decimal(9);
    case "1e-4 settlement tokens":
      return decimal(4);
    case "settlement tokens":
      return decimal(0);
    case "WAD of the token":
      return decimal(18);
    case "lots":
      return decimal(18); // units of the underlying in WAD, made lots when the exponent is known
    default:
      return decimal(6); // ppm of something
  }
}

const keyOf = (row: ParameterBound): string => row.name.charAt(0).toLowerCase() + row.name.slice(1);

/** Parameters between two names of the table, each optional: what is left out starts from the table. */
function table(first: string, last: string): Record<string, z.ZodOptional<z.ZodType<bigint>>> {
  const rows = PARAMETERS.slice(parameterIndex(first), parameterIndex(last) + 1);
  return Object.fromEntries(rows.map((row) => [keyOf(row), asWritten(row).optional() as z.ZodOptional<z.ZodType<bigint>>]));
}

const role = z.strictObject({ holders: z.array(holder).min(1), delay: duration });

const aggregator = z.strictObject({ feed: address, heartbeat: duration, least: decimal(0), most: decimal(0) });

const priceSource = z.discriminatedUnion("kind", [
  /** `deviation`: how far the price may leave the rounds before one of both feeds is written anew, their thresholds together; left out: not known. */
  z.strictObject({ kind: z.literal("chainlink"), base: aggregator, quote: aggregator, deviation: decimal(6).optional() }),
  z.strictObject({ kind: z.literal("pyth"), baseId: bytes32, quoteId: bytes32, maxAge: duration, confidence: decimal(6) }),
  z.strictObject({ kind: z.literal("signed"), feed: text.max(31), maxAge: duration }),
]);

const signers = z.strictObject({ signers: z.array(holder).min(1), threshold: z.int().min(1) });

/** What a pool starts with: half a percent at once, 0.02 % by commitment; see docs/pool.md. */
const POOL = {
  reward: 100_000n,
  steepness: DEFAULT_PARAMETERS.steepness,
  wide: DEFAULT_PARAMETERS.wide,
  narrow: DEFAULT_PARAMETERS.narrow,
  valuePart: DEFAULT_PARAMETERS.valuePart,
  rateMost: 1_600_000n,
  reach: 500_000n,
} as const;

const schema = z.strictObject({
  /** Whether the holders of roles must be multisigs behind the delays. */
  production: z.boolean(),
  roles: z.strictObject({ admin: role, parameters: role, canceller: role, guardian: role }),
  settlementToken: z.union([address, z.strictObject({ faucet: text, symbol: text, decimals: z.int().min(6).max(18) })]),
  /** Feed of the sequencer's uptime; null where there is no sequencer. */
  uptime: z.nullable(z.strictObject({ feed: address, grace: duration })),
  margin: z.strictObject(table("Maintenance", "GainLock")),
  liquidation: z.strictObject(table("Recovery", "SmallestNotional")),
  fund: z.strictObject(table("TopUp", "StakeCap")),
  orders: z.strictObject({ takerFee: decimal(6), makerFee: decimal(6) }),
  /** Name and symbol of the fund's shares. */
  insuranceFund: z.strictObject({ name: text, symbol: text }),
  /** Name and symbol of the liquidity pool's shares, what who commits to an order leaves for who fills it (settlement tokens), and its parameters (docs/pool.md). */
  pool: z.strictObject({
    name: text,
    symbol: text,
    reward: decimal(6).default(POOL.reward),
    steepness: decimal(6).default(POOL.steepness),
    wide: decimal(6).default(POOL.wide),
    narrow: decimal(6).default(POOL.narrow),
    valuePart: decimal(6).default(POOL.valuePart),
    rateMost: decimal(9).default(POOL.rateMost),
    reach: decimal(6).default(POOL.reach),
  }),
  /** Signers of the signed price source, needed where an underlying names it, of the funding rates, and of volatilities where an underlying has any. */
  prices: z.optional(signers),
  rates: signers,
  volatilities: z.optional(signers),
  pyth: z.optional(address),
  underlyings: z
    .array(
      z.strictObject({
        symbol: text,
        lotExponent: z.int().min(0).max(18),
        referencePrice: decimal(18),
        /** What part of the liquidity pool's capital is to be at work here. */
        poolWeight: decimal(6).default(0n),
        ...table("FundWeight", "Depth"),
        sources: z.array(priceSource).min(1).max(3),
        rate: z.strictObject({ feed: text.max(31), maxAge: duration }),
        /** Feed of the volatilities of its series; without it none can be traded. */
        volatility: z.optional(z.strictObject({ feed: text.max(31) })),
      }),
    )
    .min(1)
    .max(32),
  collaterals: z
    .array(
      z.strictObject({
        token: z.union([address, z.strictObject({ faucet: text, symbol: text, decimals: z.int().min(6).max(18) })]),
        underlying: text,
        ...table("Haircut", "SupplyCap"),
      }),
    )
    .max(32),
});

/** A role: who holds it, and seconds between scheduling and carrying out. */
export type RoleParameters = z.infer<typeof role>;
export type PriceSourceParameters = z.infer<typeof priceSource>;
export type FaucetParameters = Exclude<z.infer<typeof schema>["settlementToken"], string>;

type Written = z.infer<typeof schema>;

/** An underlying; `values` holds every parameter of the table under its name there, in stored units. */
export interface UnderlyingParameters {
  readonly symbol: string;
  readonly lotExponent: number;
  readonly referencePrice: bigint;
  readonly sources: readonly PriceSourceParameters[];
  readonly rate: { readonly feed: string; readonly maxAge: bigint };
  readonly volatility?: { readonly feed: string } | undefined;
  /** What part of the pool's capital is to be at work here, ppm. */
  readonly poolWeight: bigint;
  readonly values: Readonly<Record<string, bigint>>;
}

export interface CollateralParameters {
  readonly token: string | FaucetParameters;
  /** Index of the underlying whose price values it. */
  readonly underlying: number;
  readonly values: Readonly<Record<string, bigint>>;
}

/** What a parameter file says, in stored units. */
export interface PlimsollParameters extends Omit<Written, "margin" | "liquidation" | "fund" | "underlyings" | "collaterals"> {
  /** Parameters of the whole vault under their names in the table. */
  readonly values: Readonly<Record<string, bigint>>;
  readonly underlyings: readonly UnderlyingParameters[];
  readonly collaterals: readonly CollateralParameters[];
}

interface Issue {
  readonly path: string;
  readonly message: string;
}

/** The values of `rows` from what was written, the rest from the table; what is out of bounds goes to `issues`. */
function resolve(
  rows: readonly ParameterBound[],
  written: Readonly<Record<string, unknown>>,
  path: string,
  issues: Issue[],
  lotExponent = 0,
): Record<string, bigint> {
  return Object.fromEntries(
    rows.map((row) => {
      const key = keyOf(row);
      const given = written[key];
      let value = typeof given === "bigint" ? given : row.initial;
      if (typeof given === "bigint" && row.unit === "lots") {
        const unit = 10n ** BigInt(18 - lotExponent);
        if (given % unit !== 0n) issues.push({ path: `${path}.${key}`, message: `not a whole number of lots of 10^-${lotExponent}` });
        value = given / unit;
      }
      if (value < row.least || value > row.most) {
        issues.push({ path: `${path}.${key}`, message: `${value} ${row.unit} is outside ${row.least} to ${row.most}` });
      }
      return [row.name, value];
    }),
  );
}

const rowsOf = (scope: ParameterBound["scope"]): readonly ParameterBound[] => PARAMETERS.filter((row) => row.scope === scope);

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

/** What no field alone can tell. */
function crossChecks(parameters: PlimsollParameters): Issue[] {
  const issues: Issue[] = [];
  const { values, roles } = parameters;
  const pick = (name: string): bigint => values[name] ?? 0n;
  for (const symbol of repeated(parameters.underlyings.map((underlying) => underlying.symbol))) {
    issues.push({ path: "underlyings", message: `${symbol} is there twice` });
  }
  if (pick("LiquidationAge") > pick("TradingAge")) issues.push({ path: "margin.liquidationAge", message: "above tradingAge" });
  if (pick("DiscountMin") > pick("DiscountMax")) issues.push({ path: "liquidation.discountMin", message: "above discountMax" });
  const weights = parameters.underlyings.reduce((sum, underlying) => sum + (underlying.values.FundWeight ?? 0n), 0n);
  if (weights > MOST_WEIGHTS) issues.push({ path: "underlyings", message: "fundWeight: more than 0.9 together" });
  for (const [index, underlying] of parameters.underlyings.entries()) {
    const path = `underlyings.${index}`;
    const own = (name: string): bigint => underlying.values[name] ?? 0n;
    if (own("RangeFloor") > own("RangeCap")) issues.push({ path: `${path}.rangeFloor`, message: "above rangeCap" });
    if (own("AgreementBand") > own("WidestBand")) issues.push({ path: `${path}.agreementBand`, message: "above widestBand" });
    if (own("Band") > own("WidestBand")) issues.push({ path: `${path}.band`, message: "above widestBand" });
    const lotPrice = underlying.referencePrice / 10n ** BigInt(underlying.lotExponent);
    const largest = (pick("SmallestNotional") * 10n ** 18n) / LOTS_IN_SMALLEST;
    if (lotPrice === 0n || lotPrice > largest) {
      issues.push({
        path: `${path}.lotExponent`,
        message: `a lot of ${lotPrice}e-18 is not between 0 and smallestNotional / ${LOTS_IN_SMALLEST}`,
      });
    }
    const broken = inconsistency({
      provision: pick("Provision"),
      interMonth: pick("InterMonth"),
      rangeFloor: own("RangeFloor"),
      hasSeries: underlying.volatility !== undefined,
      maintenance: pick("Maintenance"),
      discountMin: pick("DiscountMin"),
      grossDiscount: pick("GrossDiscount"),
      keeperShare: pick("KeeperShare"),
      fundShare: pick("FundShare"),
      bounty: pick("Bounty"),
      smallestNotional: pick("SmallestNotional"),
      feeCap: own("FeeCap"),
    });
    if (broken !== undefined) issues.push({ path, message: `the inequality of ${broken} does not hold (docs/governance.md)` });
    for (const source of underlying.sources) {
      if (source.kind === "signed" && parameters.prices === undefined)
        issues.push({ path: `${path}.sources`, message: "signed, but prices has no signers" });
      if (source.kind === "pyth" && parameters.pyth === undefined)
        issues.push({ path: `${path}.sources`, message: "pyth, but pyth has no address" });
    }
    if (underlying.volatility !== undefined && parameters.volatilities === undefined)
      issues.push({ path: `${path}.volatility`, message: "signed, but volatilities has no signers" });
    for (const kind of repeated(underlying.sources.map((source) => source.kind))) {
      issues.push({ path: `${path}.sources`, message: `${kind} is there twice` });
    }
  }
  for (const [index, { underlying, values: own }] of parameters.collaterals.entries()) {
    const rangeCap = parameters.underlyings[underlying]?.values.RangeCap ?? 0n;
    const margin = { maintenance: pick("Maintenance"), provision: pick("Provision"), interMonth: pick("InterMonth") };
    if (!haircutHolds({ haircut: own.Haircut ?? 0n, rangeCap, ...margin }))
      issues.push({
        path: `collaterals.${index}.haircut`,
        message: "a deposit could put an account below its line (docs/governance.md, inequalities)",
      });
  }
  for (const [name, group] of [
    ["prices", parameters.prices],
    ["rates", parameters.rates],
    ["volatilities", parameters.volatilities],
  ] as const) {
    if (group !== undefined && (group.threshold * 2 <= group.signers.length || group.threshold > group.signers.length)) {
      issues.push({ path: `${name}.threshold`, message: "not more than half of the signers, and at most all" });
    }
  }
  const { takerFee, makerFee } = parameters.orders;
  if (takerFee < 0n || takerFee + makerFee < 0n)
    issues.push({ path: "orders", message: "a taker's fee below zero or below the maker's rebate" });
  for (const [name, fee] of Object.entries({ takerFee, makerFee })) {
    for (const [index, { symbol, values: own }] of parameters.underlyings.entries()) {
      const cap = own.FeeCap ?? 0n;
      // the vault refuses every fill with a fee above the cap
      if (fee > cap) {
        issues.push({
          path: `orders.${name}`,
          message: `${formatDecimal(fee, 6)} is above underlyings.${index}.feeCap of ${symbol}, ${formatDecimal(cap, 6)}: no order on it could be filled`,
        });
      }
    }
  }
  const { rateMost, reach, narrow } = parameters.pool;
  if (!ratePaysNobody({ rateMost, reach }, narrow))
    issues.push({ path: "pool.reach", message: "the inequality of FundingReach does not hold (docs/pool.md)" });
  for (const [index, { poolWeight, values: own }] of parameters.underlyings.entries()) {
    const broken = poolInconsistency({
      parameters: { ...DEFAULT_PARAMETERS, ...parameters.pool, weights: parameters.underlyings.map((each) => each.poolWeight) },
      rangeCap: own.RangeCap ?? 0n,
      rangeFloor: own.RangeFloor ?? 0n,
      fillBand: own.FillBand ?? 0n,
      // what the price of the source may be behind is at most the half spread at once
      deviation: parameters.pool.wide,
    });
    if (poolWeight !== 0n && broken !== undefined)
      issues.push({ path: `underlyings.${index}`, message: `the inequality of ${broken} of the pool does not hold (docs/pool.md)` });
  }
  if (roles.admin.delay < 14n * DAY) issues.push({ path: "roles.admin.delay", message: "below 14 days" });
  if (roles.parameters.delay < 3n * DAY) issues.push({ path: "roles.parameters.delay", message: "below 3 days" });
  return issues;
}

/**
 * Parameters in stored units from what a parameter file holds.
 * Throws BadInput with every mistake of the file, a line each.
 * @param place what to call the file in errors
 */
export function toParameters(file: unknown, place: string): PlimsollParameters {
  const parsed = schema.safeParse(file);
  if (!parsed.success) {
    throw invalid(
      place,
      parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
    );
  }
  const { margin, liquidation, fund, underlyings, collaterals, ...rest } = parsed.data;
  const issues: Issue[] = [];
  const vaultRows = rowsOf("vault");
  const group = (first: string, last: string, written: Record<string, unknown>, path: string): Record<string, bigint> =>
    resolve(vaultRows.slice(parameterIndex(first), parameterIndex(last) + 1), written, path, issues);
  const parameters: PlimsollParameters = {
    ...rest,
    values: {
      ...group("Maintenance", "GainLock", margin, "margin"),
      ...group("Recovery", "SmallestNotional", liquidation, "liquidation"),
      ...group("TopUp", "StakeCap", fund, "fund"),
    },
    underlyings: underlyings.map((underlying, index) => ({
      symbol: underlying.symbol,
      lotExponent: underlying.lotExponent,
      referencePrice: underlying.referencePrice,
      sources: underlying.sources,
      rate: underlying.rate,
      volatility: underlying.volatility,
      poolWeight: underlying.poolWeight,
      values: resolve(rowsOf("underlying"), underlying, `underlyings.${index}`, issues, underlying.lotExponent),
    })),
    collaterals: collaterals.map((collateral, index) => {
      const underlying = underlyings.findIndex(({ symbol }) => symbol === collateral.underlying);
      if (underlying < 0)
        issues.push({ path: `collaterals.${index}.underlying`, message: `no underlying is called ${collateral.underlying}` });
      return { token: collateral.token, underlying, values: resolve(rowsOf("collateral"), collateral, `collaterals.${index}`, issues) };
    }),
  };
  issues.push(...crossChecks(parameters));
  if (issues.length !== 0) throw invalid(place, issues);
  return parameters;
}

function invalid(place: string, issues: readonly Issue[]): BadInput {
  return new BadInput(
    `${place} has ${issues.length} mistake${issues.length === 1 ? "" : "s"}\n${issues.map(({ path, message }) => `  ${path}: ${message}`).join("\n")}`,
  );
}

/** What a parameter file holds, as written. Throws BadInput when it is not there or not JSON5. */
export function readParameterFile(path: string, place: string): unknown {
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch {
    throw new BadInput(`${place} is not there`);
  }
  try {
    return JSON5.parse(source);
  } catch (error) {
    throw new BadInput(`${place} is not JSON5: ${error instanceof Error ? error.message : String(error)}`);
  }
}
