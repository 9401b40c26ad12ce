import { type LocalFile, localParameters } from "../deployment/localParameters.ts";
import { PARAMETERS, type ParameterBound, parameterIndex } from "../engine/math/bounds.ts";
import { BadInput } from "../sdk/failure.ts";
import { configurationHash } from "../simulator/runs/configuration.ts";
import type { Job, Recording } from "../simulator/runs/scenario.ts";
import type { Configuration } from "../simulator/sweeps/outcome.ts";
import type { Parameter, Values } from "../simulator/sweeps/samples.ts";
import { readArguments } from "./arguments.ts";
import { scenarioOf, scenarioSchema } from "./scenarioOptions.ts";

/** What stands before the name of a parameter of the vault; the others are options of `plimsoll simulate`. */
const VAULT = "vault.";

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const camel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
const keyOf = ({ name }: ParameterBound): string => name.charAt(0).toLowerCase() + name.slice(1);

/** Options that only say which paths are drawn. */
const NOT_VARIED = ["seed"];

/** Everything that a sweep may vary: numbers of the scenario, and parameters of the vault as parameter files write them. */
export function sweepParameters(): Parameter[] {
  const scenario = Object.entries(scenarioSchema.shape).flatMap(([name, schema]): Parameter[] => {
    const meta = schema.meta() as Omit<Parameter, "name"> | undefined;
    return meta === undefined || NOT_VARIED.includes(name) ? [] : [{ ...meta, name: kebab(name) }];
  });
  return [...scenario, ...PARAMETERS.map(vaultParameter)];
}

function vaultParameter(row: ParameterBound): Parameter {
  const name = VAULT + keyOf(row);
  const [places, unit] = writtenAs(row);
  if (row.unit === "lots" || row.unit === "WAD of the token") return { name, unit, places };
  const bound = (stored: bigint): number => Number(stored) / 10 ** places;
  return { name, unit, places, least: bound(row.least), most: bound(row.most) };
}

/** Decimals and unit of a parameter as it is written. */
function writtenAs({ unit }: ParameterBound): readonly [places: number, unit: string] {
  switch (unit) {
    case "s":
      return [0, "seconds"];
    case "ppb":
      return [9, "(0.1 is 10 %)"];
    case "1e-4 settlement tokens":
      return [4, "settlement tokens"];
    case "settlement tokens":
      return [0, unit];
    case "lots":
      return [0, "units of the underlying"];
    case "WAD of the token":
      return [0, "tokens"];
    default:
      return [6, `${unit.replace(/^ppm ?/, "")} (0.1 is 10 %)`.trim()];
  }
}

/** A point that no vault could have, or no scenario, and why. */
export interface Skipped {
  readonly values: Values;
  readonly why: string;
}

type Steps = (read: ReturnType<typeof readScenario>) => number;

/**
 * The configurations of the points of a sweep: options and parameter file with the values of each in their place. What does not fit together is skipped.
 * @param options as they were read from the command line, before the schema made anything of them
 * @throws BadInput when nothing is left
 */
export function configurationsOf(
  points: readonly Values[],
  options: Readonly<Record<string, unknown>>,
  recording: Recording | undefined,
  steps: Steps,
): { readonly configurations: Configuration[]; readonly skipped: Skipped[] } {
  const configurations: Configuration[] = [];
  const skipped: Skipped[] = [];
  for (const values of points) {
    try {
      configurations.push(configurationOf(values, options, recording, steps));
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      skipped.push({ values, why: reasonOf(error) });
    }
  }
  const [first] = skipped;
  if (configurations.length === 0 && first !== undefined) {
    const said = Object.entries(first.values).map(([name, value]) => `${name}=${value}`);
    throw new BadInput(`none of the ${points.length} points can be played; ${said.join(" ")}: ${first.why}`);
  }
  return { configurations, skipped };
}

/** What is wrong, in one line; of a parameter file what its mistakes are, each once whatever it is of. */
function reasonOf({ message }: BadInput): string {
  const [first = "", ...mistakes] = message.split("\n").map((line) => line.trim());
  if (mistakes.length === 0) return first;
  return [...new Set(mistakes.map((line) => line.replace(/^(?:underlyings|collaterals)\.\d+[.:] ?/, "")))].join("; ");
}

const readScenario = (options: Readonly<Record<string, unknown>>) => readArguments(scenarioSchema, options);

function configurationOf(
  values: Values,
  options: Readonly<Record<string, unknown>>,
  recording: Recording | undefined,
  steps: Steps,
): Configuration {
  const ofScenario = Object.entries(values).filter(([name]) => !name.startsWith(VAULT));
  const ofVault = Object.entries(values).filter(([name]) => name.startsWith(VAULT));
  const read = readScenario({ ...options, ...Object.fromEntries(ofScenario.map(([name, value]) => [camel(name), decimal(value)])) });
  const scenario = scenarioOf(read, steps(read), recording !== undefined);
  const symbols = scenario.underlyings.map(({ symbol }) => symbol);
  const rows = ofVault.map(([name, value]) => ({ name, row: rowOf(name), value: decimal(value) }));
  const made = localParameters((file) => {
    for (const { row, value } of rows) place(file, row, value, symbols);
  });
  const parameters: Job["parameters"] = {
    values: made.values,
    underlyings: made.underlyings,
    collaterals: made.collaterals,
    settlementToken: made.settlementToken,
  };
  const stored = Object.fromEntries(rows.map(({ name, row }) => [name, storedOf(parameters, row, symbols)]));
  const job: Job = { scenario, parameters, recording };
  return { hash: configurationHash(job), values, stored, job };
}

/** Digits without an exponent. */
const decimal = (value: number): string => value.toFixed(9).replace(/\.?0+$/, "");

function rowOf(name: string): ParameterBound {
  const key = name.slice(VAULT.length);
  const row = PARAMETERS.find((each) => keyOf(each) === key);
  if (row === undefined) throw new RangeError(`no parameter is called ${name}`);
  return row;
}

/** Puts a value where a parameter file has it: of the vault in its section, of an underlying or collateral in those that are played. */
function place(file: LocalFile, row: ParameterBound, value: string, symbols: readonly string[]): void {
  const key = keyOf(row);
  const index = parameterIndex(row.name);
  if (row.scope === "underlying") {
    for (const each of file.underlyings) if (symbols.includes(each.symbol)) each[key] = value;
  } else if (row.scope === "collateral") {
    for (const each of file.collaterals) if (symbols.includes(String(each.underlying))) each[key] = value;
  } else if (index <= parameterIndex("GainLock")) file.margin[key] = value;
  else if (index <= parameterIndex("SmallestNotional")) file.liquidation[key] = value;
  else file.fund[key] = value;
}

/** The whole number that the vault stores, by underlying where there are several. */
function storedOf(
  { values, underlyings, collaterals }: Job["parameters"],
  { name, scope }: ParameterBound,
  symbols: readonly string[],
): string {
  if (scope === "vault") return String(values[name]);
  const own =
    scope === "underlying"
      ? underlyings.filter(({ symbol }) => symbols.includes(symbol))
      : collaterals.filter(({ underlying }) => symbols.includes(underlyings[underlying]?.symbol ?? ""));
  return [...new Set(own.map((each) => String(each.values[name])))].join(" ");
}
