import { join } from "node:path";
import { type PlimsollParameters, readParameterFile, toParameters } from "./parameters.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "deploy", "parameters");

/** The parameter file of `network`. Throws BadInput with every mistake of it. */
export function parametersOf(network: string): PlimsollParameters {
  const place = `deploy/parameters/${network}.json5`;
  return toParameters(readParameterFile(join(FOLDER, `${network}.json5`), place), place);
}

/**
 * The parameters of local chains.
 * @param edit changes the file's content before it is checked
 */
export function localParameters(edit: (file: LocalFile) => void = () => {}): PlimsollParameters {
  const place = "deploy/parameters/local.json5";
  const file = readParameterFile(join(FOLDER, "local.json5"), place) as LocalFile;
  edit(file);
  return toParameters(file, place);
}

/** The content of the local parameter file as far as demo and tests change it. */
export interface LocalFile {
  margin: Record<string, string | number>;
  liquidation: Record<string, string | number>;
  fund: Record<string, string | number>;
  orders: Record<string, string | number>;
  volatilities?: Record<string, unknown>;
  underlyings: (Record<string, unknown> & { symbol: string; referencePrice: string | number })[];
  collaterals: Record<string, unknown>[];
}
