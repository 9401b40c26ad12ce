import { expect } from "chai";
import { AbiCoder, type ContractTransactionReceipt } from "ethers";
import { network } from "hardhat";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf } from "../../src/engine/ledger/market.ts";
import { type ComboOrder, comboCash, type Leg, type Order } from "../../src/engine/orders/orders.ts";
import { sameTerms, termsOf } from "../../src/engine/orders/terms.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { buildCombo, encodeCombos, signCombo } from "../../src/sdk/combos.ts";
import { fillLog, type LoggedFill } from "../../src/sdk/fillLog.ts";
import { buildOrder, encodeFills, type OrderVenue, type SignedTerms, signOrder, skipReason } from "../../src/sdk/orders.ts";
import { vaultReader } from "../../src/sdk/readState.ts";
import { fixTime } from "../helpers/clock.ts";
import { deployVault } from "../helpers/deploy.ts";
import { sliceOf } from "../helpers/options/series.ts";
import { Random } from "../helpers/random.ts";
import { DAY, encoded, spanAt } from "../helpers/seriesWorld.ts";
import { keyOf, MAKER_FEE, TAKER_FEE } from "./fixture.ts";

const coder = AbiCoder.defaultAbiCoder();
const WAD = 10n ** 18n;
const [MODULE, TRADE, LOTS] = [1, 7, 50_000n];
const [alice, bob] = [keyOf("alice"), keyOf("bob")];

/** The number of an option of the first underlying, or of the dated future. */
const named = (series: bigint, index: bigint, call: boolean): bigint => ((series << 8n) | (index << 1n) | (call ? 1n : 0n)) << 8n;

type Made = { readonly order: Order | ComboOrder; readonly signature: string; readonly signed: readonly SignedTerms[] };

/** The whole vault with two numbers of series that are listed, settle and are listed again. */
async function deployWorld() {
  const connection = await network.create();
  await fixTime(connection);
  const { ethers, networkHelpers } = connection;
  const base = await deployVault(connection, { underlyings: [{}], collaterals: [], defaultModules: 3, parameters: { tradingAge: 3_600n } });
  const { vault, settlement, signers } = base;
  const orders = await ethers.deployContract("OrderSettlement", [vault, TAKER_FEE, MAKER_FEE]);
  await vault.setModule(MODULE, orders);
  await vault.setVolatilitySource(0, await ethers.deployContract("MockVolatilitySource"));
  const taker = signers[3] ?? base.deployer;
  for (const [address, dollars] of [
    [taker.address, 1_000_000n],
    [alice.address, 500_000n],
    [bob.address, 500_000n],
  ] as const) {
    await networkHelpers.impersonateAccount(address);
    await networkHelpers.setBalance(address, 10n ** 20n);
    const owner = await ethers.getSigner(address);
    const units = dollars * 10n ** 6n;
    await settlement.mint(address, units);
    await settlement.connect(owner).approve(vault, units);
    const data = coder.encode(["uint8", "uint256"], [255, units]);
    await vault.connect(owner).execute([{ kind: 0, account: accountIdOf(address), data }]);
  }
  const now = async (): Promise<bigint> => BigInt(await networkHelpers.time.latest());
  const words = new Map<bigint, bigint>();
  const [chainId, address] = [(await ethers.provider.getNetwork()).chainId, await orders.getAddress()];
  const venue: OrderVenue = {
    chainId,
    settlement: address.toLowerCase(),
    termsOf: (instrument) => ({ ...termsOf(instrument, words.get(instrument >> 16n) ?? 0n), lotExponent: 5n }),
  };

  const fresh = async (series: bigint): Promise<void> => {
    const expiry = venue.termsOf(named(series, 127n, true)).expiry;
    const publishTime = (await now()) + 1n;
    const report = { sliceWord: sliceOf(0.6, Number(spanAt(expiry, publishTime))), basis: 0n, publishTime };
    await vault.postSlices(0, [{ series, data: encoded(report) }]);
    await base.post(0, 2_000n * WAD);
    await vault.refreshSeries(0, series);
  };

  const list = async (series: bigint, expiry: bigint, lowest: bigint): Promise<ContractTransactionReceipt | null> => {
    await base.post(0, 2_000n * WAD);
    const sent = await vault.listSeries(0, {
      series,
      expiry,
      base: lowest,
      step: 100n,
      decimals: 13,
      count: 8,
      depth: 10n ** 10n,
      volatilityCap: 200n,
    });
    words.set(series, (await vault.seriesWords(0, series)).word);
    return sent.wait();
  };

  /** Prices through the window of a series until it settles; who holds it is paid, and the number rests. */
  const settle = async (series: bigint): Promise<void> => {
    const { expiry } = venue.termsOf(named(series, 127n, true));
    for (let time = expiry - 1_800n; ((await vault.seriesListed(0)) >> series) & 1n; time += 180n) {
      const present = await now();
      if (time <= present) time = present + 1n;
      await networkHelpers.time.setNextBlockTimestamp(time);
      await base.post(0, 2_000n * WAD, time);
    }
    const holders = [taker.address, alice.address, bob.address].map((each) => accountIdOf(each));
    for (const holder of holders) {
      const held = (await vault.seriesPositionsOf(holder, 0)).instruments;
      if (held.some((instrument) => instrument >> 8n === series)) await vault.settleExpired(holder, 0, series);
    }
    const rested = expiry + DAY;
    if ((await now()) >= rested) return;
    await networkHelpers.time.setNextBlockTimestamp(rested);
    await base.post(0, 2_000n * WAD, rested);
  };

  const make = async (order: Order | ComboOrder, key = alice): Promise<Made> => {
    const instruments = "legs" in order ? order.legs.map(({ instrument }) => instrument) : [order.instrument];
    const signed = "legs" in order ? await signCombo(key, venue, order) : await signOrder(key, venue, order);
    return { ...signed, signed: instruments.map((each) => venue.termsOf(each)) };
  };

  /** Takes a part of an order; what the vault's log and the skipped orders say. */
  const take = async ({ order, signature }: Made, read: ReturnType<typeof fillLog>) => {
    const data =
      "legs" in order
        ? encodeCombos({ legs: order.legs, units: LOTS, maxFee: 1_000n, leastCash: comboCash(order.legs) }, [
            { order, signature, units: LOTS },
          ])
        : encodeFills(
            [{ instrument: order.instrument, long: !order.long, worst: order.limit, lots: LOTS, maxFee: 1_000n, reduceOnly: false }],
            [{ order, signature, lots: LOTS }],
          );
    const action = {
      kind: TRADE,
      account: accountIdOf(taker.address),
      data: coder.encode(["uint8", "bytes", "uint256"], [MODULE, data, 0n]),
    };
    const receipt = await (await vault.connect(taker).execute([action])).wait();
    const fills: LoggedFill[] = [];
    const reasons: string[] = [];
    for (const log of receipt?.logs ?? []) {
      const event = vault.interface.parseLog(log);
      const fill = event === null ? undefined : read({ name: event.name, args: event.args.toObject() });
      if (fill !== undefined) fills.push(fill);
      if (event?.name === "FillSkipped") reasons.push(vault.interface.getError(event.args.reason)?.name ?? event.args.reason);
      const skipped = orders.interface.parseLog(log);
      if (skipped?.name === "OrderSkipped") reasons.push(skipReason(skipped.args.reason) ?? skipped.args.reason);
    }
    return { fills, reasons };
  };

  /** What a log read from the listing on knows. */
  const hear = (read: ReturnType<typeof fillLog>, receipt: ContractTransactionReceipt | null): void => {
    for (const log of receipt?.logs ?? []) {
      const event = vault.interface.parseLog(log);
      if (event !== null) read({ name: event.name, args: event.args.toObject() });
    }
  };
  const vaultAddress = (await vault.getAddress()).toLowerCase();
  const reader = vaultReader((method, params = []) => connection.provider.request({ method, params: [...params] }), vaultAddress);
  /** What a lot of each instrument is worth now. */
  const marks = async (): Promise<(instrument: bigint) => bigint> => {
    const draft = new Draft({ ...(await reader.shared()), accounts: new Map(), now: await now() });
    return (instrument) => marketOf(draft, instrument).mark;
  };
  return { ...base, orders, venue, vaultAddress, now, list, fresh, settle, make, take, hear, marks };
}

describe("orders in series whose numbers are listed again, on the vault", function () {
  this.timeout(300_000);

  it("H-95: a put of three days is never filled as one of half a year, nor as anything else that its number stands for", async () => {
    const { vault, vaultAddress, now, list, fresh, settle, make, take, hear, marks } = await deployWorld();
    const read = fillLog();
    const first = (await now()) + 3n * DAY;
    hear(read, await list(1n, first, 1_500n));
    await fresh(1n);
    const put = named(1n, 4n, false);
    const head = { vault: vaultAddress, account: accountIdOf(alice.address), maxFee: 1_000n, validUntil: first - 1n };
    const order = buildOrder({ ...head, instrument: put, long: false, limit: (await marks())(put), size: 4n * LOTS, nonce: 1n });
    const made = await make(order);
    // without an end of its own it would be good for ever; that needs another hand than the SDK's
    const { fills } = await take(made, read);
    expect(fills.map(({ maker, module, nonce, counted, terms }) => ({ maker, module, nonce, counted, terms }))).to.deep.equal([
      {
        maker: head.account,
        module: 1n,
        nonce: 1n,
        counted: LOTS,
        terms: { underlying: 0n, right: "put", expiry: first, strike: (1_900n * WAD) / 100_000n },
      },
    ]);
    await settle(1n);
    const second = (await now()) + 182n * DAY;
    hear(read, await list(1n, second, 1_200n));
    await fresh(1n);
    const forever = { ...made, order: { ...order, validUntil: 2n ** 36n - 1n } };
    expect(await take(forever, read)).to.deep.equal({ fills: [], reasons: ["SignatureInvalid"] });
    expect((await vault.seriesPositionsOf(head.account, 0)).instruments).to.deep.equal([]);
  });

  it("H-95: the log alone says which order was filled and on what, over random listings, settlements and orders old and new", async () => {
    const { venue, vaultAddress, now, list, fresh, settle, make, take, hear, marks } = await deployWorld();
    const random = new Random(9_595);
    const read = fillLog();
    const made: Made[] = [];
    const counts = { filled: 0, fills: 0, other: 0, relisted: 0 };
    const skips = new Map<string, number>();
    let nonce = 0n;
    for (let round = 0; round < 6; round++) {
      const days = [2n + BigInt(random.below(3)), 3n + BigInt(random.below(9))];
      for (const series of [1n, 2n]) {
        if (round > 0) await settle(series);
      }
      for (const series of [1n, 2n]) {
        if (round > 0) counts.relisted++;
        hear(read, await list(series, (await now()) + (days[Number(series) - 1] as bigint) * DAY, BigInt(1_400 + 100 * random.below(4))));
        await fresh(series);
      }
      const mark = await marks();
      const choose = (): bigint => {
        const index = random.chance(0.2) ? 127n : BigInt(random.below(8));
        return named(BigInt(1 + random.below(2)), index, index === 127n || random.chance(0.5));
      };
      for (let i = 0; i < 8; i++) {
        const key = random.pick([alice, bob]);
        const instruments = [...new Set([choose(), choose()])];
        const validUntil = instruments.map((each) => venue.termsOf(each).expiry - 1n).reduce((a, b) => (a < b ? a : b));
        const common = { vault: vaultAddress, account: accountIdOf(key.address), maxFee: 1_000n, validUntil, nonce: ++nonce };
        const legs = instruments.map((instrument): Leg => ({ instrument, lots: random.chance(0.5) ? 1n : -1n, price: mark(instrument) }));
        const [first] = legs as [Leg];
        const single = { instrument: first.instrument, long: first.lots > 0n, limit: first.price, size: 9n * LOTS };
        const order =
          legs.length > 1 && random.chance(0.5) ? buildCombo({ ...common, legs, size: 9n * LOTS }) : buildOrder({ ...common, ...single });
        made.push(await make(order, key));
      }
      for (let i = 0; i < 16; i++) {
        const each = random.chance(0.5) ? random.pick(made.slice(-8)) : random.pick(made);
        const instruments = "legs" in each.order ? each.order.legs.map(({ instrument }) => instrument) : [each.order.instrument];
        // an old one that somebody makes stand for ever
        const tried = { ...each, order: { ...each.order, validUntil: 2n ** 36n - 1n } };
        const same = instruments.every((instrument, leg) => sameTerms(venue.termsOf(instrument), each.signed[leg] as SignedTerms));
        const { fills, reasons } = await take(same ? each : tried, read);
        if (!same) {
          expect(fills).to.deep.equal([]);
          counts.other++;
          continue;
        }
        expect(reasons.filter((reason) => reason === "SignatureInvalid")).to.deep.equal([]);
        if (fills.length === 0) {
          for (const reason of reasons) skips.set(reason, (skips.get(reason) ?? 0) + 1);
          continue;
        }
        counts.filled++;
        counts.fills += fills.length;
        expect(fills.map(({ terms }) => terms)).to.deep.equal(each.signed.map(({ lotExponent: _, ...terms }) => terms));
        for (const { maker, nonce: logged } of fills) expect([maker, logged]).to.deep.equal([each.order.account, each.order.nonce]);
        expect(fills.reduce((sum, { counted }) => sum + counted, 0n)).to.equal(LOTS);
      }
    }
    if (process.env.SHOW_COUNTS !== undefined) console.log(counts, skips);
    expect(counts.relisted).to.equal(10);
    expect(counts.filled).to.be.at.least(20);
    expect(counts.other).to.be.at.least(20);
  });
});
