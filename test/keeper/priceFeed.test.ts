import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { AbiCoder, encodeBytes32String, id } from "ethers";
import { network } from "hardhat";
import { NORMAL, type State, type Underlying } from "../../src/engine/types/types.ts";
import { type PriceOffer, priceFeed, requirePlaces, worthPosting } from "../../src/keeper/priceFeed.ts";
import type { DeploymentRecord } from "../../src/sdk/deploymentRecord.ts";
import { explainError } from "../../src/sdk/errors.ts";
import { isRetryable, providerRpc } from "../../src/sdk/rpc.ts";

const WAD = 10n ** 18n;
const coder = AbiCoder.defaultAbiCoder();

describe("priceFeed", function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-prices-"));
  after(() => rmSync(folder, { recursive: true }));

  it("default: what Chainlink, Pyth and signers say becomes updates that the sources of the chain take", async () => {
    const connection = await network.create();
    const { ethers } = connection;
    const [admin] = await ethers.getSigners();
    const authority = await ethers.deployContract("AccessManager", [admin?.address]);
    const time = BigInt((await ethers.provider.getBlock("latest"))?.timestamp ?? 0);

    const chainlink = await ethers.deployContract("ChainlinkSource", [authority]);
    const [base, quote] = [await ethers.deployContract("MockFeed", [8]), await ethers.deployContract("MockFeed", [8])];
    await base.set(2_000n * 10n ** 8n, time);
    await quote.set(10n ** 8n, time);
    const limits = { heartbeat: 4_200n, least: 2n, most: 10n ** 20n };
    await chainlink.setPair(0, { feed: base, ...limits }, { feed: quote, ...limits }, 2_000n * WAD);

    const pyth = await ethers.deployContract("PythMock", [7n]);
    const pythSource = await ethers.deployContract("PythSource", [authority, pyth]);
    const ids = [id("base"), id("quote")] as const;
    const update = (feed: string, price: bigint, expo: number, at: bigint): string => {
      const said = { price, conf: 1n, expo, publishTime: at };
      const struct = "tuple(int64 price, uint64 conf, int32 expo, uint256 publishTime)";
      return coder.encode([`tuple(bytes32 id, ${struct} price, ${struct} ema)`, "uint64"], [{ id: feed, price: said, ema: said }, at - 1n]);
    };
    const newest = [update(ids[0], 2_001n * 10n ** 5n, -5, time + 5n), update(ids[1], 10n ** 8n, -8, time + 3n)];
    const pair = { baseId: ids[0], quoteId: ids[1], maxAge: 3_600n, confidencePpm: 5_000n };
    const setUp = [update(ids[0], 2_000n * 10n ** 5n, -5, time), update(ids[1], 10n ** 8n, -8, time)];
    await pythSource.setPair(0, pair, coder.encode(["bytes[]"], [setUp]), 2_000n * WAD, { value: 100n });

    const asked: string[] = [];
    let answer: object = {};
    const hermes = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => hermes.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(hermes.address() as AddressInfo).port}`;
    const without = (text: string): string => text.slice(2);
    answer = {
      binary: { encoding: "hex", data: newest.map(without) },
      parsed: [
        { id: without(ids[0]), price: { price: String(2_001n * 10n ** 5n), conf: "1", expo: -5, publish_time: Number(time) + 5 } },
        { id: without(ids[1]), price: { price: String(10n ** 8n), conf: "1", expo: -8, publish_time: Number(time) + 3 } },
      ],
    };

    const signed = join(folder, "prices.json");
    const feed = encodeBytes32String("ETH");
    const signatures = [`0x${"12".repeat(65)}`];
    writeFileSync(signed, JSON.stringify([{ feed, price: String(2_002n * WAD), publishTime: Number(time) + 1, signatures }]));
    const record = {
      contracts: { chainlinkSource: await chainlink.getAddress(), pythSource: await pythSource.getAddress() },
      underlyings: [
        { symbol: "ETH", sources: ["chainlink", "pyth", "signed"], priceFeed: feed },
        { symbol: "DAI", sources: ["signed"], priceFeed: encodeBytes32String("DAI") },
      ],
    } as unknown as DeploymentRecord;
    const rpc = providerRpc(connection.provider);

    const [offer, ...more] = await priceFeed(rpc, record, { signed, pyth: url })();
    expect(more).to.deep.equal([]);
    expect(asked[0]).to.match(/^\/v2\/updates\/price\/latest\?ids/);
    expect(offer?.said.map(({ source, price, publishTime }) => [source, price, publishTime - time])).to.deep.equal([
      ["chainlink", 2_000n * WAD, 0n],
      ["pyth", 2_001n * WAD, 3n],
      ["signed", 2_002n * WAD, 1n],
    ]);
    expect(offer?.fee).to.equal(14n);
    const report = await pythSource.report.staticCall(0, offer?.updates[1] ?? "", { value: offer?.fee ?? 0n });
    expect([report.price, report.publishTime, report.valid]).to.deep.equal([2_001n * WAD, time + 3n, true]);
    expect(coder.decode(["int256", "uint256", "bytes[]"], offer?.updates[2] ?? "").toArray(true)).to.deep.equal([
      2_002n * WAD,
      time + 1n,
      signatures,
    ]);
    // without places what is on the chain is left
    const bare = await priceFeed(rpc, record, {})();
    expect(bare.map(({ said, updates }) => [said.map(({ source }) => source), updates])).to.deep.equal([
      [["chainlink"], ["0x", "0x", "0x"]],
    ]);

    answer = { binary: {} };
    const failure: unknown = await priceFeed(rpc, record, { pyth: url })().catch((error: unknown) => error);
    expect(explainError(failure)).to.match(/^127\.0\.0\.1:\d+ holds no prices of Pyth: /);
    expect(isRetryable(failure)).to.equal(true);
    expect(() => requirePlaces({ pyth: "hermes" })).to.throw(/--pyth: "hermes" is not an HTTP address/);
    hermes.close();
    await connection.close();
  });

  it("behavior: what is not newer, or neither old, doubtful nor moved, is not posted", () => {
    const underlying = { price: 2_000n * WAD, priceTime: 1_000n, priceState: NORMAL, lotExponent: 0n };
    const state = (changes: Partial<Underlying>, now = 1_100n): State =>
      ({ underlyings: [{ ...underlying, ...changes }], margin: { tradingAge: 3_600n }, now }) as unknown as State;
    const offer = (price: bigint, publishTime: bigint): PriceOffer => ({
      underlying: 0,
      updates: ["0x"],
      fee: 0n,
      said: [{ source: "signed", price, publishTime }],
    });
    const posts = (changes: Partial<Underlying>, given: PriceOffer, now?: bigint): boolean =>
      worthPosting(state(changes, now), [given]).length === 1;
    expect(posts({}, offer(2_000n * WAD, 1_050n))).to.equal(false);
    expect(posts({}, offer(2_002n * WAD, 1_050n))).to.equal(true);
    expect(posts({}, offer(1_998n * WAD, 1_050n))).to.equal(true);
    expect(posts({}, offer(2_002n * WAD, 1_000n))).to.equal(false);
    expect(posts({}, offer(2_000n * WAD, 1_050n), 1_899n)).to.equal(false);
    expect(posts({}, offer(2_000n * WAD, 1_050n), 1_900n)).to.equal(true);
    expect(posts({ priceState: 1n }, offer(2_000n * WAD, 1_050n))).to.equal(true);
    expect(posts({ price: 0n, priceTime: 0n }, offer(2_000n * WAD, 1_050n))).to.equal(true);
  });
});
