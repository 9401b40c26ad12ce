/** A value of a line at a time in unix milliseconds, as ECharts reads it; null breaks the line. */
export type Row = [time: number, value: number | null];

/**
 * Moments at which a run was looked at. ECharts draws what it is given: it joins over outages, runs backwards, and makes nothing of what is no number,
 * each without a word. So what it is given is checked here.
 */
export interface Timeline {
  /** Unix seconds. */
  readonly times: readonly number[];
  /** Outages: the moments before and after each, unix seconds. */
  readonly gaps: readonly (readonly [from: number, to: number])[];
  /**
   * The rows of a line, broken in each outage.
   * @param values one a moment; undefined where there is none
   * @throws RangeError when there are more or fewer, or one is infinite or no number
   */
  rows(values: readonly (number | undefined)[]): Row[];
}

/**
 * @param times unix seconds, each later than the one before
 * @param step seconds between two moments where nothing is missing: half as much again between two is an outage
 * @throws RangeError when times are out of order, doubled, or no numbers
 */
export function timelineOf(times: readonly number[], step: number): Timeline {
  const gaps: [number, number][] = [];
  const ends = new Set<number>();
  for (const [i, time] of times.entries()) {
    if (!Number.isFinite(time)) throw new RangeError(`moment ${i} is at ${time}`);
    const last = times[i - 1];
    if (last === undefined) continue;
    if (time === last) throw new RangeError(`moments ${i - 1} and ${i} are both at ${time}`);
    if (time < last) throw new RangeError(`moment ${i} at ${time} comes after one at ${last}`);
    if (time - last <= 1.5 * step) continue;
    gaps.push([last, time]);
    ends.add(i);
  }
  return {
    times,
    gaps,
    rows: (values) => {
      if (values.length !== times.length) throw new RangeError(`${values.length} values at ${times.length} moments`);
      return times.flatMap((time, i): Row[] => {
        const value = values[i];
        if (value !== undefined && !Number.isFinite(value)) throw new RangeError(`the value of moment ${i} is ${value}`);
        const row: Row = [time * 1_000, value ?? null];
        return ends.has(i) ? [[((times[i - 1] ?? time) + time) * 500, null], row] : [row];
      });
    },
  };
}
