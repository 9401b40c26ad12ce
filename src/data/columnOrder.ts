// Which of four price columns is open, high, low and close, by what is true of bars: the low is lowest, the high highest, and a bar opens where the last one closed.

export type Field = "open" | "high" | "low" | "close";
/** Four fields in the order of their columns. */
export type Order = readonly [Field, Field, Field, Field];
/** Four prices of a row, in the order of their columns, at a time. */
export type Quad = { readonly time: number; readonly prices: readonly number[] };

const FIELDS: readonly Field[] = ["open", "high", "low", "close"];
const MOST_OUTSIDE = 0.01;
/** Steps between bars that are wanted before open and close are told apart by them, and the part that has to speak for one of the two. */
const LEAST_STEPS = 12;
const CLEAR_MAJORITY = 0.9;

const ORDERS: readonly Order[] = FIELDS.flatMap((a) =>
  FIELDS.flatMap((b) => FIELDS.flatMap((c) => FIELDS.flatMap((d): Order[] => (new Set([a, b, c, d]).size === 4 ? [[a, b, c, d]] : [])))),
);

/** The orders in which at least 99 % of the rows are bars. */
export function possibleOrders(rows: readonly Quad[]): Order[] {
  return ORDERS.filter((order) => {
    const [open, high, low, close] = FIELDS.map((field) => order.indexOf(field)) as [number, number, number, number];
    const outside = rows.filter(({ prices }) => {
      const price = (index: number): number => prices[index] ?? 0;
      return price(low) > Math.min(price(open), price(close)) || price(high) < Math.max(price(open), price(close));
    });
    return outside.length <= rows.length * MOST_OUTSIDE;
  });
}

/** Counts, over neighbouring bars, where one opens nearer to the last close than it closes to the last open, and the other way round. */
export class StepCount {
  #right = 0;
  #exchanged = 0;

  add(lastOpen: number, lastClose: number, open: number, close: number): void {
    const [right, exchanged] = [Math.abs(open - lastClose), Math.abs(close - lastOpen)];
    if (right < exchanged) this.#right++;
    else if (exchanged < right) this.#exchanged++;
  }

  get count(): number {
    return this.#right + this.#exchanged;
  }

  /** "right" or "exchanged" where the steps say so clearly. */
  get verdict(): "right" | "exchanged" | undefined {
    if (this.count < LEAST_STEPS) return undefined;
    if (this.#right >= this.count * CLEAR_MAJORITY) return "right";
    return this.#exchanged >= this.count * CLEAR_MAJORITY ? "exchanged" : undefined;
  }
}

/** Whether open and close stand where an order says, by the steps between neighbouring bars. @param rows oldest first */
export function stepVerdict(rows: readonly Quad[], order: Order, step: number): "right" | "exchanged" | undefined {
  const [open, close] = [order.indexOf("open"), order.indexOf("close")];
  const steps = new StepCount();
  for (const [i, row] of rows.entries()) {
    const last = rows[i - 1];
    if (last === undefined || row.time - last.time !== step) continue;
    const price = ({ prices }: Quad, index: number): number => prices[index] ?? 0;
    steps.add(price(last, open), price(last, close), price(row, open), price(row, close));
  }
  return steps.verdict;
}

/** What the rows say of the order of their columns. @param rows oldest first, without doubles @param step seconds between neighbours */
export function judgeOrder(
  rows: readonly Quad[],
  step: number,
): { readonly possible: readonly Order[]; readonly likely: Order | undefined } {
  const possible = possibleOrders(rows);
  const right = possible.filter((order) => stepVerdict(rows, order, step) === "right");
  return { possible, likely: right.length === 1 ? right[0] : possible.length === 1 ? possible[0] : undefined };
}

/** The same order with open and close exchanged. */
export function exchanged(order: Order): Order {
  const other: Record<Field, Field> = { open: "close", close: "open", high: "high", low: "low" };
  return order.map((field) => other[field]) as unknown as Order;
}
