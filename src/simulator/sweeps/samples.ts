import { BadInput } from "../../sdk/failure.ts";
import { exp, ln } from "../numbers/portable.ts";
import { MOST_DIMENSIONS, sobolPoints } from "../numbers/sobol.ts";
import { Stream } from "../numbers/stream.ts";

/** A parameter that a sweep may vary. */
export interface Parameter {
  readonly name: string;
  /** What its numbers are of, in words. */
  readonly unit: string;
  /** Bounds; left out where they depend on the underlying, and the parameter file judges. */
  readonly least?: number;
  readonly most?: number;
  /** Decimals that it may have. */
  readonly places: number;
}

/** Values that a parameter takes: those of a list, or from one number to another, in `steps` equal steps where a grid wants them. */
export type Span =
  | { readonly parameter: Parameter; readonly values: readonly number[] }
  | {
      readonly parameter: Parameter;
      readonly from: number;
      readonly to: number;
      readonly steps?: number | undefined;
      readonly logarithmic: boolean;
    };

export type Sampling = { readonly kind: "grid" } | { readonly kind: "random" | "sobol"; readonly points: number };

/** Values by the name of their parameter. */
export type Values = Readonly<Record<string, number>>;

/** What one sweep may have. */
export const MOST_POINTS = 20_000;

const NUMBER = "-?\\d+(?:\\.\\d+)?";
const RANGE = new RegExp(`^(${NUMBER})\\.\\.(${NUMBER})(?::(\\d+))?(:log)?$`);
const LIST = new RegExp(`^${NUMBER}(?:,${NUMBER})*$`);

const boundsOf = ({ least, most, unit }: Parameter): string => (least === undefined ? unit : `from ${least} to ${most} ${unit}`);

/**
 * What `name=values` says: `0.6,0.7,0.8`, `0.6..0.9` (for samples), `0.6..0.9:4` (four values from end to end), `0.01..1:5:log`.
 * @throws BadInput that says the range and its unit
 */
export function spanOf(text: string, parameters: readonly Parameter[]): Span {
  const at = text.indexOf("=");
  const [name, written] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  const parameter = parameters.find((each) => each.name === name);
  if (at < 0) throw new BadInput(`--vary "${text}": is not of the form name=values`, "write --vary stake=0.3..0.9:4");
  if (parameter === undefined) throw new BadInput(`--vary "${name}": no parameter is called so`, "plimsoll sweep --list names them");
  const refuse = (what: string): BadInput => new BadInput(`--vary ${name}: ${what}; ${boundsOf(parameter)}`);
  const checked = (value: number): number => {
    const { least, most } = parameter;
    if ((least !== undefined && value < least) || (most !== undefined && value > most)) throw refuse(`${value} is out of range`);
    if (rounded(parameter, value) !== value) throw refuse(`${value} has more than ${parameter.places} decimals`);
    return value;
  };
  if (LIST.test(written)) {
    const values = written.split(",").map((each) => checked(Number(each)));
    if (new Set(values).size < values.length) throw refuse("a value is there twice");
    return { parameter, values };
  }
  const [, first, last, steps, logarithmic] = RANGE.exec(written) ?? [];
  if (first === undefined || last === undefined) throw refuse(`"${written}" is neither a list like 1,2,3 nor a range like 1..3:5`);
  const [from, to] = [checked(Number(first)), checked(Number(last))];
  if (from >= to) throw refuse(`${from}..${to} does not rise`);
  if (logarithmic !== undefined && from <= 0) throw refuse("a logarithmic range begins above zero");
  if (steps !== undefined && Number(steps) < 2) throw refuse("a range has two values at least, its ends");
  return { parameter, from, to, steps: steps === undefined ? undefined : Number(steps), logarithmic: logarithmic !== undefined };
}

/**
 * The points of a sweep, each once, in an order that nothing but the arguments decides.
 * @param seed of random samples
 * @throws BadInput when a grid has a range without steps, or there are too many points or dimensions
 */
export function samplesOf(spans: readonly Span[], sampling: Sampling, seed: number): Values[] {
  const names = spans.map(({ parameter }) => parameter.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new BadInput(`--vary ${twice}: is there twice`);
  if (spans.length === 0) throw new BadInput("nothing is varied", "give --vary name=values; plimsoll sweep --list names what there is");
  const points =
    sampling.kind === "grid"
      ? grid(spans)
      : parts(spans.length, sampling, seed).map((row) => row.map((part, i) => valueAt(spans[i]!, part)));
  const made = points.map((row): Values => Object.fromEntries(row.map((value, i) => [names[i]!, value])));
  // rounding may bring two points together
  return [...new Map(made.map((values) => [JSON.stringify(values), values])).values()];
}

function grid(spans: readonly Span[]): number[][] {
  const axes = spans.map((span) => {
    if ("values" in span) return [...span.values];
    const { steps, parameter } = span;
    if (steps === undefined)
      throw new BadInput(
        `--vary ${parameter.name}: a grid needs to know how many values`,
        `write ${span.from}..${span.to}:5, or --sample sobol`,
      );
    return Array.from({ length: steps }, (_, i) => valueAt(span, i / (steps - 1)));
  });
  const count = axes.reduce((product, { length }) => product * length, 1);
  if (count > MOST_POINTS)
    throw new BadInput(
      `the grid has ${count.toLocaleString("en")} points, more than ${MOST_POINTS.toLocaleString("en")}`,
      "take fewer values, or --sample sobol",
    );
  return axes.reduce<number[][]>((rows, axis) => rows.flatMap((row) => axis.map((value) => [...row, value])), [[]]);
}

function parts(dimensions: number, { kind, points }: Exclude<Sampling, { kind: "grid" }>, seed: number): number[][] {
  if (kind === "sobol") {
    if (dimensions > MOST_DIMENSIONS)
      throw new BadInput(`--sample sobol varies at most ${MOST_DIMENSIONS} parameters, and not ${dimensions}`, "take --sample random");
    return sobolPoints(points, dimensions);
  }
  return Array.from({ length: points }, (_, point) => {
    const stream = new Stream(seed, point, "sweep");
    return Array.from({ length: dimensions }, () => stream.uniform());
  });
}

/** @param part from 0 to 1; the one end of a range is 0, the other 1 */
function valueAt(span: Span, part: number): number {
  if ("values" in span) return span.values[Math.min(Math.floor(part * span.values.length), span.values.length - 1)]!;
  const { from, to, logarithmic, parameter } = span;
  const value = logarithmic ? exp(ln(from) + part * (ln(to) - ln(from))) : from + part * (to - from);
  return Math.min(Math.max(rounded(parameter, value), from), to);
}

function rounded({ places }: Parameter, value: number): number {
  return Number(value.toFixed(places));
}
