import { expect } from "chai";
import { AbiCoder, keccak256, toBeHex } from "ethers";
import { check, type Rpc } from "../../src/checker/checker.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf } from "../../src/engine/ledger/market.ts";
import { openingOf } from "../../src/engine/ledger/options/expiry.ts";
import { abs, min, WAD } from "../../src/engine/types/fixedPoint.ts";
import { STRIKE_ZERO } from "../../src/engine/types/instrument.ts";
import { depositAction, SETTLEMENT_TOKEN, tradeAction } from "../../src/sdk/actions.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { vaultReader } from "../../src/sdk/readState.ts";
import { DAY, LOT, SeriesWorld } from "../helpers/seriesWorld.ts";
import { named } from "../helpers/walks/seriesChain.ts";

const coder = AbiCoder.defaultAbiCoder();
const FILLS = "tuple(uint256 maker, uint24 instrument, int256 lots, uint256 price, int256 takerFee, int256 makerFee, uint256 order)[]";
const abi = interfaceOf("IMarginVault");
type Log = { topics: string[]; data: string };

describe("checker with options and dated futures", () => {
  let world: SeriesWorld;
  let rpc: Rpc;
  let address: string;
  let [rich, poor, keeper] = [0n, 0n, 0n];

  const judge = (through: Rpc = rpc) => check(through, address, abi, 0, 7);
  const topicOf = (name: string): string => abi.getEvent(name as "Filled")?.topicHash ?? "";

  /** Answers as the chain, but for the logs of an event. */
  const lying =
    (name: string, change: (log: Log, i: number, all: readonly Log[]) => Log | undefined): Rpc =>
    async (method, params) => {
      const answer = await rpc(method, params);
      if (method !== "eth_getLogs") return answer;
      const logs = answer as Log[];
      const own = logs.filter(({ topics }) => topics[0] === topicOf(name));
      return logs.flatMap((log) => (own.includes(log) ? (change(log, own.indexOf(log), own) ?? []) : [log]));
    };

  async function slice(series: number, expiry: bigint, volatility: number): Promise<void> {
    await world.postSlice(series, await world.report(expiry, volatility));
  }

  /** The poor account takes from the rich one, at the mark. */
  async function trade(fills: readonly (readonly [instrument: bigint, lots: bigint])[]): Promise<void> {
    const { vault, deployment } = world;
    const state = {
      ...(await vaultReader((method, params = []) => rpc(method, params), address).shared()),
      accounts: new Map(),
      now: (await world.now()) + 1n,
    };
    const priced = fills.map(([instrument, lots]) => {
      const { mark } = marketOf(new Draft(state), instrument);
      // what is worth next to nothing bears no more than an eighth of itself
      const most = (abs(lots) * mark) / 8n;
      return { maker: rich, instrument, lots, price: mark, takerFee: min(WAD / 100n, most), makerFee: 0n, order: 0n };
    });
    const lots = fills.reduce((sum, each) => sum + abs(each[1]), 0n);
    await vault.connect(deployment.signers[2]).execute([tradeAction(poor, 0, coder.encode([FILLS], [priced]), lots)]);
  }

  let expiries = [0n, 0n];

  beforeEach(async () => {
    world = await SeriesWorld.create([{ band: 100_000n }]);
    const { vault, deployment } = world;
    const { settlement, signers, fundSigner } = deployment;
    const [, , first, second, third] = signers;
    if (!first || !second || !third) throw new Error("signers");
    address = await vault.getAddress();
    rpc = (method, params) => deployment.connection.provider.request({ method, params: [...params] });
    [poor, rich, keeper] = [first, second, third].map((each) => BigInt(each.address) << 96n) as [bigint, bigint, bigint];
    const fund = BigInt(fundSigner.address) << 96n;
    for (const [signer, id, amount] of [
      [first, poor, 2_000n * 10n ** 6n],
      [second, rich, 500_000n * 10n ** 6n],
      [fundSigner, fund, 50_000n * 10n ** 6n],
    ] as const) {
      await settlement.mint(signer, amount);
      await settlement.connect(signer).approve(vault, amount);
      await vault.connect(signer).execute([depositAction(id, SETTLEMENT_TOKEN, amount)]);
    }
    await world.post();
    expiries = [(await world.now()) + 2n * DAY, (await world.now()) + 30n * DAY];
    for (const [i, expiry] of expiries.entries()) {
      await world.list({ series: i + 1, expiry, depth: 100_000_000n });
      await slice(i + 1, expiry, 0.6 + 0.1 * i);
    }
    for (const series of [1, 2]) {
      await world.post();
      await vault.refreshSeries(0, series);
    }
    // a short strangle of the long series, a spread of the short one, its future and a perpetual against it
    await trade([
      [named(0, 2, 9n), -500_000n],
      [named(0, 2, 0n, false), -500_000n],
      [named(0, 1, 5n), 30_000n],
      [named(0, 1, 7n), -30_000n],
      [named(0, 1, STRIKE_ZERO), 20_000n],
      [0n, -20_000n],
    ]);
  });

  /** Implied volatilities jump, and the price falls a little. */
  async function panic(): Promise<void> {
    await world.post(1_960n * WAD);
    await slice(1, expiries[0] ?? 0n, 1.3);
    await slice(2, expiries[1] ?? 0n, 1.6);
  }

  async function liquidate(): Promise<void> {
    await world.vault.connect(world.deployment.signers[5]).liquidate(poor, keeper);
  }

  it("default: finds nothing wrong after trades, a liquidation and a settlement of which some are paid", async () => {
    expect(await judge()).to.include({ vaultMinusClaims: "0", replayDifferences: 0, belowMaintenance: 0 });
    await panic();
    await liquidate();
    const opening = openingOf(expiries[0] ?? 0n);
    for (let i = 0n; i <= 11n; i++) await world.post((1_950n + 9n * (i % 4n)) * WAD, opening + 170n * i);
    await world.vault.settleExpired(rich, 0, 1);
    const verdict = await judge();
    expect(verdict).to.include({ vaultMinusClaims: "0", replayDifferences: 0, wronglyLiquidated: 0, liquidations: 1, unclear: 0 });
    await world.vault.settleExpired(poor, 0, 1);
    expect(await judge()).to.include({ vaultMinusClaims: "0", replayDifferences: 0 });
  });

  it("behavior: an account that the keeper left below maintenance is counted", async () => {
    await panic();
    expect(await judge()).to.include({ belowMaintenance: 1, liquidations: 0 });
  });

  it("behavior: the liquidation of a healthy account is counted", async () => {
    await panic();
    await liquidate();
    expect(await judge()).to.include({ wronglyLiquidated: 0, liquidations: 1 });
    // as if volatilities had not jumped
    const calm = lying("SlicePosted", (log, i, all) => (i < 2 ? log : { ...log, data: all[i - 2]?.data ?? "" }));
    expect(await judge(calm)).to.include({ wronglyLiquidated: 1, belowMaintenance: 0 });
  });

  it("behavior: a lot of an option that appears on one side only is reported", async () => {
    const { networkHelpers } = world.deployment.connection;
    const positions = await world.vault.seriesPositionsOf(poor, 0);
    const before = positions[1][0] ?? 0n;
    // the first place of the account's first word: instrument 16 bits, lots 45
    for (let slot = 0n; slot < 64n; slot++) {
      const outer = keccak256(coder.encode(["uint256", "uint256"], [poor, slot]));
      const middle = keccak256(coder.encode(["uint256", "bytes32"], [0, outer]));
      const place = keccak256(coder.encode(["uint256", "bytes32"], [0, middle]));
      const word = BigInt(await networkHelpers.getStorageAt(address, place));
      if (BigInt.asIntN(45, word >> 16n) !== before) continue;
      await networkHelpers.setStorageAt(address, place, toBeHex(word + (1n << 16n), 32));
    }
    expect((await world.vault.seriesPositionsOf(poor, 0))[1][0]).to.equal(before + 1n);
    const verdict = await judge();
    expect(verdict.vaultMinusClaims).to.equal("-0.02");
    expect(verdict.replayDifferences).to.equal(1);
  });

  it("behavior: a series that settles on another price than that of its posts is a difference, and so is a sale that is lost", async () => {
    await panic();
    await liquidate();
    expect((await judge(lying("Liquidated", () => undefined))).replayDifferences).to.be.greaterThan(0);
    const opening = openingOf(expiries[0] ?? 0n);
    for (let i = 0n; i <= 11n; i++) await world.post(1_950n * WAD, opening + 170n * i);
    expect(await judge()).to.include({ replayDifferences: 0, vaultMinusClaims: "0" });
    const other = lying("SeriesSettled", (log) => ({ ...log, data: toBeHex(LOT, 32) }));
    expect((await judge(other)).replayDifferences).to.equal(1);
  });

  it("behavior: what a settled series pays is worked out anew", async () => {
    const opening = openingOf(expiries[0] ?? 0n);
    for (let i = 0n; i <= 11n; i++) await world.post(1_950n * WAD, opening + 170n * i);
    await world.vault.settleExpired(rich, 0, 1);
    expect(await judge()).to.include({ replayDifferences: 0, vaultMinusClaims: "0" });
    const late = lying("PricePosted", (log, i, all) => (i < all.length - 6 ? log : { ...log, data: all[3]?.data ?? "" }));
    expect((await judge(late)).replayDifferences).to.be.greaterThan(0);
  });
});
