import type { Command } from "commander";
import { z } from "zod";
import { type Bar, DAY, HOUR, moment as inWords } from "../data/bar.ts";
import { refusal, type Series } from "../data/readSeries.ts";
import { localParameters } from "../deployment/localParameters.ts";
import type { RangeParameters } from "../engine/math/scanRange.ts";
import { MODELS, type ModelName, warmUpDays } from "../forecast/terms.ts";
import { BadInput } from "../sdk/failure.ts";
import { quantity, whole } from "./arguments.ts";
import { addDataOptions, dataSchema, readWithProgress } from "./dataCommand.ts";

/** What every command with forecasts asks for. */
export const forecastSchema = dataSchema.extend({
  underlying: z.string(),
  horizon: whole(1, 168, "hours"),
  quantile: quantity(0.9, 0.9999, "of the windows on each side (0.995 is 99.5 %)"),
  models: z.string().transform((text, context) => {
    const names = [...new Set(text.split(",").map((name) => name.trim().toLowerCase()))];
    const unknown = names.find((name) => !(MODELS as readonly string[]).includes(name));
    if (unknown === undefined) return names as ModelName[];
    context.addIssue(`"${unknown}" is none of ${MODELS.join(", ")}`);
    return z.NEVER;
  }),
  json: z.boolean(),
});

export function addForecastOptions(command: Command): Command {
  return addDataOptions(
    command
      .option("--underlying <symbol>", "of the local parameters, whose rule stands beside the models", "ETH")
      .option("--horizon <hours>", "over which the price has to stay within the range", "4")
      .option("--quantile <part>", "of the windows that have to stay, on each side", "0.995")
      .option("--models <names>", `separated by commas: ${MODELS.join(", ")}`, MODELS.join(","))
      .option("--json", "print everything as one JSON object", false),
  );
}

export interface ForecastInput {
  readonly symbol: string;
  readonly volatility: RangeParameters;
  readonly lotExponent: number;
  readonly series: Series;
  readonly bars: readonly Bar[];
  /** Unix seconds: the first forecast, and where what is used of the prices ends. */
  readonly from: number;
  readonly to: number;
}

/**
 * Hourly bars in which models learn from everything before `from`, and the rule of their underlying.
 * @param from the first forecast; left out, as soon as enough lies before
 * @param to left out, the end of the files
 * @throws BadInput
 */
export async function forecastInput(
  files: readonly string[],
  read: z.infer<typeof forecastSchema>,
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
): Promise<ForecastInput> {
  const { format, timezone, stamp, models } = read;
  const symbol = read.underlying.toUpperCase();
  const listed = localParameters().underlyings;
  const underlying = listed.find((each) => each.symbol === symbol);
  if (underlying === undefined) {
    throw new BadInput(`--underlying: "${read.underlying}" is none of ${listed.map((each) => each.symbol).join(", ")}`);
  }
  const series = await readWithProgress(files, { kind: "price", format, timezone, stamp });
  const start = series.bars[0]?.time ?? 0;
  const begin = from ?? start + warmUpDays(models) * DAY;
  const end = to ?? (series.bars.at(-1)?.time ?? 0) + HOUR;
  if (begin % HOUR !== 0 || end % HOUR !== 0) throw new BadInput("--from and --to: bars are hourly, give whole hours");
  if (begin < start + warmUpDays(models) * DAY) {
    throw new BadInput(
      `--from: ${warmUpDays(models)} days come before the first forecast of these models, and the prices begin on ${inWords(start)}`,
    );
  }
  const refused = refusal(series, { ...read, from: start, to: end });
  if (refused !== undefined) throw new BadInput(series.findings.holes.length > 1 ? `${refused}; plimsoll data check lists them` : refused);
  const value = (name: string): bigint => underlying.values[name] ?? 0n;
  return {
    symbol,
    volatility: {
      multiple: value("RangeMultiple"),
      horizon: value("Horizon"),
      rangeFloor: value("RangeFloor"),
      rangeCap: value("RangeCap"),
      sigmaFloor: value("SigmaFloor"),
    },
    lotExponent: underlying.lotExponent,
    series,
    bars: series.bars.filter(({ time }) => time < end),
    from: begin,
    to: end,
  };
}
