import { expect } from "chai";
import { it } from "mocha";

/** Counts that something was met. */
export type Count = (what: string) => void;

export interface Walk {
  /** Does something at random and asserts what has to hold. */
  readonly step: (i: number) => void;
}

export interface Walks {
  /** Of the first walk; the second has the next. */
  readonly seed: number;
  readonly steps: number;
  readonly make: (seed: number, count: Count) => Walk;
  /** What both have to meet together at least. */
  readonly quotas: Readonly<Record<string, number>>;
  /** What else to print. */
  readonly show?: () => unknown;
}

/**
 * Two tests that walk, and one that fails unless they met enough of everything. PLIMSOLL_SEED and PLIMSOLL_OPERATIONS choose another seed and other steps,
 * PLIMSOLL_SHOW prints what was met.
 */
export function itWalks(title: string, { seed, steps, make, quotas, show }: Walks): void {
  const met = new Map<string, number>();
  const count: Count = (what) => met.set(what, (met.get(what) ?? 0) + 1);
  const first = Number(process.env.PLIMSOLL_SEED ?? seed);
  const until = Number(process.env.PLIMSOLL_OPERATIONS ?? steps);
  for (const each of [first, first + 1]) {
    it(`${title}, seed ${each}`, () => {
      const walk = make(each, count);
      for (let i = 0; i < until; i++) {
        try {
          walk.step(i);
        } catch (error) {
          if (error instanceof Error) error.message = `seed ${each}, step ${i}: ${error.message}`;
          throw error;
        }
      }
    });
  }

  it("met enough of everything", () => {
    if (process.env.PLIMSOLL_SHOW !== undefined)
      console.log(
        [...met].sort(([, a], [, b]) => b - a),
        show?.() ?? "",
      );
    for (const [what, least] of Object.entries(quotas)) expect(met.get(what) ?? 0, what).to.be.at.least(least);
  });
}
