import { useMemo, useState } from "react";
import { namedEvents, priceQuality, seriesIn, toNumber } from "../../../src/package/browser.ts";
import { Chart, type ChartData, type Line } from "../chart.tsx";
import { sentence } from "../flow.ts";
import { moment, percent, plain, price, span } from "../format.ts";
import { node, useAsked, useLive, useNow } from "../live.ts";
import { go, useRoute } from "../route.ts";
import { Card, Empty, Figure, Loading, Note, Segmented } from "../ui.tsx";

const PRICE: readonly Line[] = [
  { label: "Price", tone: 0 },
  { label: "Scan range", tone: 1, dashed: true },
  { label: "", tone: 1, dashed: true },
];
const FORECAST: readonly Line[] = [
  { label: "Fast forecast", tone: 0, stepped: true },
  { label: "Slow forecast", tone: 1, stepped: true },
  { label: "At least", tone: 2, dashed: true },
];
const FUNDING: readonly Line[] = [{ label: "Funding, 8 hours", tone: 0, stepped: true }];
/** Of points in a chart: more are not seen. */
const MOST = 2_000;

export function MarketsPage() {
  const { rest } = useRoute();
  const { view } = useLive();
  const now = useNow();
  const symbols = node.record.underlyings.map(({ symbol }) => symbol);
  const index = Math.max(0, symbols.indexOf(rest.toUpperCase()));
  const symbol = symbols[index] ?? "";
  const { value, error } = useAsked(
    () => namedEvents(node.rpc, node.record.contracts.vault, ["PricePosted", "Sampled", "FundingRateSet"], node.record.block),
    [],
  );
  const [stretch, setStretch] = useState<"day" | "all">("day");
  const head = view?.state.now ?? 0n;
  const since = stretch === "day" ? head - 86_400n : 0n;
  const own = view?.state.underlyings[index];
  const unit = 10 ** Number(own?.lotExponent ?? 0n);
  const posts = useMemo(() => {
    const found = (value ?? []).flatMap((event) =>
      event.name === "PricePosted" && Number(event.args.underlying) === index && event.args.price > 0n && event.args.publishTime >= since
        ? [event.args]
        : [],
    );
    // time goes forward in a chart, and once
    const rising = found.filter(({ publishTime }, i) => i === 0 || publishTime > (found[i - 1]?.publishTime ?? 0n)).slice(-MOST);
    const prices = rising.map((each) => toNumber(each.price) * unit);
    const ranges = rising.map((each) => toNumber(each.heldRange));
    return [
      rising.map(({ publishTime }) => Number(publishTime)),
      prices,
      prices.map((each, i) => each * (1 + (ranges[i] ?? 0))),
      prices.map((each, i) => each * (1 - (ranges[i] ?? 0))),
    ] as ChartData;
  }, [value, index, unit, since]);
  const samples = useMemo(() => {
    const found = (value ?? [])
      .flatMap((event) =>
        event.name === "Sampled" && Number(event.args.underlying) === index && event.args.time >= since ? [event.args] : [],
      )
      .slice(-MOST);
    const volatility = (variance: bigint): number => Math.sqrt(toNumber(variance, 10)) * 100;
    const floor = toNumber(view?.state.underlyings[index]?.volatility.sigmaFloor ?? 0n, 4);
    return [
      found.map(({ time }) => Number(time)),
      found.map(({ fastVariance }) => volatility(fastVariance)),
      found.map(({ slowVariance }) => volatility(slowVariance)),
      found.map(() => floor),
    ] as ChartData;
  }, [value, index, view, since]);
  const rates = useMemo(() => {
    const found = (value ?? []).flatMap((event) =>
      event.name === "FundingRateSet" && Number(event.args.underlying) === index ? [event] : [],
    );
    return [found.map(({ block }) => block), found.map(({ args }) => toNumber(args.ratePpb, 7))] as ChartData;
  }, [value, index]);
  const series = useMemo(() => (view === undefined ? [] : seriesIn(view, index).filter(({ settled }) => !settled)), [view, index]);
  const smile = useMemo(() => {
    const strikes = [...new Set(series.flatMap((each) => each.rows().map(({ strike }) => toNumber(strike) * unit)))].sort((a, b) => a - b);
    const lines = series.slice(0, 3).map((each) => {
      const by = new Map(each.rows().map(({ strike, call }) => [toNumber(strike) * unit, toNumber(call.volatility) * 100]));
      return strikes.map((strike) => by.get(strike) ?? null);
    });
    return [strikes, ...lines] as ChartData;
  }, [series, unit]);
  if (view === undefined || own === undefined)
    return (
      <Card>
        <Loading lines={6} />
      </Card>
    );
  const quality = priceQuality(view.state, index, BigInt(now));
  const digits = (each: number): string => each.toLocaleString("en", { maximumFractionDigits: each >= 1_000 ? 0 : 3 });
  const atPercent = (each: number): string => `${each.toLocaleString("en", { maximumFractionDigits: each < 1 ? 3 : 0 })} %`;
  const exponent = Number(own.lotExponent);
  const used = own.funding.cap === 0n ? 0 : Number((own.funding.openInterest * 10_000n) / own.funding.cap) / 100;
  return (
    <>
      <div className="instruments">
        <Segmented
          label="Underlying"
          value={symbol}
          onChange={(next) => go(`/markets/${next}`)}
          options={symbols.map((each) => [each, each] as const)}
        />
        <Segmented
          label="Stretch of the charts"
          value={stretch}
          onChange={setStretch}
          options={[
            ["day", "24 hours"],
            ["all", "All"],
          ]}
        />
      </div>
      <Card title={symbol}>
        <dl className="figures">
          <Figure
            label="Price"
            hint={
              quality === "none" ? "never posted" : `${quality === "normal" ? "" : `${quality}, `}${span(now - Number(own.priceTime))} old`
            }
          >
            <span className={`num ${quality === "normal" ? "" : "warn"}`}>{price(own.price * 10n ** own.lotExponent)}</span>
          </Figure>
          <Figure
            label="Scan range"
            hint={own.targetRange === own.heldRange ? "held and target" : `target ±${percent(Number(own.targetRange) / 1e7)}`}
          >
            <span className="num">±{percent(Number(own.heldRange) / 1e7)}</span>
          </Figure>
          <Figure
            label="Funding, 8 hours"
            hint={
              own.funding.rate === 0n ? "longs and shorts pay nothing" : own.funding.rate > 0n ? "longs pay shorts" : "shorts pay longs"
            }
          >
            <span className="num">{percent(Number(own.funding.rate) / 1e7, 4)}</span>
          </Figure>
          <Figure label="Open interest" hint={`${percent(used)} of ${plain(own.funding.cap, exponent, 0, 0)}, what the fund supports`}>
            <span className="num">
              {plain(own.funding.openInterest, exponent, 0, 4)} {symbol}
            </span>
            <span className="meter" aria-hidden="true">
              <span style={{ width: `${Math.min(used, 100)}%` }} />
            </span>
          </Figure>
        </dl>
      </Card>
      {value === undefined ? (
        <Card title="Price">{error === undefined ? <Loading lines={6} /> : <Note tone="bad">{sentence(error)}</Note>}</Card>
      ) : (
        <div className="grid two">
          <Card title="Price and scan range">
            {posts[0].length < 2 ? (
              <Empty title="Fewer than two prices in that time" />
            ) : (
              <Chart
                data={posts}
                lines={PRICE}
                band={[2, 3]}
                format={digits}
                summary={`Price of ${symbol} from ${moment(posts[0][0] ?? 0)} to ${moment(posts[0].at(-1) ?? 0)}: ${posts[1]?.[0]} to ${posts[1]?.at(-1)}`}
              />
            )}
          </Card>
          <Card title="Volatility forecast">
            {samples[0].length < 2 ? (
              <Empty title="Fewer than two samples in that time">
                <p className="muted">The forecast is sampled from posted prices.</p>
              </Empty>
            ) : (
              <Chart
                data={samples}
                lines={FORECAST}
                format={atPercent}
                summary={`Volatility forecast of ${symbol}, a year: fast ${samples[1]?.at(-1)?.toFixed(0)} percent, slow ${samples[2]?.at(-1)?.toFixed(0)} percent`}
              />
            )}
          </Card>
          <Card title="Smile by expiry">
            {smile.length < 2 ? (
              <Empty title={`No options on ${symbol}`} />
            ) : (
              <Chart
                data={smile}
                time={false}
                lines={series.slice(0, 3).map((each, i) => ({ label: each.name, tone: (i % 3) as 0 | 1 | 2 }))}
                format={atPercent}
                summary={`Implied volatility by strike: ${series.map((each) => `${each.name} ${each.volatility === undefined ? "none" : percent(toNumber(each.volatility) * 100)} at the money`).join(", ")}`}
              />
            )}
          </Card>
          <Card title="Funding">
            {rates[0].length < 2 ? (
              <Empty title={rates[0].length === 0 ? "No rate was ever set" : "One rate so far"}>
                <p className="muted">Between updates the rate holds; without one, nobody pays.</p>
              </Empty>
            ) : (
              <Chart
                data={rates}
                time={false}
                lines={FUNDING}
                format={(each) => `${each.toFixed(3)} %`}
                summary={`Funding rate of ${symbol} by block`}
              />
            )}
          </Card>
        </div>
      )}
    </>
  );
}
