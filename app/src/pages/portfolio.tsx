import { useEffect, useMemo, useState } from "react";
import {
  type AccountId,
  accountEvents,
  accountIdOf,
  balanceOf,
  type DeploymentRecord,
  errorInWords,
  executeCall,
  faucetCall,
  liquidationPrices,
  operatorAction,
  ownerOf,
  type PortfolioView,
  parseDecimal,
  portfolioIn,
  priceQuality,
  SETTLEMENT_TOKEN,
  showAccountId,
  subAccountOf,
  transferAction,
  type VaultEvent,
  type VaultView,
  vaultReader,
  withdrawAction,
  withdrawableOf,
} from "../../../src/package/browser.ts";
import { csvOf, download, eventText, SCOPES, scopesIn } from "../events.ts";
import { carryOut, depositing, sentence, useFlow } from "../flow.ts";
import { fixed, moment, percent, plain, price, short, span } from "../format.ts";
import { Gauge } from "../gauge.tsx";
import { live, node, useAsked, useLive, useNow, useView } from "../live.ts";
import { ProfileChart } from "../profile.tsx";
import { go, useRoute } from "../route.ts";
import {
  Amount,
  AmountField,
  Button,
  Card,
  Cell,
  Empty,
  Field,
  Figure,
  FlowNote,
  Loading,
  Note,
  Segmented,
  Select,
  Table,
  typed,
} from "../ui.tsx";
import { LOCAL_CHAIN, useWallet } from "../wallet.ts";

/** An account as people type it: an address, and a sub-account after a slash. */
export function accountIn(text: string): AccountId | undefined {
  const match = /^(0x[0-9a-fA-F]{40})(?:\/(\d{1,9}))?$/.exec(text.trim());
  return match?.[1] === undefined ? undefined : accountIdOf(match[1], BigInt(match[2] ?? 0));
}

export function PortfolioPage() {
  const { rest } = useRoute();
  const { address } = useWallet();
  const account = accountIn(rest) ?? (address === undefined || rest !== "" ? undefined : accountIdOf(address));
  if (account === undefined) return <Landing wrong={rest} />;
  return <Account key={account.toString()} account={account} />;
}

function Landing({ wrong }: { wrong: string }) {
  const { local } = useWallet();
  return (
    <Card title="Whose portfolio?">
      {wrong === "" ? (
        <p className="muted">Connect a wallet to see and move what is yours, or look at any account by its address.</p>
      ) : (
        <Note tone="warn">“{wrong}” is no account: an address of 40 hexadecimal digits, and a sub-account after a slash.</Note>
      )}
      <Find />
      {node.record.chainId === LOCAL_CHAIN && local.length > 12 ? (
        <p className="links">
          On this chain:{" "}
          {[
            [10, "a modest one"],
            [11, "one below its line"],
            [12, "a rich one"],
          ].map(([index, what]) => (
            <a key={index} href={`#/portfolio/${local[index as number]}`}>
              account {index}, {what}
            </a>
          ))}
        </p>
      ) : null}
    </Card>
  );
}

function Find() {
  const [text, set] = useState("");
  const wrong = text !== "" && accountIn(text) === undefined;
  return (
    <form
      className="find"
      onSubmit={(event) => {
        event.preventDefault();
        const found = accountIn(text);
        if (found !== undefined) go(`/portfolio/${showAccountId(found)}`);
      }}
    >
      <Field
        label="Account"
        error={wrong && text.length > 41 ? "an address, and a sub-account after a slash" : undefined}
        hint="0x… or 0x…/1"
      >
        {(id, said) => (
          <div className="input">
            <input
              id={id}
              aria-describedby={said}
              value={text}
              onChange={(event) => set(event.target.value)}
              spellCheck={false}
              autoComplete="off"
              placeholder="0x…"
            />
            <Button type="submit" why={text === "" || wrong ? "" : undefined}>
              Show
            </Button>
          </div>
        )}
      </Field>
    </form>
  );
}

function Account({ account }: { account: AccountId }) {
  const view = useView(account);
  const { address } = useWallet();
  const owner = ownerOf(account);
  const isOwn = address?.toLowerCase() === owner;
  const told = useMemo(() => {
    if (view === undefined) return undefined;
    try {
      return { portfolio: portfolioIn(view, node.record, account) };
    } catch (error) {
      return { error: errorInWords(error, node.record) };
    }
  }, [view, account]);
  return (
    <>
      <div className="bar-of-account">
        <div>
          <p className="muted">{isOwn ? "Your account" : "Account, view only"}</p>
          <p className="strong num break">{owner}</p>
        </div>
        <SubAccounts account={account} />
        <details className="other">
          <summary>Another account</summary>
          <Find />
        </details>
      </div>
      {told === undefined ? (
        <Card>
          <Loading lines={8} />
        </Card>
      ) : told.portfolio === undefined ? (
        <Card>
          <Note tone="bad">{told.error}</Note>
        </Card>
      ) : (
        <Shown view={view as VaultView} portfolio={told.portfolio} isOwn={isOwn} />
      )}
    </>
  );
}

const FIRST_SUBS = 4;

/** The main account and the first sub-accounts, each with its equity where it holds something. */
function SubAccounts({ account }: { account: AccountId }) {
  const owner = ownerOf(account);
  const own = Number(subAccountOf(account));
  const { value } = useAsked(async () => {
    const reader = vaultReader(node.rpc, node.record.contracts.vault);
    const ids = Array.from({ length: FIRST_SUBS }, (_, i) => accountIdOf(owner, BigInt(i)));
    const read = await Promise.all(ids.map(reader.account));
    return read.map(({ cash, positions, series, collateral }) => cash !== 0n || positions.size + series.size + collateral.size > 0);
  }, [owner]);
  const numbers = [...new Set([...Array(FIRST_SUBS).keys(), own])];
  return (
    <Select
      label="Sub-account"
      value={String(own)}
      onChange={(index) => go(`/portfolio/${showAccountId(accountIdOf(owner, BigInt(index)))}`)}
      options={numbers.map((index) => [
        String(index),
        `${index === 0 ? "Main" : `Sub ${index}`}${value?.[index] === true ? "" : ", empty"}`,
      ])}
    />
  );
}

function Shown({ view, portfolio, isOwn }: { view: VaultView; portfolio: PortfolioView; isOwn: boolean }) {
  const { account, standing, opening, positions, collateral, profiles } = portfolio;
  const { record } = node;
  const money = record.settlementToken.symbol;
  const { equity, margin, value } = standing.figures;
  const now = useNow();
  const { value: withdrawable } = useAsked(() => withdrawableOf(node.rpc, record, account), [account]);
  const held = new Set([...positions.map((each) => each.underlying), ...collateral.map((each) => each.underlying)]);
  const doubtful = [...held].filter((index) => priceQuality(view.state, index, BigInt(now)) !== "normal");
  const isEmpty = positions.length === 0 && collateral.length === 0 && portfolio.cash === 0n;
  return (
    <>
      {doubtful.length === 0 ? null : (
        <Note tone="warn">
          <span>
            {doubtful
              .map((index) => {
                const own = view.state.underlyings[index];
                return `The price of ${record.underlyings[index]?.symbol} is ${priceQuality(view.state, index, BigInt(now))}: ${span(now - Number(own?.priceTime ?? 0n))} old.`;
              })
              .join(" ")}{" "}
            What is shown is at the last one; nothing that raises risk can be done until a new one is posted.
          </span>
        </Note>
      )}
      <div className="grid two">
        <Card title="The line">
          <Gauge equity={equity} maintenance={standing.maintenance} opening={opening?.margin ?? margin} money={money} />
          <dl className="figures">
            <Figure label="Equity" name="equity" hint={equity === value ? undefined : `value ${fixed(value)} before haircuts`}>
              <Amount value={equity} unit={money} />
            </Figure>
            <Figure label="Maintenance margin" name="maintenance" hint="sold below it">
              <Amount value={standing.maintenance} unit={money} />
            </Figure>
            <Figure
              label="Margin to open"
              name="margin"
              hint={opening === undefined ? "words are stale: nothing can be opened" : "new risk must fit within it"}
            >
              <Amount value={opening?.margin ?? margin} unit={money} />
            </Figure>
            <Figure label="Withdrawable" name="withdrawable">
              {withdrawable === undefined ? "–" : <Amount value={withdrawable} unit={money} />}
            </Figure>
          </dl>
        </Card>
        <Profiles profiles={profiles} record={record} money={money} />
      </div>
      <Positions view={view} portfolio={portfolio} isOwn={isOwn} />
      <div className="grid two">
        <Collateral portfolio={portfolio} money={money} />
        {isOwn ? <MoveFunds portfolio={portfolio} view={view} withdrawable={withdrawable} /> : null}
      </div>
      {isEmpty && isOwn ? null : <Operators account={account} isOwn={isOwn} />}
      <History account={account} view={view} />
    </>
  );
}

function Profiles({ profiles, record, money }: { profiles: PortfolioView["profiles"]; record: DeploymentRecord; money: string }) {
  const [picked, pick] = useState(0);
  const profile = profiles.find(({ underlying }) => underlying === picked) ?? profiles[0];
  const symbol = (index: number): string => record.underlyings[index]?.symbol ?? "";
  return (
    <Card
      title="Scenarios"
      actions={
        profiles.length < 2 ? null : (
          <Segmented
            label="Underlying"
            value={String(profile?.underlying)}
            onChange={(value) => pick(Number(value))}
            options={profiles.map(({ underlying }) => [String(underlying), symbol(underlying)] as const)}
          />
        )
      }
    >
      {profile === undefined ? (
        <Empty title="No risk">
          <p className="muted">
            With a position, you see here what it gains and loses in sixteen scenarios of price and volatility. The worst decides its
            margin.
          </p>
        </Empty>
      ) : (
        <>
          <ProfileChart profile={profile} symbol={symbol(profile.underlying)} money={money} />
          <dl className="figures">
            <Figure label="Scan">
              <Amount value={profile.scan} unit={money} />
            </Figure>
            <Figure label="Spreads, provisions, size">
              <Amount value={profile.beside} unit={money} />
            </Figure>
          </dl>
        </>
      )}
    </Card>
  );
}

/** Prices of a unit at which an account reaches its line, worked out when the page has time. */
function useLines(
  view: VaultView,
  account: AccountId,
  underlyings: readonly number[],
): ReadonlyMap<number, ReturnType<typeof liquidationPrices>> {
  const [lines, set] = useState<ReadonlyMap<number, ReturnType<typeof liquidationPrices>>>(new Map());
  const key = underlyings.join(",");
  // biome-ignore lint/correctness/useExhaustiveDependencies: underlyings are told apart by their key
  useEffect(() => {
    const timer = setTimeout(() => {
      set(
        new Map(
          underlyings
            .filter((index) => (view.state.underlyings[index]?.price ?? 0n) > 0n)
            .map((index) => [index, liquidationPrices(view.state, account, index)]),
        ),
      );
    }, 0);
    return () => clearTimeout(timer);
  }, [view, account, key]);
  return lines;
}

export function lineText(line: ReturnType<typeof liquidationPrices> | undefined, lotExponent: number): string {
  if (line === undefined) return "–";
  if (line.isBelow) return "now";
  const unit = 10n ** BigInt(lotExponent);
  const parts = [
    line.low === undefined ? "" : `≤ ${price(line.low * unit)}`,
    line.high === undefined ? "" : `≥ ${price(line.high * unit)}`,
  ];
  return parts.filter(Boolean).join(" or ") || "none";
}

function Positions({ view, portfolio, isOwn }: { view: VaultView; portfolio: PortfolioView; isOwn: boolean }) {
  const { account, positions } = portfolio;
  const lines = useLines(view, account, [...new Set(positions.map(({ underlying }) => underlying))]);
  const hasOptions = positions.some(({ right }) => right === "option");
  const number = (value: number, places = 2): string =>
    Math.abs(value) < 10 ** -places / 2 ? "0" : value.toFixed(places).replace("-", "−");
  return (
    <Card
      title="Positions"
      actions={
        isOwn && positions.length > 0 ? (
          <a className="button plain" href={`#/trade?close=${portfolio.account}`}>
            Close all
          </a>
        ) : null
      }
    >
      {positions.length === 0 ? (
        <Empty title="No position">{isOwn ? <a href="#/trade">Open one</a> : null}</Empty>
      ) : (
        <Table
          label="Positions"
          head={[
            "Instrument",
            "Size",
            "Mark",
            "Value",
            "Gain",
            "Liquidation price",
            ...(hasOptions ? ["Delta", "Gamma", "Vega", "Theta"] : []),
          ]}
        >
          {positions.map(({ instrument, name, lots, lotExponent, mark, value, gain, underlying, greeks, volatility, settled }) => (
            <tr key={instrument.toString()}>
              <th scope="row">
                <a href={`#/trade/${name}`}>{name}</a>
                {volatility === undefined ? null : <span className="muted"> {percent(Number(volatility) / 1e16)}</span>}
                {settled ? <span className="tag">settled</span> : null}
              </th>
              <Cell label="Size">
                <data className={`num ${lots < 0n ? "bad" : "good"}`} value={lots.toString()}>
                  {lots < 0n ? "−" : "+"}
                  {plain(lots < 0n ? -lots : lots, lotExponent)}
                </data>
              </Cell>
              <Cell label="Mark">
                <span className="num">{mark === undefined ? "no mark" : price(mark * 10n ** BigInt(lotExponent))}</span>
              </Cell>
              <Cell label="Value">
                <Amount value={value} />
              </Cell>
              <Cell label="Gain">{gain === undefined ? <span className="muted">–</span> : <Amount value={gain} sign tone />}</Cell>
              <Cell label="Liquidation price">
                <span className="num">{lineText(lines.get(underlying), lotExponent)}</span>
              </Cell>
              {hasOptions ? (
                <>
                  <Cell label="Delta">
                    <span className="num">{number(greeks.delta, 3)}</span>
                  </Cell>
                  <Cell label="Gamma">
                    <span className="num">{number(greeks.gamma, 5)}</span>
                  </Cell>
                  <Cell label="Vega">
                    <span className="num">{number(greeks.vega)}</span>
                  </Cell>
                  <Cell label="Theta">
                    <span className="num">{number(greeks.theta)}</span>
                  </Cell>
                </>
              ) : null}
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}

function Collateral({ portfolio, money }: { portfolio: PortfolioView; money: string }) {
  return (
    <Card title="Cash and collateral">
      <Table label="Cash and collateral" head={["Token", "Amount", "Value", "Haircut"]}>
        <tr>
          <th scope="row">{money}</th>
          <Cell label="Amount">
            <Amount value={portfolio.cash} />
          </Cell>
          <Cell label="Value">
            <Amount value={portfolio.cash} />
          </Cell>
          <Cell label="Haircut">
            <span className="muted">none</span>
          </Cell>
        </tr>
        {portfolio.collateral.map(({ token, symbol, amount, value, haircut, haircutPart }) => (
          <tr key={token}>
            <th scope="row">{symbol}</th>
            <Cell label="Amount">
              <span className="num">{plain(amount, 18, 2)}</span>
            </Cell>
            <Cell label="Value">
              <Amount value={value} />
            </Cell>
            <Cell label="Haircut">
              <span className="num">
                {fixed(haircut)} ({percent(Number(haircutPart) / 1e16)})
              </span>
            </Cell>
          </tr>
        ))}
      </Table>
      <p className="muted">Collateral lies idle in the vault: nothing earns yet.</p>
    </Card>
  );
}

/** Tokens that the vault takes, the settlement token first. */
export function tokens(): { readonly index: number; readonly symbol: string; readonly address: string; readonly decimals: number }[] {
  const { settlementToken, collaterals } = node.record;
  return [{ ...settlementToken, index: SETTLEMENT_TOKEN }, ...collaterals.map((each, index) => ({ ...each, index }))];
}

type Verb = "deposit" | "withdraw" | "transfer";

function MoveFunds({ portfolio, view, withdrawable }: { portfolio: PortfolioView; view: VaultView; withdrawable: bigint | undefined }) {
  const { account } = portfolio;
  const { address } = useWallet();
  const owner = address ?? ownerOf(account);
  const all = tokens();
  const [verb, setVerb] = useState<Verb>("deposit");
  const [index, setIndex] = useState(SETTLEMENT_TOKEN);
  const [text, setText] = useState("");
  const [target, setTarget] = useState(subAccountOf(account) === 0n ? "1" : "0");
  const { flow, busy, run, reset } = useFlow();
  const token = all.find((each) => each.index === index) ?? all[0]!;
  const balance = useAsked(() => balanceOf(node.rpc, token, owner), [token.address, owner]);
  const scale = 10n ** BigInt(18 - token.decimals);
  const held = index === SETTLEMENT_TOKEN ? portfolio.cash : (view.state.accounts.get(account)?.collateral.get(index) ?? 0n);
  const out = index === SETTLEMENT_TOKEN && verb === "withdraw" ? withdrawable : held;
  const most = verb === "deposit" ? balance.value : out === undefined ? undefined : (out < 0n ? 0n : out) / scale;
  const amount = typed(text, token.decimals);
  const why =
    amount.error !== undefined || amount.value === undefined
      ? ""
      : amount.value <= 0n
        ? "Enter an amount above zero."
        : most !== undefined && amount.value > most
          ? verb === "deposit"
            ? `Your wallet holds ${plain(most, token.decimals)} ${token.symbol}.`
            : `At most ${plain(most, token.decimals)} ${token.symbol} can leave now: what backs positions stays.`
          : undefined;
  const submit = (): void => {
    const units = amount.value ?? 0n;
    void run(async (who, say) => {
      const shown = `${plain(units, token.decimals)} ${token.symbol}`;
      if (verb === "deposit") {
        const action = await depositing(who, account, token, units, say);
        await carryOut(who, [executeCall(node.record, who.address, [action])], say);
        balance.again();
        return `${shown} deposited.`;
      }
      if (verb === "withdraw") {
        await carryOut(who, [executeCall(node.record, who.address, [withdrawAction(account, index, units, who.address)])], say);
        balance.again();
        return `${shown} paid to your wallet.`;
      }
      const to = accountIdOf(owner, BigInt(target));
      await carryOut(who, [executeCall(node.record, who.address, [transferAction(account, index, units * scale, to)])], say);
      return `${shown} moved to ${target === "0" ? "your main account" : `sub-account ${target}`}.`;
    }).then((done) => done && setText(""));
  };
  const faucet = (): void => {
    const units = parseDecimal(index === SETTLEMENT_TOKEN ? "10000" : "10", token.decimals);
    void run(async (who, say) => {
      await carryOut(who, [faucetCall(token, who.address, units)], say);
      balance.again();
      return `${plain(units, token.decimals)} ${token.symbol} from the faucet are in your wallet.`;
    });
  };
  return (
    <Card title="Move funds">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (why === undefined && !busy) submit();
        }}
      >
        <Segmented
          label="What to do"
          value={verb}
          onChange={(next) => {
            setVerb(next);
            reset();
          }}
          options={[
            ["deposit", "Deposit"],
            ["withdraw", "Withdraw"],
            ["transfer", "Transfer"],
          ]}
        />
        <Select
          label="Token"
          value={String(index)}
          onChange={(next) => setIndex(Number(next))}
          options={all.map((each) => [String(each.index), each.symbol] as const)}
        />
        <AmountField
          label="Amount"
          unit={token.symbol}
          digits={token.decimals}
          value={text}
          onChange={setText}
          most={most}
          hint={
            most === undefined
              ? " "
              : `${verb === "deposit" ? "In your wallet" : "Available"}: ${plain(most, token.decimals, 0, 6)} ${token.symbol}`
          }
        />
        {verb === "transfer" ? (
          <Select
            label="To"
            value={target}
            onChange={setTarget}
            options={[...Array(FIRST_SUBS).keys()]
              .filter((each) => BigInt(each) !== subAccountOf(account))
              .map((each) => [String(each), each === 0 ? "Main account" : `Sub-account ${each}`] as const)}
          />
        ) : null}
        <div className="buttons">
          <Button type="submit" kind="main" busy={busy} why={why}>
            {verb === "deposit" ? "Deposit" : verb === "withdraw" ? "Withdraw" : "Transfer"}
          </Button>
          {node.record.chainId === LOCAL_CHAIN && verb === "deposit" ? (
            <Button busy={busy} onClick={faucet}>
              {index === SETTLEMENT_TOKEN ? "10,000" : "10"} from the faucet
            </Button>
          ) : null}
        </div>
        <FlowNote flow={flow} />
      </form>
    </Card>
  );
}

const MONTH = 30 * 86_400;

function Operators({ account, isOwn }: { account: AccountId; isOwn: boolean }) {
  const { value } = useAsked(() => accountEvents(node.rpc, node.record.contracts.vault, account, node.record.block), [account]);
  const now = useNow(10_000);
  const [operator, setOperator] = useState("");
  const [mask, setMask] = useState(1);
  const { flow, busy, run } = useFlow();
  const set = new Map<string, { scope: number; expiry: number }>();
  for (const event of value ?? []) {
    if (event.name === "OperatorSet") set.set(event.args.operator, { scope: Number(event.args.scope), expiry: Number(event.args.expiry) });
  }
  const current = [...set].filter(([, { scope, expiry }]) => scope !== 0 && expiry > now);
  if (!isOwn && current.length === 0) return null;
  const assign = (who_: string, scope: number): void =>
    void run(async (who, say) => {
      const expiry = BigInt((live.get().head?.time ?? 0) + MONTH);
      await carryOut(who, [executeCall(node.record, who.address, [operatorAction(account, who_, scope, scope === 0 ? 0n : expiry)])], say);
      return scope === 0 ? "The operator is revoked." : `${short(who_)} may ${scopesIn(scope)} for 30 days.`;
    }).then((done) => done && setOperator(""));
  const valid = /^0x[0-9a-fA-F]{40}$/.test(operator);
  return (
    <Card title="Operators">
      {current.length === 0 ? (
        <p className="muted">Nobody else may act for this account.</p>
      ) : (
        <Table label="Operators" head={["Operator", "May", "Until", ""]}>
          {current.map(([address, { scope, expiry }]) => (
            <tr key={address}>
              <th scope="row" className="num">
                {short(address)}
              </th>
              <Cell label="May">{scopesIn(scope)}</Cell>
              <Cell label="Until">
                <span className="num">{moment(expiry)}</span>
              </Cell>
              <Cell label="">
                {isOwn ? (
                  <Button busy={busy} onClick={() => assign(address, 0)}>
                    Revoke
                  </Button>
                ) : null}
              </Cell>
            </tr>
          ))}
        </Table>
      )}
      {isOwn ? (
        <details>
          <summary>Name an operator</summary>
          <div className="stack">
            <Field label="Address" hint="It may act for 30 days; withdrawals by it go to you alone.">
              {(id, said) => (
                <div className="input">
                  <input
                    id={id}
                    aria-describedby={said}
                    value={operator}
                    onChange={(event) => setOperator(event.target.value)}
                    spellCheck={false}
                    autoComplete="off"
                    placeholder="0x…"
                  />
                </div>
              )}
            </Field>
            <fieldset className="checks">
              <legend>It may</legend>
              {SCOPES.map(([bit, name]) => (
                <label key={bit}>
                  <input type="checkbox" checked={(mask & bit) !== 0} onChange={() => setMask(mask ^ bit)} /> {name}
                </label>
              ))}
            </fieldset>
            <Button busy={busy} onClick={() => assign(operator, mask)} why={valid && mask !== 0 ? undefined : ""}>
              Name operator
            </Button>
            <FlowNote flow={flow} />
          </div>
        </details>
      ) : null}
    </Card>
  );
}

const PAGE = 12;

function History({ account, view }: { account: AccountId; view: VaultView }) {
  const { value, error } = useAsked(() => accountEvents(node.rpc, node.record.contracts.vault, account, node.record.block), [account]);
  const [count, setCount] = useState(PAGE);
  const events = useMemo(() => [...(value ?? [])].reverse(), [value]);
  const times = useTimes(events.slice(0, count));
  const save = async (): Promise<void> => {
    const rows = events.map((event) => {
      const { what, detail } = eventText(event, account, view.listed);
      return [String(event.block), event.transaction, what, detail];
    });
    download(`plimsoll-${showAccountId(account).replace("/", "-")}.csv`, csvOf(["block", "transaction", "event", "detail"], rows));
  };
  return (
    <Card title="History" actions={events.length === 0 ? null : <Button onClick={() => void save()}>Save as CSV</Button>}>
      {error !== undefined && value === undefined ? (
        <Note tone="bad">{sentence(error)}</Note>
      ) : value === undefined ? (
        <Loading />
      ) : events.length === 0 ? (
        <Empty title="Nothing has happened yet" />
      ) : (
        <>
          <Table label="History" head={["Time (UTC)", "Event", "Detail"]}>
            {events.slice(0, count).map((event, i) => {
              const { what, detail } = eventText(event, account, view.listed);
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: an event has no name of its own, and the list only grows in front
                <tr key={`${event.transaction} ${events.length - i}`}>
                  <Cell label="Time">
                    <span className="num muted">{times.get(event.block) ?? `block ${event.block}`}</span>
                  </Cell>
                  <th scope="row">{what}</th>
                  <Cell label="Detail">
                    <span className="num">{detail}</span>
                  </Cell>
                </tr>
              );
            })}
          </Table>
          {events.length > count ? <Button onClick={() => setCount(count + 4 * PAGE)}>Show more of {events.length}</Button> : null}
        </>
      )}
    </Card>
  );
}

const stamps = new Map<number, string>();

/** When blocks were, asked for once. */
export function useTimes(events: readonly Pick<VaultEvent, "block">[]): ReadonlyMap<number, string> {
  const { phase, link } = useLive();
  const [, tell] = useState(0);
  const missing = [...new Set(events.map(({ block }) => block))].filter((block) => !stamps.has(block));
  const key = missing.join(",");
  useEffect(() => {
    if (key === "" || phase !== "ready" || link !== "open") return;
    let over = false;
    void Promise.all(
      key.split(",").map(async (block) => {
        const told = (await node.rpc("eth_getBlockByNumber", [`0x${Number(block).toString(16)}`, false])) as { timestamp: string } | null;
        if (told !== null) stamps.set(Number(block), moment(Number(told.timestamp)));
      }),
    )
      .catch(() => {})
      .then(() => over || tell((count) => count + 1));
    return () => {
      over = true;
    };
  }, [key, phase, link]);
  return stamps;
}
