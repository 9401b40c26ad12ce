import { expect } from "chai";
import { AbiCoder, type BaseWallet, id, toBeHex, Wallet, zeroPadValue } from "ethers";
import { beforeEach, describe, it } from "mocha";
import { signSlice } from "../../src/sdk/signedValues.ts";
import type { SignedVolatilitySource } from "../../typechain-types/index.ts";
import { DAY, type Report, SeriesWorld, surfaceOf } from "../helpers/seriesWorld.ts";

const FEED = id("ETH volatility");
const TYPES = {
  VolatilitySlice: [
    { name: "feed", type: "bytes32" },
    { name: "expiry", type: "uint256" },
    { name: "slice", type: "uint256" },
    { name: "basis", type: "int256" },
    { name: "publishTime", type: "uint256" },
  ],
};

describe("signed volatility source", () => {
  const signers: BaseWallet[] = [1n, 2n, 3n, 4n, 5n].map((key) => new Wallet(zeroPadValue(toBeHex(key), 32)));
  let world: SeriesWorld;
  let source: SignedVolatilitySource;
  let expiry: bigint;

  beforeEach(async () => {
    world = await SeriesWorld.create();
    const { connection, authority } = world.deployment;
    source = await connection.ethers.deployContract("SignedVolatilitySource", [authority, signers.map(({ address }) => address), 3n]);
    await source.setFeed(0, FEED);
    await world.vault.setVolatilitySource(0, source);
    expiry = (await world.listing()).expiry;
  });

  interface Signing {
    readonly by?: readonly BaseWallet[];
    readonly feed?: string;
    readonly expiry?: bigint;
    readonly domain?: Readonly<Record<string, unknown>>;
    readonly types?: typeof TYPES;
    /** What is signed, where it is not what is said. */
    readonly report?: Partial<Report> & { readonly slice?: bigint };
  }

  async function signaturesOf(report: Report, signing: Signing = {}): Promise<string[]> {
    const { by = signers.slice(0, 3), feed = FEED, expiry: of = expiry, types = TYPES } = signing;
    const { chainId } = await world.deployment.connection.ethers.provider.getNetwork();
    const domain = {
      name: "Plimsoll signed volatilities",
      version: "1",
      chainId,
      verifyingContract: await source.getAddress(),
      ...signing.domain,
    };
    return Promise.all(
      by.map((each) => each.signTypedData(domain, types, { feed, expiry: of, slice: report.sliceWord, ...report, ...signing.report })),
    );
  }

  function encode({ sliceWord, basis, publishTime }: Report, signatures: readonly string[]): string {
    return AbiCoder.defaultAbiCoder().encode(["uint256", "int256", "uint256", "bytes[]"], [sliceWord, basis, publishTime, signatures]);
  }

  async function update(report: Report, signing: Signing = {}): Promise<string> {
    return encode(report, await signaturesOf(report, signing));
  }

  const read = async (bytes = "0x", of = expiry): Promise<bigint[]> => [...(await source.report.staticCall(0, of, bytes))];
  const asList = ({ sliceWord, basis, publishTime }: Report): bigint[] => [sliceWord, basis, publishTime];
  const NOTHING = [0n, 0n, 0n];

  it("default: three of five bring a slice into the vault", async () => {
    await world.list({ expiry });
    const report = await world.report(expiry, 0.6, { basis: -1_234_567n });
    const bytes = await update(report);
    await expect(world.vault.postSlices(0, [{ series: 1, data: bytes }]))
      .to.emit(source, "SliceStored")
      .withArgs(FEED, expiry, report.sliceWord, report.basis, report.publishTime);
    const said = await world.vault.seriesWords(0, 1);
    expect(said.sliceWord).to.equal(report.sliceWord);
    expect(surfaceOf(said.surface)).to.deep.include({ basis: -1_234_567n, published: report.publishTime, epoch: 1n });
    expect(await read()).to.deep.equal(asList(report));
    // another series of the expiry reads what is stored
    await world.list({ series: 2, expiry, base: 1_000n });
    await world.vault.postSlices(0, [{ series: 2, data: "0x" }]);
    expect((await world.vault.seriesWords(0, 2)).sliceWord).to.equal(report.sliceWord);
    // an underlying without a feed knows nothing
    expect([...(await source.report.staticCall(1, expiry, bytes))]).to.deep.equal(NOTHING);
  });

  it("default: what the SDK signs is what the source takes", async () => {
    const report = await world.report(expiry, 0.5, { basis: 77n });
    const { chainId } = await world.deployment.connection.ethers.provider.getNetwork();
    const keys = signers.slice(1, 4).map(({ privateKey }) => new Wallet(privateKey));
    const bytes = signSlice(keys, { chainId, source: await source.getAddress() }, FEED, {
      expiry,
      slice: report.sliceWord,
      basis: report.basis,
      publishTime: report.publishTime,
    });
    expect(await read(bytes)).to.deep.equal(asList(report));
  });

  it("behavior: keeps the latest of each feed and expiry; a new feed begins with nothing", async () => {
    const first = await world.report(expiry);
    await source.report(0, expiry, await update(first));
    const other = expiry + DAY;
    expect(await read("0x", other)).to.deep.equal(NOTHING);
    const second = await world.report(other, 0.7);
    await source.report(0, other, await update(second, { expiry: other }));
    expect([await read(), await read("0x", other)]).to.deep.equal([asList(first), asList(second)]);
    await source.setFeed(0, id("another"));
    expect(await read()).to.deep.equal(NOTHING);
    expect(await read(await update(await world.report(expiry)))).to.deep.equal(NOTHING);
    await source.setFeed(0, FEED);
    expect(await read()).to.deep.equal(asList(first));
    await source.setFeed(0, `0x${"00".repeat(32)}`);
    expect(await read()).to.deep.equal(NOTHING);
  });

  it("H-5 only strictly newer reports are stored, none from the future", async () => {
    const first = await world.report(expiry);
    await source.report(0, expiry, await update(first));
    for (const publishTime of [first.publishTime, first.publishTime - 1n, first.publishTime + 1_000n]) {
      const report = await world.report(expiry, 0.7, { publishTime });
      expect(await read(await update(report)), `${publishTime}`).to.deep.equal(asList(first));
    }
    const next = await world.report(expiry, 0.7, { publishTime: first.publishTime + 1n });
    expect(await read(await update(next))).to.deep.equal(asList(next));
  });

  it("H-11 a report for another chain, contract, feed, expiry or kind, or of other values, does not count", async () => {
    const report = await world.report(expiry);
    const types = { VolatilitySlices: TYPES.VolatilitySlice } as unknown as typeof TYPES;
    for (const signing of [
      { domain: { chainId: 1n } },
      { domain: { verifyingContract: await world.vault.getAddress() } },
      { domain: { version: "2" } },
      { domain: { name: "Plimsoll signed prices" } },
      { feed: id("BTC volatility") },
      { expiry: expiry + 1n },
      { types },
      { report: { slice: report.sliceWord + 1n } },
      { report: { basis: 1n } },
      { report: { publishTime: report.publishTime - 1n } },
    ] satisfies Signing[]) {
      const label = JSON.stringify(signing, (_, value: unknown) => String(value));
      expect(await read(await update(report, signing)), label).to.deep.equal(NOTHING);
    }
    expect(await read(await update(report))).to.deep.equal(asList(report));
  });

  it("H-64 too few, repeated, foreign and malformed signatures, and malformed updates, change nothing", async () => {
    const report = await world.report(expiry);
    const [a = "", b = "", c = ""] = await signaturesOf(report);
    const [stranger = ""] = await signaturesOf(report, { by: [new Wallet(zeroPadValue(toBeHex(99n), 32))] });
    for (const list of [[], [a, b], [a, b, a], [a, b, stranger], [a, b, "0x"], [a, b, c, ...Array<string>(14).fill("0x")]]) {
      expect(await read(encode(report, list))).to.deep.equal(NOTHING);
    }
    for (const bytes of ["0xdead", `0x${"ff".repeat(256)}`]) expect(await read(bytes)).to.deep.equal(NOTHING);
    const wide = { ...report, basis: 2n ** 191n };
    expect(await read(await update(wide))).to.deep.equal(NOTHING);
    expect(await read(encode(report, [c, stranger, b, a]))).to.deep.equal(asList(report));
    // the vault then has nothing that is newer
    await world.list({ expiry });
    await world.vault.postSlices(0, [{ series: 1, data: encode(report, [a, b]) }]);
    expect((await world.vault.seriesWords(0, 1)).sliceWord).to.equal(0n);
  });
});
