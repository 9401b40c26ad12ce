import { blackInFloats } from "./blackInFloats.ts";

// The margin of options, futures, perpetual and collateral in floating point, priced anew: written from docs/margin.md and on purpose not from the engine.

const YEAR = 31_536_000;
const DAY = 86_400;
const TABLE = [0, 0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 6, -6].map((thirds) => thirds / 3);

interface Option {
  readonly isCall: boolean;
  readonly strike: bigint;
  readonly lots: bigint;
  readonly volatility: bigint;
}

interface Series {
  readonly expiry: bigint; // unix seconds
  readonly forward: bigint;
  readonly varianceTime: bigint; // seconds, 18 decimals
  readonly futures: bigint;
  readonly depth: bigint;
  readonly options: readonly Option[];
}

/** What is priced: everything as of now, 18 decimals. */
export interface Held {
  readonly lots: bigint;
  readonly price: bigint;
  readonly depth: bigint;
  readonly collateral: bigint;
  readonly haircut: bigint;
  readonly series: readonly Series[];
}

export interface ExactMargin {
  readonly value: number;
  readonly scan: number;
  readonly shortOptionMinimum: number;
  readonly interMonth: number;
  readonly provisions: number;
  readonly sizeCharge: number;
  readonly total: number;
  /** V − haircut − IM */
  readonly surplus: number;
  /** of everything, what 1e-15 of it is the floating point's own */
  readonly gross: number;
}

const number = (wad: bigint): number => Number(wad) / 1e18;
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** 0: as the mark, 1: up, −1: down. */
const direction = (k: number): number => (k === 0 || k > 14 ? 0 : k % 2 === 1 ? 1 : -1);

function volatilityIn(k: number, volatility: number, time: number): number {
  const days = Math.max(time, DAY) / DAY;
  const factor = (30 / days) ** (days <= 30 ? 0.3 : 0.13);
  if (direction(k) > 0) return Math.min(volatility * (1 + 0.5 * factor), Math.max(5, volatility));
  if (direction(k) < 0) return Math.max(volatility * (1 - 0.3 * factor), Math.min(0.01, volatility));
  return volatility;
}

/** A value in the seventeen scenarios: of the extremes, 35 % of the change counts. */
function scenarios(of: (k: number, move: number) => number): number[] {
  const all = TABLE.map((move, k) => of(k, move));
  return all.map((value, k) => (k < 15 ? value : all[0]! + 0.35 * (value - all[0]!)));
}

/** Where an option is priced: never below 2⁻²⁰ of the forward. */
const movedForward = (forward: number, range: number, move: number): number => Math.max(forward * (1 + range * move), forward / 2 ** 20);

function optionValues(option: Option, series: Series, range: number): number[] {
  const [forward, strike, time] = [number(series.forward), number(option.strike), number(series.varianceTime)];
  return scenarios((k, move) => {
    const deviation = volatilityIn(k, number(option.volatility), time) * Math.sqrt(time / YEAR);
    const priced = blackInFloats(movedForward(forward, range, move), strike, deviation);
    return Number(option.lots) * (option.isCall ? priced.call : priced.put);
  });
}

const line = (value: number, range: number): number[] => scenarios((_, move) => value * (1 + range * move));
const added = (rows: readonly (readonly number[])[]): number[] => TABLE.map((_, k) => total(rows.map((row) => row[k]!)));
const matched = (a: number, b: number): number => (a * b < 0 ? Math.min(Math.abs(a), Math.abs(b)) : 0);

/** b of all that is matched, and each stretch of tenor for what is matched across it: 2·b for a year. */
function interMonth(items: readonly { readonly years: number; readonly delta: number }[], b: number): number {
  const gains = total(items.map(({ delta }) => Math.max(delta, 0)));
  const losses = total(items.map(({ delta }) => Math.max(-delta, 0)));
  let charge = b * Math.min(gains, losses);
  const tenors = [...new Set(items.map(({ years }) => Math.min(years, 1)))].sort((x, y) => x - y);
  for (let i = 1; i < tenors.length; i++) {
    const near = total(items.filter(({ years }) => Math.min(years, 1) < tenors[i]!).map(({ delta }) => delta));
    const far = total(items.map(({ delta }) => delta)) - near;
    charge += 2 * b * (tenors[i]! - tenors[i - 1]!) * matched(near, far);
  }
  return charge;
}

/** What is short and not covered, the larger of calls and puts, of what expires at a time or later; perpetual and collateral never do. */
function nakedBeyond(held: Held, expiry: bigint): number {
  const left = held.series.filter((each) => each.expiry >= expiry);
  const line =
    Number(held.lots) * number(held.price) +
    number(held.collateral) +
    total(left.map((each) => Number(each.futures) * number(each.forward)));
  const weights = left.flatMap(({ forward, options }) =>
    options.map(({ isCall, strike, lots }) => {
      const [F, K] = [number(forward), number(strike)];
      return { isCall, weight: Number(lots) * (isCall ? F * Math.min(1, F / K) : Math.min(F, K)) };
    }),
  );
  const weightOf = (call: boolean): number => total(weights.filter(({ isCall }) => isCall === call).map(({ weight }) => weight));
  return Math.max(-weightOf(true) - Math.max(line, 0), -weightOf(false) - Math.max(-line, 0));
}

/** The margin of one underlying at a scan range, with the provision on gross notional and b of the inter-month charge as fractions. */
export function exactMargin(held: Held, scanRange: bigint, provision: bigint, b: bigint): ExactMargin {
  const range = number(scanRange);
  const perpetual = Number(held.lots) * number(held.price);
  const collateral = number(held.collateral);
  const series = held.series.map((each) => {
    const rows = each.options.map((option) => optionValues(option, each, range));
    const values = added([...rows, line(Number(each.futures) * number(each.forward), range)]);
    // volatility up, a third of the range either way
    return { each, values, delta: (values[3]! - values[5]!) / ((2 / 3) * range) };
  });
  const values = added([line(perpetual + collateral, range), ...series.map((one) => one.values)]);
  const scan = values[0]! - Math.min(...values);

  let dated = 0;
  let sizeCharge = perpetual === 0 ? 0 : (Math.abs(perpetual) * Math.abs(Number(held.lots))) / Number(held.depth);
  for (const { each } of series) {
    const forward = number(each.forward);
    let lots = Math.abs(Number(each.futures));
    for (const option of each.options) {
      lots += Math.abs(Number(option.lots));
    }
    dated += lots * forward;
    sizeCharge += (lots * lots * forward) / Number(each.depth);
  }
  const shortOptionMinimum = (range / 4) * Math.max(0, ...held.series.map((each) => nakedBeyond(held, each.expiry)));
  const charge = interMonth(
    [
      { years: 0, delta: perpetual },
      { years: 0, delta: collateral },
      ...series.map(({ each, delta }) => ({ years: number(each.varianceTime) / YEAR, delta })),
    ],
    number(b),
  );
  const gross = Math.abs(perpetual) + collateral + dated;
  const provisions = 0.0075 * Math.abs(perpetual) + number(provision) * gross;
  const sum = Math.max(scan, shortOptionMinimum) + charge + provisions + sizeCharge;
  return {
    value: values[0]!,
    scan,
    shortOptionMinimum,
    interMonth: charge,
    provisions,
    sizeCharge,
    total: sum,
    surplus: values[0]! - number(held.haircut) - sum,
    gross,
  };
}
