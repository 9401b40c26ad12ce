import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import {
  accountIdOf,
  type Books,
  errorInWords,
  followBooks,
  liquidateBatchCall,
  namedEvents,
  planLiquidations,
  type Standing,
  type State,
  saleOf,
  showAccountId,
  standings,
  toNumber,
} from "../../../src/package/browser.ts";
import { shortAccount } from "../events.ts";
import { carryOut, sentence, useFlow } from "../flow.ts";
import { fixed, percent } from "../format.ts";
import { node, useAsked, useLive } from "../live.ts";
import { store, useStore } from "../store.ts";
import { Amount, Button, Card, Empty, FlowNote, Loading, Note, Segmented } from "../ui.tsx";
import { useOnChain, useWallet } from "../wallet.ts";
import { useTimes } from "./portfolio.tsx";

// Every account, followed by events: read once, and again only when an event names it.

type Followed = { readonly state: State | undefined; readonly error: string | undefined; readonly block: number | undefined };

const followed = store<Followed>({ state: undefined, error: undefined, block: undefined });
let books: Books | undefined;
let syncing = false;
let again = false;

async function sync(): Promise<void> {
  if (syncing) {
    again = true;
    return;
  }
  syncing = true;
  books ??= followBooks(node.rpc, node.record.contracts.vault, node.record.block, {
    events: new Set(),
    onProgress: (block) => followed.set({ block }),
  });
  try {
    do {
      again = false;
      await books.sync();
      followed.set({ state: books.state(books.head().time), error: undefined });
    } while (again);
  } catch (error) {
    followed.set({ error: errorInWords(error, node.record) });
  } finally {
    syncing = false;
  }
}

export function LiquidationsPage() {
  const { changes, link } = useLive();
  const { state, error, block } = useStore(followed);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change is looked at
  useEffect(() => {
    if (link === "open") void sync();
  }, [changes, link]);
  return (
    <>
      {state === undefined ? (
        <Card title="Accounts">
          {error === undefined ? (
            <>
              <Loading lines={6} />
              {block === undefined ? null : <p className="muted num">Read up to block {block}.</p>}
            </>
          ) : (
            <Note tone="bad">{sentence(error)}</Note>
          )}
        </Card>
      ) : (
        <Accounts state={state} />
      )}
      <Feed />
    </>
  );
}

type Which = "near" | "all";

/** How deep an account lies: 1 at its line. */
function loadOf({ figures, maintenance }: Standing): number {
  if (maintenance === 0n) return 0;
  return figures.equity <= 0n ? Number.POSITIVE_INFINITY : toNumber(maintenance) / toNumber(figures.equity);
}

function Accounts({ state }: { state: State }) {
  const { address } = useWallet();
  const onChain = useOnChain();
  const [which, setWhich] = useState<Which>("near");
  const { flow, busy, run } = useFlow();
  const all = useMemo(() => standings(state).sort((a, b) => loadOf(b) - loadOf(a)), [state]);
  const planned = useMemo(() => new Set(planLiquidations(state, all).map(({ account }) => account)), [state, all]);
  const rows = which === "all" ? all : all.filter((each) => loadOf(each) > 0.5);
  const frame = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({ count: rows.length, getScrollElement: () => frame.current, estimateSize: () => 44, overscan: 8 });
  const money = node.record.settlementToken.symbol;
  const liquidate = (accounts: readonly bigint[]): void =>
    void run(async (who, say) => {
      const before = await node.rpc("eth_blockNumber");
      await carryOut(who, [liquidateBatchCall(node.record, who.address, accounts, accountIdOf(who.address))], say);
      const sales = (await namedEvents(node.rpc, node.record.contracts.vault, ["Liquidated"], Number(before))).flatMap(
        (event) => saleOf(event) ?? [],
      );
      const own = sales.filter(({ keeper }) => keeper === accountIdOf(who.address));
      const reward = own.reduce((sum, sale) => sum + sale.reward, 0n);
      return own.length === 0
        ? "Somebody else was faster: nothing was left to sell."
        : `Sold ${own.length === 1 ? "a slice of one account" : `slices of ${own.length} accounts`}. Your account earned ${fixed(reward)} ${money}.`;
    });
  const why =
    planned.size === 0
      ? "Nobody is below the line."
      : address === undefined
        ? "Connect a wallet to be the keeper."
        : onChain
          ? undefined
          : "Your wallet is on another network.";
  return (
    <Card
      title={`${all.length.toLocaleString("en")} ${all.length === 1 ? "account" : "accounts"}, ${planned.size} to be sold`}
      actions={
        <Segmented
          label="Which accounts"
          value={which}
          onChange={setWhich}
          options={[
            ["near", "Near the line"],
            ["all", "All"],
          ]}
        />
      }
    >
      <p className="muted">
        Anybody may sell the slice of an account below its line that restores it, and earns a bounty and a share of the discount for it.
      </p>
      <div className="buttons">
        <Button kind="main" busy={busy} why={why} onClick={() => liquidate([...planned].slice(0, 40))}>
          {planned.size < 2 ? "Be the keeper" : `Sell the slices of ${Math.min(planned.size, 40)} accounts`}
        </Button>
      </div>
      <FlowNote flow={flow} />
      {rows.length === 0 ? (
        <Empty title="Nobody is near the line">
          <p className="muted">No account has bound more than half of its equity.</p>
        </Empty>
      ) : (
        <div>
          <div className="list head" aria-hidden="true">
            <div className="line">
              <span>Account</span>
              <span>Loaded</span>
              <span className="wide">Equity</span>
              <span className="wide">Maintenance</span>
              <span className="wide">To the line</span>
              <span />
            </div>
          </div>
          <section
            className="list"
            ref={frame}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
            tabIndex={0}
            aria-label="Accounts, the deepest first"
            style={{ height: Math.min(440, rows.length * 44 + 1) }}
          >
            <ul style={{ height: list.getTotalSize() }}>
              {list.getVirtualItems().map(({ index, start }) => {
                const standing = rows[index] as Standing;
                const { account, figures, maintenance } = standing;
                const load = loadOf(standing);
                return (
                  <li
                    key={account.toString()}
                    className="line"
                    aria-posinset={index + 1}
                    aria-setsize={rows.length}
                    style={{ transform: `translateY(${start}px)` }}
                  >
                    <span>
                      <a className="num" href={`#/portfolio/${showAccountId(account)}`}>
                        {shortAccount(account)}
                      </a>
                      <span className="meter" aria-hidden="true">
                        <span className={load > 1 ? "over" : undefined} style={{ width: `${Math.min(load, 1) * 100}%` }} />
                      </span>
                    </span>
                    <span className={`num ${load > 1 ? "bad" : load > 0.8 ? "warn" : ""}`}>
                      {load === Number.POSITIVE_INFINITY ? "insolvent" : percent(load * 100)}
                      <span className="hidden"> loaded</span>
                    </span>
                    <span className="wide">
                      <span className="hidden">Equity </span>
                      <Amount value={figures.equity} />
                    </span>
                    <span className="wide">
                      <span className="hidden">Maintenance </span>
                      <Amount value={maintenance} />
                    </span>
                    <span className="wide">
                      <span className="hidden">To the line </span>
                      <Amount value={figures.equity - maintenance} tone />
                    </span>
                    <span>
                      {planned.has(account) && address !== undefined && onChain ? (
                        <button
                          type="button"
                          className="button plain"
                          onClick={() => liquidate([account])}
                          disabled={busy}
                          aria-label={`Liquidate ${shortAccount(account)}`}
                        >
                          Liquidate
                        </button>
                      ) : null}
                    </span>
                  </li>
                );
              })}
            </ul>
          </section>
        </div>
      )}
    </Card>
  );
}

const MOST = 40;

function Feed() {
  const { value, error } = useAsked(
    () => namedEvents(node.rpc, node.record.contracts.vault, ["Liquidated", "ShortfallCovered", "DeficitAdded"], node.record.block),
    [],
  );
  const shown = useMemo(() => [...(value ?? [])].reverse().slice(0, MOST), [value]);
  const times = useTimes(shown);
  const money = node.record.settlementToken.symbol;
  return (
    <Card title="Liquidations">
      {value === undefined ? (
        error === undefined ? (
          <Loading />
        ) : (
          <Note tone="bad">{sentence(error)}</Note>
        )
      ) : shown.length === 0 ? (
        <Empty title="None so far" />
      ) : (
        <ul className="feed" aria-live="polite" aria-label="Liquidations, the latest first">
          {shown.map((event, i) => {
            const sale = saleOf(event);
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list only grows in front
              <li key={`${event.transaction} ${value.length - i}`}>
                <span className="num muted">{times.get(event.block) ?? `block ${event.block}`}</span>
                {sale === undefined ? (
                  <span>
                    {event.name === "ShortfallCovered" ? "The fund paid" : "Nobody could pay"}{" "}
                    <Amount value={(event.args as { amount: bigint }).amount} unit={money} /> for{" "}
                    {shortAccount((event.args as { account: bigint }).account)}
                  </span>
                ) : (
                  <span>
                    <b>{percent(toNumber(sale.fraction) * 100)}</b> of{" "}
                    <a href={`#/portfolio/${showAccountId(sale.account)}`}>{shortAccount(sale.account)}</a> sold
                    {sale.taken ? " to its keeper" : " to the fund"}; equity was <Amount value={sale.equity} />, margin{" "}
                    <Amount value={sale.margin} />; {shortAccount(sale.keeper)} earned <Amount value={sale.reward} unit={money} />
                  </span>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
