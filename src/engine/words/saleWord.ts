// What the log says of a sale, in the words of contracts/words/SaleWord.sol.

/** Lots of an option or a dated future that moved; the instrument has 16 bits, as within its underlying. */
export type SoldPosition = { readonly instrument: bigint; readonly lots: bigint };

/** What moved on one underlying. */
export type SoldBook = {
  readonly underlying: bigint;
  /** Of the perpetual, signed. */
  readonly lots: bigint;
  /** WAD, what the seller got. */
  readonly cash: bigint;
  readonly series: readonly SoldPosition[];
};

/** What a sale of an account came to. */
export type SaleTerms = {
  /** Of the account, 18 decimals. */
  readonly fraction: bigint;
  /** WAD, what the keeper got: bounty and share. */
  readonly reward: bigint;
  /** The keeper took what was sold, and not the fund. */
  readonly taken: boolean;
};

const POSITIONS = 4;
const saturated = (value: bigint, bits: bigint, signed: bigint): bigint => {
  const [least, most] = [-(signed << (bits - 1n)), (1n << (bits - signed)) - 1n];
  return value < least ? least : value > most ? most : value;
};

/** The word of a fraction, a reward and who took it. */
export function saleWord({ fraction, reward, taken }: SaleTerms): bigint {
  return fraction | (reward << 64n) | (taken ? 1n << 192n : 0n);
}

/** What `saleWord` packed. */
export function saleTermsIn(word: bigint): SaleTerms {
  return { fraction: BigInt.asUintN(64, word), reward: BigInt.asUintN(128, word >> 64n), taken: word >> 192n !== 0n };
}

/** The word of equity and initial margin before the sale, WAD. */
export function figuresWord(equity: bigint, margin: bigint): bigint {
  return BigInt.asUintN(128, saturated(equity, 128n, 1n)) | (saturated(margin, 128n, 0n) << 128n);
}

/** What `figuresWord` packed. */
export function figuresIn(word: bigint): { readonly equity: bigint; readonly margin: bigint } {
  return { equity: BigInt.asIntN(128, word), margin: word >> 128n };
}

/** What moved, as hexadecimal: a word for each underlying, and after it those of its options and dated futures, four a word. */
export function movedBytes(books: readonly SoldBook[]): string {
  const words = books.flatMap(({ underlying, lots, cash, series }) => {
    const packed: bigint[] = [];
    series.forEach((position, i) => {
      const [word, shift] = [Math.floor(i / POSITIONS), 64n * BigInt(i % POSITIONS)];
      packed[word] = (packed[word] ?? 0n) | ((position.instrument | (BigInt.asUintN(45, position.lots) << 16n)) << shift);
    });
    const book = underlying | (BigInt.asUintN(48, lots) << 8n) | (BigInt(packed.length) << 56n) | (BigInt.asUintN(184, cash) << 72n);
    return [book, ...packed];
  });
  return `0x${words.map((word) => word.toString(16).padStart(64, "0")).join("")}`;
}

/** What `movedBytes` packed. */
export function booksIn(moved: string): SoldBook[] {
  const words = (moved.slice(2).match(/.{64}/g) ?? []).map((word) => BigInt(`0x${word}`));
  const books: SoldBook[] = [];
  for (let i = 0; i < words.length; ) {
    const word = words[i++] ?? 0n;
    const following = words.slice(i, i + Number(BigInt.asUintN(16, word >> 56n)));
    i += following.length;
    const places = following.flatMap((four) => [0n, 64n, 128n, 192n].map((shift) => BigInt.asUintN(64, four >> shift)));
    const series = places
      .filter((place) => place !== 0n)
      .map((place) => ({ instrument: BigInt.asUintN(16, place), lots: BigInt.asIntN(45, place >> 16n) }));
    books.push({
      underlying: BigInt.asUintN(8, word),
      lots: BigInt.asIntN(48, word >> 8n),
      cash: BigInt.asIntN(184, word >> 72n),
      series,
    });
  }
  return books;
}
