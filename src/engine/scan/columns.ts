type Column = Float64Array | Uint8Array | Uint16Array | Int32Array | Uint32Array | BigUint64Array;

/** Columns of one length that grow together. */
export type Columns = Record<string, Column>;

const FIRST = 1_024;

/** The same columns with room for at least `length` rows. */
export function grown<T extends Columns>(columns: T, length: number): T {
  const room = Object.values(columns)[0]?.length ?? 0;
  if (length <= room) return columns;
  const wanted = Math.max(length, FIRST, Math.ceil(room * 1.5));
  return mapped(columns, (column) => {
    const larger = new (column.constructor as new (length: number) => Column)(wanted);
    larger.set(column as never);
    return larger;
  });
}

function mapped<T extends Columns>(columns: T, change: (column: Column) => Column): T {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, change(column)])) as T;
}

/** Bytes that columns occupy. */
export function bytesOf(columns: Columns): number {
  return Object.values(columns).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Lists of varying length, one for each row, end to end in shared columns: the entries of row `i` are `count[i]` ones from `start[i]` on. */
export class Lists<T extends Columns> {
  rows = { start: new Uint32Array(0), count: new Uint16Array(0), room: new Uint16Array(0) };
  entries: T;
  private used = 0;
  private holes = 0;
  private length = 0;

  constructor(entries: T) {
    this.entries = entries;
  }

  get bytes(): number {
    return bytesOf(this.rows) + bytesOf(this.entries);
  }

  /** Makes room for a list of `count` entries in place of that of a row; where it begins. What was in it is lost. */
  place(row: number, count: number): number {
    this.rows = grown(this.rows, row + 1);
    this.length = Math.max(this.length, row + 1);
    const { start, count: counts, room } = this.rows;
    if (count > room[row]!) {
      this.holes += room[row]!;
      counts[row] = 0;
      room[row] = 0;
      if (this.holes > this.used / 2 && this.holes > FIRST) this.compact();
      start[row] = this.used;
      room[row] = count;
      this.used += count;
      this.entries = grown(this.entries, this.used);
    }
    counts[row] = count;
    return start[row]!;
  }

  /** Moves all lists together, in the order of their rows, so that a walk over the rows reads memory forwards. */
  private compact(): void {
    const { start, count, room } = this.rows;
    const old = this.entries;
    this.entries = mapped(old, (column) => new (column.constructor as new (length: number) => Column)(column.length));
    let used = 0;
    for (let row = 0; row < this.length; row++) {
      const [from, held] = [start[row]!, count[row]!];
      for (const [name, column] of Object.entries(old)) this.entries[name]!.set(column.subarray(from, from + held) as never, used);
      start[row] = used;
      room[row] = held;
      used += held;
    }
    this.used = used;
    this.holes = 0;
  }
}
