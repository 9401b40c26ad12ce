import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { toQuantity } from "ethers";
import { Failure } from "../../src/sdk/failure.ts";
import { httpRpc, type Rpc } from "../../src/sdk/rpc.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { run } from "./run.ts";

export const GETH = "1.17.10";
const MODULE = `github.com/ethereum/go-ethereum/cmd/geth@v${GETH}`;
/** Where Go's own installer puts it, and where shells often do not look. */
const PATH = [process.env.PATH ?? "", "/usr/local/go/bin"].join(delimiter);

/** Rules of a chain: those of main networks, or those of the fork that comes next. */
export type Rules = "osaka" | "amsterdam";

/**
 * The program geth, built from its Go module into a cache of the user.
 * @throws Failure where it is not in the cache and there is no Go to build it with
 */
export async function gethProgram(say: (line: string) => void = () => {}): Promise<string> {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "plimsoll", `geth-${GETH}`);
  const program = join(folder, process.platform === "win32" ? "geth.exe" : "geth");
  if (existsSync(program)) return program;
  const go = await run("go", ["version"], { path: PATH }).catch(() => undefined);
  if (go?.code !== 0) throw new Failure(`Go is not here, and geth ${GETH} is built with it`, "install Go 1.25 or later: https://go.dev/dl");
  say(`building geth ${GETH} with ${/go\d[\d.]*/.exec(go.output)?.[0] ?? "Go"}, once; it takes some minutes`);
  mkdirSync(folder, { recursive: true });
  // built elsewhere and moved: what is in the cache is whole
  const building = mkdtempSync(join(folder, "building-"));
  try {
    const environment = { GOBIN: building, CGO_ENABLED: "0" };
    const { code, output } = await run("go", ["install", MODULE], { path: PATH, environment });
    if (code !== 0) throw new Failure(`geth ${GETH} could not be built: ${output.trim().split("\n").at(-1)}`);
    renameSync(join(building, program.slice(folder.length + 1)), program);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return program;
}

/** A geth that runs, and a chain of its own. */
export type Geth = {
  readonly url: string;
  readonly rpc: Rpc;
  /** As geth says it. */
  readonly version: string;
  /** Makes a block of what waits in the pool. @param time unix seconds; after that of the block before */
  readonly mine: (time: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type GethOptions = {
  readonly chainId: number;
  readonly rules: Rules;
  /** Of the genesis block, unix seconds. */
  readonly time: number;
  readonly gasLimit?: bigint;
  readonly say?: (line: string) => void;
};

const GAS_LIMIT = 60_000_000n;
const RICH = toQuantity(10n ** 24n);
const STARTS_WITHIN = 60_000;
const ZERO = `0x${"00".repeat(32)}`;

type Genesis = { alloc: Record<string, object> } & Record<string, unknown>;

/**
 * Starts geth on a genesis of its own, with the accounts of local chains funded. It runs as a node of a network does, not with `--dev`, whose rules are those
 * of no network; blocks are made when they are asked for.
 */
export async function startGeth(options: GethOptions): Promise<Geth> {
  const { chainId, rules, time, gasLimit = GAS_LIMIT, say } = options;
  const program = await gethProgram(say);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-geth-"));
  let child: ChildProcess | undefined;
  const close = async (): Promise<void> => {
    if (child !== undefined && child.exitCode === null) {
      const ended = new Promise((resolve) => child?.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const genesisPath = join(folder, "genesis.json");
    const { output: dumped } = await run(program, ["--dev", "dumpgenesis"]);
    // the contracts that the rules themselves call are as the dump has them
    const genesis = JSON.parse(dumped.slice(dumped.indexOf("{"), dumped.lastIndexOf("}") + 1)) as Genesis;
    for (let i = 0; i < 20; i++) genesis.alloc[localWallet(i).address.toLowerCase()] = { balance: RICH };
    writeFileSync(
      genesisPath,
      JSON.stringify({ ...genesis, config: configOf(chainId, rules), timestamp: toQuantity(time), gasLimit: toQuantity(gasLimit) }),
    );
    const made = await run(program, ["init", "--datadir", folder, genesisPath]);
    if (made.code !== 0) throw new Failure(`geth takes no genesis: ${made.output.trim().split("\n").at(-1)}`);
    const places = ["--datadir", folder, "--ipcdisable", "--nodiscover", "--maxpeers", "0", "--port", "0", "--authrpc.port", "0"];
    const api = ["--http", "--http.port", "0", "--http.api", "eth,net,web3,debug,txpool,testing"];
    const limits = ["--rpc.gascap", "0", "--miner.gaslimit", gasLimit.toString(), "--gcmode", "archive", "--syncmode", "full"];
    child = spawn(program, [...places, ...api, ...limits], { stdio: ["ignore", "ignore", "pipe"] });
    const url = await urlOf(child);
    const rpc = httpRpc(url);
    let slot = 0;
    return {
      url,
      rpc,
      version: String(await rpc("web3_clientVersion")),
      mine: async (at) => {
        const attributes = {
          timestamp: toQuantity(at),
          prevRandao: ZERO,
          suggestedFeeRecipient: `0x${"fe".repeat(20)}`,
          withdrawals: [],
          parentBeaconBlockRoot: ZERO,
          ...(rules === "amsterdam" ? { slotNumber: toQuantity(++slot), targetGasLimit: toQuantity(gasLimit) } : {}),
        };
        await rpc("testing_commitBlockV1", [attributes, null, null]);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function configOf(chainId: number, rules: Rules): object {
  const blocks = ["homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul", "berlin", "london"];
  const times = ["shanghai", "cancun", "prague", "osaka", ...(rules === "amsterdam" ? ["amsterdam"] : [])];
  const blobs = { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 };
  return {
    chainId,
    ...Object.fromEntries(blocks.map((name) => [`${name}Block`, 0])),
    terminalTotalDifficulty: 0,
    ...Object.fromEntries(times.map((name) => [`${name}Time`, 0])),
    blobSchedule: { cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 }, prague: blobs },
  };
}

/** Where a geth that starts answers, as its log says. */
function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = "";
    const fail = (what: string): void => reject(new Failure(`geth ${what}: ${log.trim().split("\n").at(-1) ?? ""}`));
    const timer = setTimeout(() => fail(`did not start within ${STARTS_WITHIN / 1000} s`), STARTS_WITHIN);
    child.stderr?.on("data", (chunk: Buffer) => {
      log = (log + chunk.toString("utf8")).slice(-20_000);
      const endpoint = /HTTP server started\s+endpoint=([\d.:]+)/.exec(log)?.[1];
      if (endpoint === undefined) return;
      clearTimeout(timer);
      resolve(`http://${endpoint}`);
    });
    child.once("exit", () => {
      clearTimeout(timer);
      fail("ended");
    });
    child.once("error", reject);
  });
}
