import type { Command } from "commander";
import { z } from "zod";
import { type Bar, HOUR } from "../data/bar.ts";
import { refusal, type Series } from "../data/readSeries.ts";
import { localParameters } from "../deployment/localParameters.ts";
import { BadInput } from "../sdk/failure.ts";
import { defaultScenario, playedOf } from "../simulator/runs/defaults.ts";
import { OF_A_BAR, type ProcessTerms, type Recording, type Scenario, WARM_UP } from "../simulator/runs/scenario.ts";
import { moment, quantity, whole } from "./arguments.ts";
import { addDataOptions, dataSchema, readWithProgress } from "./dataCommand.ts";

const PROCESSES = ["brownian", "merton", "kou", "garch"] as const;
const STEPS: Readonly<Record<string, number>> = { hour: HOUR, minute: 60, block: 12 };

const part = (what: string) => quantity(0, 1, what);
const oneOf = (names: readonly string[]) =>
  z.string().refine((text) => names.includes(text), { error: (issue) => `"${String(issue.input)}" is none of ${names.join(", ")}` });

/** Everything that a path depends on, as it is written on the command line. */
export const scenarioSchema = dataSchema.extend({
  seed: whole(0, 2 ** 32 - 1),
  underlyings: z.string(),
  process: oneOf(PROCESSES),
  sigma: quantity(0.01, 5, "a year (0.8 is 80 %)"),
  drift: quantity(-5, 5, "a year (0.1 is 10 %)"),
  jumps: quantity(0, 10_000, "jumps a year"),
  jumpMean: quantity(-0.9, 0.9, "of the logarithm of the price"),
  jumpDeviation: quantity(0, 1, "of the logarithm of the price"),
  tail: quantity(2.1, 100, "degrees of freedom"),
  alpha: quantity(0, 0.5, "of the last squared return"),
  beta: quantity(0, 0.999, "of the last variance"),
  correlation: part("between the underlyings"),
  hours: whole(1, 8_760, "hours"),
  step: oneOf(Object.keys(STEPS)),
  extremes: z.boolean(),
  traders: whole(10, 100_000, "accounts"),
  crowd: quantity(0.05, 0.95, "of the traders on one side"),
  leverage: quantity(0.2, 50, "times what was deposited, the median"),
  worth: quantity(1_000, 1_000_000, "settlement tokens, the median"),
  stake: quantity(0.01, 10, "times the open interest"),
  makerCapital: quantity(0.01, 10, "times the open interest"),
  depth: quantity(0.001, 1_000, "times the open interest to move the price by 1 %"),
  order: oneOf(["fee", "random"]),
  blockGas: quantity(0.1, 1_000, "million gas a block"),
  latency: whole(0, 3_600, "seconds"),
  failure: part("of the keepers' transactions"),
  keeperGas: quantity(0.1, 1_000_000, "million gas a keeper and day"),
  gasPrice: quantity(0, 100_000, "gwei"),
  etherPrice: quantity(0.01, 1_000_000, "settlement tokens"),
  leastProfit: quantity(0, 1_000_000, "settlement tokens a liquidation"),
  nerve: quantity(0.001, 1, "of the fund lost"),
  coolDown: quantity(0, 365, "days"),
  deleveraging: z.boolean(),
  attack: quantity(0, 1_000_000_000_000, "settlement tokens"),
  attackPosition: quantity(0, 1_000_000_000_000, "settlement tokens of notional"),
  prices: z.array(z.string()).optional(),
  from: moment(false).optional(),
  to: moment(true).optional(),
});

export type ScenarioArguments = z.infer<typeof scenarioSchema>;

/** The options of `scenarioSchema`. */
export function addScenarioOptions(command: Command): Command {
  command
    .option("--seed <number>", "of everything drawn: the same seed gives the same figures", "1")
    .option("--underlyings <symbols>", "of the local parameters, separated by commas", "ETH")
    .option("--process <name>", `where prices come from: ${PROCESSES.join(", ")}; or --prices`, "brownian")
    .option("--sigma <number>", "volatility a year, without jumps", "0.8")
    .option("--drift <number>", "growth of the expected price a year", "0")
    .option("--jumps <number>", "merton, kou: jumps a year", "20")
    .option("--jump-mean <number>", "merton: mean of the logarithm of a jump; kou: mean of a fall, its negative", "-0.08")
    .option("--jump-deviation <number>", "merton: its deviation; kou: mean of a rise", "0.06")
    .option("--tail <number>", "garch: degrees of freedom of Student's t", "4")
    .option("--alpha <number>", "garch: what the square of the last hour's return adds", "0.1")
    .option("--beta <number>", "garch: what is kept of the variance", "0.87")
    .option("--correlation <number>", "between any two underlyings", "0.8")
    .option("--hours <number>", "of a path", "24")
    .option("--step <length>", `between prices: ${Object.keys(STEPS).join(", ")}`, "hour")
    .option("--no-extremes", "visit only where steps end, and not their lows and highs")
    .option("--traders <number>", "accounts", "1000")
    .option("--crowd <part>", "of those without a hedge that are long", "0.5")
    .option("--leverage <number>", "median of a log-normal", "3")
    .option("--worth <amount>", "median of what is deposited, a log-normal", "8000")
    .option("--stake <part>", "of the insurance fund, in parts of the open interest", "0.6")
    .option("--maker-capital <part>", "of all makers, in parts of the open interest", "0.3")
    .option("--depth <part>", "of the spot market: what moves the price by 1 %, in parts of the open interest", "0.25")
    .option("--order <rule>", "of transactions in a block: fee, random", "fee")
    .option("--block-gas <number>", "million gas in a block for what is played", "20")
    .option("--latency <seconds>", "of the fastest keeper; the second takes three times as long", "12")
    .option("--failure <part>", "of keepers' transactions that never arrive", "0.02")
    .option("--keeper-gas <number>", "million gas that a keeper spends in a day", "1000")
    .option("--gas-price <gwei>", "base fee", "1")
    .option("--ether-price <amount>", "that gas is paid at", "2000")
    .option("--least-profit <amount>", "that a keeper wants of a liquidation beyond its gas", "0")
    .option("--nerve <part>", "of the fund that has to be lost for a backer to leave, on average", "0.1")
    .option("--cool-down <days>", "of backers", "10")
    .option("--no-deleveraging", "leave with the fund what it cannot bear, as where nobody deleverages")
    .option("--attack <amount>", "that somebody sells on the spot market, having gone short in the vault", "0")
    .option("--attack-position <amount>", "notional of that short", "0")
    .option("--prices <files...>", "replay hourly bars as exchanges and tools write them (docs/data.md)")
    .option("--from <date>", "with --prices: where paths begin; without it each path begins at an hour of its own")
    .option("--to <date>", "with --from: where they end, instead of --hours");
  return addDataOptions(command);
}

/** @throws BadInput when what is read does not fit together */
export function scenarioOf(read: ScenarioArguments, steps: number, isReplay: boolean): Scenario {
  const listed = localParameters().underlyings;
  const symbols = read.underlyings.split(",").map((symbol) => symbol.trim().toUpperCase());
  const played = symbols.map((symbol) => {
    const found = listed.find((each) => each.symbol === symbol);
    if (found === undefined) throw new BadInput(`--underlyings: "${symbol}" is none of ${listed.map((each) => each.symbol).join(", ")}`);
    const underlying = playedOf(symbol, Number(found.referencePrice) / 1e18, read.sigma);
    return { ...underlying, spot: { ...underlying.spot, depth: read.depth } };
  });
  if (new Set(symbols).size < symbols.length) throw new BadInput("--underlyings: one is there twice");
  if (isReplay && played.length > 1) throw new BadInput("--prices replays one underlying: give one of --underlyings");
  if (read.alpha + read.beta >= 1) throw new BadInput("--alpha and --beta: together below 1, or variance has no mean");
  if (read.attackPosition > 0 && read.attack === 0)
    throw new BadInput("--attack-position needs --attack, the settlement tokens that are sold");
  const initial = defaultScenario(read.seed, played);
  const [fast, slow] = initial.keepers;
  const keeper = { failure: read.failure, gasPerDay: read.keeperGas * 1e6, leastProfit: read.leastProfit };
  return {
    ...initial,
    process: isReplay ? { kind: "replay" } : processOf(read),
    drift: read.drift,
    correlation: read.correlation,
    step: isReplay ? HOUR : STEPS[read.step]!,
    steps,
    extremes: read.extremes,
    block: { order: read.order === "random" ? "random" : "fee", gas: read.blockGas * 1e6 },
    population: {
      ...initial.population,
      traders: read.traders,
      crowd: read.crowd,
      leverage: { ...initial.population.leverage, median: read.leverage },
      worth: { ...initial.population.worth, median: read.worth },
      stake: read.stake,
      makerCapital: read.makerCapital,
    },
    gas: { baseFee: read.gasPrice, ether: read.etherPrice },
    keepers: [
      { ...fast!, ...keeper, latency: read.latency },
      { ...slow!, ...keeper, latency: 3 * read.latency },
    ],
    fundKeeper: { ...initial.fundKeeper, deleveraging: read.deleveraging },
    backers: { ...initial.backers, nerve: read.nerve, coolDown: Math.round(read.coolDown * 86_400) },
    attacker:
      read.attack === 0
        ? undefined
        : { budget: read.attack, down: true, position: read.attackPosition, start: HOUR, push: 600, hold: 1_800 },
    points: Math.min(initial.points, steps),
  };
}

function processOf({ process, jumps, jumpMean, jumpDeviation, alpha, beta, tail }: ScenarioArguments): ProcessTerms {
  switch (process) {
    case "merton":
      return { kind: "merton", jumps, mean: jumpMean, deviation: jumpDeviation };
    case "kou":
      if (jumpMean >= 0) throw new BadInput("--jump-mean: must be below 0 with kou, whose falls have that mean");
      return { kind: "kou", jumps, chanceUp: 0.4, up: Math.max(jumpDeviation, 0.001), down: -jumpMean };
    case "garch":
      return { kind: "garch", alpha, beta, freedom: tail };
    default:
      return { kind: "brownian" };
  }
}

/** Steps of a path that is not replayed. */
export const stepsOf = ({ hours, step }: Pick<ScenarioArguments, "hours" | "step">): number => (hours * HOUR) / STEPS[step]!;

/** The bars that are replayed, where files are given, and the steps of a path. */
export async function recordingOf(
  read: ScenarioArguments,
): Promise<{ readonly series?: Series; readonly recording?: Recording; readonly steps: number }> {
  const { prices, from, to, format, timezone, stamp, hours } = read;
  if (prices === undefined) {
    if (from !== undefined || to !== undefined) throw new BadInput("--from and --to need --prices");
    return { steps: stepsOf(read) };
  }
  if (to !== undefined && from === undefined) throw new BadInput("--to needs --from");
  if (read.step !== "hour") throw new BadInput("--step: files are replayed by the hour");
  const series = await readWithProgress(prices, { kind: "price", format, timezone, stamp });
  const { bars } = series;
  const steps = to === undefined || from === undefined ? hours : Math.round((to - from) / HOUR);
  if (steps < 1) throw new BadInput("--to must be after --from");
  const first = from === undefined ? undefined : bars.findIndex(({ time }) => time >= from);
  const begin = first === undefined ? (bars[0]?.time ?? 0) : (bars[Math.max(first - WARM_UP, 0)]?.time ?? 0);
  const end = first === undefined ? (bars.at(-1)?.time ?? 0) + HOUR : (from ?? 0) + steps * HOUR;
  if (first !== undefined && (first < WARM_UP || first + steps > bars.length)) {
    throw new BadInput(`the bars do not hold the ${WARM_UP} hours before --from that warm the forecast, and the ${steps} from then on`);
  }
  if (bars.length < WARM_UP + steps)
    throw new BadInput(`${bars.length} hours are too few: ${WARM_UP} warm the forecast, and a path has ${steps}`);
  const refused = refusal(series, { ...read, from: begin, to: end });
  if (refused !== undefined) throw new BadInput(refused);
  return { series, recording: { bars: numbersOf(bars), first }, steps };
}

/** Bars as numbers that all threads read. */
function numbersOf(bars: readonly Bar[]): Float64Array {
  const numbers = new Float64Array(new SharedArrayBuffer(bars.length * OF_A_BAR * 8));
  for (const [i, { time, open, high, low, close }] of bars.entries()) {
    numbers.set([time, ...[open, high, low, close].map((price) => Number(price) / 1e18)], i * OF_A_BAR);
  }
  return numbers;
}
