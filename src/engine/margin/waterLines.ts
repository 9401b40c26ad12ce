import type { Draft } from "../ledger/draft.ts";
import { highest, waterLineAt } from "../math/pool/waterLine.ts";
import { fromPpm } from "../types/fixedPoint.ts";
import { rampAt } from "../types/ramp.ts";
import type { State, WaterLine } from "../types/types.ts";

/** Seconds after which a shortage that nobody has looked at counts as over: who was closed in the next one would find the line of the last. */
export const FORGOTTEN_AFTER = 86_400n;

/** The water-line of an underlying as it is now; nothing where there is no shortage, or none that anybody has looked at in the last day. */
export function waterLineNow({ waterLines, now }: Pick<State, "waterLines" | "now">, underlying: number): WaterLine | undefined {
  const line = waterLines.get(underlying);
  return line === undefined || now - line.time > FORGOTTEN_AFTER ? undefined : waterLineAt(line, now);
}

/** Brings the water-line of an underlying whose fund account is short up to now, or begins it at 1/μ. */
export function keepWaterLine(draft: Draft, underlying: number): WaterLine {
  const running = waterLineNow(draft, underlying);
  const line = running ?? { level: highest(fromPpm(rampAt(draft.base.margin.maintenance, draft.now))), time: draft.now };
  draft.waterLines.set(underlying, line);
  if (running === undefined) draft.emit("WaterLineStarted", { underlying: BigInt(underlying), level: line.level });
  return line;
}

/** The fund account of an underlying has its margin again, or holds nothing. */
export function clearWaterLine(draft: Draft, underlying: number): void {
  if (draft.waterLines.delete(underlying)) draft.emit("WaterLineCleared", { underlying: BigInt(underlying) });
}
