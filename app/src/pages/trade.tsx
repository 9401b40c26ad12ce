import { type ReactNode, useEffect, useMemo, useState } from "react";
import {
  type AccountId,
  accountIdOf,
  buildCombo,
  buildOrder,
  cancelOrdersAction,
  comboName,
  encodeCancel,
  errorInWords,
  executeCall,
  fillableOf,
  instrumentName,
  type Leg,
  type ListedSeries,
  largestSize,
  markIn,
  orderVenue,
  parseCombo,
  parseInstrument,
  previewActions,
  previewOrder,
  pricedLegs,
  priceQuality,
  type Quote,
  quoteOf,
  refreshSeriesCall,
  rpcSigner,
  type Signed,
  seriesIn,
  signatureFaultOf,
  signCombo,
  signOrder,
  takeOrders,
  tradeAction,
  type VaultView,
} from "../../../src/package/browser.ts";
import { shortAccount } from "../events.ts";
import { carryOut, depositing, sentence, useFlow } from "../flow.ts";
import { moment, percent, plain, price, span } from "../format.ts";
import { live, node, useAsked, useLive, useNow, useView, watch } from "../live.ts";
import { forgetOrder, keepOrder, linkOf, orderIn, orderText, useOrders } from "../orders.ts";
import { PreviewRows, useOutcome } from "../preview.tsx";
import { go, useRoute } from "../route.ts";
import {
  AmountField,
  Button,
  Card,
  Copy,
  Empty,
  Field,
  FlowNote,
  Loading,
  Note,
  Row,
  Segmented,
  Select,
  typed,
  typedValue,
} from "../ui.tsx";
import { useOnChain, useWallet } from "../wallet.ts";
import { accountIn, tokens } from "./portfolio.tsx";

type Kind = "perpetual" | "future" | "option";

/** What the ticket is for: one instrument, or several with how many units of each. */
type Picked = readonly { readonly instrument: bigint; readonly ratio: number }[];

export function TradePage() {
  const { rest, query } = useRoute();
  const { view } = useLive();
  const { address } = useWallet();
  const [sub, setSub] = useState("0");
  const account = address === undefined ? undefined : accountIdOf(address, BigInt(sub));
  const own = useView(account);
  const clock = useNow(10_000);
  // the next block comes later than the last one: a price may be too old for it
  const later = useMemo(() => {
    const found = own ?? view;
    const now = BigInt(clock);
    return found === undefined || found.state.now >= now ? found : { ...found, state: { ...found.state, now } };
  }, [own, view, clock]);
  if (later === undefined)
    return (
      <Card>
        <Loading lines={8} />
      </Card>
    );
  const order = query.get("order");
  const close = accountIn(query.get("close") ?? "");
  const who = { account, view: later, sub, setSub };
  if (order !== null) return <Taking key={order} pasted={order} {...who} />;
  return (
    <>
      {close === undefined || close >> 96n !== (account ?? 0n) >> 96n ? null : <CloseAll account={close} />}
      <Market name={rest} {...who} />
    </>
  );
}

type Who = {
  readonly account: AccountId | undefined;
  readonly view: VaultView;
  readonly sub: string;
  readonly setSub: (sub: string) => void;
};

function nameIn(view: VaultView, name: string): bigint | undefined {
  try {
    return name === "" ? 0n : parseInstrument(view.listed, name);
  } catch {
    return undefined;
  }
}

const underlyingOf = (instrument: bigint): number => Number(instrument & 0xffn);
const exponentOf = (instrument: bigint): number => node.record.underlyings[underlyingOf(instrument)]?.lotExponent ?? 0;
const unitOf = (instrument: bigint): bigint => 10n ** BigInt(exponentOf(instrument));

function Market({ name, view, ...who }: Who & { name: string }) {
  const named = nameIn(view, name);
  const instrument = named ?? 0n;
  const underlying = underlyingOf(instrument);
  const [kind, setKind] = useState<Kind>(() => kindOf(view, instrument));
  const [legs, setLegs] = useState<Picked | undefined>();
  const [expiry, setExpiry] = useState<number>();
  const now = useNow();
  const series = useMemo(() => seriesIn(view, underlying), [view, underlying]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only where one goes
  useEffect(() => {
    if (named !== undefined && legs === undefined) setKind(kindOf(live.get().view ?? view, named));
  }, [named]);
  const own = view.state.underlyings[underlying];
  const quality = priceQuality(view.state, underlying, BigInt(now));
  const open = series.filter(({ settled }) => !settled);
  const shown =
    open.find(({ number }) => number === expiry) ??
    open.find(({ number }) => BigInt(number) === instrument >> 16n && instrument > 0xffn) ??
    open[0];
  const pick = (next: bigint, ratio = 1): void => {
    if (legs === undefined) {
      go(`/trade/${instrumentName(view.listed, next)}`);
      return;
    }
    const found = legs.findIndex((each) => each.instrument === next);
    if (found >= 0) setLegs(legs.map((each, i) => (i === found ? { ...each, ratio } : each)));
    else if (legs.length < 8) setLegs([...legs, { instrument: next, ratio: legs.length % 2 === 0 ? ratio : -ratio }]);
  };
  const picked: Picked = legs ?? [{ instrument, ratio: 1 }];
  return (
    <div className="grid trade">
      <div className="stack wide">
        <Card>
          <div className="instruments">
            <Segmented
              label="Underlying"
              value={String(underlying)}
              onChange={(value) => {
                setLegs(undefined);
                setKind("perpetual");
                go(`/trade/${node.record.underlyings[Number(value)]?.symbol}-PERP`);
              }}
              options={node.record.underlyings.map(({ symbol }, index) => [String(index), symbol] as const)}
            />
            <Segmented
              label="Kind"
              value={kind}
              onChange={(value) => {
                setKind(value);
                if (value === "perpetual") {
                  setLegs(undefined);
                  go(`/trade/${node.record.underlyings[underlying]?.symbol}-PERP`);
                }
                if (value === "future" && legs === undefined && shown !== undefined)
                  go(`/trade/${instrumentName(view.listed, shown.future)}`);
              }}
              options={
                open.length === 0
                  ? ([["perpetual", "Perpetual"]] as const)
                  : ([
                      ["perpetual", "Perpetual"],
                      ["future", "Futures"],
                      ["option", "Options"],
                    ] as const)
              }
            />
          </div>
          {name !== "" && named === undefined ? <Note tone="warn">Nothing is called “{name}” here.</Note> : null}
          {own === undefined || quality === "none" ? (
            <Empty title="No price yet" />
          ) : (
            <>
              <div className="headline">
                <span className="big num">{price(own.price * 10n ** own.lotExponent)}</span>
                <span className={quality === "normal" ? "muted" : "warn"}>
                  {node.record.underlyings[underlying]?.symbol}, {quality === "normal" ? "" : `${quality}, `}
                  {span(now - Number(own.priceTime))} old
                </span>
              </div>
              <dl className="figures four">
                <Small label="Scan range">±{percent(Number(own.heldRange) / 1e7)}</Small>
                <Small label="Funding, 8 hours">{percent(Number(own.funding.rate) / 1e7, 4)}</Small>
                <Small label="Open interest">
                  {plain(own.funding.openInterest, Number(own.lotExponent), 0, 2)} of{" "}
                  {plain(own.funding.cap, Number(own.lotExponent), 0, 0)}
                </Small>
                <Small label="Fill band">±{percent(Number(own.trading.fillBand) / 1e4, 2)}</Small>
              </dl>
              {kind === "perpetual" || shown === undefined ? null : (
                <>
                  <div className="instruments">
                    <Segmented
                      label="Expiry"
                      value={String(shown.number)}
                      onChange={(value) => setExpiry(Number(value))}
                      options={open.map((each) => [String(each.number), moment(each.expiry).slice(0, 10)] as const)}
                    />
                    {kind === "option" ? (
                      <label className="check">
                        <input
                          type="checkbox"
                          checked={legs !== undefined}
                          onChange={(event) =>
                            setLegs(event.target.checked ? (instrument > 0xffn ? [{ instrument, ratio: 1 }] : []) : undefined)
                          }
                        />{" "}
                        Build a combo
                      </label>
                    ) : null}
                  </div>
                  <Stale series={shown} />
                  {kind === "future" ? (
                    <Futures series={open} picked={picked} pick={pick} now={now} />
                  ) : (
                    <Chain series={shown} picked={picked} pick={pick} now={now} />
                  )}
                </>
              )}
            </>
          )}
        </Card>
        <div className="grid two">
          <Paste />
          <Orders view={view} account={who.account} />
        </div>
      </div>
      {kind === "option" && legs === undefined && instrument <= 0xffn ? (
        <Card title="Ticket">
          <Empty title="Choose an option">
            <p className="muted">Press the mark of a call or a put. With “Build a combo” several go into one order.</p>
          </Empty>
        </Card>
      ) : legs !== undefined && legs.length < 2 ? (
        <Card title="Combo">
          <Legs view={view} legs={legs} setLegs={setLegs} />
          <Empty title={legs.length === 0 ? "Choose two options or more" : "Choose one more"}>
            <p className="muted">All legs are filled together or not at all, at one net price.</p>
          </Empty>
        </Card>
      ) : (
        <Ticket key={legs === undefined ? instrument.toString() : "combo"} picked={picked} view={view} {...who}>
          {legs === undefined ? null : <Legs view={view} legs={legs} setLegs={setLegs} />}
        </Ticket>
      )}
    </div>
  );
}

function kindOf(view: VaultView, instrument: bigint): Kind {
  if (instrument <= 0xffn) return "perpetual";
  return seriesIn(view, underlyingOf(instrument)).some(({ future }) => future === instrument) ? "future" : "option";
}

function Small({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt className="hint">{label}</dt>
      <dd className="num">{children}</dd>
    </div>
  );
}

/** What keeps a series from being opened, and what anybody can do about it. */
function Stale({ series }: { series: ListedSeries }) {
  const { flow, busy, run } = useFlow();
  const { address } = useWallet();
  if (series.stale === undefined || series.settled) return null;
  const refreshes = series.forward !== undefined;
  return (
    <Note tone="warn">
      <span>
        Nothing of {series.name} can be opened:{" "}
        {series.stale === "no volatilities yet" ? series.stale : `its risk figures are old (${series.stale})`}.
      </span>
      {refreshes && address !== undefined ? (
        <Button
          busy={busy}
          onClick={() =>
            void run(async (who, say) => {
              await carryOut(who, [refreshSeriesCall(node.record, who.address, series.underlying, series.number)], say);
              return "Refreshed.";
            })
          }
        >
          Refresh
        </Button>
      ) : null}
      <FlowNote flow={flow} />
    </Note>
  );
}

function Futures({
  series,
  picked,
  pick,
  now,
}: {
  series: readonly ListedSeries[];
  picked: Picked;
  pick: (instrument: bigint) => void;
  now: number;
}) {
  return (
    <div className="scroll">
      <table className="chain" aria-label="Futures">
        <thead>
          <tr>
            <th scope="col">Future</th>
            <th scope="col">Expires in</th>
            <th scope="col">Volatility</th>
            <th scope="col">Mark</th>
          </tr>
        </thead>
        <tbody>
          {series.map((each) => (
            <tr key={each.number}>
              <th scope="row">{each.name}</th>
              <td>{span(Number(each.expiry) - now)}</td>
              <td>{each.volatility === undefined ? "–" : percent(Number(each.volatility) / 1e16)}</td>
              <td>
                {each.forward === undefined ? (
                  "–"
                ) : (
                  <button
                    type="button"
                    aria-pressed={picked.some(({ instrument }) => instrument === each.future)}
                    onClick={() => pick(each.future)}
                    aria-label={`Trade ${each.name}`}
                  >
                    {price(each.forward * unitOf(each.future))}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Chain({ series, picked, pick, now }: { series: ListedSeries; picked: Picked; pick: (instrument: bigint) => void; now: number }) {
  const rows = useMemo(() => series.rows(), [series]);
  const unit = unitOf(series.future);
  const { forward } = series;
  const nearest =
    forward === undefined
      ? undefined
      : rows.reduce((best, row) => (gap(row.strike, forward) < gap(best, forward) ? row.strike : best), rows[0]?.strike ?? 0n);
  if (rows.length === 0) return <Empty title="No marks" />;
  const side = (option: (typeof rows)[number]["call"], what: string, strike: bigint) => (
    <button
      type="button"
      aria-pressed={picked.some(({ instrument }) => instrument === option.instrument)}
      onClick={() => pick(option.instrument)}
      aria-label={`${what} ${plain(strike * unit)} at ${price(option.mark * unit)}`}
    >
      {price(option.mark * unit)}
    </button>
  );
  return (
    <>
      <p className="muted">
        Forward <span className="num">{forward === undefined ? "–" : price(forward * unit)}</span> · at the money{" "}
        {series.volatility === undefined ? "–" : percent(Number(series.volatility) / 1e16)} · expires {moment(series.expiry)} UTC, in{" "}
        {span(Number(series.expiry) - now)}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section className="scroll" tabIndex={0} aria-label="Option chain">
        <table className="chain">
          <thead>
            <tr>
              <th scope="col" className="greek">
                Delta
              </th>
              <th scope="col">Call</th>
              <th scope="col">Strike</th>
              <th scope="col">Put</th>
              <th scope="col" className="greek">
                Delta
              </th>
              <th scope="col">Volatility</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ strike, call, put }) => (
              <tr key={strike.toString()} className={strike === nearest ? "at" : undefined}>
                <td className={`greek ${forward !== undefined && strike < forward ? "in" : ""}`}>{call.delta.toFixed(2)}</td>
                <td className={forward !== undefined && strike < forward ? "in" : undefined}>{side(call, "Call", strike)}</td>
                <th scope="row" className="strike">
                  {plain(strike * unit)}
                </th>
                <td className={forward !== undefined && strike > forward ? "in" : undefined}>{side(put, "Put", strike)}</td>
                <td className={`greek ${forward !== undefined && strike > forward ? "in" : ""}`}>
                  {put.delta.toFixed(2).replace("-", "−").replace("−0.00", "0.00")}
                </td>
                <td>{percent(Number(call.volatility) / 1e16)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function gap(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}

function Legs({ view, legs, setLegs }: { view: VaultView; legs: Picked; setLegs: (legs: Picked) => void }) {
  return (
    <ul className="legs" aria-label="Legs">
      {legs.map(({ instrument, ratio }, i) => {
        const name = instrumentName(view.listed, instrument);
        return (
          <li key={instrument.toString()}>
            <span className="num">{name}</span>
            <Segmented
              label={`${name}: bought or sold by who buys the combo`}
              value={ratio > 0 ? "buy" : "sell"}
              onChange={(value) =>
                setLegs(legs.map((each, k) => (k === i ? { ...each, ratio: value === "buy" ? Math.abs(ratio) : -Math.abs(ratio) } : each)))
              }
              options={
                [
                  ["buy", "+1"],
                  ["sell", "−1"],
                ] as const
              }
            />
            <button
              type="button"
              className="button quiet icon"
              aria-label={`Remove ${name}`}
              onClick={() => setLegs(legs.filter((_, k) => k !== i))}
            >
              ×
            </button>
          </li>
        );
      })}
    </ul>
  );
}

const TIMES = [
  ["900", "15 minutes"],
  ["3600", "1 hour"],
  ["86400", "1 day"],
  ["604800", "7 days"],
] as const;

/** The legs of a ticket with their prices, as `side` signs them; undefined while something is missing. */
function legsOf(
  view: VaultView,
  picked: Picked,
  buys: boolean,
  limit: bigint | undefined,
): { readonly legs: readonly Leg[]; readonly exponent: number; readonly mark: bigint | undefined; readonly error?: string } {
  const sign = buys ? 1n : -1n;
  const [only] = picked;
  if (picked.length === 1 && only !== undefined) {
    const exponent = exponentOf(only.instrument);
    const mark = markIn(view.state, only.instrument);
    const unit = 10n ** BigInt(exponent);
    return {
      legs: limit === undefined ? [] : [{ instrument: only.instrument, lots: sign, price: limit / unit }],
      exponent,
      mark: mark === undefined ? undefined : mark * unit,
    };
  }
  const { legs, exponent } = parseCombo(
    view.listed,
    picked.map(({ instrument, ratio }) => `${instrumentName(view.listed, instrument)}:${ratio > 0 ? "+" : ""}${ratio}`).join(","),
  );
  const unit = 10n ** BigInt(exponent);
  const marks = legs.map(({ instrument }) => markIn(view.state, instrument));
  if (marks.some((mark) => mark === undefined)) return { legs: [], exponent, mark: undefined };
  const net = legs.reduce((sum, { lots }, i) => sum + lots * (marks[i] as bigint), 0n);
  if (limit === undefined) return { legs: [], exponent, mark: net * unit };
  try {
    const parts = legs.map(({ instrument, lots }, i) => ({ instrument, lots: sign * lots, mark: marks[i] as bigint }));
    return { legs: pricedLegs(parts, sign * (limit / unit), exponent), exponent, mark: net * unit };
  } catch (error) {
    return { legs: [], exponent, mark: net * unit, error: sentence((error as Error).message) };
  }
}

function Ticket({ picked, view, account, sub, setSub, children }: Who & { picked: Picked; children?: ReactNode }) {
  const { fees } = useLive();
  const onChain = useOnChain();
  const [side, setSide] = useState<"buy" | "sell">("buy");
  const [sizeText, setSize] = useState("");
  const [limitText, setLimit] = useState("");
  const [time, setTime] = useState("3600");
  const [reduceOnly, setReduceOnly] = useState(false);
  const [signedText, setSigned] = useState<string>();
  const { flow, busy, run } = useFlow();
  const buys = side === "buy";
  const isCombo = picked.length > 1;
  const money = node.record.settlementToken.symbol;
  const first = picked[0] as Picked[number];
  const symbol = node.record.underlyings[underlyingOf(first.instrument)]?.symbol ?? "";
  const { mark, exponent } = legsOf(view, picked, buys, undefined);
  const limit = typed(limitText, 18 - exponent);
  const size = typed(sizeText, exponent);
  const scaled = limit.value === undefined ? undefined : limit.value * 10n ** BigInt(exponent);
  const wanted = limitText === "" ? mark : scaled;
  const made = legsOf(view, picked, buys, wanted);
  const { legs } = made;
  const lots = size.value;
  const isReady = account !== undefined && fees !== undefined && legs.length > 0 && lots !== undefined && lots > 0n;
  const venue = { record: node.record, fees: fees ?? { taker: 0n, maker: 0n } };
  const key = legs.map(({ instrument, lots: each, price: at }) => `${instrument} ${each} ${at}`).join(",");
  const outcome = useOutcome(account, view, isReady ? () => previewOrder(view, venue, account, legs, lots) : undefined, [key, lots]);
  const largest = useLargest(isReady || (account !== undefined && legs.length > 0), view, [key, account], () => {
    const cap = view.state.underlyings[underlyingOf(first.instrument)]?.trading.positionCap ?? 0n;
    return largestSize(cap, (most) => works(() => previewOrder(view, venue, account as AccountId, legs, most)));
  });
  const name = isCombo
    ? comboName(view.listed, legs.length > 0 ? legs : picked.map(({ instrument, ratio }) => ({ instrument, lots: BigInt(ratio) }))).name
    : instrumentName(view.listed, first.instrument);
  const why =
    account === undefined
      ? "Connect a wallet to trade."
      : !onChain
        ? "Your wallet is on another network."
        : mark === undefined
          ? "It has no mark: nobody has posted volatilities, or it has settled."
          : size.value === undefined || size.value <= 0n
            ? "Enter a size."
            : limitText !== "" && limit.value === undefined
              ? "Enter a price."
              : made.error !== undefined
                ? made.error
                : outcome.isPending
                  ? ""
                  : outcome.kind === "refused" && !reduceOnly
                    ? outcome.why
                    : undefined;
  const sign = (): void =>
    void run(async (who, say) => {
      const id = account as AccountId;
      const now = BigInt(live.get().head?.time ?? 0);
      const common = {
        vault: node.record.contracts.vault,
        account: id,
        size: lots as bigint,
        maxFee: 500n,
        reduceOnly,
        validFrom: now,
        validUntil: now + BigInt(time),
        nonce: BigInt(Date.now()) % 2n ** 40n,
        epoch: view.state.accounts.get(id)?.epoch ?? 0n,
      };
      say("Read and sign the order in your wallet");
      const signer = rpcSigner(who.rpc, who.address);
      const at = orderVenue(node.record, view.listed);
      const [leg] = legs as [Leg];
      const signed: Signed = isCombo
        ? await signCombo(signer, at, buildCombo({ ...common, legs }))
        : await signOrder(signer, at, buildOrder({ ...common, instrument: leg.instrument, long: buys, limit: leg.price }));
      who.check();
      setSigned(keepOrder(view, signed));
      return "Signed. Whoever has the link can fill it until it expires.";
    });
  const limitShown = wanted === undefined ? "–" : price(wanted);
  return (
    <Card title={isCombo ? "Combo" : name}>
      {children}
      <form
        className="stack"
        aria-label="Ticket"
        onSubmit={(event) => {
          event.preventDefault();
          if (why === undefined && !busy) sign();
        }}
      >
        <div className="side">
          <Segmented
            label="Side"
            value={side}
            onChange={setSide}
            options={[
              ["buy", "Buy"],
              ["sell", "Sell"],
            ]}
          />
        </div>
        <AmountField
          label="Size"
          unit={isCombo ? "combos" : symbol}
          digits={exponent}
          value={sizeText}
          onChange={setSize}
          most={largest}
          hint={largest === undefined ? " " : `Largest your margin carries: ${plain(largest, exponent)}`}
        />
        <AmountField
          label={`${isCombo ? "Net price of one" : "Price"}, at ${buys ? "most" : "least"}`}
          unit={money}
          digits={18 - exponent}
          value={limitText}
          onChange={setLimit}
          most={mark === undefined ? undefined : mark / 10n ** BigInt(exponent)}
          mostLabel="Mark"
          hint={mark === undefined ? "no mark" : `Mark ${price(mark)}${limitText === "" ? ", used where nothing is entered" : ""}`}
        />
        <div className="grid two fixed">
          <Select label="Stands for" value={time} onChange={setTime} options={TIMES} />
          <Select
            label="Account"
            value={sub}
            onChange={setSub}
            options={["0", "1", "2", "3"].map((each) => [each, each === "0" ? "Main" : `Sub ${each}`] as const)}
          />
        </div>
        <label className="check">
          <input type="checkbox" checked={reduceOnly} onChange={(event) => setReduceOnly(event.target.checked)} /> Only reduce what I hold
        </label>
        {outcome.kind === "works" ? (
          <PreviewRows outcome={outcome} view={view} underlyings={[...new Set(legs.map(({ instrument }) => underlyingOf(instrument)))]} />
        ) : null}
        <div className="submit">
          <Button type="submit" kind={side} busy={busy} why={why}>
            Sign: {side} {sizeText === "" ? "" : `${sizeText} `}
            {isCombo ? "combos" : name} at {limitShown}
          </Button>
          <FlowNote flow={flow} />
          {signedText === undefined ? null : <Share text={signedText} />}
          <p className="muted">A limit order costs nothing to sign. The figures above are those once all of it is filled.</p>
        </div>
      </form>
    </Card>
  );
}

function works(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

/** Worked out after everything else. */
function useLargest(isReady: boolean, view: VaultView, keys: readonly unknown[], find: () => bigint): bigint | undefined {
  const [largest, set] = useState<bigint>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what `find` depends on is said by `keys`
  useEffect(() => {
    if (!isReady) {
      set(undefined);
      return;
    }
    const timer = setTimeout(() => set(find()), 250);
    return () => clearTimeout(timer);
  }, [isReady, view, ...keys]);
  return largest;
}

function Share({ text }: { text: string }) {
  return (
    <div className="buttons">
      <Copy text={linkOf(text)} label="Copy link" />
      <Copy text={text} label="Copy order" />
    </div>
  );
}

function Paste() {
  const [text, set] = useState("");
  const [error, fail] = useState<string>();
  const open = (): void => {
    const { view } = live.get();
    if (view === undefined) return;
    try {
      orderIn(view, text);
      go(`/trade?order=${linkOf(JSON.stringify(JSON.parse(orderText(text)))).split("order=")[1]}`);
    } catch (thrown) {
      fail(sentence(errorInWords(thrown, node.record)));
    }
  };
  return (
    <Card title="Fill somebody’s order">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") open();
        }}
      >
        <Field label="A link, or the order itself" error={error}>
          {(id, said) => (
            <textarea
              id={id}
              aria-describedby={said}
              value={text}
              onChange={(event) => {
                set(event.target.value);
                fail(undefined);
              }}
              spellCheck={false}
              placeholder="https://… or { … }"
            />
          )}
        </Field>
        <div className="buttons">
          <Button type="submit" why={text.trim() === "" ? "" : undefined}>
            Look at it
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Orders({ view, account }: { view: VaultView; account: AccountId | undefined }) {
  const texts = useOrders();
  const { flow, busy, run } = useFlow();
  const isMine = (text: string): boolean => account !== undefined && JSON.parse(text).order.account === account.toString();
  const own = texts.filter(isMine);
  return (
    <Card
      title="Your orders"
      actions={
        own.length === 0 ? null : (
          <Button
            busy={busy}
            onClick={() =>
              void run(async (who, say) => {
                await carryOut(who, [executeCall(node.record, who.address, [cancelOrdersAction(account as AccountId)])], say);
                return "Every order signed until now is void.";
              })
            }
          >
            Void all
          </Button>
        )
      }
    >
      <FlowNote flow={flow} />
      {own.length === 0 ? (
        <Empty title="None signed in this browser">
          <p className="muted">Orders are signatures: they lie with whom you give them to, not on the chain.</p>
        </Empty>
      ) : (
        <ul className="orders">
          {own.map((text) => (
            <OwnOrder key={text} text={text} view={view} account={account as AccountId} />
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Who has nothing to do with anything: how much is left of an order for others. */
const ANYBODY = accountIdOf("0x00000000000000000000000000000000000000a1");

function OwnOrder({ text, view, account }: { text: string; view: VaultView; account: AccountId }) {
  const found = useMemo(() => {
    try {
      const signed = orderIn(view, text);
      return { signed, quote: quoteOf(view.listed, signed) };
    } catch (error) {
      return { error: sentence(errorInWords(error, node.record)) };
    }
  }, [text, view]);
  const { value: left } = useAsked(
    async () => (found.quote === undefined ? undefined : fillableOf(node.rpc, node.record, found.quote, ANYBODY)),
    [text],
  );
  const now = useNow(5_000);
  const { flow, busy, run } = useFlow();
  if (found.quote === undefined)
    return (
      <li>
        <span className="muted">{found.error}</span>
        <Button onClick={() => forgetOrder(text)}>Forget</Button>
      </li>
    );
  const { quote, signed } = found;
  const unit = 10n ** BigInt(quote.exponent);
  const isOver = Number(signed.order.validUntil) < now;
  const size = left?.size ?? 0n;
  return (
    <li>
      <span>
        <b className={quote.makerBuys ? "good" : "bad"}>{quote.makerBuys ? "Buy" : "Sell"}</b> {plain(quote.size, quote.exponent)}{" "}
        {quote.what} at <span className="num">{price(quote.price * unit)}</span>
      </span>
      <span className="muted">
        {isOver
          ? "expired"
          : left === undefined
            ? "…"
            : size === quote.size
              ? "open"
              : size > 0n
                ? `${plain(size, quote.exponent)} left`
                : left.reason}
        {isOver || size === 0n ? "" : `, until ${moment(signed.order.validUntil)} UTC`}
      </span>
      <div className="buttons">
        {isOver || size === 0n ? (
          <Button onClick={() => forgetOrder(text)}>Forget</Button>
        ) : (
          <>
            <Share text={text} />
            <Button
              busy={busy}
              onClick={() =>
                void run(async (who, say) => {
                  const cancel = tradeAction(account, node.record.modules.orders, encodeCancel([signed.order.nonce]), 0n);
                  await carryOut(who, [executeCall(node.record, who.address, [cancel])], say);
                  return "Cancelled.";
                })
              }
            >
              Cancel
            </Button>
          </>
        )}
      </div>
      <FlowNote flow={flow} />
    </li>
  );
}

// ---------------------------------------------------------------- taking

function Taking({ pasted, view, ...who }: Who & { pasted: string }) {
  const found = useMemo(() => {
    try {
      const signed = orderIn(view, pasted);
      return { signed, quote: quoteOf(view.listed, signed) };
    } catch (error) {
      return { error: sentence(errorInWords(error, node.record)) };
    }
  }, [pasted, view]);
  if (found.quote === undefined)
    return (
      <Card title="This order cannot be filled">
        <Note tone="bad">{found.error}</Note>
        <a href="#/trade">To the ticket</a>
      </Card>
    );
  return <TakeTicket signed={found.signed} quote={found.quote} view={view} {...who} />;
}

function TakeTicket({ signed, quote, view, account, sub, setSub }: Who & { signed: Signed; quote: Quote }) {
  const { fees } = useLive();
  const onChain = useOnChain();
  const now = useNow();
  const maker = signed.order.account;
  const [sizeText, setSize] = useState<string>();
  const [depositText, setDeposit] = useState("");
  const { flow, busy, run } = useFlow();
  const { exponent, makerBuys, what } = quote;
  const money = node.record.settlementToken;
  const unit = 10n ** BigInt(exponent);
  useEffect(() => watch(maker), [maker]);
  const fault = useAsked(() => signatureFaultOf(node.rpc, node.record, view.listed, signed), []);
  const left = useAsked(() => fillableOf(node.rpc, node.record, quote, account ?? ANYBODY), [account]);
  const text = sizeText ?? (left.value === undefined || left.value.size === 0n ? "" : typedValue(left.value.size, exponent));
  const size = typed(text, exponent);
  const deposit = typed(depositText, money.decimals);
  const units = deposit.value ?? 0n;
  const both = view.state.accounts.has(maker) && account !== undefined && view.state.accounts.has(account);
  const isReady = both && fees !== undefined && size.value !== undefined && size.value > 0n && deposit.error === undefined;
  const take = (lots: bigint, added = units) =>
    previewActions(
      view,
      { record: node.record, fees: fees as NonNullable<typeof fees> },
      `0x${((account as bigint) >> 96n).toString(16).padStart(40, "0")}`,
      [
        ...(added > 0n ? [{ kind: "Deposit", account: account as AccountId, token: 255, amount: added } as const] : []),
        { kind: "Take", account: account as AccountId, maker, legs: quote.legs, size: lots },
      ],
    );
  const outcome = useOutcome(account, view, isReady ? () => take(size.value as bigint) : undefined, [size.value, units, both]);
  const largest = useLargest(isReady && left.value !== undefined, view, [units, left.value?.size], () =>
    largestSize(left.value?.size ?? 0n, (lots) => works(() => take(lots))),
  );
  const isOver = Number(signed.order.validUntil) < now;
  const marks = quote.legs.reduce<bigint | undefined>((sum, { instrument, lots }) => {
    const mark = markIn(view.state, instrument);
    return sum === undefined || mark === undefined ? undefined : sum + lots * mark;
  }, 0n);
  const mark = marks === undefined ? undefined : (makerBuys ? marks : -marks) * unit;
  const why = isOver
    ? "The order has expired."
    : fault.value !== undefined
      ? sentence(fault.value)
      : account === undefined
        ? "Connect a wallet to fill it."
        : !onChain
          ? "Your wallet is on another network."
          : left.value !== undefined && left.value.size === 0n
            ? `It cannot be filled: ${left.value.reason}.`
            : size.value === undefined || size.value <= 0n
              ? "Enter a size."
              : left.value !== undefined && size.value > left.value.size
                ? `Only ${plain(left.value.size, exponent)} are left of it.`
                : deposit.error !== undefined
                  ? "The amount to deposit is not a number."
                  : outcome.isPending || outcome.kind === "nothing"
                    ? ""
                    : outcome.kind === "refused"
                      ? outcome.why
                      : undefined;
  const fill = (): void =>
    void run(async (who, say) => {
      const id = account as AccountId;
      const lots = size.value as bigint;
      const least = quote.lots(lots);
      const [token] = tokens();
      const before = units > 0n && token !== undefined ? [await depositing(who, id, token, units, say)] : [];
      const trade = tradeAction(id, node.record.modules.orders, quote.trade(lots), least);
      const call =
        before.length === 0 && quote.taking !== undefined
          ? takeOrders(node.record, who.address, { taker: id, ...quote.taking(lots), minimumLots: least })
          : executeCall(node.record, who.address, [...before, trade]);
      await carryOut(who, [call], say);
      setDeposit("");
      left.again();
      return `${makerBuys ? "Sold" : "Bought"} ${plain(lots, exponent)} ${what} at ${price(quote.price * unit)}.`;
    });
  const verb = makerBuys ? "Sell" : "Buy";
  return (
    <div className="grid trade">
      <Card title={`${makerBuys ? "Somebody buys" : "Somebody sells"} ${what}`}>
        <dl className="rows">
          <Row label="For you">
            <b className={makerBuys ? "bad" : "good"}>{verb}</b>
          </Row>
          <Row label="Price" name="price">
            {price(quote.price * unit)} {money.symbol}
          </Row>
          <Row label="Mark">
            {mark === undefined ? "–" : price(mark)}
            {mark === undefined || mark === 0n
              ? ""
              : ` (${percent((Number(quote.price * unit - mark) / Math.abs(Number(mark))) * 100, 2)})`}
          </Row>
          {quote.legs.length < 2
            ? null
            : quote.legs.map(({ instrument, lots, price: each }) => (
                <Row key={instrument.toString()} label={instrumentName(view.listed, instrument)}>
                  {makerBuys === lots > 0n ? (makerBuys ? "you sell" : "you buy") : makerBuys ? "you buy" : "you sell"} at{" "}
                  {price(each * unitOf(instrument))}
                </Row>
              ))}
          <Row label="Left of it" name="left">
            {left.value === undefined ? "…" : plain(left.value.size, exponent)} of {plain(quote.size, exponent)}
          </Row>
          <Row label="Signed by">
            <a href={`#/portfolio/${`0x${(maker >> 96n).toString(16).padStart(40, "0")}`}`}>{shortAccount(maker)}</a>
          </Row>
          <Row label="Stands until">{moment(signed.order.validUntil)} UTC</Row>
        </dl>
        <a href="#/trade">To the ticket</a>
      </Card>
      <Card title={`${verb} ${what}`}>
        <form
          className="stack"
          aria-label="Fill"
          onSubmit={(event) => {
            event.preventDefault();
            if (why === undefined && !busy) fill();
          }}
        >
          <AmountField
            label="Size"
            unit={quote.legs.length > 1 ? "combos" : (node.record.underlyings[underlyingOf(quote.legs[0]?.instrument ?? 0n)]?.symbol ?? "")}
            digits={exponent}
            value={text}
            onChange={setSize}
            most={largest}
            hint={largest === undefined ? " " : `Largest your margin carries: ${plain(largest, exponent)}`}
          />
          <AmountField
            label="Deposit with it, in the same transaction"
            unit={money.symbol}
            digits={money.decimals}
            value={depositText}
            onChange={setDeposit}
            hint="Nothing is deposited where this is empty."
          />
          <Select
            label="Account"
            value={sub}
            onChange={setSub}
            options={["0", "1", "2", "3"].map((each) => [each, each === "0" ? "Main" : `Sub ${each}`] as const)}
          />
          {outcome.kind === "works" ? (
            <PreviewRows
              outcome={outcome}
              view={view}
              underlyings={[...new Set(quote.legs.map(({ instrument }) => underlyingOf(instrument)))]}
            />
          ) : null}
          <div className="submit">
            <Button type="submit" kind={makerBuys ? "sell" : "buy"} busy={busy} why={why}>
              {verb} {text} {quote.legs.length > 1 ? "combos" : what} at {price(quote.price * unit)}
            </Button>
            <FlowNote flow={flow} />
          </div>
        </form>
      </Card>
    </div>
  );
}

// ---------------------------------------------------------------- closing

function CloseAll({ account }: { account: AccountId }) {
  const view = useView(account);
  const { flow, busy, run } = useFlow();
  if (view === undefined) return null;
  const stored = view.state.accounts.get(account);
  const held = [
    ...[...(stored?.positions ?? [])].map(([index, { lots }]) => ({ instrument: BigInt(index), lots })),
    ...[...(stored?.series ?? [])].flatMap(([index, all]) =>
      all.map(({ instrument, lots }) => ({ instrument: BigInt(index) | (instrument << 8n), lots })),
    ),
  ].flatMap((each) => {
    const mark = markIn(view.state, each.instrument);
    return mark === undefined ? [] : [{ ...each, mark }];
  });
  if (held.length === 0) return null;
  const sign = (): void =>
    void run(async (who, say) => {
      const now = BigInt(live.get().head?.time ?? 0);
      const base = BigInt(Date.now());
      for (const [i, { instrument, lots, mark }] of held.entries()) {
        say(`Sign ${i + 1} of ${held.length} in your wallet`);
        const order = buildOrder({
          vault: node.record.contracts.vault,
          account,
          instrument,
          long: lots < 0n,
          limit: mark,
          size: lots < 0n ? -lots : lots,
          maxFee: 500n,
          reduceOnly: true,
          validFrom: now,
          validUntil: now + 3_600n,
          nonce: (base + BigInt(i)) % 2n ** 40n,
          epoch: stored?.epoch ?? 0n,
        });
        const signed = await signOrder(rpcSigner(who.rpc, who.address), orderVenue(node.record, view.listed), order);
        who.check();
        keepOrder(view, signed);
      }
      return `${held.length} orders signed. Share them from “Your orders”.`;
    });
  return (
    <Card title="Close all" actions={<a href="#/trade">Not now</a>}>
      <p className="muted">
        Signs an order for each position, at its mark, for an hour, that can only reduce it. Somebody has to fill them.
      </p>
      <dl className="rows">
        {held.map(({ instrument, lots, mark }) => (
          <Row key={instrument.toString()} label={instrumentName(view.listed, instrument)}>
            {lots < 0n ? "buy" : "sell"} {plain(lots < 0n ? -lots : lots, exponentOf(instrument))} at {price(mark * unitOf(instrument))}
          </Row>
        ))}
      </dl>
      <div className="buttons">
        <Button kind="main" busy={busy} onClick={sign}>
          Sign {held.length} {held.length === 1 ? "order" : "orders"}
        </Button>
      </div>
      <FlowNote flow={flow} />
    </Card>
  );
}
