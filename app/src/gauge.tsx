import { toNumber } from "../../src/package/browser.ts";
import { fixed, percent } from "./format.ts";

/** Where the line is in the picture, and how far a whole load is from the keel. */
const [LINE, SPAN, KEEL] = [92, 84, 176];

/**
 * The Plimsoll line of an account: how deep it lies. Water at the mark means that the account is sold.
 * @param maintenance what equity may not fall below, WAD
 * @param opening what equity must be to open, WAD
 */
export function Gauge({ equity, maintenance, opening, money }: { equity: bigint; maintenance: bigint; opening: bigint; money: string }) {
  const load = maintenance === 0n ? 0 : equity <= 0n ? 2 : toNumber(maintenance) / toNumber(equity);
  const level = Math.max(6, KEEL - Math.min(load, 1.9) * SPAN);
  const state = maintenance === 0n ? "calm" : load > 1 ? "bad" : load > 0.8 ? "warn" : "calm";
  const opens = opening === 0n ? undefined : KEEL - (toNumber(maintenance) / toNumber(opening)) * SPAN;
  const left = equity - maintenance;
  const words =
    maintenance === 0n ? "Nothing at risk" : load > 1 ? "Below its line" : state === "warn" ? "Near its line" : "Above its line";
  const detail =
    maintenance === 0n
      ? "No position needs margin."
      : load > 1
        ? "It can be liquidated now: deposit, or reduce."
        : `Equity may fall by ${fixed(left)} ${money} before it is sold.`;
  return (
    <div className={`gauge ${state}`}>
      <svg
        viewBox="0 0 228 196"
        role="img"
        aria-label={`${words}. ${percent(load * 100)} of the equity is bound by the maintenance margin. ${detail}`}
      >
        <path className="hull" d="M38 12H182V128Q182 182 132 184H88Q38 182 38 128ZM38 26H182" />
        <g className="water">
          <path d={`M0 ${level}q13.75-5 27.5 0t27.5 0t27.5 0t27.5 0t27.5 0t27.5 0t27.5 0t27.5 0h8V196H0Z`} />
        </g>
        <g className="mark">
          <circle cx="110" cy={LINE} r="20" />
          <path d={`M74 ${LINE}h72`} />
        </g>
        {opens === undefined ? null : <path className="opens" d={`M152 ${opens}h36`} />}
        {opens === undefined ? null : (
          <text x="191" y={opens + 4}>
            opens
          </text>
        )}
      </svg>
      <div>
        <p className="words">{words}</p>
        <p className="load">
          <data className="num" value={load}>
            {maintenance === 0n ? "0 %" : equity <= 0n ? "over 100 %" : percent(load * 100)}
          </data>{" "}
          loaded
        </p>
        <p className="muted">{detail}</p>
      </div>
    </div>
  );
}
