import { type ComponentType, lazy, Suspense, useEffect, useRef, useState } from "react";
import { priceQuality } from "../../src/package/browser.ts";
import { price, short, span } from "./format.ts";
import { node, useLive, useNow } from "./live.ts";
import { PortfolioPage } from "./pages/portfolio.tsx";
import { go, useRoute } from "./route.ts";
import { Button, Card, Loading, Note } from "./ui.tsx";
import { connectTo, goToChain, LOCAL_CHAIN, leave, takeLocal, useWallet } from "./wallet.ts";

const lazily = <Name extends string>(load: () => Promise<Record<Name, ComponentType>>, name: Name) =>
  lazy(async () => ({ default: (await load())[name] }));

const PAGES: Readonly<Record<string, { readonly title: string; readonly page: ComponentType }>> = {
  portfolio: { title: "Portfolio", page: PortfolioPage },
  trade: { title: "Trade", page: lazily(() => import("./pages/trade.tsx"), "TradePage") },
  fund: { title: "Fund", page: lazily(() => import("./pages/fund.tsx"), "FundPage") },
  liquidations: { title: "Liquidations", page: lazily(() => import("./pages/liquidations.tsx"), "LiquidationsPage") },
  markets: { title: "Markets", page: lazily(() => import("./pages/markets.tsx"), "MarketsPage") },
};

export function Shell() {
  const { page: name } = useRoute();
  const { phase, error, link } = useLive();
  const known = PAGES[name];
  const Page = known?.page;
  const title = known?.title ?? "Nothing here";
  useEffect(() => {
    document.title = `${title} · Plimsoll`;
  }, [title]);
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: it goes to a place of this page */}
      <a className="skip" href="#main" onClick={toMain}>
        Skip to content
      </a>
      <header className="top">
        <a className="brand" href="#/portfolio">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <circle cx="16" cy="16" r="9" />
            <path d="M2 16h28" />
          </svg>
          Plimsoll
        </a>
        <nav aria-label="Pages">
          {Object.entries(PAGES).map(([key, { title: shown }]) => (
            <a key={key} href={`#/${key}`} aria-current={key === name ? "page" : undefined}>
              {shown}
            </a>
          ))}
        </nav>
        <div className="tools">
          <ThemeButton />
          <WalletButton />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <h1 className="hidden">{title}</h1>
        {link === "lost" ? <Lost /> : null}
        <WrongNetwork />
        {phase === "failed" ? (
          <Card title="Nothing can be shown">
            <Note tone="bad">{error}</Note>
            <Button onClick={() => location.reload()}>Try again</Button>
          </Card>
        ) : phase === "loading" ? (
          <Card>
            <Loading lines={6} />
          </Card>
        ) : Page === undefined ? (
          <Card title="There is no such page">
            <a href="#/portfolio">Go to your portfolio</a>
          </Card>
        ) : (
          <Suspense
            fallback={
              <Card>
                <Loading lines={6} />
              </Card>
            }
          >
            <Page />
          </Suspense>
        )}
      </main>
      <Footer />
    </>
  );
}

/** The main part, without a change of the fragment, which says where one is. */
function toMain(event: { readonly preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Lost() {
  return (
    <Note tone="bad">
      <span>The node cannot be reached. What you see is as of the last block; it goes on by itself once the node is back.</span>
      <Button onClick={() => node.link.retry()}>Try now</Button>
    </Note>
  );
}

function WrongNetwork() {
  const { chainId, using, error } = useWallet();
  const { phase } = useLive();
  if (error !== undefined)
    return (
      <Note tone="warn">
        <span>{error}</span>
      </Note>
    );
  if (phase !== "ready" || using === undefined || chainId === node.record.chainId) return null;
  return (
    <Note tone="warn">
      <span>
        Your wallet is on {chainId === undefined ? "no network" : `network ${chainId}`}. This deployment is on {node.record.network} (
        {node.record.chainId}).
      </span>
      <Button onClick={() => void goToChain()}>Switch network</Button>
    </Note>
  );
}

function Footer() {
  const { head, view, link, phase } = useLive();
  const now = useNow();
  if (phase !== "ready" || view === undefined) return <footer className="bottom" />;
  return (
    <footer className="bottom">
      <span className={`dot ${link}`} aria-hidden="true" />
      <span>
        {link === "open" ? node.record.network : "not connected"} · block {head?.number}
      </span>
      <ul aria-label="Prices">
        {node.record.underlyings.map(({ symbol }, index) => {
          const own = view.state.underlyings[index];
          const quality = priceQuality(view.state, index, BigInt(now));
          if (own === undefined || quality === "none") return null;
          return (
            <li key={symbol} className={quality === "normal" ? undefined : "warn"}>
              {symbol} <span className="num">{price(own.price * 10n ** own.lotExponent)}</span>
              {quality === "normal" ? null : ` ${quality}, ${span(now - Number(own.priceTime))}`}
            </li>
          );
        })}
      </ul>
    </footer>
  );
}

const THEMES = ["auto", "light", "dark"] as const;

function ThemeButton() {
  const [theme, set] = useState<(typeof THEMES)[number]>(() => {
    try {
      return THEMES.find((each) => each === localStorage.getItem("plimsoll theme")) ?? "auto";
    } catch {
      return "auto";
    }
  });
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("plimsoll theme", theme);
    } catch {
      // it lasts as long as the page
    }
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  return (
    <button
      type="button"
      className="button quiet icon"
      onClick={() => set(next)}
      aria-label={`Colours: ${theme}. Change to ${next}`}
      title={`Colours: ${theme}`}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6" />
        <path d={theme === "dark" ? "M8 2a6 6 0 0 0 0 12z" : theme === "light" ? "M8 2" : "M8 2a6 6 0 0 1 0 12z"} className="fill" />
      </svg>
    </button>
  );
}

function WalletButton() {
  const { announced, local, using, address, busy } = useWallet();
  const { phase } = useLive();
  const dialog = useRef<HTMLDialogElement>(null);
  const close = (): void => dialog.current?.close();
  return (
    <>
      <button type="button" className={`button ${address === undefined ? "main" : "plain"}`} onClick={() => dialog.current?.showModal()}>
        {busy ? "Asking …" : address === undefined ? "Connect" : <span className="num">{short(address)}</span>}
      </button>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog */}
      <dialog ref={dialog} aria-labelledby="wallet-title" onClick={(event) => event.target === dialog.current && close()}>
        <div className="dialog">
          <header>
            <h2 id="wallet-title">{address === undefined ? "Connect a wallet" : using?.name}</h2>
            <button type="button" className="button quiet icon" aria-label="Close" onClick={close}>
              ×
            </button>
          </header>
          {address === undefined ? null : (
            <>
              <p className="num break">{address}</p>
              <div className="buttons">
                <Button
                  onClick={() => {
                    go(`/portfolio/${address}`);
                    close();
                  }}
                >
                  Show its portfolio
                </Button>
                <Button
                  onClick={() => {
                    leave();
                    close();
                  }}
                >
                  Disconnect
                </Button>
              </div>
            </>
          )}
          {announced.length === 0 ? (
            <p className="muted">No wallet is installed in this browser.</p>
          ) : (
            <ul className="choices">
              {announced.map((each) => (
                <li key={each.id}>
                  <button
                    type="button"
                    className="button plain"
                    onClick={() => {
                      close();
                      void connectTo(each);
                    }}
                  >
                    {each.icon === undefined ? null : <img src={each.icon} alt="" width="20" height="20" />}
                    {each.name}
                  </button>
                </li>
              ))}
            </ul>
          )}
          {phase !== "ready" || node.record.chainId !== LOCAL_CHAIN || local.length === 0 ? null : (
            <section>
              <h3>Accounts of the local chain</h3>
              <p className="muted">The node signs for them: everybody knows their keys. 10 to 19 are for you.</p>
              <ul className="choices grid">
                {local.map((each, i) => (
                  <li key={each}>
                    <button
                      type="button"
                      className="button plain"
                      aria-pressed={using?.id === `local ${i}`}
                      onClick={() => {
                        takeLocal(i);
                        close();
                      }}
                      aria-label={`Local account ${i}`}
                    >
                      {i}
                    </button>
                  </li>
                ))}
              </ul>
            </section>
          )}
        </div>
      </dialog>
    </>
  );
}
