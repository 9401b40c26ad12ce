import { useEffect, useMemo, useState } from "react";
import {
  type AccountId,
  errorInWords,
  Failure,
  type LiquidationPrices,
  liquidationPrices,
  type PortfolioView,
  type Preview,
  portfolioIn,
  Reverted,
  type VaultView,
} from "../../src/package/browser.ts";
import { sentence } from "./flow.ts";
import { percent } from "./format.ts";
import { node } from "./live.ts";
import { lineText } from "./pages/portfolio.tsx";
import { Amount, Row } from "./ui.tsx";

/** What an action would do to an account, or why it cannot be done. */
type Known =
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly why: string }
  | {
      readonly kind: "works";
      readonly before: PortfolioView;
      readonly after: PortfolioView;
      readonly view: VaultView;
      readonly fees: bigint;
    };

/** @property isPending it is of what was typed before: what is typed now is being worked out */
export type Outcome = Known & { readonly isPending: boolean };

/** Works an outcome out when the page has time: typing is not kept waiting. */
export function useOutcome(
  account: AccountId | undefined,
  view: VaultView | undefined,
  plan: (() => Preview) | undefined,
  keys: readonly unknown[],
): Outcome {
  const [{ outcome, of }, put] = useState<{ readonly outcome: Known; readonly of: string }>({ outcome: { kind: "nothing" }, of: "" });
  const asked = keys.map(String).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: what `plan` depends on is said by `keys`
  useEffect(() => {
    const set = (found: Known): void => put({ outcome: found, of: asked });
    if (account === undefined || view === undefined || plan === undefined || !view.state.accounts.has(account)) {
      set({ kind: "nothing" });
      return;
    }
    const timer = setTimeout(() => {
      try {
        const { view: after, fees } = plan();
        set({
          kind: "works",
          before: portfolioIn(view, node.record, account),
          after: portfolioIn(after, node.record, account),
          view: after,
          fees,
        });
      } catch (error) {
        if (!(error instanceof Reverted) && !(error instanceof Failure) && !(error instanceof RangeError)) throw error;
        set({ kind: "refused", why: sentence(errorInWords(error, node.record)) });
      }
    }, 60);
    return () => clearTimeout(timer);
  }, [account, view, ...keys]);
  return { ...outcome, isPending: of !== asked };
}

function Change({ before, after }: { before: bigint; after: bigint }) {
  return (
    <>
      <Amount value={before} /> <span className="arrow">→</span> <Amount value={after} />
    </>
  );
}

/** Equity, margin, liquidation price and worst scenario after it. @param underlyings that are traded */
export function PreviewRows({
  outcome,
  underlyings,
  view,
}: {
  outcome: Extract<Outcome, { kind: "works" }>;
  underlyings: readonly number[];
  view: VaultView;
}) {
  const { before, after, fees } = outcome;
  const money = node.record.settlementToken.symbol;
  const [lines, set] = useState<ReadonlyMap<number, readonly [LiquidationPrices, LiquidationPrices]>>(new Map());
  const key = underlyings.join(",");
  // biome-ignore lint/correctness/useExhaustiveDependencies: underlyings are told apart by their key
  useEffect(() => {
    const timer = setTimeout(() => {
      const at = (of: VaultView, index: number): LiquidationPrices => liquidationPrices(of.state, after.account, index);
      set(new Map(underlyings.map((index) => [index, [at(view, index), at(outcome.view, index)]])));
    }, 120);
    return () => clearTimeout(timer);
  }, [outcome, key]);
  const worst = useMemo(() => {
    const all = after.profiles.flatMap(({ underlying, scenarios, worst: number }) =>
      scenarios.filter(({ scenario }) => scenario === number).map((each) => ({ ...each, underlying })),
    );
    return all.sort((a, b) => (a.loss < b.loss ? 1 : -1))[0];
  }, [after]);
  const margins = [before, after].map(({ opening, standing }) => opening?.margin ?? standing.figures.margin);
  const equities = [before, after].map(({ opening, standing }) => opening?.equity ?? standing.figures.equity);
  const free = (equities[1] ?? 0n) - (margins[1] ?? 0n);
  return (
    <dl className="rows preview" aria-live="polite" aria-busy={outcome.isPending}>
      <Row label="Fee" name="fee">
        <Amount value={fees} places={4} unit={money} />
      </Row>
      <Row label="Equity" name="equity">
        <Change before={equities[0] ?? 0n} after={equities[1] ?? 0n} />
      </Row>
      <Row label="Margin to open" name="margin">
        <Change before={margins[0] ?? 0n} after={margins[1] ?? 0n} />
      </Row>
      <Row label="Left to open with" name="free">
        <Amount value={free} tone />
      </Row>
      {underlyings.map((index) => {
        const found = lines.get(index);
        const exponent = node.record.underlyings[index]?.lotExponent ?? 0;
        return (
          <Row key={index} label={`Liquidation, ${node.record.underlyings[index]?.symbol}`} name="line">
            {lineText(found?.[0], exponent)} <span className="arrow">→</span> {lineText(found?.[1], exponent)}
          </Row>
        );
      })}
      {worst === undefined || worst.loss <= 0n ? null : (
        <Row label="Worst scenario" name="worst">
          {node.record.underlyings[worst.underlying]?.symbol} {percent(worst.move * 100)}
          {worst.volatility === "mark" ? "" : `, volatility ${worst.volatility}`}: <Amount value={-worst.loss} />
        </Row>
      )}
    </dl>
  );
}
