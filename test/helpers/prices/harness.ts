import { AbiCoder, type ContractTransactionResponse, type Interface } from "ethers";
import { network } from "hardhat";
import type { PriceReport } from "../../../src/engine/actions/prices.ts";
import type { Underlying } from "../../../src/engine/types/types.ts";
import type { MockFeed, MockRateSource, MockSource, PriceHarness } from "../../../typechain-types/index.ts";
import { fromWords, toWords } from "./words.ts";

export const WAD = 10n ** 18n;

/** Unix seconds at which the chains of these tests begin: a full hour. */
export const START = 1_893_456_000n;

type Connection = Awaited<ReturnType<typeof network.create>>;

/** The price layer on a chain of its own, with three sources that say what they are told. */
export class PriceBench {
  readonly connection: Connection;
  readonly harness: PriceHarness;
  readonly sources: readonly MockSource[];
  readonly rateSource: MockRateSource;
  readonly uptime: MockFeed;
  readonly vault: Interface;

  constructor(
    connection: Connection,
    harness: PriceHarness,
    sources: readonly MockSource[],
    rateSource: MockRateSource,
    uptime: MockFeed,
    vault: Interface,
  ) {
    this.connection = connection;
    this.harness = harness;
    this.sources = sources;
    this.rateSource = rateSource;
    this.uptime = uptime;
    this.vault = vault;
  }

  static async create(): Promise<PriceBench> {
    const connection = await network.create();
    const { ethers } = connection;
    const logic = await ethers.deployContract("PriceLogic");
    const harness = await ethers.deployContract("PriceHarness", [], { libraries: { PriceLogic: await logic.getAddress() } });
    const sources = [
      await ethers.deployContract("MockSource"),
      await ethers.deployContract("MockSource"),
      await ethers.deployContract("MockSource"),
    ];
    const rateSource = await ethers.deployContract("MockRateSource");
    const uptime = await ethers.deployContract("MockFeed", [0]);
    for (let underlying = 0; underlying < 4; underlying++) {
      await harness.setSources(underlying, sources);
      await harness.setRateSource(underlying, rateSource);
    }
    const vault = (await ethers.getContractAt("IMarginVault", await harness.getAddress())).interface;
    return new PriceBench(connection, harness, sources, rateSource, uptime, vault);
  }

  /** Stores `underlying` under `index`. */
  async set(index: number, underlying: Underlying, tradingAge: bigint): Promise<void> {
    await this.harness.setWords(index, toWords(underlying, tradingAge));
  }

  /** `base` with what is stored under `index`. */
  async read(index: number, base: Underlying): Promise<Underlying> {
    return fromWords(base, await this.harness.words(index));
  }

  /** The time of the next block. */
  async at(time: bigint): Promise<void> {
    await this.connection.networkHelpers.time.setNextBlockTimestamp(time);
  }
}

/** The update that makes a MockSource say `report`. */
export function updateOf(report: PriceReport): string {
  return AbiCoder.defaultAbiCoder().encode(["uint256", "uint256", "bool"], [report.price, report.publishTime, report.valid]);
}

/** What a call did: its events by name and values, or the custom error it reverted with. */
export interface Done {
  readonly events: readonly { readonly name: string; readonly values: readonly bigint[] }[];
  readonly reverted: { readonly errorName: string; readonly args: readonly bigint[] } | undefined;
  readonly gasUsed: bigint;
}

/** Sends a transaction and reads what it did through `IMarginVault`. An error that is not one of its own fails. */
export async function done(bench: PriceBench, send: () => Promise<ContractTransactionResponse>): Promise<Done> {
  const vault = bench.vault;
  try {
    const receipt = await (await send()).wait();
    const events = (receipt?.logs ?? []).flatMap((log) => {
      const parsed = vault.parseLog(log);
      return parsed === null ? [] : [{ name: parsed.name, values: parsed.args.map((value: unknown) => BigInt(value as bigint)) }];
    });
    return { events, reverted: undefined, gasUsed: receipt?.gasUsed ?? 0n };
  } catch (error) {
    const data = (error as { readonly data?: unknown }).data;
    const parsed = typeof data === "string" ? vault.parseError(data) : null;
    if (parsed === null) throw error;
    return {
      events: [],
      reverted: { errorName: parsed.name, args: parsed.args.map((value: unknown) => BigInt(value as bigint)) },
      gasUsed: 0n,
    };
  }
}
