import { expect } from "chai";
import { AbiCoder, type BaseWallet, concat, type Interface, id, toBeHex, Wallet, ZeroAddress, zeroPadValue } from "ethers";
import fc from "fast-check";
import { network } from "hardhat";
import { before, beforeEach, describe, it } from "mocha";
import type { ChainlinkSource, MockFeed, PythMock, PythSource, SignedRateSource, SignedSource } from "../../typechain-types/index.ts";
import { START, WAD } from "../helpers/prices/harness.ts";

const coder = AbiCoder.defaultAbiCoder();
const HOUR = 3_600n;

type Connection = Awaited<ReturnType<typeof network.create>>;

interface Report {
  readonly price: bigint;
  readonly publishTime: bigint;
  readonly valid: boolean;
}

/** The three answers of a source. */
function answer(report: Report): "valid" | "refuted" | "silent" {
  if (report.valid) return "valid";
  expect(report.price).to.equal(0n);
  return report.publishTime === 0n ? "silent" : "refuted";
}

/** The custom error of a call that must revert, and its values. */
async function revertOf(call: Promise<unknown>, ...interfaces: readonly Interface[]): Promise<readonly [string, readonly unknown[]]> {
  try {
    await call;
  } catch (error) {
    const data = (error as { readonly data?: unknown }).data;
    for (const one of interfaces) {
      const parsed = typeof data === "string" ? one.parseError(data) : null;
      if (parsed !== null) return [parsed.name, [...parsed.args]];
    }
    throw error;
  }
  throw new Error("the call did not revert");
}

describe("price sources", () => {
  let connection: Connection;
  let authority: string;
  let bounds: Interface;
  let now: bigint;

  before(async () => {
    connection = await network.create();
    const [admin] = await connection.ethers.getSigners();
    const manager = await connection.ethers.deployContract("AccessManager", [admin?.address]);
    authority = await manager.getAddress();
    bounds = (await connection.ethers.getContractAt("SourceBounds", authority)).interface;
    now = START;
  });

  beforeEach(async () => {
    // each test starts on a block of its own hour
    now += 100n * HOUR;
    await connection.networkHelpers.time.increaseTo(now);
  });

  describe("ChainlinkSource", () => {
    let source: ChainlinkSource;
    let base: MockFeed;
    let quote: MockFeed;

    async function feed(decimals: number): Promise<MockFeed> {
      return connection.ethers.deployContract("MockFeed", [decimals]);
    }

    interface Limits {
      readonly heartbeat?: bigint;
      readonly least?: bigint;
      readonly most?: bigint;
    }

    async function configOf(
      of: MockFeed,
      { heartbeat = HOUR, least = 1n, most = 10n ** 30n }: Limits = {},
    ): Promise<{
      feed: string;
      heartbeat: bigint;
      least: bigint;
      most: bigint;
    }> {
      return { feed: await of.getAddress(), heartbeat, least, most };
    }

    async function pair(limits: Limits = {}): Promise<void> {
      await source.setPair(0, await configOf(base, limits), await configOf(quote, { heartbeat: 24n * HOUR }), 2_000n * WAD);
    }

    async function read(): Promise<Report> {
      return source.report.staticCall(0, "0x");
    }

    beforeEach(async () => {
      source = await connection.ethers.deployContract("ChainlinkSource", [authority]);
      base = await feed(8);
      quote = await feed(8);
      await base.set(2_000n * 10n ** 8n, now);
      await quote.set(10n ** 8n, now);
    });

    it("default: (underlying / dollar) / (settlement token / dollar), rounded down, published when the base was", async () => {
      await pair();
      await base.set(1_999n * 10n ** 8n, now + 1n);
      await quote.set(99_900_000n, now);
      expect(await read()).to.deep.equal([(1_999n * WAD * 1_000n) / 999n, now + 1n, true]);
      expect(answer(await source.report.staticCall(1, "0x"))).to.equal("silent");
      expect(await source.updateFee("0x")).to.equal(0n);
    });

    it("H-5 a round of either feed dates the price: a settlement token that loses its peg does not wait for the base feed", async () => {
      await pair();
      await connection.networkHelpers.time.increaseTo(now + 600n);
      await quote.set(90_000_000n, now + 590n);
      expect(await read()).to.deep.equal([(2_000n * WAD * 10n) / 9n, now + 590n, true]);
      await base.set(2_001n * 10n ** 8n, now + 595n);
      expect(await read()).to.deep.equal([(2_001n * WAD * 10n) / 9n, now + 595n, true]);
      // a new round of the quote feed does not make up for a base feed that stopped
      await connection.networkHelpers.time.increaseTo(now + 595n + HOUR + 1n);
      await quote.set(90_000_000n, now + 595n + HOUR);
      expect(await read()).to.deep.equal([0n, now + 597n + HOUR, false]);
    });

    it("H-5 a quote feed that stopped refutes now, as a base feed that stopped does", async () => {
      await pair();
      await connection.networkHelpers.time.increaseTo(now + 24n * HOUR + 1n);
      await base.set(2_000n * 10n ** 8n, now + 24n * HOUR - 30n);
      expect(await read()).to.deep.equal([0n, now + 24n * HOUR + 2n, false]);
    });

    it("H-3 a feed of the wrong composition is refused at listing", async () => {
      // ether's staked token in ether, taken for dollars
      await base.set(112_000_000n, now);
      expect(await revertOf(pair(), bounds)).to.deep.equal(["PriceNotSane", [112n * 10n ** 16n, 2_000n * WAD]]);
      await base.set(2_200n * 10n ** 8n, now);
      await pair();
      await base.set(2_200n * 10n ** 8n + 1n, now);
      expect((await revertOf(pair(), bounds))[0]).to.equal("PriceNotSane");
      await base.set(0n, now);
      expect((await revertOf(pair(), bounds))[0]).to.equal("PriceNotSane");
    });

    it("H-4 the price does not depend on decimals, and decimals that change refute it", async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: 24 }), async (baseDecimals, quoteDecimals) => {
          base = await feed(baseDecimals);
          quote = await feed(quoteDecimals);
          // three, because the limit is 1 and the unit beside it counts as the limit
          await base.set(6_000n * 10n ** BigInt(baseDecimals), now);
          await quote.set(3n * 10n ** BigInt(quoteDecimals), now);
          await source.setPair(0, await configOf(base), await configOf(quote), 2_000n * WAD);
          expect(await read()).to.deep.equal([2_000n * WAD, now, true]);
          await base.setDecimals((baseDecimals + 10) % 25);
          expect(answer(await read())).to.equal("refuted");
        }),
        {
          seed: 4,
          numRuns: 40,
          examples: [
            [0, 24],
            [24, 1],
            [6, 18],
          ],
        },
      );
      base = await feed(25);
      await base.set(2_000n * 10n ** 25n, now);
      const [name, args] = await revertOf(source.setPair(0, await configOf(base), await configOf(quote), 2_000n * WAD), bounds);
      expect([name, args[1], args[3]]).to.deep.equal(["SourceParameterOutOfBounds", 25n, 24n]);
    });

    it("H-6 an answer at or beside the limits of the aggregator refutes, and limits wider than its own are refused", async () => {
      const least = 10n * 10n ** 8n;
      const most = 10_000n * 10n ** 8n;
      await base.setLimits(least, most);
      expect((await revertOf(pair(), source.interface))[0]).to.equal("LimitsTooWide");
      expect((await revertOf(pair({ least: most, most: least }), source.interface))[0]).to.equal("LimitsReversed");
      for (const wider of [
        { least: least - 1n, most },
        { least, most: most + 1n },
      ]) {
        expect((await revertOf(pair(wider), source.interface))[0]).to.equal("LimitsTooWide");
      }
      await pair({ least, most });
      for (const [value, expected] of [
        [least - 1n, "refuted"],
        [least, "refuted"],
        [least + 1n, "refuted"],
        [least + 2n, "valid"],
        [most - 2n, "valid"],
        [most - 1n, "refuted"],
        [most, "refuted"],
        [most + 1n, "refuted"],
      ] as const) {
        await base.set(value, now);
        expect(answer(await read()), `${value}`).to.equal(expected);
      }
      // a feed that does not name its limits is taken at governance's word
      await base.setHasLimits(false);
      await base.set(2_000n * 10n ** 8n, now);
      await pair();
    });

    it("H-7 a new phase of the aggregator changes nothing", async () => {
      await pair();
      await base.setPhase(65_535);
      expect(answer(await read())).to.equal("valid");
    });

    it("H-5 a feed that stopped, or is ahead of its chain, refutes", async () => {
      await pair();
      const time = now;
      await connection.networkHelpers.time.increaseTo(time + HOUR);
      expect(answer(await read())).to.equal("valid");
      await connection.networkHelpers.time.increaseTo(time + HOUR + 1n);
      expect(answer(await read())).to.equal("refuted");
      await base.set(2_000n * 10n ** 8n, time + 2n * HOUR);
      expect(answer(await read())).to.equal("refuted");
      await base.set(2_000n * 10n ** 8n, 0n);
      expect(answer(await read())).to.equal("refuted");
      for (const heartbeat of [0n, 25n * HOUR + 1n]) {
        expect((await revertOf(pair({ heartbeat }), bounds))[0]).to.equal("SourceParameterOutOfBounds");
      }
    });

    it("H-13 zero, negative, tiny, huge and reverting answers refute and never revert", async () => {
      await pair();
      for (const [value, expected] of [
        [-1n, "refuted"],
        [0n, "refuted"],
        [-(2n ** 255n), "refuted"],
        [2n ** 112n, "refuted"],
        [2n ** 255n - 1n, "refuted"],
        [3n, "valid"],
      ] as const) {
        await base.set(value, now);
        expect(answer(await read()), `${value}`).to.equal(expected);
      }
      // whatever limits governance names: beyond 112 bits the arithmetic would not hold
      await base.set(2_000n * 10n ** 8n, now);
      await pair({ most: 2n ** 126n });
      await base.set(2n ** 112n, now);
      expect(answer(await read())).to.equal("refuted");
      await base.set(2n ** 112n - 1n, now);
      expect(answer(await read())).to.equal("valid");
      await base.setReverts(true);
      expect(answer(await read())).to.equal("refuted");
      await base.setReverts(false);
      await base.set(2_000n * 10n ** 8n, now);
      await quote.setReverts(true);
      expect(answer(await read())).to.equal("refuted");
    });

    it("H-14 a settlement token that loses its peg moves the price: no par value anywhere", async () => {
      await pair();
      await quote.set(5n * 10n ** 7n, now);
      expect((await read()).price).to.equal(4_000n * WAD);
      await base.set(5n * 10n ** 7n, now);
      expect((await read()).price).to.equal(WAD);
    });

    it("args: only governance configures", async () => {
      const [, stranger] = await connection.ethers.getSigners();
      const attempt = source.connect(stranger).setPair(0, await configOf(base), await configOf(quote), 2_000n * WAD);
      expect(await revertOf(attempt, source.interface)).to.deep.equal(["AccessManagedUnauthorized", [stranger?.address]]);
    });
  });

  describe("PythSource", () => {
    const baseId = id("base");
    const quoteId = id("quote");
    let pyth: PythMock;
    let source: PythSource;

    interface Price {
      readonly price?: bigint;
      readonly conf?: bigint;
      readonly expo?: bigint;
      readonly time?: bigint;
    }

    function updateOf(feed: string, { price = 2_000n, conf = 0n, expo = 0n, time = now }: Price): string {
      const struct = "tuple(int64,uint64,int32,uint256)";
      const value = [price, conf, expo, time];
      return coder.encode([`tuple(bytes32,${struct},${struct})`], [[feed, value, value]]);
    }

    function bundle(base: Price, quote: Price = { price: 1n }): string {
      return coder.encode(["bytes[]"], [[updateOf(baseId, base), updateOf(quoteId, quote)]]);
    }

    const pair = { baseId, quoteId, maxAge: 60n, confidencePpm: 10_000n };

    async function read(update = "0x", value = 0n): Promise<Report> {
      return source.report.staticCall(0, update, { value });
    }

    beforeEach(async () => {
      pyth = await connection.ethers.deployContract("PythMock", [0n]);
      source = await connection.ethers.deployContract("PythSource", [authority, await pyth.getAddress()]);
      await source.setPair(0, pair, bundle({ time: now - 10n }, { price: 1n, time: now - 10n }), 2_000n * WAD);
    });

    it("default: takes the update in and reads the pair, published when the older was", async () => {
      expect(await read(bundle({ price: 2_100n, time: now }, { price: 1n, time: now - 1n }))).to.deep.equal([2_100n * WAD, now - 1n, true]);
      // without an update, what Pyth holds
      expect(await read()).to.deep.equal([2_000n * WAD, now - 10n, true]);
      expect(answer(await source.report.staticCall(1, "0x"))).to.equal("silent");
    });

    it("H-5 an older update changes nothing, a stale price is silent", async () => {
      expect(await read(bundle({ price: 1_000n, time: now - 11n }, { price: 1n, time: now - 11n }))).to.deep.equal([
        2_000n * WAD,
        now - 10n,
        true,
      ]);
      await connection.networkHelpers.time.increaseTo(now + 50n);
      expect(answer(await read())).to.equal("valid");
      await connection.networkHelpers.time.increaseTo(now + 51n);
      expect(answer(await read())).to.equal("silent");
      // leaving out one half is no way to refute either
      expect(answer(await read(coder.encode(["bytes[]"], [[updateOf(baseId, { time: now + 51n })]])))).to.equal("silent");
    });

    it("H-13 every price, confidence and exponent has a defined answer", async () => {
      let tick = now + 10n;
      const cases = fc.record({
        price: fc.oneof(fc.constantFrom(-1n, 0n, 1n, 2n ** 63n - 1n, -(2n ** 63n)), fc.bigInt(1n, 10n ** 12n)),
        conf: fc.oneof(fc.constantFrom(0n, 1n, 2n ** 64n - 1n), fc.bigInt(0n, 2n * 10n ** 10n)),
        expo: fc.oneof(fc.bigInt(-18n, 6n), fc.constantFrom(-19n, 7n, -(2n ** 31n), 2n ** 31n - 1n)),
        quotePrice: fc.bigInt(1n, 10n ** 9n),
        quoteExpo: fc.bigInt(-18n, 6n),
      });
      const met = new Set<string>();
      await fc.assert(
        fc.asyncProperty(cases, async ({ price, conf, expo, quotePrice, quoteExpo }) => {
          tick += 1n;
          await connection.networkHelpers.time.increaseTo(tick);
          const update = bundle({ price, conf, expo, time: tick }, { price: quotePrice, expo: quoteExpo, time: tick });
          const said = await read(update);
          const isUsable = price > 0n && expo >= -18n && expo <= 6n;
          const isSure = isUsable && (conf * 1_000_000n + price - 1n) / price <= 10_000n;
          const value = isSure ? (price * 10n ** (expo + 18n) * WAD) / (quotePrice * 10n ** (quoteExpo + 18n)) : 0n;
          expect(said.price).to.equal(value);
          const expected = value === 0n ? "refuted" : "valid";
          expect(answer(said)).to.equal(expected);
          met.add(expected);
        }),
        { seed: 13, numRuns: 200, examples: [[{ price: 1n, conf: 0n, expo: -18n, quotePrice: 1n, quoteExpo: 6n }]] },
      );
      expect([...met].sort()).to.deep.equal(["refuted", "valid"]);
    });

    it("behavior: both confidence intervals count together", async () => {
      const with_ = async (a: bigint, b: bigint): Promise<string> =>
        answer(await read(bundle({ price: 10n ** 6n, conf: a, expo: -3n }, { price: 10n ** 6n, conf: b, expo: -6n })));
      expect(await with_(6_000n, 4_000n)).to.equal("valid");
      expect(await with_(6_000n, 4_001n)).to.equal("refuted");
    });

    it("behavior: fees come from the post or from deposits; a failed update costs nothing", async () => {
      pyth = await connection.ethers.deployContract("PythMock", [5n]);
      source = await connection.ethers.deployContract("PythSource", [authority, await pyth.getAddress()]);
      await source.setPair(0, pair, bundle({}), 2_000n * WAD, { value: 10n });
      const update = bundle({ price: 2_050n, time: now + 5n }, { price: 1n, time: now + 5n });
      expect(await source.updateFee(update)).to.equal(10n);
      expect(await source.updateFee("0x")).to.equal(0n);
      expect(await source.updateFee("0xdead")).to.equal(0n);
      expect((await read(update, 9n)).price).to.equal(2_000n * WAD);
      expect((await read(update, 10n)).price).to.equal(2_050n * WAD);
      const [payer] = await connection.ethers.getSigners();
      await payer?.sendTransaction({ to: await source.getAddress(), value: 10n });
      expect((await read(update)).price).to.equal(2_050n * WAD);
      expect((await read("0xdeadbeef")).price).to.equal(2_000n * WAD);
      expect((await read(coder.encode(["bytes[]"], [["0x1234", "0x"]]))).price).to.equal(2_000n * WAD);
    });

    it("H-3 a pair far from its reference, absent or stale, is refused at listing; ages and confidences have bounds", async () => {
      expect((await revertOf(source.setPair(0, pair, "0x", 2_500n * WAD), bounds))[0]).to.equal("PriceNotSane");
      expect((await revertOf(source.setPair(0, { ...pair, baseId: id("other") }, "0x", 2_000n * WAD), bounds))[0]).to.equal("PriceNotSane");
      for (const change of [{ maxAge: 0n }, { maxAge: HOUR + 1n }, { confidencePpm: 0n }, { confidencePpm: 50_001n }]) {
        expect((await revertOf(source.setPair(0, { ...pair, ...change }, "0x", 2_000n * WAD), bounds))[0]).to.equal(
          "SourceParameterOutOfBounds",
        );
      }
      const [, stranger] = await connection.ethers.getSigners();
      const attempt = source.connect(stranger).setPair(0, pair, "0x", 2_000n * WAD);
      expect((await revertOf(attempt, source.interface))[0]).to.equal("AccessManagedUnauthorized");
    });
  });

  describe("signed sources", () => {
    const feed = id("ETH in settlement tokens");
    let signers: BaseWallet[];
    let source: SignedSource;

    interface Domain {
      readonly name: string;
      readonly version: string;
      readonly chainId: bigint;
      readonly verifyingContract: string;
    }

    async function domain(of: { getAddress(): Promise<string> } = source, name = "Plimsoll signed prices"): Promise<Domain> {
      const { chainId } = await connection.ethers.provider.getNetwork();
      return { name, version: "1", chainId, verifyingContract: await of.getAddress() };
    }

    const types = (kind = "Price", value = "price"): Record<string, { name: string; type: string }[]> => ({
      [kind]: [
        { name: "feed", type: "bytes32" },
        { name: value, type: "int256" },
        { name: "publishTime", type: "uint256" },
      ],
    });

    interface Signing {
      readonly by?: readonly BaseWallet[];
      readonly price?: bigint;
      readonly time?: bigint;
      readonly feed?: string;
      readonly domain?: Partial<Domain>;
    }

    async function signaturesOf({
      by = signers.slice(0, 3),
      price = 2_000n * WAD,
      time = now,
      feed: of = feed,
      domain: changed = {},
    }: Signing): Promise<string[]> {
      const signed = { ...(await domain()), ...changed };
      return Promise.all(by.map((signer) => signer.signTypedData(signed, types(), { feed: of, price, publishTime: time })));
    }

    function encode(value: bigint, time: bigint, signatures: readonly string[]): string {
      return coder.encode(["int256", "uint256", "bytes[]"], [value, time, signatures]);
    }

    async function update(signing: Signing = {}): Promise<string> {
      return encode(signing.price ?? 2_000n * WAD, signing.time ?? now, await signaturesOf(signing));
    }

    async function read(bytes = "0x"): Promise<Report> {
      return source.report.staticCall(0, bytes);
    }

    before(() => {
      signers = [1n, 2n, 3n, 4n, 5n].map((key) => new Wallet(zeroPadValue(toBeHex(key), 32)));
    });

    beforeEach(async () => {
      source = await connection.ethers.deployContract("SignedSource", [authority, signers.map((signer) => signer.address), 3n]);
      await source.setFeed(0, { id: feed, maxAge: 60n, referencePrice: 2_000n * WAD });
    });

    it("default: three of five make a report, which stays until it is too old", async () => {
      await source.report(0, await update());
      expect(await read()).to.deep.equal([2_000n * WAD, now, true]);
      await connection.networkHelpers.time.increaseTo(now + 60n);
      expect(answer(await read())).to.equal("valid");
      await connection.networkHelpers.time.increaseTo(now + 61n);
      expect(answer(await read())).to.equal("silent");
      expect(answer(await source.report.staticCall(1, await update()))).to.equal("silent");
      expect(await source.updateFee("0x")).to.equal(0n);
    });

    it("H-5 only strictly newer reports are stored, none from the future", async () => {
      await source.report(0, await update());
      expect((await read(await update({ price: 2_100n * WAD, time: now }))).price).to.equal(2_000n * WAD);
      expect((await read(await update({ price: 2_100n * WAD, time: now - 1n }))).price).to.equal(2_000n * WAD);
      expect((await read(await update({ price: 2_100n * WAD, time: now + 1n }))).price).to.equal(2_100n * WAD);
      expect((await read(await update({ price: 2_100n * WAD, time: now + 100n }))).price).to.equal(2_000n * WAD);
    });

    it("H-11 a report for another chain, contract, feed or kind of value does not count", async () => {
      for (const signing of [
        { domain: { chainId: 1n } },
        { domain: { verifyingContract: authority } },
        { domain: { version: "2" } },
        { domain: { name: "Plimsoll signed rates" } },
        { feed: id("BTC in settlement tokens") },
        { price: 2_001n * WAD },
        { time: now - 1n },
      ] satisfies Signing[]) {
        const bytes = encode(2_000n * WAD, now, await signaturesOf(signing));
        expect(
          answer(await read(bytes)),
          JSON.stringify(signing, (_, value: unknown) => String(value)),
        ).to.equal("silent");
      }
      const kind = await Promise.all(
        signers.map(async (signer) =>
          signer.signTypedData(await domain(), types("FundingRate", "rate"), { feed, rate: 2_000n * WAD, publishTime: now }),
        ),
      );
      expect(answer(await read(encode(2_000n * WAD, now, kind)))).to.equal("silent");
      expect(answer(await read(await update()))).to.equal("valid");
    });

    it("H-64 repeated, foreign, malformed, high-s and zero signatures count for nothing", async () => {
      const [a = "", b = "", c = ""] = await signaturesOf({});
      const [stranger = ""] = await signaturesOf({ by: [Wallet.createRandom()] });
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const s = BigInt(`0x${c.slice(66, 130)}`);
      const flipped = c.slice(130) === "1b" ? "0x1c" : "0x1b";
      const malleable = concat([c.slice(0, 66), zeroPadValue(toBeHex(order - s), 32), flipped]);
      const bad = ["0x", "0x00", `0x${"00".repeat(65)}`, `0x${"ff".repeat(65)}`, `${c.slice(0, 130)}00`, malleable, stranger, a, b];
      for (const third of bad) expect(answer(await read(encode(2_000n * WAD, now, [a, b, third]))), third).to.equal("silent");
      expect(answer(await read(encode(2_000n * WAD, now, [c, ...bad])))).to.equal("valid");
      expect(answer(await read(encode(2_000n * WAD, now, [a, b, c, ...Array<string>(14).fill("0x")])))).to.equal("silent");
      expect(answer(await read("0xdead"))).to.equal("silent");
    });

    it("H-13 signed prices below zero or too large are not stored, zero vouches for none", async () => {
      await source.report(0, await update());
      for (const price of [-1n, -(2n ** 255n), 2n ** 128n, 2n ** 191n, 2n ** 255n - 1n]) {
        expect((await read(await update({ price, time: now + 1n }))).price, `${price}`).to.equal(2_000n * WAD);
      }
      expect(answer(await read(await update({ price: 0n, time: now + 1n })))).to.equal("refuted");
    });

    it("H-3 the first report of a feed is near its reference, and an identifier is used once", async () => {
      expect(answer(await read(await update({ price: 2_201n * WAD })))).to.equal("silent");
      expect(answer(await read(await update({ price: 0n })))).to.equal("silent");
      expect(answer(await read(await update({ price: 2_200n * WAD })))).to.equal("valid");
      await source.report(0, await update());
      expect((await read(await update({ price: 9_000n * WAD, time: now + 1n }))).price).to.equal(9_000n * WAD);
      const again = { id: feed, maxAge: 60n, referencePrice: 9_000n * WAD };
      expect(await revertOf(source.setFeed(1, again), source.interface)).to.deep.equal(["FeedTaken", [feed]]);
      for (const change of [{ maxAge: 0n }, { maxAge: HOUR + 1n }, { referencePrice: 0n }]) {
        expect((await revertOf(source.setFeed(1, { ...again, id: id("other"), ...change }), bounds))[0]).to.equal(
          "SourceParameterOutOfBounds",
        );
      }
    });

    it("args: signers are distinct, a majority signs, replaced signers count no more", async () => {
      const addresses = signers.map((signer) => signer.address);
      expect([...(await source.signers())]).to.deep.equal(addresses);
      for (const [list, threshold] of [
        [addresses, 2n],
        [addresses, 6n],
        [[], 0n],
        [Array.from({ length: 17 }, () => Wallet.createRandom().address), 9n],
      ] as const) {
        expect((await revertOf(source.setSigners([...list], threshold), bounds))[0]).to.equal("SourceParameterOutOfBounds");
      }
      const [first = ""] = addresses;
      expect(await revertOf(source.setSigners([first, first], 2n), source.interface)).to.deep.equal(["SignerInvalid", [first]]);
      expect(await revertOf(source.setSigners([ZeroAddress], 1n), source.interface)).to.deep.equal(["SignerInvalid", [ZeroAddress]]);
      await source.setSigners(addresses.slice(2), 2n);
      expect(answer(await read(await update()))).to.equal("silent");
      expect(answer(await read(await update({ by: signers.slice(3) })))).to.equal("valid");
      const [, stranger] = await connection.ethers.getSigners();
      expect((await revertOf(source.connect(stranger).setSigners(addresses, 3n), source.interface))[0]).to.equal(
        "AccessManagedUnauthorized",
      );
      const taken = { id: id("x"), maxAge: 60n, referencePrice: 1n };
      expect((await revertOf(source.connect(stranger).setFeed(1, taken), source.interface))[0]).to.equal("AccessManagedUnauthorized");
    });

    it("behavior: signed rates by the same signers, zero when too old", async () => {
      const rates: SignedRateSource = await connection.ethers.deployContract("SignedRateSource", [
        authority,
        signers.map((signer) => signer.address),
        3n,
      ]);
      expect(await rates.fundingRate(0)).to.equal(0n);
      await rates.setFeed(0, { id: feed, maxAge: 600n });
      const sign = async (rate: bigint, time: bigint): Promise<string> => {
        const signed = await domain(rates, "Plimsoll signed rates");
        const message = { feed, rate, publishTime: time };
        return encode(
          rate,
          time,
          await Promise.all(signers.slice(1, 4).map((signer) => signer.signTypedData(signed, types("FundingRate", "rate"), message))),
        );
      };
      await rates.submit(0, await sign(-3_000_000n, now));
      expect(await rates.fundingRate(0)).to.equal(-3_000_000n);
      await rates.submit(0, await sign(5n, now));
      await rates.submit(0, "0xdead");
      await rates.submit(1, await sign(5n, now + 1n));
      expect(await rates.fundingRate(0)).to.equal(-3_000_000n);
      // a price is not a rate
      await rates.submit(0, await update({ price: 7n, time: now + 2n }));
      expect(await rates.fundingRate(0)).to.equal(-3_000_000n);
      await connection.networkHelpers.time.increaseTo(now + 601n);
      expect(await rates.fundingRate(0)).to.equal(0n);
      expect((await revertOf(rates.setFeed(0, { id: feed, maxAge: 0n }), bounds))[0]).to.equal("SourceParameterOutOfBounds");
      const [, stranger] = await connection.ethers.getSigners();
      expect((await revertOf(rates.connect(stranger).setFeed(0, { id: feed, maxAge: 60n }), rates.interface))[0]).to.equal(
        "AccessManagedUnauthorized",
      );
    });
  });
});
