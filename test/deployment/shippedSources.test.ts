import { expect } from "chai";
import { AbiCoder, encodeBytes32String, id, Wallet } from "ethers";
import { network } from "hardhat";
import { parametersOf } from "../../src/deployment/localParameters.ts";
import type { UnderlyingParameters } from "../../src/deployment/parameters.ts";
import type { MockFeed, PythMock, SignedSource } from "../../typechain-types/index.ts";
import { type Deployment, deployVault, liftOpenInterestCap, type VaultParameters } from "../helpers/deploy.ts";
import { actions, idOf, SETTLEMENT, usd, WAD } from "../helpers/vaultWorld.ts";

const coder = AbiCoder.defaultAbiCoder();

/** The parameter files that ship. */
const FILES = ["local", "rehearsal", "sepolia", "rollup"] as const;

/** What an underlying is read from. */
const SETS = [["chainlink"], ["pyth"], ["signed"], ["chainlink", "pyth"], ["chainlink", "signed"], ["pyth", "signed"]] as const;

type Kind = (typeof SETS)[number][number];

const HEARTBEAT = 3_600n;
const MINUTE = 60n;

const lowerFirst = (values: Readonly<Record<string, bigint>>): Record<string, bigint> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name.charAt(0).toLowerCase() + name.slice(1), value]));

/** One source of one underlying: what it publishes and what a post hands on. */
interface Feed {
  readonly address: string;
  /** Publishes `price` (WAD) at `time`. */
  publish(price: bigint, time: bigint): Promise<void>;
  /** What a poster hands on now; a push feed needs nothing. */
  update(): string;
}

/** The sources that the project ships, over feeds that the test moves. */
async function sources({ connection, authority }: Deployment) {
  const { ethers } = connection;
  const pyth: PythMock = await ethers.deployContract("PythMock", [0n]);
  const signer = new Wallet(id("a signer of prices"));
  const chainlink = await ethers.deployContract("ChainlinkSource", [authority]);
  const pythSource = await ethers.deployContract("PythSource", [authority, pyth]);
  const signed: SignedSource = await ethers.deployContract("SignedSource", [authority, [signer.address], 1n]);
  const { chainId } = await ethers.provider.getNetwork();
  const domain = {
    name: "Plimsoll signed prices",
    version: "1",
    chainId,
    verifyingContract: await signed.getAddress(),
  };
  const types = {
    Price: [
      { name: "feed", type: "bytes32" },
      { name: "price", type: "int256" },
      { name: "publishTime", type: "uint256" },
    ],
  };

  const chainlinkFeed = async (underlying: number, price: bigint, time: bigint): Promise<Feed> => {
    const base: MockFeed = await ethers.deployContract("MockFeed", [8]);
    const quote: MockFeed = await ethers.deployContract("MockFeed", [8]);
    const publish = async (value: bigint, at: bigint): Promise<void> => {
      await base.set(value / 10n ** 10n, at);
      await quote.set(10n ** 8n, at);
    };
    await publish(price, time);
    const limits = { least: 2n, most: 10n ** 20n };
    await chainlink.setPair(
      underlying,
      { feed: base, heartbeat: HEARTBEAT + 10n * MINUTE, ...limits },
      { feed: quote, heartbeat: 24n * HEARTBEAT, ...limits },
      price,
    );
    await chainlink.setDeviation(underlying, 5_000n);
    return { address: await chainlink.getAddress(), publish, update: () => "0x" };
  };

  const pythFeed = async (underlying: number, price: bigint, time: bigint): Promise<Feed> => {
    const [baseId, quoteId] = [id(`base ${underlying}`), id(`quote ${underlying}`)];
    let last = "0x";
    const data = (value: bigint, at: bigint): string => {
      const one = (feed: string, amount: bigint): string =>
        coder.encode(
          [
            "tuple(bytes32 id, tuple(int64 price, uint64 conf, int32 expo, uint256 publishTime) price, tuple(int64 price, uint64 conf, int32 expo, uint256 publishTime) ema)",
            "uint64",
          ],
          [
            {
              id: feed,
              price: { price: amount, conf: 1n, expo: -8, publishTime: at },
              ema: { price: amount, conf: 1n, expo: -8, publishTime: at },
            },
            at - 1n,
          ],
        );
      return coder.encode(["bytes[]"], [[one(baseId, value / 10n ** 10n), one(quoteId, 10n ** 8n)]]);
    };
    await pythSource.setPair(underlying, { baseId, quoteId, maxAge: HEARTBEAT, confidencePpm: 5_000n }, data(price, time), price);
    return {
      address: await pythSource.getAddress(),
      publish: async (value, at) => {
        last = data(value, at);
      },
      update: () => last,
    };
  };

  const signedFeed = async (underlying: number, price: bigint): Promise<Feed> => {
    const feed = encodeBytes32String(`feed ${underlying}`);
    await signed.setFeed(underlying, { id: feed, maxAge: HEARTBEAT, referencePrice: price });
    let last = "0x";
    return {
      address: await signed.getAddress(),
      publish: async (value, at) => {
        const signature = await signer.signTypedData(domain, types, { feed, price: value, publishTime: at });
        last = coder.encode(["int256", "uint256", "bytes[]"], [value, at, [signature]]);
      },
      update: () => last,
    };
  };

  return (kind: Kind, underlying: number, price: bigint, time: bigint): Promise<Feed> =>
    kind === "chainlink"
      ? chainlinkFeed(underlying, price, time)
      : kind === "pyth"
        ? pythFeed(underlying, price, time)
        : signedFeed(underlying, price);
}

/** A market of the test: an underlying of a file, read from one set of sources, and an account that is long in it. */
interface MarketUnderTest {
  readonly name: string;
  readonly underlying: number;
  readonly price: bigint;
  readonly feeds: readonly Feed[];
  readonly trader: bigint;
}

/** The vault of a file, with the underlyings that its guards differ for, each once for every set of sources. */
async function worldOf(file: (typeof FILES)[number]) {
  const connection = await network.create();
  const { ethers, networkHelpers } = connection;
  const { time } = networkHelpers;
  const parameters = parametersOf(file);
  const uptime: MockFeed | undefined = parameters.uptime === null ? undefined : await ethers.deployContract("MockFeed", [0]);
  const start = BigInt(await time.latest());
  await uptime?.set(0n, start - 7n * 24n * HEARTBEAT);
  const deployment = await deployVault(connection, {
    parameters: lowerFirst(parameters.values) as unknown as Partial<VaultParameters>,
    underlyings: [],
    collaterals: [],
    ...(uptime === undefined ? {} : { uptimeFeed: await uptime.getAddress(), uptimeGrace: parameters.uptime?.grace ?? 0n }),
  });
  const { vault, settlement, fundSigner, signers, rateSource } = deployment;
  const [, , maker, keeper, ...traders] = signers;
  if (maker === undefined || keeper === undefined) throw new Error("signers are needed");
  const make = await sources(deployment);

  const guards = (of: UnderlyingParameters): string => ["Band", "WidestBand", "AgreementBand"].map((name) => of.values[name]).join();
  const different = parameters.underlyings.filter((of, i, all) => all.findIndex((other) => guards(other) === guards(of)) === i);

  const give = async (signer: (typeof signers)[number], amount: bigint): Promise<void> => {
    await settlement.mint(signer, amount);
    await settlement.connect(signer).approve(vault, amount);
    await vault.connect(signer).execute([actions.deposit(idOf(signer), SETTLEMENT, amount)]);
  };
  await give(fundSigner, usd(50_000_000));
  await give(maker, usd(50_000_000));

  const markets: MarketUnderTest[] = [];
  for (const of of different) {
    for (const set of SETS) {
      const underlying = markets.length;
      const price = of.referencePrice;
      const now = BigInt(await time.latest());
      const feeds: Feed[] = [];
      for (const kind of set) feeds.push(await make(kind, underlying, price, now));
      await vault.listUnderlying({
        lotExponent: of.lotExponent,
        referencePrice: price,
        ...lowerFirst(of.values),
        // several of one underlying would weigh more than all the stake
        fundWeight: 0n,
        sources: feeds.map(({ address }) => address),
        rateSource,
      } as unknown as Parameters<typeof vault.listUnderlying>[0]);
      const trader = traders[underlying];
      if (trader === undefined) throw new Error("more signers are needed");
      markets.push({ name: `${of.symbol} from ${set.join(" and ")}`, underlying, price, feeds, trader: idOf(trader) });
    }
  }

  /** A round of every source of a market, posted. */
  const round = async ({ underlying, feeds }: MarketUnderTest, price: bigint): Promise<void> => {
    const now = BigInt(await time.latest());
    for (const feed of feeds) await feed.publish(price, now);
    await vault.postPrice(
      underlying,
      feeds.map((feed) => feed.update()),
    );
  };

  /** Opens a long of twelve times what the account has. */
  const open = async (market: MarketUnderTest, lotExponent: number): Promise<void> => {
    const trader = traders[market.underlying];
    if (trader === undefined) throw new Error("more signers are needed");
    const { underlying, price } = market;
    await round(market, price);
    await liftOpenInterestCap(connection, vault, underlying, 2n ** 43n);
    const lotPrice = price / 10n ** BigInt(lotExponent);
    const equity = 20_000n * WAD;
    await give(trader, usd(20_000));
    const lots = (equity * 8n) / lotPrice;
    await vault
      .connect(trader)
      .execute([
        actions.trade(
          market.trader,
          [{ maker: idOf(maker), instrument: underlying, lots, price: lotPrice, takerFee: 0n, makerFee: 0n, order: 0n }],
          lots,
        ),
      ]);
  };
  for (const market of markets) {
    const of = different[Math.floor(market.underlying / SETS.length)];
    await open(market, of?.lotExponent ?? 0);
  }
  return { connection, vault, time, markets, round, keeper: idOf(keeper), uptime };
}

describe("sources as shipped", function () {
  this.timeout(600_000);

  for (const file of FILES) {
    it(`H-71 H-73 ${file}: an account below its line at the last round is liquidated within two posts or calls, at every minute until the next`, async () => {
      const { connection, vault, time, markets, round, keeper } = await worldOf(file);
      // an eighth below and more: every account owes more than it has, at both edges of any doubt
      await time.increase(HEARTBEAT);
      for (const step of [1, 2, 3, 4]) {
        for (const market of markets) await round(market, (market.price * 86n) / 100n + BigInt(step % 2));
        await time.increase(61n);
      }
      const last = BigInt(await time.latest());
      const immune: string[] = [];
      const { takeSnapshot } = connection.networkHelpers;
      for (let minute = 1n; minute <= HEARTBEAT / MINUTE; minute++) {
        await time.increaseTo(last + minute * MINUTE);
        for (const { name, underlying, feeds, trader } of markets) {
          const sold = (): Promise<boolean> =>
            vault.liquidate.staticCall(trader, keeper).then(
              () => true,
              () => false,
            );
          if (await sold()) continue;
          const snapshot = await takeSnapshot();
          await vault
            .postPrice(
              underlying,
              feeds.map((feed) => feed.update()),
            )
            .catch(() => undefined);
          if (!(await sold())) immune.push(`${name}, minute ${minute}`);
          await snapshot.restore();
        }
      }
      expect(immune).to.deep.equal([]);
    });
  }
});
