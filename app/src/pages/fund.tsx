import { useEffect, useMemo, useState } from "react";
import {
  type AccountId,
  accountIdOf,
  approvalCalls,
  balanceOf,
  type Call,
  errorInWords,
  type FundView,
  faucetCall,
  fundCall,
  namedEvents,
  parseDecimal,
  readFund,
  sharesFor,
  type VaultView,
} from "../../../src/package/browser.ts";
import { carryOut, sentence, useFlow } from "../flow.ts";
import { fixed, moment, plain, span } from "../format.ts";
import { node, useAsked, useLive, useNow, watch } from "../live.ts";
import { Amount, AmountField, Button, Card, Cell, Empty, Figure, FlowNote, Loading, Note, Table, typed } from "../ui.tsx";
import { LOCAL_CHAIN, useOnChain, useWallet } from "../wallet.ts";

/** Units of the settlement token as WAD. */
const wad = (units: bigint): bigint => units * 10n ** BigInt(18 - node.record.settlementToken.decimals);

export function FundPage() {
  const { view } = useLive();
  const { address } = useWallet();
  const { value: fund, error, again } = useAsked(() => readFund(node.rpc, node.record, address), [address]);
  if (fund === undefined || view === undefined)
    return <Card>{error === undefined ? <Loading lines={6} /> : <Note tone="bad">{sentence(error)}</Note>}</Card>;
  const money = node.record.settlementToken.symbol;
  return (
    <>
      <Card title="Insurance fund">
        <p className="muted">
          It takes over what liquidations sell and pays what insolvent accounts owe. Who stakes in it earns fees and discounts, and bears
          its losses.
        </p>
        <dl className="figures">
          <Figure label="Share price" name="share" hint={fund.sharePrice === undefined ? "not priced now" : undefined}>
            {fund.sharePrice === undefined ? "–" : <Amount value={wad(fund.sharePrice)} places={6} unit={money} />}
          </Figure>
          <Figure
            label="Net asset value"
            hint={
              fund.values === undefined || fund.values.upper === fund.values.lower
                ? undefined
                : `${fixed(wad(fund.values.lower))} to who leaves`
            }
          >
            {fund.values === undefined ? "–" : <Amount value={wad(fund.values.upper)} unit={money} />}
          </Figure>
          <Figure label="Cash that can be paid out">
            <Amount value={wad(fund.liquid)} unit={money} />
          </Figure>
          <Figure label="Owed beyond the fund">
            <Amount value={view.state.deficit} unit={money} />
          </Figure>
        </dl>
        {fund.values === undefined ? <Note tone="warn">{sentence(errorInWords(fund.unpriced, node.record))}</Note> : null}
      </Card>
      <div className="grid two">
        <Stake fund={fund} money={money} again={again} />
        <Leave fund={fund} money={money} again={again} />
      </div>
      <div className="grid two">
        <Holdings view={view} money={money} />
        <Paid money={money} />
      </div>
    </>
  );
}

function Stake({ fund, money, again }: { fund: FundView; money: string; again: () => void }) {
  const { address } = useWallet();
  const onChain = useOnChain();
  const [text, setText] = useState("");
  const { flow, busy, run } = useFlow();
  const token = node.record.settlementToken;
  const balance = useAsked(async () => (address === undefined ? undefined : balanceOf(node.rpc, token, address)), [address]);
  const amount = typed(text, token.decimals);
  const units = amount.value ?? 0n;
  const shares = useAsked(async () => (units > 0n ? sharesFor(node.rpc, node.record, units) : undefined), [units]);
  const why =
    address === undefined
      ? "Connect a wallet to stake."
      : !onChain
        ? "Your wallet is on another network."
        : fund.values === undefined
          ? "The fund cannot be priced now."
          : units <= 0n
            ? ""
            : balance.value !== undefined && units > balance.value
              ? `Your wallet holds ${plain(balance.value, token.decimals)} ${money}.`
              : undefined;
  const stake = (): void =>
    void run(async (who, say) => {
      const expected = await sharesFor(node.rpc, node.record, units);
      const approvals = await approvalCalls(node.rpc, token, who.address, node.record.contracts.insuranceFund, units);
      // a price posted meanwhile may move what a share costs a little
      await carryOut(
        who,
        [...approvals, fundCall(node.record, who.address, { kind: "stake", assets: units, minimumShares: (expected * 999n) / 1_000n })],
        say,
      );
      setText("");
      again();
      balance.again();
      return `${plain(units, token.decimals)} ${money} staked.`;
    });
  const faucet = (): void =>
    void run(async (who, say) => {
      await carryOut(who, [faucetCall(token, who.address, parseDecimal("10000", token.decimals))], say);
      balance.again();
      return `10,000 ${money} from the faucet are in your wallet.`;
    });
  return (
    <Card title="Stake">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (why === undefined && !busy) stake();
        }}
      >
        <AmountField
          label="Amount"
          unit={money}
          digits={token.decimals}
          value={text}
          onChange={setText}
          most={balance.value}
          hint={balance.value === undefined ? " " : `In your wallet: ${plain(balance.value, token.decimals, 0, 6)} ${money}`}
        />
        <p className="muted" data-row="shares">
          {shares.value === undefined || units === 0n
            ? "Shares are given at the higher of the fund’s two values."
            : `You get ${plain(shares.value, fund.decimals, 0, 6)} ${fund.symbol}.`}
        </p>
        <div className="buttons">
          <Button type="submit" kind="main" busy={busy} why={why}>
            Stake
          </Button>
          {node.record.chainId === LOCAL_CHAIN && address !== undefined ? (
            <Button busy={busy} onClick={faucet}>
              10,000 from the faucet
            </Button>
          ) : null}
        </div>
        <FlowNote flow={flow} />
      </form>
    </Card>
  );
}

type Stage = "holding" | "cooling" | "matured" | "claimed" | "payable";

function stageOf({ ticket, claim }: FundView, now: bigint): Stage {
  if (claim.shares > 0n && now <= claim.lapse) return now >= claim.payableFrom ? "payable" : "claimed";
  if (ticket.shares > 0n && now <= ticket.lapse) return now >= ticket.maturity ? "matured" : "cooling";
  return "holding";
}

const STAGES: readonly (readonly [readonly Stage[], string])[] = [
  [["holding"], "Ask to leave"],
  [["cooling"], "Cool down"],
  [["matured"], "File the claim"],
  [["claimed", "payable"], "Be paid"],
];

function Leave({ fund, money, again }: { fund: FundView; money: string; again: () => void }) {
  const { address } = useWallet();
  const now = useNow();
  const [text, setText] = useState("");
  const { flow, busy, run } = useFlow();
  const stage = stageOf(fund, BigInt(now));
  const { ticket, claim } = fund;
  const amount = typed(text, fund.decimals);
  const shown = (shares: bigint): string => `${plain(shares, fund.decimals, 0, 6)} ${fund.symbol}`;
  const step = (done: string, make: (from: string) => Promise<Call> | Call): void =>
    void run(async (who, say) => {
      await carryOut(who, [await make(who.address)], say);
      setText("");
      again();
      return done;
    });
  if (address === undefined || (fund.balance === 0n && claim.shares === 0n))
    return (
      <Card title="Your stake">
        <Empty title={address === undefined ? "No wallet" : "Nothing staked"}>
          <p className="muted">Leaving takes {span(Number(fund.coolDown))} of cool-down, and then an hour from claim to payment.</p>
        </Empty>
      </Card>
    );
  return (
    <Card title="Your stake">
      <dl className="figures">
        <Figure label="Shares" name="balance">
          <data className="num" value={fund.balance.toString()}>
            {shown(fund.balance)}
          </data>
        </Figure>
        <Figure label="Worth now" name="worth">
          {fund.worth === undefined ? "–" : <Amount value={wad(fund.worth)} unit={money} />}
        </Figure>
      </dl>
      <ol className="steps">
        {STAGES.map(([stages, title]) => (
          <li key={title} className={stages.includes(stage) ? "on" : undefined} aria-current={stages.includes(stage) ? "step" : undefined}>
            {title}
          </li>
        ))}
      </ol>
      {stage === "holding" ? (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (!busy && (amount.value ?? 0n) > 0n && (amount.value ?? 0n) <= fund.balance)
              step(`${shown(amount.value as bigint)} cool down.`, (from) =>
                fundCall(node.record, from, { kind: "request", shares: amount.value as bigint }),
              );
          }}
        >
          <AmountField
            label="Shares to redeem"
            unit={fund.symbol}
            digits={fund.decimals}
            value={text}
            onChange={setText}
            most={fund.balance}
            hint={`They cool down for ${span(Number(fund.coolDown))}, and bear losses until then.`}
          />
          <div className="buttons">
            <Button
              type="submit"
              busy={busy}
              why={(amount.value ?? 0n) <= 0n ? "" : (amount.value as bigint) > fund.balance ? "You do not have as many." : undefined}
            >
              Start the cool-down
            </Button>
          </div>
        </form>
      ) : stage === "cooling" ? (
        <>
          <p>
            {shown(ticket.shares)} cool down until {moment(ticket.maturity)} UTC, for another {span(Number(ticket.maturity) - now)}.
          </p>
          <div className="buttons">
            <Button
              busy={busy}
              onClick={() => step("The cool-down is cancelled.", (from) => fundCall(node.record, from, { kind: "cancel" }))}
            >
              Cancel it
            </Button>
          </div>
        </>
      ) : stage === "matured" ? (
        <>
          <p>
            {shown(ticket.shares)} have cooled down. File the claim within {span(Number(ticket.lapse) - now)}, or they are as if nothing had
            been asked.
          </p>
          <div className="buttons">
            <Button
              kind="main"
              busy={busy}
              onClick={() =>
                step("The claim is filed.", (from) =>
                  fundCall(node.record, from, { kind: "file", shares: ticket.shares, minimumAssets: 0n }),
                )
              }
            >
              File the claim
            </Button>
            <Button
              busy={busy}
              onClick={() => step("The shares are as before.", (from) => fundCall(node.record, from, { kind: "cancel" }))}
            >
              Keep the shares
            </Button>
          </div>
        </>
      ) : (
        <>
          <p>
            A claim on {shown(claim.shares)}, for at most {fixed(wad(claim.assets))} {money},{" "}
            {stage === "payable"
              ? `can be paid for another ${span(Number(claim.lapse) - now)}.`
              : `can be paid in ${span(Number(claim.payableFrom) - now)}.`}
          </p>
          <div className="buttons">
            <Button
              kind="main"
              busy={busy}
              why={stage === "payable" ? undefined : ""}
              onClick={() => step("The claim is paid to your wallet.", (from) => fundCall(node.record, from, { kind: "pay" }))}
            >
              Be paid
            </Button>
            <Button
              busy={busy}
              onClick={() => step("The claim is put off by an hour.", (from) => fundCall(node.record, from, { kind: "extend" }))}
            >
              Put it off
            </Button>
          </div>
        </>
      )}
      <FlowNote flow={flow} />
    </Card>
  );
}

/** What the fund's account of each underlying holds. */
function Holdings({ view, money }: { view: VaultView; money: string }) {
  const ids = useMemo(
    () => node.record.underlyings.map((_, index): AccountId => accountIdOf(view.state.fund, BigInt(index) + 1n)),
    [view.state.fund],
  );
  useEffect(() => {
    const ends = ids.map(watch);
    return () => ends.forEach((end) => void end());
  }, [ids]);
  const rows = ids.flatMap((id, index) => {
    const account = view.state.accounts.get(id);
    const own = view.state.underlyings[index];
    if (account === undefined || own === undefined) return [];
    const lots = [...account.positions.values()].reduce((sum, each) => sum + each.lots, 0n);
    const series = [...account.series.values()].reduce((sum, each) => sum + each.length, 0);
    if (lots === 0n && series === 0 && account.collateral.size === 0 && account.cash === 0n) return [];
    return [
      {
        id,
        symbol: node.record.underlyings[index]?.symbol,
        lots,
        exponent: Number(own.lotExponent),
        series,
        cash: account.cash + lots * own.price,
      },
    ];
  });
  return (
    <Card title="What it holds">
      {rows.length === 0 ? (
        <Empty title="No inventory">
          <p className="muted">What is liquidated comes here, until market makers take it.</p>
        </Empty>
      ) : (
        <Table label="Inventory" head={["Underlying", "Perpetual", "Options, futures", "Cash and mark"]}>
          {rows.map(({ id, symbol, lots, exponent, series, cash }) => (
            <tr key={id.toString()}>
              <th scope="row">{symbol}</th>
              <Cell label="Perpetual">
                <span className="num">
                  {lots < 0n ? "−" : ""}
                  {plain(lots < 0n ? -lots : lots, exponent)}
                </span>
              </Cell>
              <Cell label="Options, futures">{series}</Cell>
              <Cell label="Cash and mark">
                <Amount value={cash} unit={money} />
              </Cell>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}

function Paid({ money }: { money: string }) {
  const { value } = useAsked(
    () => namedEvents(node.rpc, node.record.contracts.vault, ["ShortfallCovered", "BountyFunded", "Liquidated"], node.record.block),
    [],
  );
  if (value === undefined)
    return (
      <Card title="What it has paid">
        <Loading />
      </Card>
    );
  const sum = (name: "ShortfallCovered" | "BountyFunded"): bigint =>
    value.reduce((all, event) => (event.name === name ? all + event.args.amount : all), 0n);
  return (
    <Card title="What it has paid">
      <dl className="figures">
        <Figure label="For insolvent accounts">
          <Amount value={sum("ShortfallCovered")} unit={money} />
        </Figure>
        <Figure label="Bounties in their place">
          <Amount value={sum("BountyFunded")} unit={money} />
        </Figure>
        <Figure label="Sales taken over">
          <span className="num">{value.filter(({ name }) => name === "Liquidated").length}</span>
        </Figure>
      </dl>
    </Card>
  );
}
