import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { AbiCoder, type BytesLike, type ContractTransactionResponse, ZeroAddress } from "ethers";
import { network } from "hardhat";
import type { FaucetToken } from "../../typechain-types/index.ts";
import {
  type Connection,
  type Deployment,
  type DeployOptions,
  deployVault,
  liftOpenInterestCap,
  mockUpdate,
  type UnderlyingOptions,
} from "./deploy.ts";

export const WAD = 10n ** 18n;
export const PPM = 1_000_000n;
export const SETTLEMENT = 255;
export const coder = AbiCoder.defaultAbiCoder();

/** The verbs of `execute`, in the order of the enumeration. */
export const KIND = { deposit: 0, permit: 1, withdraw: 2, transfer: 3, operator: 4, modules: 5, cancel: 6, trade: 7 } as const;
export const SCOPE = { trade: 1, deposit: 2, withdraw: 4, transfer: 8, cancel: 16 } as const;

/** Wide bands of the price guard, so that a test may move a price by half at once. */
export const WIDE: Partial<UnderlyingOptions> = { band: 200_000n, widestBand: 500_000n };

const FILL = "tuple(uint256 maker, uint24 instrument, int256 lots, uint256 price, int256 takerFee, int256 makerFee, uint256 order)[]";

export interface Fill {
  maker: bigint;
  instrument: number;
  lots: bigint;
  price: bigint;
  takerFee: bigint;
  makerFee: bigint;
  order: bigint;
}

export interface Action {
  kind: number;
  account: bigint;
  data: string;
}

export interface Figures {
  value: bigint;
  equity: bigint;
  margin: bigint;
  notional: bigint;
}

export function idOf(owner: { address: string } | string, sub = 0n): bigint {
  return (BigInt(typeof owner === "string" ? owner : owner.address) << 96n) | sub;
}

export function encodeFills(fills: readonly Fill[]): string {
  return coder.encode([FILL], [fills]);
}

export const actions = {
  deposit: (account: bigint, token: number, amount: bigint): Action => ({
    kind: KIND.deposit,
    account,
    data: coder.encode(["uint8", "uint256"], [token, amount]),
  }),
  withdraw: (account: bigint, token: number, amount: bigint, to: string): Action => ({
    kind: KIND.withdraw,
    account,
    data: coder.encode(["uint8", "uint256", "address"], [token, amount, to]),
  }),
  transfer: (account: bigint, token: number, amount: bigint, to: bigint): Action => ({
    kind: KIND.transfer,
    account,
    data: coder.encode(["uint8", "uint256", "uint256"], [token, amount, to]),
  }),
  operator: (account: bigint, operator: string, scope: number, expiry: bigint): Action => ({
    kind: KIND.operator,
    account,
    data: coder.encode(["address", "uint8", "uint40"], [operator, scope, expiry]),
  }),
  modules: (account: bigint, mask: number): Action => ({
    kind: KIND.modules,
    account,
    data: coder.encode(["uint16"], [mask]),
  }),
  cancel: (account: bigint): Action => ({ kind: KIND.cancel, account, data: "0x" }),
  trade: (account: bigint, fills: readonly Fill[], minimumLots = 0n, module = 0): Action => ({
    kind: KIND.trade,
    account,
    data: coder.encode(["uint8", "bytes", "uint256"], [module, encodeFills(fills), minimumLots]),
  }),
  raw: (account: bigint, module: number, data: BytesLike, minimumLots = 0n): Action => ({
    kind: KIND.trade,
    account,
    data: coder.encode(["uint8", "bytes", "uint256"], [module, data, minimumLots]),
  }),
};

/** A deployed vault with traders, and the shortest ways to do things to it. @param chain where it is deployed; a new one by default */
export async function createWorld(options: DeployOptions = {}, chain?: Connection) {
  const connection = chain ?? (await network.create());
  const listings: Partial<UnderlyingOptions>[] = (options.underlyings ?? [{}, { price: 40_000n * WAD, lotExponent: 6 }]).map((each) => ({
    ...WIDE,
    ...each,
  }));
  const deployment: Deployment = await deployVault(connection, { ...options, underlyings: listings });
  const { vault, settlement, collaterals, signers, sources, fundSigner } = deployment;
  const time = connection.networkHelpers.time;
  const [deployer, fund, alice, bob, carol, dave, erin] = signers;
  if (!deployer || !fund || !alice || !bob || !carol || !dave || !erin) throw new Error("seven signers are needed");
  const scale = 10n ** BigInt(18 - (options.settlementDecimals ?? 6));
  const exponents = listings.map((each) => BigInt(each.lotExponent ?? 5));
  const prices = listings.map((each) => each.price ?? 2_000n * WAD);
  const known = new Set<bigint>();

  const know = (account: bigint): bigint => {
    known.add(account);
    return account;
  };
  for (let i = 0n; i <= BigInt(listings.length); i++) know(idOf(fund, i));

  const lotPrice = (underlying: number): bigint => (prices[underlying] ?? 0n) / 10n ** (exponents[underlying] ?? 0n);

  const execute = (signer: HardhatEthersSigner, ...list: Action[]): Promise<ContractTransactionResponse> => {
    for (const { account } of list) know(account);
    return vault.connect(signer).execute(list);
  };

  const tokenOf = (token: number): FaucetToken => {
    if (token === SETTLEMENT) return settlement;
    const found = collaterals[token];
    if (found === undefined) throw new Error(`no collateral ${token}`);
    return found;
  };

  const deposit = async (
    signer: HardhatEthersSigner,
    amount: bigint, // units of the token
    token = SETTLEMENT,
    account = idOf(signer),
  ): Promise<ContractTransactionResponse> => {
    const contract = tokenOf(token);
    await contract.mint(signer, amount);
    await contract.connect(signer).approve(vault, amount);
    return execute(signer, actions.deposit(account, token, amount));
  };

  const withdraw = (
    signer: HardhatEthersSigner,
    amount: bigint,
    token = SETTLEMENT,
    account = idOf(signer),
    to = signer.address,
  ): Promise<ContractTransactionResponse> => execute(signer, actions.withdraw(account, token, amount, to));

  const fill = (maker: bigint, instrument: number, lots: bigint, extra: Partial<Fill> = {}): Fill => ({
    maker: know(maker),
    instrument,
    lots,
    price: lotPrice(instrument),
    takerFee: 0n,
    makerFee: 0n,
    order: 7n,
    ...extra,
  });

  /** `lots` go to `taker` from `maker` at the mark. */
  const trade = (
    taker: HardhatEthersSigner,
    maker: HardhatEthersSigner | bigint,
    underlying: number,
    lots: bigint,
    extra: Partial<Fill> = {},
  ): Promise<ContractTransactionResponse> =>
    execute(
      taker,
      actions.trade(
        idOf(taker),
        [fill(typeof maker === "bigint" ? maker : idOf(maker), underlying, lots, extra)],
        lots < 0n ? -lots : lots,
      ),
    );

  const postOne = async (underlying: number): Promise<void> => {
    const published = BigInt(await time.latest()) + 1n;
    await time.setNextBlockTimestamp(published);
    const updates = (sources[underlying] ?? []).map(() => mockUpdate(prices[underlying] ?? 0n, published));
    await vault.postPrice(underlying, updates);
  };

  /** Posts every price as it is, so that all are fresh. */
  const refresh = async (): Promise<void> => {
    for (let u = 0; u < prices.length; u++) await postOne(u);
  };

  /** Moves the price of a unit, after a time that lets the guard believe it; posts all the others as they were. */
  const move = async (underlying: number, price: bigint): Promise<void> => {
    await time.increase(400n);
    prices[underlying] = price;
    await refresh();
  };

  const assess = async (account: bigint, opening = false): Promise<Figures> => {
    const { value, equity, margin, notional } = await vault.assess(account, opening);
    return { value, equity, margin, notional };
  };

  /** What an account holds in positions of an underlying, lots. */
  const lotsOf = async (account: bigint, underlying: number): Promise<bigint> => (await vault.positionOf(account, underlying)).lots;

  /** Cash with the funding that is due, WAD. */
  const cashOf = async (account: bigint): Promise<bigint> => (await vault.portfolioOf(account)).cash;

  /** I-1, I-2, I-3: to the last unit, over every account that was ever named here. */
  const conserve = async (): Promise<void> => {
    const [held, deficit] = await vault.totals();
    let claims = 0n;
    const size = prices.map(() => 0n);
    const longs = prices.map(() => 0n);
    const supplies = collaterals.map(() => 0n);
    for (const account of known) {
      const header = await vault.headerOf(account);
      // Σ lots is zero and all share the marks, so Σ value of positions is zero
      claims += (await vault.portfolioOf(account)).cash;
      for (let u = 0; u < prices.length; u++) {
        const lots = await lotsOf(account, u);
        expect((header.underlyings >> BigInt(u)) & 1n, "I-3 bitmap of underlyings").to.equal(lots === 0n ? 0n : 1n);
        size[u] = (size[u] ?? 0n) + lots;
        if (lots > 0n) longs[u] = (longs[u] ?? 0n) + lots;
      }
      for (let t = 0; t < collaterals.length; t++) {
        const amount = await vault.collateralOf(account, t);
        expect((header.collaterals >> BigInt(t)) & 1n, "I-3 bitmap of collateral").to.equal(amount === 0n ? 0n : 1n);
        supplies[t] = (supplies[t] ?? 0n) + amount;
      }
    }
    expect(claims, "I-1 claims = tokens + deficit").to.equal(held + deficit);
    expect((await settlement.balanceOf(vault)) * scale >= held, "I-1 tokens held").to.equal(true);
    for (let u = 0; u < prices.length; u++) {
      expect(size[u], `I-2 sizes of ${u}`).to.equal(0n);
      const word = (await vault.underlyingWords(u))[3] ?? 0n;
      expect((word >> 168n) & ((1n << 44n) - 1n), `I-3 open interest of ${u}`).to.equal(longs[u]);
    }
    for (let t = 0; t < collaterals.length; t++) {
      const [, supply] = await vault.collateralWords(t);
      expect(supply & ((1n << 128n) - 1n), `I-3 supply of ${t}`).to.equal(supplies[t]);
    }
  };

  /** Puts a stake into the fund's main account. */
  const stake = (amount: bigint): Promise<ContractTransactionResponse> => deposit(fundSigner, amount, SETTLEMENT, idOf(fundSigner));

  const lift = (underlying: number, lots: bigint): Promise<void> => liftOpenInterestCap(connection, vault, underlying, lots);

  return {
    ...deployment,
    alice,
    bob,
    carol,
    dave,
    erin,
    time,
    prices,
    know,
    lotPrice,
    execute,
    deposit,
    withdraw,
    fill,
    trade,
    move,
    refresh,
    assess,
    lotsOf,
    cashOf,
    conserve,
    stake,
    lift,
    nobody: ZeroAddress,
  };
}

export type World = Awaited<ReturnType<typeof createWorld>>;

/** `amount` settlement tokens of 6 decimals. */
export function usd(amount: bigint | number): bigint {
  return BigInt(amount) * 1_000_000n;
}

/** Lots of ETH, 1e-5 each. */
export function eth(tenths: bigint | number): bigint {
  return BigInt(tenths) * 10_000n;
}
