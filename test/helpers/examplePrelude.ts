import { listedSeries } from "../../src/engine/words/seriesWord.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";

// ETH-20261225 with calls and puts at 3,000 and 3,500, of lots of 1e-4
const WORD = listedSeries({ expiry: 1_798_185_600n, base: 3_000n, step: 500n, decimals: 14n, count: 2n });

/** What examples in docstrings take for granted: a devnet by its record, account 10 of it, and names of instruments that do not depend on the day. */
export const examplePrelude = `import { Wallet } from "ethers";
const record = plimsoll.readDeployment(".", "local");
const rpc = plimsoll.httpRpc("http://127.0.0.1:8545");
const wallet = new Wallet(${JSON.stringify(localWallet(10).privateKey)});
const listed = [{ symbol: "ETH", lotExponent: 4, series: new Map([[1, { word: ${WORD}n }]]) }];
`;
