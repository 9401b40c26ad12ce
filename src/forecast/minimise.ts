import { FitFailed } from "./forecaster.ts";

export interface Minimum {
  readonly point: readonly number[];
  readonly value: number;
}

/** Of the whole range of a parameter: what counts as a step. */
const UNMOVED = 1e-7;
const TOLERANCE = 1e-10;
const MOST_EVALUATIONS = 2_000;

/** The wasm build of NLopt makes itself the last word on every error of the process when it is loaded: its listeners are taken off again. */
async function load() {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => process.rawListeners(event as "uncaughtException"));
  const { default: nlopt } = await import("nlopt-js");
  await nlopt.ready;
  for (const [k, event] of events.entries()) {
    for (const listener of process.rawListeners(event as "uncaughtException")) {
      if (!before[k]!.includes(listener)) process.removeListener(event, listener as () => void);
    }
  }
  return nlopt;
}

let loaded: Awaited<ReturnType<typeof load>> | undefined;

/** Has to be awaited once before `minimise`. */
export async function loadOptimiser(): Promise<void> {
  loaded ??= await load();
}

/**
 * The least value of `objective` inside a box, by NLopt's BOBYQA from each of `starts`: the best of them. Derivatives are not asked for.
 * @throws FitFailed where no start led anywhere: a fit that ends where it began is no fit, whatever the optimiser says
 */
export function minimise(
  objective: (point: ArrayLike<number>) => number,
  starts: readonly (readonly number[])[],
  lower: readonly number[],
  upper: readonly number[],
): Minimum {
  const nlopt = loaded;
  if (nlopt === undefined) throw new Error("await loadOptimiser() first");
  let best: Minimum | undefined;
  const unmoved: string[] = [];
  for (const start of starts) {
    const optimiser = new nlopt.Optimize(nlopt.Algorithm.LN_BOBYQA, start.length);
    optimiser.setLowerBounds([...lower]);
    optimiser.setUpperBounds([...upper]);
    optimiser.setMaxeval(MOST_EVALUATIONS);
    optimiser.setMinObjective((point) => objective(point), TOLERANCE);
    let found: { readonly x: number[]; readonly value: number; readonly success: boolean };
    try {
      found = optimiser.optimize([...start]);
    } catch (error) {
      unmoved.push(String(error));
      continue;
    } finally {
      nlopt.GC.flush(); // memory of wasm is not collected
    }
    const moved = found.x.some((x, k) => Math.abs(x - start[k]!) > UNMOVED * (upper[k]! - lower[k]!));
    if (!moved || !(found.value < objective(start)) || !found.success) {
      unmoved.push(`unmoved from ${start.join(", ")}`);
      continue;
    }
    if (best === undefined || found.value < best.value) best = { point: found.x, value: found.value };
  }
  if (best === undefined) throw new FitFailed(`the optimiser found nothing better than where it began: ${unmoved.join("; ")}`);
  return best;
}
