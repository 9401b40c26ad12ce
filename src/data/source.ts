import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createGunzip, createZstdDecompress } from "node:zlib";
import { type Entry, openPromise } from "yauzl";
import { BadInput } from "../sdk/failure.ts";

/** One table of text: a file, or a file in an archive. */
export type Source = {
  /** What errors and reports call it. */
  readonly name: string;
  readonly packing: "plain" | "gzip" | "zstd" | "zip";
  /** Its text from the beginning, in pieces. */
  readonly text: () => AsyncGenerator<string>;
};

/** Called with what has been read of a file, and how long it is, in bytes as they are stored. */
export type OnRead = (read: number, of: number) => void;

/** First bytes of files that are no text, and what to do with them. `offset` is where they stand. */
const MAGIC: readonly { readonly hex: string; readonly offset?: number; readonly what: string }[] = [
  { hex: "d0cf11e0a1b11ae1", what: "an old Excel workbook: save the sheet as CSV" },
  { hex: "50415231", what: "Parquet: export it as CSV" },
  { hex: "4152524f5731", what: "Arrow or Feather: export it as CSV" },
  { hex: "ffffffff", what: "Arrow: export it as CSV" },
  { hex: "894844460d0a1a0a", what: "HDF5: export it as CSV" },
  { hex: "53514c69746520666f726d6174203300", what: "a SQLite database: export its table as CSV" },
  { hex: "425a68", what: "packed with bzip2: unpack it, or pack it with gzip" },
  { hex: "fd377a585a00", what: "packed with xz: unpack it, or pack it with gzip" },
  { hex: "377abcaf271c", what: "a 7-Zip archive: unpack it, or pack it as zip" },
  { hex: "526172211a07", what: "a RAR archive: unpack it, or pack it as zip" },
  { hex: "255044462d", what: "a PDF" },
  { hex: "7573746172", offset: 257, what: "a tar archive: unpack it and give its files" },
  { hex: "1f8b", what: "packed twice: unpack it once" },
  { hex: "504b0304", what: "packed twice: unpack it once" },
];
const [GZIP, ZIP, EMPTY_ZIP, ZSTD] = ["1f8b", "504b0304", "504b0506", "28b52ffd"] as const;
/** What is looked at to tell text from anything else. */
const HEAD = 4_096;

/** The tables of a file: one, or those of an archive in the order of their names. @throws BadInput when it cannot be read or is no text */
export async function sourcesOf(path: string, onRead: OnRead = () => {}): Promise<Source[]> {
  const file = path.split(/[\\/]/).at(-1) ?? path;
  const unreadable = (error: unknown): BadInput =>
    new BadInput(`cannot read the price file ${path}: ${(error as NodeJS.ErrnoException).code ?? ""}`);
  let [head, size] = [Buffer.alloc(0), 0];
  try {
    if ((await stat(path)).isDirectory()) throw new BadInput(`${path} is a folder: give its files`);
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
      head = buffer.subarray(0, bytesRead);
      size = (await handle.stat()).size;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof BadInput ? error : unreadable(error);
  }
  if (size === 0) throw new BadInput(`${file} is empty`);
  const starts = (hex: string): boolean => head.subarray(0, hex.length / 2).toString("hex") === hex;
  if (starts(ZIP) || starts(EMPTY_ZIP)) return zipSources(path, file);
  const packing = starts(GZIP) ? "gzip" : starts(ZSTD) ? "zstd" : "plain";
  const bytes = (): Readable => {
    let read = 0;
    const stored = createReadStream(path).on("data", (piece) => {
      read += piece.length;
      onRead(read, size);
    });
    if (packing === "plain") return stored;
    // a file that is cut off is an error, not an end
    const unpacked = packing === "gzip" ? createGunzip() : createZstdDecompress();
    void pipeline(stored, unpacked).catch(() => {}); // the reader of `unpacked` meets the error
    return unpacked;
  };
  return [{ name: file, packing, text: () => decoded(bytes(), file) }];
}

async function zipSources(path: string, file: string): Promise<Source[]> {
  const damaged = (error: unknown): BadInput => new BadInput(`${file} is a damaged zip archive: ${oneLine(error)}`);
  const entries = await readEntries(path).catch((error: unknown) => {
    throw damaged(error);
  });
  if (entries.some(({ fileName }) => fileName === "[Content_Types].xml")) {
    throw new BadInput(`${file} is an Excel workbook: save the sheet as CSV`);
  }
  const tables = entries.filter(({ fileName }) => /\.(csv|tsv|txt|json|prn)$/i.test(fileName) && !/(^|\/)(__MACOSX\/|\.)/.test(fileName));
  if (tables.length === 0) throw new BadInput(`${file} holds no .csv, .txt or .json file`);
  const encrypted = tables.find((entry) => entry.isEncrypted());
  if (encrypted) throw new BadInput(`${file} is encrypted: unpack it`);
  return tables
    .sort((a, b) => (a.fileName < b.fileName ? -1 : 1))
    .map((entry): Source => {
      const name = `${file}/${entry.fileName}`;
      const bytes = async (): Promise<Readable> => {
        const zip = await openPromise(path, { autoClose: false });
        const stored = await zip.openReadStreamPromise(entry).catch((error: unknown) => {
          zip.close();
          throw damaged(error);
        });
        const checked = checkedSum(entry.crc32);
        void pipeline(stored, checked)
          .catch(() => {})
          .finally(() => zip.close());
        return checked;
      };
      return {
        name,
        packing: "zip",
        text: async function* () {
          yield* decoded(await bytes(), name);
        },
      };
    });
}

async function readEntries(path: string): Promise<Entry[]> {
  const zip = await openPromise(path, { autoClose: false });
  try {
    const entries: Entry[] = [];
    for await (const entry of zip.eachEntry()) entries.push(entry);
    return entries;
  } finally {
    zip.close();
  }
}

/** Lets bytes through and fails at the end where their sum is not `expected`: the reader of archives compares lengths only. */
function checkedSum(expected: number): Transform {
  let sum = 0;
  return new Transform({
    transform: (piece: Buffer, _, done) => {
      sum = crc32(piece, sum);
      done(null, piece);
    },
    flush: (done) => done(sum === expected ? null : new Error("the checksum is wrong")),
  });
}

/** Bytes as text, by their byte order mark or as UTF-8. @throws BadInput when they are no text, or the packing is damaged */
async function* decoded(bytes: Readable, name: string): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  try {
    for await (const piece of bytes as AsyncIterable<Buffer>) {
      if (decoder === undefined) {
        const encoding =
          piece[0] === 0xff && piece[1] === 0xfe ? "utf-16le" : piece[0] === 0xfe && piece[1] === 0xff ? "utf-16be" : "utf-8";
        if (encoding === "utf-8") refuseBinary(piece, name);
        decoder = new TextDecoder(encoding);
      }
      yield decoder.decode(piece, { stream: true });
    }
  } catch (error) {
    if (error instanceof BadInput) throw error;
    throw new BadInput(`${name} is damaged or cut off: ${oneLine(error)}`);
  } finally {
    bytes.destroy();
  }
}

function refuseBinary(piece: Buffer, name: string): void {
  const known = MAGIC.find(({ hex, offset = 0 }) => piece.subarray(offset, offset + hex.length / 2).toString("hex") === hex);
  if (known) throw new BadInput(`${name} is ${known.what}`);
  // control characters that no table has
  const odd = piece
    .subarray(0, HEAD)
    .find((byte) => (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12) || byte === 127);
  if (odd !== undefined) throw new BadInput(`${name} is a binary file, not text: give CSV or JSON`);
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}

/** What a person may be shown of a file's content: printable, and not much of it. */
export function shown(text: string): string {
  const printable = text.replace(/[^\x20-\x7e\u00a0-\u024f]/g, "?");
  return printable.length > 40 ? `${printable.slice(0, 40)}…` : printable;
}
