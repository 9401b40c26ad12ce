import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { readSeries } from "../../src/data/readSeries.ts";
import { backtest } from "../../src/forecast/backtest.ts";
import { hoursOf } from "../../src/forecast/hours.ts";
import { expectNear } from "../helpers/near.ts";
import { listedUnderlying } from "../helpers/prices/words.ts";

/** Recorded prices beside the project, where there are any; never part of it. */
const recorded = (symbol: string): string =>
  join(import.meta.dirname, "..", "..", "..", "shared", "data", `${symbol}-USD-1h-2017-2024.csv`);

describe("forecasts on recorded prices, where they lie beside the project", function () {
  this.timeout(120_000);

  for (const [symbol, known] of Object.entries({
    BTC: { har: 0.46, ewma: 0.54, constant: 0.64 },
    ETH: { har: 0.38, ewma: 0.45, constant: 0.6 },
  })) {
    it(`default: on recorded prices of ${symbol} from September 2019, what is known of log-HAR, EWMA and excursions`, async function () {
      const path = recorded(symbol);
      if (!existsSync(path)) return this.skip(); // not part of the project
      const { bars: read } = await readSeries([path], { kind: "price" });
      const from = Date.UTC(2019, 8, 1) / 1_000;
      const to = read.at(-1)!.time + 3_600;
      const { models, excursions } = await backtest(hoursOf(read), {
        from,
        to,
        horizon: 4,
        part: 0.995,
        refit: 365,
        models: ["constant", "ewma", "log-har"],
        volatility: listedUnderlying().volatility,
        lotExponent: 6,
      });
      const loss = (name: string): number => models.find((each) => each.name === name)!.qlike!;
      expectNear(loss("log-har"), known.har, 0.01);
      expectNear(loss("ewma"), known.ewma, 0.01);
      expectNear(loss("constant"), known.constant, 0.02);
      for (const { long } of excursions) expect(long).to.be.within(5, 5.5);
    });
  }
});
