import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import hardhatIgnitionEthers from "@nomicfoundation/hardhat-ignition-ethers";
import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { configVariable, defineConfig } from "hardhat/config";
import type { HardhatPlugin } from "hardhat/types/plugins";
import type { CompilerInput, CompilerOutput } from "hardhat/types/solidity";
import { shortOptimizer } from "./scripts/lib/shortOptimizer.ts";

const require = createRequire(import.meta.url);

// The compiler is the npm package: a build downloads nothing. Its place in the settings is the same wherever the checkout lies, for Hardhat compiles
// anew when they are others; `ownCompiler` finds it.
const compiler = { version: "0.8.37", path: "solc/soljson.js" };
const settings = { viaIR: true, evmVersion: "prague", optimizer: { enabled: true, runs: 200 } };

// Code compiled through the IR depends on what is compiled with it, in size and gas by several percent. What is deployed is therefore
// compiled alone, each file with settings that no other has, so that its code depends on its own sources only. Where there is room, and gas to
// save, code is made for many runs.
const FEW_RUNS = 200;
const MORE_RUNS = new Map([
  ["vault/MarginVault", 1_000],
  ["vault/VaultExtension", 10_000],
  ["liquidation/LiquidationBatch", 10_000],
  ["margin/HealthLogic", 10_000],
  ["actions/LiquidationLogic", 10_000],
  ["actions/PerpetualLiquidationLogic", 10_000],
  ["actions/SeriesMoveLogic", 10_000],
  ["actions/TakeLogic", 10_000],
  ["margin/options/OpeningLogic", 10_000],
  ["margin/options/PortfolioLogic", 10_000],
  ["orders/OrderSettlement", 10_000],
  ["margin/OwnerLogic", 10_000],
  ["margin/QuoteLogic", 10_000],
]);
const deployed = [
  "vault/MarginVault",
  "vault/VaultExtension",
  "insurance/InsuranceFund",
  "lens/MarginLens",
  "liquidation/LiquidationBatch",
  "actions/ConfigLogic",
  "actions/ExchangeLogic",
  "actions/FundLogic",
  "actions/LiquidationLogic",
  "actions/PriceLogic",
  "orders/OrderSettlement",
  "sources/ChainlinkSource",
  "sources/PythSource",
  "sources/SignedRateSource",
  "sources/SignedSource",
  "lens/OptionPricer",
  "margin/options/OpeningLogic",
  "margin/options/PortfolioLogic",
  "actions/SeriesTradeLogic",
  "actions/SeriesLogic",
  "sources/SignedVolatilitySource",
  "margin/HealthLogic",
  "actions/SeriesMoveLogic",
  "actions/SheddingLogic",
  "actions/AccountLogic",
  "margin/DoubtLogic",
  "actions/PerpetualLiquidationLogic",
  "actions/TakeLogic",
  "margin/QuoteLogic",
  "margin/OwnerLogic",
  "margin/options/LiveQuoteLogic",
  "pool/LiquidityPool",
  "actions/DeleverageLogic",
];

// The largest of what tests use. They measure no gas, and each is a job of its own, about as long as one of what is deployed.
const handlers = ["test/invariants/SeriesHandler", "test/invariants/VaultHandler"];

interface Optimizer {
  readonly enabled: boolean;
  readonly runs: number;
}

/** By file, the settings that it alone has: no two have the same runs, and none those of the rest. */
const ownOptimizers: ReadonlyMap<string, Optimizer> = new Map<string, Optimizer>([
  ...deployed.map((file, index): [string, Optimizer] => [file, { enabled: true, runs: (MORE_RUNS.get(file) ?? FEW_RUNS) + index }]),
  ...handlers.map((file, index): [string, Optimizer] => [file, shortOptimizer(FEW_RUNS - 1 - index)]),
]);

const ownCompiler: HardhatPlugin = {
  id: "own-compiler",
  hookHandlers: {
    solidity: async () => ({
      default: async () => ({
        getCompiler: (context, config, next) => next(context, { ...config, path: require.resolve(compiler.path) }),
      }),
    }),
  },
};

/**
 * Hardhat leaves a core idle while it compiles, which on two of them is half of the machine, and asks the compiler for the code of all that a
 * file imports, of what is deployed up to eleven times over, and for a syntax tree of everything, which takes twice as long as the code. The
 * code of a file is the same whatever else is asked for. And it starts a process for each job, whose compiler is slow at first. The trees are
 * where Solidity stack traces come from: whoever wants to read some builds and tests with SOLIDITY_TRACES=1.
 */
const fastBuild: HardhatPlugin = {
  id: "fast-build",
  hookHandlers: {
    solidity: async () => ({
      default: async () => ({
        build: (context, roots, options, next) => next(context, roots, { ...options, concurrency: availableParallelism() }),
        ...(process.env.SOLIDITY_TRACES === "1"
          ? {}
          : {
              preprocessSolcInputBeforeBuilding: (context, input, next) => next(context, withOwnCodeAlone(input)),
              invokeSolc: async (_context, _compiler, input) => {
                const { compileInThread } = await import("./scripts/lib/compilerThreads.ts");
                return withoutTrees(await compileInThread(input));
              },
            }),
      }),
    }),
  },
};

/** What the compiler is asked, with code wanted only of the file that the settings are of, or of all that have none of their own. */
function withOwnCodeAlone(input: CompilerInput): CompilerInput {
  const outputs = input.settings.outputSelection["*"]?.["*"] ?? [];
  const runsOf = (name: string): number => ownOptimizers.get(name.replace(/^project\/contracts\/|\.sol$/g, ""))?.runs ?? FEW_RUNS;
  const wanted = Object.keys(input.sources).filter((name) => runsOf(name) === input.settings.optimizer.runs);
  const outputSelection = Object.fromEntries(wanted.map((name) => [name, { "*": outputs }]));
  return { ...input, settings: { ...input.settings, outputSelection } };
}

/** What the compiler said, with an empty syntax tree for each file: without any the simulated chain refuses it. */
function withoutTrees(output: CompilerOutput): CompilerOutput {
  const sources = Object.entries(output.sources ?? {}).map(([name, { id }]) => [
    name,
    { id, ast: { nodeType: "SourceUnit", src: `0:0:${id}`, nodes: [] } },
  ]);
  return { ...output, sources: Object.fromEntries(sources) };
}

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers, hardhatIgnitionEthers, ownCompiler, fastBuild],
  solidity: {
    compilers: [{ ...compiler, settings }],
    overrides: Object.fromEntries(
      [...ownOptimizers].map(([file, optimizer]) => [`contracts/${file}.sol`, { ...compiler, settings: { ...settings, optimizer } }]),
    ),
    // deployed as it is
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
  },
  // the symbolic proofs (test/proofs) are compiled by scripts/prove.ts alone
  paths: { sources: "./contracts", tests: { mocha: "./test", solidity: "./test/whole" }, ignition: "./deploy" },
  // a counterexample is replayed as it was found: to shorten one takes longer than to read it, and more memory than there is
  test: { solidity: { invariant: { shrinkRunLimit: 0 } } },
  typechain: { outDir: "typechain-types" },
  networks: {
    local: { type: "http", url: "http://127.0.0.1:8545" },
    // Address and key come from Hardhat's keystore or the environment (docs/deployment.md).
    rehearsal: { type: "http", chainType: "l1", url: configVariable("REHEARSAL_URL"), accounts: [configVariable("REHEARSAL_KEY")] },
    sepolia: { type: "http", chainType: "l1", url: configVariable("SEPOLIA_URL"), accounts: [configVariable("DEPLOYER_KEY")] },
    rollup: { type: "http", chainType: "generic", url: configVariable("ROLLUP_URL"), accounts: [configVariable("ROLLUP_KEY")] },
  },
});
